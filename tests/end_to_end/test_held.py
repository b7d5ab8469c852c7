"""A table that is wrong in a third of its rows: what needs it waits, what does not goes on."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from pathlib import Path

import duckdb
import pytest

from tests.end_to_end.conftest import Small

pytestmark = pytest.mark.slow

HELD = ("customer_health", "fct_health_scores", "portfolio_weekly", "dim_signals")
NOT_HELD = ("retention_trailing", "fct_mrr_movements", "retention_monthly", "churn_cohorts")
OFF_THE_SCALE = "('w' || response_id as response_id, 55 as score, 0 as scale_min, 10 as scale_max)"


@contextmanager
def added(file: Path, rows: str) -> Iterator[None]:
    """The file with further rows, made from its own; as it was in the end."""
    delivered = file.read_bytes()
    with duckdb.connect() as con:
        con.execute(f"create table rows as select * from '{file}'")
        con.execute(f"copy (select * from rows union all by name ({rows})) to '{file}'")
    try:
        yield
    finally:
        file.write_bytes(delivered)


def wrong_answers(files: Path) -> tuple[Path, str]:
    """Answers off their scale, as many as there are answers."""
    return files / "survey.responses.parquet", (f"select * replace {OFF_THE_SCALE} from rows")


def as_of(small: Small) -> date:
    """The day that the app shows."""
    with small.home.open(small.company) as warehouse:
        return warehouse.read("select as_of_date from marts.data_trust")["as_of_date"][0].date()


def test_health_waits_for_a_wrong_survey_and_revenue_does_not(small: Small) -> None:
    home = small.home
    before = home.checksums(small.company)
    day = as_of(small)
    next_week = day + timedelta(days=7)
    growth = (
        "select * replace ('extra' as subscription_id, 123400 as mrr_cents) from rows "
        "where ended_at is null order by started_at, subscription_id limit 1"
    )
    with (
        added(*wrong_answers(small.files)),
        added(small.files / "billing.subscriptions.parquet", growth),
    ):
        printed = home.tenure(*small.run, "--as-of", str(next_week), expect=1)
    after = home.checksums(small.company)
    assert [name for name in HELD if after[f"marts.{name}"] != before[f"marts.{name}"]] == []
    assert [name for name in NOT_HELD if after[f"marts.{name}"] == before[f"marts.{name}"]] == []
    assert "check on survey/responses" in printed
    [sentence] = [line for line in printed.splitlines() if "Held back, for they need it or" in line]
    assert f"still as of {day}: account_snapshots, customer_health" in sentence
    waiting, _, of_the_day = sentence.partition(f"As of {next_week}: ")
    assert "data_trust" in waiting  # the run made no predictions
    assert all(name in of_the_day for name in NOT_HELD)
    said = " ".join(home.tenure("status", "--company", small.company).split())
    assert (
        f"Held back, for they need it or new predictions, still as of {day}: account_snapshots"
        in said
    )
    assert "Whom to call first" in said

    home.tenure(*small.run)
    corrected = home.checksums(small.company)
    marts = [name for name in before if name.startswith("marts.")]
    assert [name for name in marts if corrected[name] != before[name]] == []
    assert "Held back" not in home.tenure("status", "--company", small.company)


def test_a_first_run_that_is_held_back_says_so_and_ends(small: Small) -> None:
    """There is no earlier day to show: no number, and no traceback."""
    first = ("--company", "first")
    with added(*wrong_answers(small.files)):
        source = ("--source", "canonical", "--data", str(small.files))
        printed = small.home.tenure("run", *source, *first, expect=1)
    assert "not there yet: account_snapshots, correction_summary, customer_health" in printed
    said = small.home.tenure("status", *first)
    report = small.home.tenure("report", "data", *first)
    assert "new predictions, not there yet: account_snapshots" in " ".join(said.split())
    assert "No account has been scored yet" in said
    assert "Traceback" not in printed + said + report
