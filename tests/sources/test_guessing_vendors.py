"""Kinds of headers that vendors' exports have and that were read as something else."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest

from sources import Contract
from sources.guessing import guess_folder, plan_folder
from sources.guessing.derived import Line
from sources.guessing.names import best_phrase, words_of
from tests.sources.conftest import write_files

Lines = Callable[..., dict[str, Line]]

ACCOUNTS = "Customer Id,Company,Customer Since\nC-1,Acme,2024-01-01\nC-2,Birch,2024-02-01\n"
CHARGEBEE = (
    "subscriptions.id,customers.id,subscriptions.billing_period,subscriptions.billing_period_unit,"
    "subscriptions.current_term_end,subscriptions.started_at,subscriptions.mrr,"
    "subscriptions.currency_code\n"
    "s1,C-1,1,month,2026-01-01,2025-01-01,99.00,USD\ns2,C-2,1,year,2026-02-01,2025-02-01,50.00,USD\n"
)
HUBSPOT = (
    "Record ID,Company name,Country/Region,Create Date,Became a Customer Date\n"
    "C-1,Acme,Spain,2023-01-01,2024-01-01\nC-2,Birch,Chile,2023-02-01,2024-02-01\n"
)
DEALS = (
    "Record ID,Associated Company IDs,Deal Type,Deal Stage,Create Date,Amount\n"
    "51,C-1,Renewal,Closed won,2025-01-01,1200.50\n"
    "52,C-2,New Business,Contract sent,2025-02-01,600\n"
)
SALESFORCE = DEALS.replace("1200.50", '"USD 1,200.50"').replace("600", "EUR 600.00")
INTERCOM = (
    "Conversation ID,Company name,Conversation started at (UTC),First response time (seconds),"
    "Time to close (min)\n1,Acme,2025-01-01 10:00,600,30\n2,Birch,2025-01-02 10:00,60,90\n"
)


@pytest.fixture
def lines(contract: Contract, tmp_path: Path) -> Lines:
    """The lines of one table of a folder, by column."""

    def guessed(table: str, **files: str) -> dict[str, Line]:
        folder = write_files(tmp_path, {f"{name}.csv": text for name, text in files.items()})
        [plan] = plan_folder(contract, guess_folder(duckdb.connect(), contract, folder))[table]
        assert plan.missing == ()
        return {line.column: line for line in plan.lines}

    return guessed


def test_the_end_of_the_current_term_is_no_end(lines: Lines) -> None:
    """Every subscription would have ended, and every customer left, on the day it renews."""
    found = lines("billing.subscriptions", customers=ACCOUNTS, subscriptions=CHARGEBEE)
    assert "ended_at" not in found
    assert found["renewal_date"].headers == ("subscriptions.current_term_end",)
    assert best_phrase(words_of("Trial end date"), [words_of("end date")]) == 0


def test_a_billing_period_is_counted_in_its_unit(lines: Lines) -> None:
    period = lines("billing.subscriptions", customers=ACCOUNTS, subscriptions=CHARGEBEE)[
        "billing_period_months"
    ]
    con = duckdb.connect()
    con.execute(
        'create table export ("subscriptions.billing_period" varchar,'
        ' "subscriptions.billing_period_unit" varchar)'
    )
    con.execute("insert into export values ('1', 'Year'), ('3', 'month')")
    assert con.execute(f"select {period.sql} from export").fetchall() == [(12,), (3,)]


def test_a_customer_is_one_from_the_day_it_became_one(lines: Lines) -> None:
    found = lines("crm.accounts", companies=HUBSPOT)
    assert found["signed_at"].headers == ("Became a Customer Date",)
    assert not found["signed_at"].is_assumed
    assert found["country"].headers == ("Country/Region",)
    assert "region" not in found


def test_an_amount_without_a_currency_says_which_is_assumed(lines: Lines) -> None:
    """The contract requires none of a deal, and yet 1,200.50 of nothing is no amount."""
    found = lines("crm.opportunities", companies=HUBSPOT, deals=DEALS)
    assert (found["currency"].sql, found["currency"].is_assumed) == ("'USD'", True)


def test_a_currency_beside_each_amount_is_that_of_its_row(lines: Lines) -> None:
    found = lines("crm.opportunities", companies=HUBSPOT, deals=SALESFORCE)
    con = duckdb.connect()
    con.execute(
        "create table export as select unnest(['USD 1,200.50', 'EUR 600.00']) as \"Amount\""
    )
    rows = con.execute(f"select {found['currency'].sql} from export").fetchall()
    assert rows == [("USD",), ("EUR",)]


def test_a_duration_has_its_unit_in_brackets(lines: Lines) -> None:
    found = lines("support.tickets", companies=HUBSPOT, conversations=INTERCOM)
    assert "interval 1 second" in found["first_response_at"].sql
    assert "interval 1 minute" in found["solved_at"].sql
