"""Nothing is overwritten: what was known at any moment can be asked for later."""

from __future__ import annotations

import os
from datetime import UTC, datetime

import pytest

from sources import ingestion
from tests.sources.conftest import ACCOUNTS, SUBSCRIPTIONS, Loader, write_files

COMPANY = {"crm.accounts.csv": ACCOUNTS, "billing.subscriptions.csv": SUBSCRIPTIONS}
MONDAY, TUESDAY, WEDNESDAY = (datetime(2026, 3, day, 6, tzinfo=UTC) for day in (2, 3, 4))
RENAMED = ACCOUNTS.replace("Two", "Two Ltd")


def names_as_known(loader: Loader, known_as_of: datetime) -> list[str]:
    known = f"timestamptz '{known_as_of.isoformat()}'"
    rows = loader.rows(
        f"select account_name from crm.accounts where _recorded_at <= {known} "
        f"and (_superseded_at is null or _superseded_at > {known}) order by 1"
    )
    return [name for (name,) in rows]


def test_what_was_known_on_each_day_stays_known(loader: Loader) -> None:
    """A row that changes and changes back holds twice, with the time between them known."""
    loader.deliver(COMPANY, recorded_at=MONDAY)
    loader.deliver({"crm.accounts.csv": RENAMED}, recorded_at=TUESDAY)
    loader.deliver({"crm.accounts.csv": ACCOUNTS}, recorded_at=WEDNESDAY)
    assert names_as_known(loader, MONDAY) == ["One", "Two"]
    assert names_as_known(loader, TUESDAY) == ["One", "Two Ltd"]
    assert names_as_known(loader, WEDNESDAY) == ["One", "Two"]
    assert loader.rows("select count(*) from crm.accounts") == [(4,)]


def test_a_row_that_is_no_longer_delivered_is_superseded(loader: Loader) -> None:
    loader.deliver(COMPANY, recorded_at=MONDAY)
    only_first = ACCOUNTS.splitlines(keepends=True)[:2]
    loader.deliver({"crm.accounts.csv": "".join(only_first)}, recorded_at=TUESDAY)
    assert names_as_known(loader, TUESDAY) == ["One"]
    assert names_as_known(loader, MONDAY) == ["One", "Two"]


def test_an_unchanged_delivery_is_not_parsed(
    loader: Loader, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A day on which nothing came must cost nothing: not even a new time of change counts."""
    first = loader.deliver(COMPANY)

    def parsed(*_: object) -> None:
        raise AssertionError("a file was parsed")

    monkeypatch.setattr(ingestion, "run_mapping", parsed)
    again = loader.deliver({})
    os.utime(loader.folder / "crm.accounts.csv")
    touched = loader.deliver({})
    for loads in (again, touched):
        assert {name: load.status for name, load in loads.items() if load.status != "absent"} == {
            "crm.accounts": "unchanged",
            "billing.subscriptions": "unchanged",
        }
        assert loads["crm.accounts"].rows_loaded == first["crm.accounts"].rows_loaded == 2


def test_what_was_wrong_with_a_delivery_is_said_again(loader: Loader) -> None:
    """A second day without a word would read as if the file had been corrected."""
    bad = {**COMPANY, "billing.subscriptions.csv": SUBSCRIPTIONS.replace("10000", "-1")}
    first = loader.deliver(bad)["billing.subscriptions"]
    again = loader.deliver({})["billing.subscriptions"]
    assert again.status == "unchanged"
    assert again.problems == first.problems != ()


def test_the_same_files_are_read_again_by_a_changed_mapping(loader: Loader) -> None:
    maps = loader.folder.parent / "maps"
    sql = 'select * replace (upper(account_name) as account_name) from "customers.csv"'
    write_files(maps / "acme", {"crm.accounts.sql": 'select * from "customers.csv"'})
    loader.deliver({"customers.csv": ACCOUNTS}, "acme", mapping_folder=maps)
    write_files(maps / "acme", {"crm.accounts.sql": sql})
    loads = loader.deliver({}, "acme", mapping_folder=maps)
    assert loads["crm.accounts"].status == "loaded"
    assert loader.rows(
        "select account_name from crm.accounts where _superseded_at is null order by 1"
    ) == [("ONE",), ("TWO",)]


def test_a_table_has_a_new_version_only_when_its_rows_change(loader: Loader) -> None:
    """What is built from a table is current while the version is: a needless one rebuilds it."""
    version = "select version from tenure.raw_tables where table_name = 'accounts'"
    loader.deliver(COMPANY)
    assert loader.rows(version) == [(1,)]
    loader.deliver({"crm.accounts.csv": ACCOUNTS + "\n"})
    assert loader.rows(version) == [(1,)]
    loader.deliver({"crm.accounts.csv": RENAMED})
    assert loader.rows(version) == [(2,)]


RECORDED = "id,name,signed,updated\n{}"
CUSTOMERS_SQL = (
    "select id as account_id, name as account_name, signed as signed_at, updated as recorded_at, "
    '_file, _row from "customers.csv"'
)


def recorded(loader: Loader) -> list[tuple[str, str]]:
    return loader.rows(
        "select account_name, to_char(_recorded_at, 'YYYY-MM-DD') from crm.accounts "
        "where _superseded_at is null order by 1"
    )


def deliver_recorded(loader: Loader, rows: str, at: datetime) -> None:
    maps = loader.folder.parent / "maps"
    write_files(maps / "acme", {"crm.accounts.sql": CUSTOMERS_SQL})
    files = {"customers.csv": RECORDED.format(rows)}
    loader.deliver(files, "acme", mapping_folder=maps, recorded_at=at)


def test_a_first_export_is_known_since_its_source_recorded_it(loader: Loader) -> None:
    """All history known only from today makes each past week one of which nothing was known. A
    time in the future, or none, is the time of the load."""
    deliver_recorded(
        loader,
        "A-1,One,2024-01-31,2024-02-03\nA-2,Two,2024-01-31,2099-01-01\nA-3,Three,2024-01-31,\n",
        MONDAY,
    )
    assert recorded(loader) == [
        ("One", "2024-02-03"),
        ("Three", "2026-03-02"),
        ("Two", "2026-03-02"),
    ]
    assert loader.rows("select count(attributes) from crm.accounts") == [(0,)]


def test_a_later_row_is_known_from_its_load(loader: Loader) -> None:
    """Else two versions of one row would hold at once, and runs of before would have known it."""
    deliver_recorded(loader, "A-1,One,2024-01-31,2024-02-03\n", MONDAY)
    deliver_recorded(loader, "A-1,One Ltd,2024-01-31,2024-03-03\n", TUESDAY)
    assert recorded(loader) == [("One Ltd", "2026-03-03")]
    assert names_as_known(loader, datetime(2024, 6, 1, tzinfo=UTC)) == ["One"]
    # only its time is another: the row is the same
    deliver_recorded(loader, "A-1,One Ltd,2024-01-31,2024-04-04\n", WEDNESDAY)
    assert recorded(loader) == [("One Ltd", "2026-03-03")]


def test_what_a_run_knew_stays_what_it_knew(loader: Loader) -> None:
    loader.warehouse.execute(
        "insert into tenure.runs (run_id, job, status, known_as_of, is_known_as_of_given, "
        "is_full_refresh, code_version, policy_version) values "
        "('r', 'daily', 'succeeded', '2026-02-01', false, false, '', '')"
    )
    deliver_recorded(
        loader, "A-1,One,2024-01-31,2024-02-03\nA-2,Two,2024-01-31,2026-02-11\n", MONDAY
    )
    assert recorded(loader) == [("One", "2026-03-02"), ("Two", "2026-02-11")]
