"""`tenure map` and `tenure check`: from a folder of exports to counts, the company untouched."""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestration.lib.company import CompanySources
from orchestration.onboarding.checked import (
    asked_sources,
    check_company,
    load_all,
    of_a_customer,
)
from orchestration.onboarding.commands import system_name
from orchestration.onboarding.mapped import NothingMapped, map_folder, report_lines
from orchestration.run import RunRefused
from sources.contract import load_contract
from sources.load_audit import Place, last_load
from tests.sources.conftest import write_files
from warehouse import Settings, Warehouse, load_settings
from warehouse.urls import libpq_url

CUSTOMERS = (
    "Customer ID,Customer Name,Annual Value (USD),Contract End,Success Manager,Customer Since\n"
    'C-1,"One, Ltd","12,000",2026-12-31,Ann,2024-01-31\n'
    'C-2,"Two ""2""","6,000",2026-06-30,Bob,2024-02-29\n'
    "C-3,Three,600,2026-03-31,Ann,2025-02-28\n"
)
TICKETS = (
    "Ticket #;Kunde;Opened;Subject; Priority;Hours to Resolve;State\n"
    "T-1;C-1;2025-12-17;One;P1;;Open\n"
    "T-2;C-2;2025-12-18;Two;P2;24;Solved\n"
    "T-3;C-2;2025-12-19;Three;P3;2,5;Solved\n"
    "T-4;C-9;2025-12-20;Four;P4;1;Solved\n"
)
NPS = 'Company,Score,Comment\n"One, Ltd",9,good\n"Two ""2""",11,\nNo One,3,\n'
EVIL = 'Subject";--\u202e,id,created,customer id\nx,1,2024-01-01,C-1\n'


@pytest.fixture
def exports(tmp_path: Path) -> Path:
    files = {
        "Customer List.csv": CUSTOMERS,
        "tickets.csv": TICKETS,
        "NPS March.csv": NPS,
        "lunch.csv": "dish,cook\nsoup,Eve\n",
        "numbers.xlsx": b"PK",
    }
    return write_files(tmp_path / "exports", files)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(tmp_path / "home", "acme")


def test_a_folder_becomes_mappings_and_a_report(settings: Settings, exports: Path) -> None:
    mapped = map_folder(settings, "acme", exports)
    assert {written.path.name: written.fate for written in mapped.written} == {
        "billing.subscriptions.sql": "written",
        "crm.accounts.sql": "written",
        "crm.csms.sql": "written",
        "support.tickets.sql": "written",
        "survey.responses.sql": "written",
    }
    report = "\n".join(report_lines(mapped))
    assert "survey.responses.submitted_at is assumed (March in the file's name" in report
    assert "lunch.csv: resembles no table of the contract" in report
    assert "numbers.xlsx: is " in report
    assert "product.events: " in report
    assert "support.tickets: " not in report.split("Sources that would add signals")[1]


def test_a_mapping_that_a_person_edited_is_left_alone(settings: Settings, exports: Path) -> None:
    [path] = [
        w.path for w in map_folder(settings, "acme", exports).written if "csms" in w.path.name
    ]
    path.write_text(path.read_text().replace("csm_name", "csm_name, 'A' as team"))
    edited = path.read_text()
    again = {written.table: written for written in map_folder(settings, "acme", exports).written}
    assert again["crm.csms"].fate == "kept"
    assert again["crm.csms"].path.name == "crm.csms.sql.new"
    assert again["crm.accounts"].fate == "same"
    assert path.read_text() == edited
    map_folder(settings, "acme", exports, is_forced=True)
    assert path.read_text() != edited


def test_a_folder_without_a_table_is_refused_with_reasons(
    settings: Settings, tmp_path: Path
) -> None:
    folder = write_files(tmp_path / "odd", {"lunch.csv": "dish,cook\nsoup,Eve\n", "e.csv": ""})
    with pytest.raises(NothingMapped, match=r"lunch\.csv: resembles no table"):
        map_folder(settings, "odd", folder)


def test_a_hostile_header_is_a_name_and_nothing_else(settings: Settings, tmp_path: Path) -> None:
    files = {"customers.csv": CUSTOMERS, "tickets.csv": EVIL}
    mapped = map_folder(settings, "acme", write_files(tmp_path / "evil", files))
    text = (settings.mappings / "acme" / "support.tickets.sql").read_text()
    assert '"id" as ticket_id' in text
    assert "\u202e" not in "".join(line for line in text.splitlines() if line.startswith("--"))
    assert mapped.guess.unmapped == {}


def test_a_header_that_no_mapping_can_hold_is_named(settings: Settings, tmp_path: Path) -> None:
    """A line end would end the comment that lists the dates."""
    tickets = 'id,"Created\nAt",customer id\n1,2024-01-01,C-1\n'
    files = {"customers.csv": CUSTOMERS, "tickets.csv": tickets}
    mapped = map_folder(settings, "acme", write_files(tmp_path / "odd", files))
    assert "tickets.csv: a header holds a line end" in "\n".join(report_lines(mapped))
    assert "support.tickets" not in {written.table for written in mapped.written}


@pytest.mark.parametrize(
    ("folder", "name"),
    [("My Exports (2)", "my_exports_2"), ("2024", "data_2024"), ("acme", "acme")],
)
def test_a_system_is_called_as_its_folder(folder: str, name: str) -> None:
    assert system_name(Path("/somewhere") / folder) == name


def test_a_check_counts_every_row_and_touches_no_company(
    warehouse: Warehouse, exports: Path
) -> None:
    """rows in = loaded + quarantined + duplicates, each rule with an example."""
    settings = warehouse.settings
    map_folder(settings, "acme", exports)
    checked = check_company(settings, {"acme": exports}, None)
    assert checked.is_loaded
    counts = {row["table_name"]: row for row in checked.counts}
    for row in counts.values():
        parts = row["rows_loaded"] + row["rows_quarantined"] + row["rows_duplicate"]
        assert row["rows_in"] == parts
    assert counts["crm.csms"]["rows_duplicate"] == 0
    assert counts["support.tickets"]["rows_quarantined"] == 1
    assert counts["survey.responses"]["rows_quarantined"] == 2
    assert of_a_customer(load_contract(), counts["support.tickets"]) == 3
    assert of_a_customer(load_contract(), counts["survey.responses"]) == 2
    assert of_a_customer(load_contract(), counts["crm.csms"]) is None
    text = "\n".join(checked.problems)
    assert "tickets.csv row 4: account_id C-9 is not in crm.accounts" in text
    assert "NPS March.csv row 2" in text
    assert "account_id No One is not in crm.accounts" in text
    assert "lunch.csv: nothing reads this file" in text
    assert last_load(warehouse, Place("acme", "crm", "accounts")) is None
    left = warehouse.read_arrow("select datname from pg_database where datname like '%check%'")
    assert left["datname"].to_pylist() == []
    assert list(settings.company_home.parent.glob("check_*")) == []


def test_a_check_on_a_server_of_ones_own_leaves_no_database_behind(
    warehouse: Warehouse, exports: Path
) -> None:
    """With TENURE_DATABASE_URL the scratch database is made beside the one that it names."""
    company = warehouse.settings.company
    url = {"TENURE_DATABASE_URL": libpq_url(warehouse.settings)}
    settings = load_settings(company, url)
    assert not settings.is_embedded
    map_folder(settings, "acme", exports)
    checked = check_company(settings, {"acme": exports}, None)
    assert checked.is_loaded
    assert {row["table_name"] for row in checked.counts} >= {"crm.accounts", "support.tickets"}
    left = warehouse.read_arrow("select datname from pg_database where datname like '%check%'")
    assert left["datname"].to_pylist() == []
    assert last_load(warehouse, Place("acme", "crm", "accounts")) is None


def test_a_check_of_several_systems_counts_each_and_finds_parents_across_them(
    warehouse: Warehouse, exports: Path, tmp_path: Path
) -> None:
    """Tickets of one system belong to the customers of the other."""
    settings = warehouse.settings
    map_folder(settings, "acme", exports)
    tickets = "ticket_id,account_id,created_at\nZ-1,C-1,2025-12-01\nZ-2,C-8,2025-12-02\n"
    desk = write_files(tmp_path / "desk", {"support.tickets.csv": tickets})
    checked = check_company(settings, {"canonical": desk, "acme": exports}, None)
    assert checked.is_loaded
    counts = {(row["system"], row["table_name"]): row for row in checked.counts}
    assert counts["canonical", "support.tickets"]["rows_loaded"] == 1
    assert of_a_customer(load_contract(), counts["canonical", "support.tickets"]) == 1
    assert counts["acme", "support.tickets"]["rows_loaded"] == 3


def test_events_make_usage_that_was_added_up_unneeded(settings: Settings, tmp_path: Path) -> None:
    events = "event_id,customer_id,timestamp\ne-1,C-1,2025-12-01 10:00:00\n"
    folder = write_files(tmp_path / "a", {"customers.csv": CUSTOMERS, "events.csv": events})
    missing = map_folder(settings, "acme", folder).missing
    assert not {"product.events", "product.usage_metrics"} & set(missing)
    alone = write_files(tmp_path / "b", {"customers.csv": CUSTOMERS})
    missing = map_folder(settings, "acme", alone, is_forced=True).missing
    assert {"product.events", "product.usage_metrics"} <= set(missing)


def test_the_mappings_that_were_written_give_the_right_rows(
    warehouse: Warehouse, exports: Path
) -> None:
    settings = warehouse.settings
    map_folder(settings, "acme", exports)
    load_all(settings, warehouse, CompanySources({"acme": exports}, None))
    rows = warehouse.read_arrow(
        "select subscription_id, mrr_cents, currency, renewal_date::text, ended_at "
        "from billing.subscriptions order by 1"
    ).to_pylist()
    assert [tuple(row.values()) for row in rows] == [
        ("C-1", 100000, "USD", "2026-12-31", None),
        ("C-2", 50000, "USD", "2026-06-30", None),
        ("C-3", 5000, "USD", "2026-03-31", None),
    ]
    rows = warehouse.read_arrow(
        "select ticket_id, account_id, priority, solved_at::text, status from support.tickets"
        " order by 1"
    ).to_pylist()
    assert [tuple(row.values()) for row in rows] == [
        ("T-1", "C-1", "urgent", None, "Open"),
        ("T-2", "C-2", "high", "2025-12-19 00:00:00+00", "Solved"),
        ("T-3", "C-2", "normal", "2025-12-19 02:30:00+00", "Solved"),
    ]


@pytest.mark.server
def test_a_check_of_a_company_that_was_never_run_asks_for_a_folder(tenure_home: Path) -> None:
    with pytest.raises(RunRefused, match="tenure check --source"):
        asked_sources(load_settings("never_run"), {}, None)
