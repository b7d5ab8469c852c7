"""The report on the data: every row is accounted for, and nothing from a file is obeyed."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from dashboards.data_report import (
    FIRST_STEPS,
    MOST_NOTES,
    DataReport,
    Finding,
    TableBalance,
    balance,
    quarantine_finding,
)
from orchestration.reports.data import NothingLoaded, read_report, shown_row
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
    notes=(),
)
REPORT = DataReport(
    as_of_date=date(2026, 3, 31),
    checks=(),
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
    assert "n bad" not in data_page(REPORT, "acme")
    lost = replace(REPORT, balances=(replace(BALANCE, rows_in=5),))
    assert "n bad" in data_page(lost, "acme")


def test_markup_from_a_file_is_text() -> None:
    """A cell that runs in the reader's browser would read all else on the page."""
    hostile = "<script>alert(1)</script>"
    finding = Finding("crm.accounts", 1, hostile, hostile, hostile, hostile)
    page = data_page(
        replace(
            REPORT,
            quarantined=(finding,),
            checks=(hostile,),
            outages=(hostile,),
            balances=(replace(BALANCE, table=hostile, system=hostile, notes=(hostile,)),),
        ),
        hostile,
    )
    assert "<script" not in page
    assert page.count("&lt;script&gt;") == 11


def test_a_company_without_findings_is_said_to_have_none() -> None:
    page = data_page(REPORT, "acme")
    assert "No row is in quarantine." in page
    assert "Nothing contradicts itself." in page
    assert "Looked for by the first run." in data_page(replace(REPORT, as_of_date=None), "acme")


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
            "rows_rejected": 2,
            "example_file": "crm.contacts.csv",
            "example_row": 7,
            "example_message": "account_id A-9 is not in crm.accounts",
        },
        signals=3,
    )
    assert finding.first_step.startswith(step)
    assert finding.example.startswith("crm.contacts.csv row 7: ")
    assert finding.cost == "The rows count nowhere. 3 signals read this table."


def test_a_lake_of_many_files_does_not_drown_the_page_in_notes() -> None:
    row = {"system": "canonical", "table_name": "product.events", "rows_in": 1, "rows_loaded": 1}
    row |= {"rows_quarantined": 0, "rows_duplicate": 0, "cells_corrected": 0}
    row |= {"newest_fact_date": None, "loaded_at": LOADED_AT}
    notes = [f"{n}.csv: a note" for n in range(MOST_NOTES + 3)]
    noted = balance(row | {"notes": json.dumps(notes)}).notes
    assert noted == (*notes[:MOST_NOTES], "product.events: 3 more notes")


def test_every_kind_of_rule_in_the_contract_has_a_first_step() -> None:
    kinds = {rule.kind for table in load_contract().tables for rule in table.rules}
    assert kinds - FIRST_STEPS.keys() == set()


def test_the_page_quotes_of_a_row_what_is_no_persons() -> None:
    """It is made to be sent: names, mail addresses and what people wrote stay in quarantine."""
    row = {
        "contact_id": "jane@x.de",
        "account_id": "A-9",
        "full_name": "Jane Doe",
        "phone": 4930123,
        "is_executive_sponsor": True,
    }
    assert json.loads(shown_row("crm.contacts", json.dumps(row))) == row | {
        "contact_id": "(an e-mail-like text of 9 characters)",
        "full_name": "(a text of 8 characters)",
        "phone": "(a text of 7 characters)",
    }
    line = json.dumps({"line": "C-1,Jane Doe"})
    assert json.loads(shown_row("crm.contacts", line)) == {"line": "(a text of 12 characters)"}
    assert "Jane" not in shown_row("a table of tomorrow", json.dumps(row))


def test_a_delivery_is_accounted_for_before_the_first_run(
    fresh_company: Callable[[], Warehouse], tmp_path: Path
) -> None:
    warehouse = fresh_company()
    with pytest.raises(NothingLoaded):
        read_report(warehouse)
    (tmp_path / "crm.accounts.csv").write_text(
        "account_id,account_name,signed_at,employee_count\n"
        "A-1,One,2024-01-01,many\nA-2,Two,2024-02-01,\nA-2,Two,2024-02-01,\n,Three,2024-02-01,\n"
    )
    ingest(warehouse, warehouse.settings, load_contract(), "canonical", tmp_path)
    report = read_report(warehouse)
    [accounts] = report.balances
    assert (accounts.rows_in, accounts.rows_loaded, accounts.rows_quarantined) == (4, 2, 1)
    assert (accounts.rows_duplicate, accounts.cells_corrected) == (1, 1)
    # how far facts reach is known by models alone
    assert (accounts.is_balanced, accounts.newest) == (True, None)
    [quarantined] = report.quarantined
    assert (quarantined.rows, quarantined.what) == (1, "rows break not_null(account_id)")
    assert "crm.accounts.csv row 4" in quarantined.example
    assert '"account_name": "Three"' in quarantined.example
    [corrected] = report.corrected
    assert corrected.what == "cells of employee_count could not be used"
    assert (report.as_of_date, report.contradictions, report.missing) == (None, (), ())
    assert "Not modelled yet" in data_page(report, "acme")
