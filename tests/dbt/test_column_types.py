"""Kept tables follow a signal whose declared type changes, without a full refresh."""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd
import pytest

from tests.dbt.builds import ONLY_MODELS
from tests.dbt.eight_customers import fill
from tests.dbt.test_snapshots_future import AS_OF
from warehouse import Warehouse

SELECTION = ["--select", "+account_snapshots", *ONLY_MODELS]
KEPT = ("int_account_weeks", "int_account_today")
SHARES = """
select account_id, snapshot_date, stickiness from marts.account_snapshots
order by account_id, snapshot_date
"""


@pytest.mark.slow
def test_a_signal_whose_type_changed_is_kept_in_the_new_type(
    company: Warehouse, dbt_build: Callable[..., None]
) -> None:
    """Shares in a column of whole numbers are 0 or 1, and nothing says so."""
    fill(company)
    dbt_build(company, AS_OF.isoformat(), *SELECTION)
    before = company.read(SHARES)
    company.execute("drop view marts.account_snapshots cascade")
    for table in KEPT:
        # as a version that declared whole numbers left it
        company.execute(
            f"alter table intermediate.{table} alter stickiness type integer;"
            "create or replace view marts.account_snapshots as "
            f"select account_id, snapshot_date, stickiness from intermediate.{KEPT[0]}"
        )
    company.execute("delete from intermediate.int_weeks_built where input_name = 'sql'")
    dbt_build(company, AS_OF.isoformat(), *SELECTION)
    types = company.read(
        "select data_type from information_schema.columns where table_schema = 'intermediate'"
        " and table_name = any(%(tables)s) and column_name = 'stickiness'",
        {"tables": list(KEPT)},
    )
    assert set(types["data_type"]) == {"double precision"}
    pd.testing.assert_frame_equal(company.read(SHARES), before)
