"""The report on the data: every row is accounted for, and nothing from a file is obeyed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from orchestration.reports.data import (
    DataReport,
    Finding,
    NothingLoaded,
    TableBalance,
    quarantine_finding,
    read_report,
)
from orchestration.reports.page import data_page
from sources import ingest, load_contract
from warehouse import Warehouse

LOADED_AT = datetime(2026, 4, 1, 6, 0, tzinfo=UTC)
BALANCE = TableBalance(
    system="canonical",
    table="crm.accounts",
    rows_in=4,
    rows_loaded=2,
    rows_quarantined=1,
    rows_duplicate=1,
    cells_corrected=3,
    newest=date(2026, 3, 31),
    loaded_at=LOADED_AT,
    problems=(),
)
REPORT = DataReport(
    company="acme",
    written_at=LOADED_AT,
    as_of_date=date(2026, 3, 31),
    accounts=2,
    accounts_without_score=1,
    balances=(BALANCE,),
    quarantined=(),
    corrected=(),
    read_otherwise=(),
    contradictions=(),
    outages=(),
    missing=(),
)


def test_rows_that_went_nowhere_are_marked() -> None:
    assert BALANCE.is_balanced
    assert "n bad" not in data_page(REPORT)
    lost = replace(REPORT, balances=(replace(BALANCE, rows_in=5),))
    assert "n bad" in data_page(lost)


def test_markup_from_a_file_is_text() -> None:
    """A cell that runs in the reader's browser would read all else on the page."""
    hostile = "<script>alert(1)</script>"
    finding = Finding("crm.accounts", 1, hostile, hostile, hostile, hostile)
    page = data_page(
        replace(
            REPORT,
            company=hostile,
            quarantined=(finding,),
            outages=(hostile,),
            balances=(replace(BALANCE, table=hostile, system=hostile, problems=(hostile,)),),
        )
    )
    assert "<script" not in page
    assert page.count("&lt;script&gt;") == 10


def test_a_company_without_findings_is_said_to_have_none() -> None:
    page = data_page(REPORT)
    assert "No row is in quarantine." in page
    assert "Nothing contradicts itself." in page
    assert "Looked for by the first run." in data_page(replace(REPORT, as_of_date=None))


@pytest.mark.parametrize(
    ("rule", "step"),
    [
        ("relationships(account_id)", "Deliver the row that it refers to"),
        ("a rule of tomorrow(x)", "Look at the row in the source"),
    ],
)
def test_each_rule_has_a_first_step(rule: str, step: str) -> None:
    finding = quarantine_finding(
        {
            "table_name": "crm.contacts",
            "rule": rule,
            "rows_found": 2,
            "file": "crm.contacts.csv",
            "row_number": 7,
            "message": "account_id A-9 is not in crm.accounts",
            "row_data": '{"account_id": "A-9"}',
        },
        signals=3,
    )
    assert finding.first_step.startswith(step)
    assert finding.example.startswith("crm.contacts.csv row 7: ")
    assert finding.cost == "The rows count nowhere. 3 signals read this table."


def test_every_kind_of_rule_in_the_contract_has_a_first_step() -> None:
    from orchestration.reports.data import FIRST_STEPS

    kinds = {rule.kind for table in load_contract().tables for rule in table.rules}
    assert kinds - FIRST_STEPS.keys() == set()


def test_a_delivery_is_accounted_for_before_the_first_run(
    fresh_company: Callable[[], Warehouse], tmp_path: Path
) -> None:
    warehouse = fresh_company()
    with pytest.raises(NothingLoaded):
        read_report(warehouse, load_contract())
    (tmp_path / "crm.accounts.csv").write_text(
        "account_id,account_name,signed_at,employee_count\n"
        "A-1,One,2024-01-01,many\nA-2,Two,2024-02-01,\nA-2,Two,2024-02-01,\n,Three,2024-02-01,\n"
    )
    ingest(warehouse, warehouse.settings, load_contract(), "canonical", tmp_path)
    report = read_report(warehouse, load_contract())
    [balance] = report.balances
    assert (balance.rows_in, balance.rows_loaded, balance.rows_quarantined) == (4, 2, 1)
    assert (balance.rows_duplicate, balance.cells_corrected) == (1, 1)
    assert (balance.is_balanced, balance.newest) == (True, date(2024, 2, 1))
    [quarantined] = report.quarantined
    assert (quarantined.rows, quarantined.what) == (1, "rows break not_null(account_id)")
    assert "crm.accounts.csv row 4" in quarantined.example
    [corrected] = report.corrected
    assert corrected.what == "cells of employee_count could not be used"
    assert (report.as_of_date, report.contradictions, report.missing) == (None, (), ())
    assert "Not modelled yet" in data_page(report)
