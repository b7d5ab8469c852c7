"""A week before the first recording holds what was recorded first: no model may learn from that."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.dbt.builds import ONLY_MODELS, Builder
from tests.dbt.conftest import Parsed
from tests.dbt.eight_customers import fill
from tests.dbt.test_snapshots_future import AS_OF
from tests.dbt.test_updates_future import STATE
from warehouse import Warehouse

# All that is known was recorded on the day before: no earlier week was looked at in its time.
RECORDED = (AS_OF - timedelta(days=1)).isoformat()
SELECTION = ["--select", "dim_signals", "+account_snapshots", *ONLY_MODELS]
# Other first values of what a source has only as it is now. Of a subscription's row the terms are
# those of its dates: by the contract a row is one period of unchanged terms.
CURRENT = {
    column: STATE["billing.subscriptions"][column] for column in ("quantity", "renewal_date")
}
FIRST = STATE | {"billing.subscriptions": CURRENT}
WEEKS = """
select * from marts.account_snapshots where snapshot_date < %(recorded)s
order by account_id, snapshot_date
"""


@pytest.mark.slow
def test_signals_that_a_first_recording_moves_in_the_past_are_marked(
    company: Warehouse, builder: Builder
) -> None:
    """What a customer has today is known of its past weeks only by looking back, and today it is
    known how they ended."""
    # of two sizes at first, each with enough of them to be compared
    builder.edit("seeds/signal_policy.csv", ",84,8", ",84,3")
    fill(company)
    # whose metrics are compared with their past, of them events are not
    company.execute("delete from product.usage_metrics where account_id between 'a2' and 'a5'")
    company.execute("update crm.accounts set employee_count = 50 where account_id < 'a5'")
    company.execute("update crm.contacts set left_at = '2025-11-01' where account_id = 'a1'")
    for table in FIRST:
        company.execute(f"update {table} set _recorded_at = '{RECORDED}'")
    built = []
    for _ in range(2):
        builder.build(company, AS_OF.isoformat(), *SELECTION, "--full-refresh")
        built.append(company.read(WEEKS, {"recorded": RECORDED}))
        for table, changes in FIRST.items():
            values = ", ".join(f"{column} = {value}" for column, value in changes.items())
            company.execute(f"update {table} set {values}")
    first, second = built
    assert len(first) > 100
    moved = {name for name in first if not first[name].equals(second[name])}
    marked = company.read("select signal from marts.dim_signals where is_backfilled")
    assert moved - {"renewal_date"} == set(marked["signal"])


def test_a_backfilled_signal_is_no_feature(parsed: Parsed) -> None:
    snapshots = next(m for m in parsed.models("marts") if m["name"] == "account_snapshots")
    signals = {
        name: column["config"]["meta"]["signal"]
        for name, column in snapshots["columns"].items()
        if "signal" in column["config"]["meta"]
    }
    backfilled = {name for name, signal in signals.items() if signal.get("is_backfilled")}
    assert {name for name in backfilled if signals[name]["is_model_feature"]} == set()
    assert {"seats", "days_to_renewal", "sponsor_present"} <= backfilled
