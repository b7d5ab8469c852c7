"""Other people's faults, as small deliveries: each is loaded rightly, or named (tests/cases)."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from sources import TableLoad, ingest
from tests.sources.conftest import Loader, write_files

CASES = Path(__file__).resolve().parents[1] / "cases"


def deliver(loader: Loader, case: str) -> dict[str, TableLoad]:
    """Load a case's files, in a folder of their own; loads by table."""
    shutil.copytree(CASES / case, loader.folder, dirs_exist_ok=True)
    loads = ingest(
        loader.warehouse, loader.warehouse.settings, loader.contract, "canonical", loader.folder
    )
    return {load.full_name: load for load in loads}


def test_a_header_in_another_case_is_the_contracts_column(loader: Loader) -> None:
    """`Ended_At` taken for an unknown column meant that no customer ever left."""
    deliver(loader, "f01_full_company_with_Ended_At")
    assert loader.rows("select count(*), count(ended_at) from billing.subscriptions") == [(120, 30)]


def test_the_nameless_column_of_an_index_is_passed_over(loader: Loader) -> None:
    loads = deliver(loader, "f03_pandas_index_column")
    assert loader.rows("select count(*), count(attributes) from crm.accounts") == [(2, 0)]
    assert "column 1 has no name and is passed over" in loads["crm.accounts"].problems[0]


def test_the_exact_name_goes_before_another_case(loader: Loader) -> None:
    loads = deliver(loader, "f05_two_columns_differ_by_case")
    assert loader.rows("select region, attributes from crm.accounts") == [
        ("emea", {"Region_2": "EMEA"})
    ]
    assert "column Region differs by case only" in loads["crm.accounts"].problems[0]


def test_compressed_and_capital_endings_are_read_and_other_files_are_named(loader: Loader) -> None:
    loads = deliver(loader, "f07_files_nobody_reads")
    read = {name for name, load in loads.items() if load.status == "loaded"}
    assert {"billing.subscriptions", "billing.invoices"} <= read
    assert loads["survey.responses"].problems == (
        "survey.responses.json: holds no JSON object, one a line",
    )
    [problem] = loads["billing.payments"].problems
    assert problem.startswith("billing.payments.xlsx: is no spreadsheet that can be read")
    unread = [problem for problem in loads["crm.accounts"].problems if "nothing reads" in problem]
    assert unread == [
        "crm.contacts (1).csv: nothing reads this file; if it belongs to crm.contacts, call it "
        "crm.contacts.csv or put it into a folder crm.contacts",
        "support.ticket.csv: nothing reads this file; if it belongs to support.tickets, call it "
        "support.tickets.csv or put it into a folder support.tickets",
    ]


def test_words_for_null_are_null(loader: Loader) -> None:
    deliver(loader, "f08_null_words")
    assert loader.rejections() == []
    assert loader.rows(
        "select account_id, csm_id, employee_count from crm.accounts order by account_id"
    ) == [("A-1", None, None), ("A-2", None, None), ("A-3", "C-1", 120)]
    assert loader.rows(
        "select subscription_id from billing.subscriptions where ended_at is null order by 1"
    ) == [("S-1",), ("S-3",)]


def test_hidden_characters_are_no_part_of_a_key(loader: Loader) -> None:
    deliver(loader, "f10_hidden_characters_in_ids")
    assert loader.rejections() == []
    assert loader.rows("select account_id from billing.subscriptions order by 1") == [
        ("A-1",),
        ("A-2",),
        ("A-3",),
    ]


def test_clocks_of_twelve_hours_are_read(loader: Loader) -> None:
    deliver(loader, "f17_am_pm_export")
    [(first, count)] = loader.rows(
        "select min(signed_at)::text, count(*) from crm.accounts where account_id = 'A-0'"
    )
    assert (first[:16], count) == ("2024-01-31 17:04", 1)
    assert loader.rejections() == []


def test_a_files_own_row_number_is_not_its_place(loader: Loader) -> None:
    loads = deliver(loader, "f30_a_column_named_row")
    assert loads["crm.accounts"].problems == ()
    assert loader.rows("select attributes from crm.accounts") == [
        ({"_row_of_file": "9", "_file_of_file": "zzz"},)
    ]


def test_ranges_and_capitals_cost_no_customer(loader: Loader) -> None:
    deliver(loader, "f34_employee_range_and_tier_case")
    assert loader.rows("select sum(mrr_cents) from billing.subscriptions") == [(60000,)]
    assert loader.rows(
        "select employee_count, touch_tier from crm.accounts order by account_id"
    ) == [(51, "high"), (1200, "high"), (120, "mid")]


def test_an_answer_off_its_scale_is_no_answer(loader: Loader) -> None:
    loads = deliver(loader, "m09b_one_score_in_120_off_the_scale")
    assert loader.rows("select max(score) from survey.responses") == [(10,)]
    assert loader.rows("select max(csat_score) from support.tickets") == [(5,)]
    assert "outside 0.0 to 10.0" in loads["survey.responses"].problems[0]
    assert "outside 1.0 to 5.0" in loads["support.tickets"].problems[0]


def test_an_event_that_arrived_twice_is_one_event(loader: Loader) -> None:
    deliver(loader, "m10_event_delivered_twice")
    [(_, first), (_, second)] = loader.rows(
        "select account_id, sum(events) from product.account_days group by 1 order by 1"
    )
    assert first == second > 0


def test_an_event_from_the_future_waits_in_quarantine(loader: Loader) -> None:
    loads = deliver(loader, "m11_one_event_from_the_future")
    load = loads["product.events"]
    assert (load.rows_in, load.rows_loaded, load.rows_quarantined) == (201, 200, 1)
    [(_, file, row, rule, message)] = loader.rejections()
    assert (file, rule) == ("product.events.csv", "plausible_time(occurred_at)")
    assert row and "2031-01-01" in message


def test_prices_have_no_limit_without_their_currency(loader: Loader) -> None:
    deliver(loader, "m13_rupiah")
    assert loader.rows("select max(mrr_cents) from billing.subscriptions") == [(15000000000,)]


def test_yen_have_no_minor_units(loader: Loader) -> None:
    """`cents(amount)` made MRR 5,000,000 JPY of 50,000; it is refused without the currency."""
    case = CASES / "m14_yen_through_cents"
    files = {file.name: file.read_text() for file in case.glob("*.csv")}
    maps = {f"acme/{file.name}": file.read_text() for file in case.glob("mappings/*.sql")}
    folder = loader.folder.parent / "maps"
    loads = loader.deliver(files, "acme", mapping_folder=write_files(folder, maps))
    assert "cents(amount) needs the currency" in loads["billing.subscriptions"].problems[0]
    amount, name = "cents(fee_per_month)", "acme/billing.subscriptions.sql"
    maps[name] = maps[name].replace(amount, "cents(fee_per_month, ccy)")
    loader.deliver(files, "acme", mapping_folder=write_files(folder, maps))
    assert loader.rows("select sum(mrr_cents), max(currency) from billing.subscriptions") == [
        (50000, "JPY")
    ]


@pytest.mark.parametrize("header", ["ACCOUNT-ID", "Account Id", "accountid", " account_id "])
def test_headers_are_matched_by_their_letters(loader: Loader, header: str) -> None:
    loader.deliver({"crm.accounts.csv": f"{header},Account Name,SIGNED AT\nA-1,One,2024-01-01\n"})
    assert loader.rows("select account_id, account_name from crm.accounts") == [("A-1", "One")]


def test_a_column_that_looks_like_one_of_the_contract_is_named(loader: Loader) -> None:
    loads = loader.deliver(
        {
            "crm.accounts.csv": "account_id,account_name,signed_at,employes_count\n"
            "A-1,One,2024-01-01,7\n"
        }
    )
    assert loads["crm.accounts"].problems == (
        "crm.accounts.csv: column employes_count is not in the contract and looks like "
        "employee_count, which the file lacks; rename it if it is meant",
    )
