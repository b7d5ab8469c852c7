"""Loud but narrow: an impossible row costs itself, a share of them stops what reads the table."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from expectations import load_suites, run_suite
from sources import TableLoad, ingest, load_contract
from tests.dbt.builds import ONLY_MODELS
from tests.dbt.impossible_rows import (
    ODD,
    Row,
    add_rows,
    first_key,
    impossible_rows,
    write_good_company,
)
from warehouse import Warehouse

TABLES = list(impossible_rows("", ""))
# A third of the rows, by table: what the rows hold, how often, and the rule that they break.
WRONG: dict[str, tuple[Row, str]] = {
    "crm.contacts": ({"contact_id": "", "email": "a person@example.com"}, "not_null(contact_id)"),
    "support.tickets": ({"created_at": "0001-01-01"}, "plausible_time(created_at)"),
    "survey.responses": (
        {"survey_type": "nps", "score": "55", "scale_min": "0", "scale_max": "10"}
        | {"submitted_at": "2026-02-01"},
        "within(score)",
    ),
}
KEYS = {"support.tickets": "ticket_id", "survey.responses": "response_id"}
MARTS = ["+fct_health_scores", "+fct_mrr_movements", "+retention_monthly", "+data_findings"]


def good_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("impossible")
    write_good_company(folder)
    return folder


@pytest.fixture(scope="module")
def loads(company: Warehouse, tmp_path_factory: pytest.TempPathFactory) -> dict[str, TableLoad]:
    """The loads of a good company with impossible rows in each of its tables, by table."""
    folder = good_folder(tmp_path_factory)
    account = first_key(folder, "crm.accounts", "account_id")
    invoice = first_key(folder, "billing.invoices", "invoice_id")
    for table, rows in impossible_rows(account, invoice).items():
        add_rows(folder, table, rows)
    contract = load_contract()
    found = ingest(company, company.settings, contract, "canonical", folder)
    return {load.full_name: load for load in found}


@pytest.mark.parametrize("table", TABLES)
def test_an_impossible_row_is_named_and_stops_nothing(
    company: Warehouse, loads: dict[str, TableLoad], table: str
) -> None:
    assert loads[table].status == "loaded"
    said = [problem for problem in loads[table].problems if "odd.csv" in problem]
    assert said
    assert all(len(problem) < 2_000 for problem in said)


def test_every_suite_passes_beside_them(company: Warehouse, loads: dict[str, TableLoad]) -> None:
    suites = [name for name in load_suites() if name != "ml"]
    failures = [f for name in suites for check in run_suite(company, name) for f in check.failures]
    assert failures == []


def test_an_end_in_the_year_1_or_9999_is_none(
    company: Warehouse, loads: dict[str, TableLoad]
) -> None:
    """Quarantined, the row would take its revenue along."""
    held = company.read(
        "select subscription_id, ended_at is null as is_open from billing.subscriptions "
        "where account_id = %(odd)s order by 1",
        {"odd": ODD},
    )
    assert [tuple(row) for row in held.itertuples(index=False)] == [("s2", True), ("s4", True)]


def test_all_others_are_scored_and_pay_what_they_paid(
    company: Warehouse, loads: dict[str, TableLoad], dbt_build: Callable[..., None]
) -> None:
    dbt_build(company, "2026-10-31", "--select", *MARTS, *ONLY_MODELS)
    scored = company.read(
        "select count(distinct account_id)::int as accounts from marts.fct_health_scores "
        "where account_id <> %(odd)s",
        {"odd": ODD},
    )
    paying = company.read(
        "select count(distinct account_id)::int as accounts from billing.subscriptions "
        "where account_id <> %(odd)s and started_at <= '2026-10-31' and mrr_cents > 0 "
        "and coalesce(ended_at > '2026-10-31', true)",
        {"odd": ODD},
    )
    assert scored["accounts"][0] >= paying["accounts"][0] > 20
    # one rate turned round on the as-of date multiplies no revenue by a hundred
    assert (
        company.read(
            "select max(rate_to_reporting)::float as rate from intermediate.int_currency_rates"
        )["rate"][0]
        < 10
    )
    found = set(company.read("select finding from marts.data_findings")["finding"])
    assert {"unknown_csm", "far_rate"} <= found


@pytest.fixture(scope="module")
def third_wrong(
    fresh_company: Callable[[], Warehouse], tmp_path_factory: pytest.TempPathFactory
) -> Warehouse:
    """Of each table of WRONG a third of the rows is impossible."""
    warehouse, folder = fresh_company(), good_folder(tmp_path_factory)
    account = first_key(folder, "crm.accounts", "account_id")
    for table, (wrong, _) in WRONG.items():
        key = KEYS.get(table)
        rows = [
            {"account_id": account, **({key: f"wrong {number}"} if key else {}), **wrong}
            | {"_number": str(number)}
            for number in range(100)
        ]
        add_rows(folder, table, rows)
    ingest(warehouse, warehouse.settings, load_contract(), "canonical", folder)
    return warehouse


@pytest.mark.parametrize("table", WRONG)
def test_a_share_of_impossible_rows_stops_and_says_how_to_go_on(
    third_wrong: Warehouse, table: str
) -> None:
    suite, name = table.split(".")
    [check] = run_suite(third_wrong, suite, [name])
    [failure] = [text for text in check.failures if "in quarantine" in text]
    assert failure.startswith(f"{table}: not so: At most a fifth of the delivered rows")
    assert "rows_quarantined 100, rows_delivered" in failure
    assert WRONG[table][1] in failure
    assert "odd.csv row 1" in failure
    assert f"run with TENURE_ACCEPT_CHECKS={table}" in failure
    assert "person@example.com" not in failure
