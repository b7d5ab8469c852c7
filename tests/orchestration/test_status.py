"""What `tenure status` says of outages."""

from __future__ import annotations

import io

from dashboards.data import OUTAGES
from orchestration.status import print_outages
from orchestration.terminal import Terminal
from warehouse import Warehouse

OUTAGES_SQL = """
create table marts.source_outages as
select 'product' as source, measure, measure as label, measure || ' are missing' as sentence,
    is_within_90d, date '2026-03-01' as first_missing_date, 1 as missing_days
from (
    values ('sessions', true), ('active_users', true), ('api_calls', false)
) as outages (measure, is_within_90d)
"""


def test_status_names_what_the_app_names(warehouse: Warehouse) -> None:
    """Outages of all years were printed, and those of one day in no order."""
    warehouse.execute("create schema if not exists marts")
    warehouse.execute(OUTAGES_SQL)
    terminal = Terminal(file=io.StringIO(), width=100)
    print_outages(terminal, warehouse)
    assert isinstance(terminal.file, io.StringIO)
    lines = terminal.file.getvalue().splitlines()
    assert lines == [
        "! active_users are missing: unknown, not zero.",
        "! sessions are missing: unknown, not zero.",
    ]
    app = warehouse.read(OUTAGES)
    assert [f"! {sentence}: unknown, not zero." for sentence in app["sentence"]] == lines
