"""A backfill of past weeks, as the data team starts it: damaged rows are right again."""

import subprocess
import sys

import pytest

from tests.end_to_end.conftest import PROJECT_ROOT, Home

PICK_A_WEEK = """
select snapshot_date::text as sunday, (snapshot_date - 6)::text as monday, count(*) as accounts
from marts.account_snapshots
where is_open and not is_latest
group by snapshot_date
order by snapshot_date desc
offset 3 limit 1
"""
DAMAGE = """
update intermediate.int_account_weeks set mrr = mrr + 1 where snapshot_date = '{sunday}';
delete from intermediate.int_account_weeks
where snapshot_date = '{sunday}'
    and account_id in (select account_id from intermediate.int_account_weeks order by 1 limit 5)
"""
BACKFILL = """
import sys
from orchestration.definitions import defs
from orchestration.instance import open_instance
from warehouse import load_settings
job = defs.resolve_job_def("past_weeks")
with open_instance(load_settings("demo")) as instance:
    result = job.execute_in_process(instance=instance, partition_key=sys.argv[1])
assert result.success
"""
SCORED = """
select count(*) as n, bool_and(trained_as_of_date > as_of_date) as is_later
from ml.hindcasts where as_of_date = '{sunday}'
"""


@pytest.mark.slow
def test_a_backfilled_week_is_whole_again_and_scored(home: Home, demo: str) -> None:
    """Else a week that was changed by hand stays wrong until everything is computed anew."""
    before = home.checksums("demo")
    warehouse = home.open("demo")
    try:
        week = warehouse.read(PICK_A_WEEK).iloc[0]
        warehouse.execute(DAMAGE.format(sunday=week["sunday"]))
        ran = subprocess.run(
            [sys.executable, "-c", BACKFILL, week["monday"]],
            cwd=PROJECT_ROOT,
            env=home.environment(TENURE_COMPANY="demo"),
            capture_output=True,
            text=True,
            check=False,
        )
        assert ran.returncode == 0, ran.stdout[-3000:] + ran.stderr[-3000:]
        after = home.checksums("demo")
        assert {name for name in before if after[name] != before[name]} == {"ml.hindcasts"}
        # The demonstration's only model is trained as of its last day: of a past week it can only
        # say what it has learnt since.
        scored = warehouse.read(SCORED.format(sunday=week["sunday"])).iloc[0]
        assert scored["n"] == week["accounts"]
        assert scored["is_later"]
        newest = warehouse.read("select job, status from tenure.runs order by started_at desc")
        assert newest.iloc[0].tolist() == ["past_weeks", "succeeded"]
    finally:
        warehouse.close()
