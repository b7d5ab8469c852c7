"""Deliveries into a real warehouse: what is loaded, what is kept back, what survives."""

from __future__ import annotations

import shutil
from datetime import UTC, date, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml

from sources import IngestError, MappingError, ingest, load_contract, newest_fact_date
from sources.contract import DEFAULT_MODELS
from sources.lake import system_lake
from tests.sources.conftest import ACCOUNTS, SUBSCRIPTIONS, Loader, write_files

COMPANY = {"crm.accounts.csv": ACCOUNTS, "billing.subscriptions.csv": SUBSCRIPTIONS}
EVENT_HEADER = "event_id,account_id,user_id,feature,occurred_at\n"


def test_a_delivery_is_loaded_cast_and_counted(loader: Loader) -> None:
    loads = loader.deliver(COMPANY)
    assert (loads["crm.accounts"].status, loads["crm.accounts"].rows_loaded) == ("loaded", 2)
    assert loads["support.tickets"].status == "absent"
    assert loader.rows(
        "select mrr_cents, currency, started_at, ended_at, _source from billing.subscriptions "
        "order by subscription_id"
    ) == [
        (10000, "USD", datetime(2024, 1, 1, tzinfo=UTC), None, "canonical"),
        (20000, "EUR", datetime(2024, 2, 1, tzinfo=UTC), datetime(2025, 2, 1, tzinfo=UTC),
         "canonical"),
    ]  # fmt: skip
    assert loader.rows("select rows_in, rows_loaded from tenure.loads order by source") == [
        (2, 2),
        (2, 2),
    ]


def test_the_same_delivery_twice_changes_nothing(loader: Loader) -> None:
    """Rows that were there keep the time at which Tenure first knew them."""
    columns = "subscription_id, mrr_cents, attributes, _recorded_at, _row_hash, xmin::text"
    loader.deliver(COMPANY)
    before = loader.rows(f"select {columns} from billing.subscriptions order by 1")
    loader.deliver(COMPANY)
    assert loader.rows(f"select {columns} from billing.subscriptions order by 1") == before


def test_a_new_delivery_replaces_the_rows_of_its_system(loader: Loader) -> None:
    loader.deliver(COMPANY)
    known = loader.rows("select _recorded_at from crm.accounts where account_id = 'A-1'")
    renamed = ACCOUNTS.replace("Two", "Two Ltd").replace("A-2", "A-3")
    loader.deliver({**COMPANY, "crm.accounts.csv": renamed})
    rows = "select account_id, account_name from crm.accounts where _superseded_at is {} order by 1"
    assert loader.rows(rows.format("null")) == [("A-1", "One"), ("A-3", "Two Ltd")]
    assert loader.rows(rows.format("not null")) == [("A-2", "Two")]
    assert loader.rows("select _recorded_at from crm.accounts where account_id = 'A-1'") == known


def test_bad_rows_are_kept_with_file_row_and_rule(loader: Loader) -> None:
    loads = loader.deliver(
        {
            **COMPANY,
            "billing.subscriptions.csv": SUBSCRIPTIONS
            + "S-3,A-1,platform,-5,USD,2024-01-01,\n"
            + "S-1,A-1,platform,5,USD,2024-01-01,\n"
            + "S-5,A-9,platform,5,USD,2024-03-01,\n"
            + "S-6,A-1,platform,5,USD,soon,\n"
            + "S-7,A-1\n",
        }
    )
    file = "billing.subscriptions.csv"
    found = [row[1:4] for row in loader.rejections()]
    assert found == [
        (file, 3, "at_least(mrr_cents)"),
        (file, 4, "unique_combination(subscription_id, product, started_at)"),
        (file, 5, "relationships(account_id)"),
        (file, 6, "type(started_at)"),
        (file, 7, "readable"),
    ]
    load = loads["billing.subscriptions"]
    assert (load.rows_in, load.rows_loaded, load.rows_quarantined) == (7, 2, 5)
    assert any(
        "1 of 7 rows quarantined by at_least(mrr_cents), first billing.subscriptions.csv row 3: "
        "mrr_cents is -5, the least allowed is 0" in problem
        for problem in load.problems
    )


def test_mended_rows_leave_the_quarantine(loader: Loader) -> None:
    loader.deliver({**COMPANY, "billing.subscriptions.csv": SUBSCRIPTIONS.replace("10000", "-1")})
    assert len(loader.rejections()) == 1
    loader.deliver(COMPANY)
    assert loader.rejections() == []


def test_a_row_that_stays_bad_keeps_the_time_it_was_first_seen(loader: Loader) -> None:
    times = "select first_seen_at, last_seen_at from quarantine.rejected_rows"
    bad = {**COMPANY, "billing.subscriptions.csv": SUBSCRIPTIONS.replace("10000", "-1")}
    loader.deliver(bad)
    [(first, _)] = loader.rows(times)
    bad["billing.subscriptions.csv"] += "S-3,A-1,addon,100,USD,2024-03-01,\n"
    loader.deliver(bad)
    [(still_first, last)] = loader.rows(times)
    assert still_first == first < last


BROKEN = {
    "empty": "",
    "header only": "subscription_id,account_id,product,mrr_cents,currency,started_at\n",
    "wrong delimiter": SUBSCRIPTIONS.replace(",", ";"),
    "no header": SUBSCRIPTIONS.split("\n", 1)[1],
    "column missing": SUBSCRIPTIONS.replace("mrr_cents", "mrr"),
    "nothing but orphans": SUBSCRIPTIONS.replace("A-", "Z-"),
    "ambiguous dates": SUBSCRIPTIONS.replace("2024-01-01", "03/04/2024")
    .replace("2024-02-01", "05/06/2024")
    .replace("2025-02-01", ""),
}


@pytest.mark.parametrize("content", BROKEN.values(), ids=BROKEN.keys())
def test_a_file_that_cannot_be_used_leaves_what_was_loaded(loader: Loader, content: str) -> None:
    """A broken export must not empty a table, its books or anything built on it."""
    state = (
        "select subscription_id, mrr_cents, (select rows_loaded from tenure.loads "
        "where table_name = 'subscriptions') from billing.subscriptions order by 1"
    )
    loader.deliver(COMPANY)
    before = loader.rows(state)
    load = loader.deliver({"billing.subscriptions.csv": content})["billing.subscriptions"]
    assert load.status == "failed"
    assert "the 2 rows loaded before stay" in load.problems[-1]
    assert "billing.subscriptions" in load.problems[0]
    assert loader.rows(state) == before


def test_a_broken_parquet_fails_its_own_table_only(loader: Loader) -> None:
    loads = loader.deliver({**COMPANY, "support.tickets.parquet": b"PAR1 no"})
    assert loads["support.tickets"].status == "failed"
    assert "support.tickets.parquet: not a readable Parquet" in loads["support.tickets"].problems[0]
    assert loads["billing.subscriptions"].rows_loaded == 2


def test_a_file_that_is_not_delivered_again_keeps_its_rows_and_is_mentioned(loader: Loader) -> None:
    loader.deliver(COMPANY)
    (loader.folder / "billing.subscriptions.csv").unlink()
    load = loader.deliver({})["billing.subscriptions"]
    assert load.status == "absent"
    assert "the 2 rows loaded before stay" in load.problems[0]
    assert loader.rows("select count(*) from billing.subscriptions") == [(2,)]


def test_a_delivery_without_customers_is_an_error(loader: Loader) -> None:
    with pytest.raises(IngestError, match="no customer could be loaded") as error:
        loader.deliver({**COMPANY, "crm.accounts.csv": "account_id;account_name\n"})
    assert "separated by a semicolon" in str(error.value)


def test_a_missing_folder_is_an_error(loader: Loader) -> None:
    settings = loader.warehouse.settings
    with pytest.raises(IngestError, match="nowhere: there is no such folder"):
        ingest(loader.warehouse, settings, loader.contract, "canonical", Path("nowhere"))


def test_a_folder_of_something_else_is_an_error(loader: Loader) -> None:
    with pytest.raises(IngestError, match="holds no file that canonical is read from"):
        loader.deliver({"holiday.csv": "a,b\n1,2\n"})


def test_a_system_that_nobody_mapped_is_an_error(loader: Loader) -> None:
    with pytest.raises(MappingError, match=r"no mapping for 'nobody'.*canonical, fightchurn"):
        loader.deliver({"holiday.csv": "a,b\n1,2\n"}, system="nobody")


def test_a_key_that_another_system_delivered_is_not_loaded_twice(loader: Loader) -> None:
    loader.deliver(COMPANY)
    write_files(
        loader.folder / "maps" / "other",
        {"crm.accounts.sql": 'select * from "customers.csv"'},
    )
    customers = ACCOUNTS.replace("A-1", "B-1")
    loader.deliver({"customers.csv": customers}, "other", mapping_folder=loader.folder / "maps")
    assert loader.rows("select account_id, _source from crm.accounts order by 1") == [
        ("A-1", "canonical"),
        ("A-2", "canonical"),
        ("B-1", "other"),
    ]
    assert loader.rejections()[0][3:] == (
        "unique(account_id)",
        "account_id A-2 was delivered by the system canonical",
    )


def test_a_column_added_to_the_contract_appears_by_itself(loader: Loader, tmp_path: Path) -> None:
    """One edit in one place: before it the value waits in `attributes`, after it in a column."""
    files = {"crm.accounts.csv": "account_id,account_name,signed_at,mood\nA-1,One,2024-01-01,7\n"}
    loader.deliver(files)
    assert loader.rows("select attributes ->> 'mood' from crm.accounts") == [("7",)]
    models = tmp_path / "staging"
    shutil.copytree(DEFAULT_MODELS, models)
    file = models / "crm" / "_crm__sources.yml"
    document = yaml.safe_load(file.read_text())
    accounts = next(t for t in document["sources"][0]["tables"] if t["name"] == "accounts")
    accounts["columns"].append({"name": "mood", "data_type": "integer", "description": "Mood."})
    file.write_text(yaml.safe_dump(document))
    loader.warehouse.execute("create view crm.watch as select account_id from crm.accounts")
    loader.contract = load_contract(models)
    loader.deliver({})
    assert loader.rows(
        "select mood, attributes from crm.accounts where _superseded_at is null"
    ) == [(7, None)]


def write_events(path: Path, rows: list[tuple]) -> None:
    names = ("event_id", "account_id", "user_id", "feature", "occurred_at")
    path.parent.mkdir(parents=True, exist_ok=True)
    columns = {name: [row[place] for row in rows] for place, name in enumerate(names)}
    pq.write_table(pa.table(columns), path)


EVENTS = [
    ("e1", "A-1", "u1", "search", datetime(2024, 5, 1, 10)),
    ("e1", "A-1", "u1", "search", datetime(2024, 5, 1, 10)),
    ("e2", "A-1", "u2", "search", datetime(2024, 5, 1, 11)),
    ("e2", "A-1", "u2", "export", datetime(2024, 5, 1, 11)),
    (None, "A-2", "u1", "search", datetime(2024, 5, 3, 9)),
    (None, "A-2", "u1", "search", datetime(2024, 5, 3, 9)),
    ("e5", "A-9", "u1", "search", datetime(2024, 5, 3, 9)),
    ("e6", "A-1", "u1", "search", None),
]


def test_events_go_to_the_lake_and_only_their_roll_ups_to_the_warehouse(loader: Loader) -> None:
    loader.folder.mkdir(parents=True)
    write_events(loader.folder / "product.events" / "2024-05.parquet", EVENTS)
    loads = loader.deliver(COMPANY)
    events = loads["product.events"]
    counts = (events.rows_in, events.rows_loaded, events.rows_quarantined, events.rows_duplicate)
    assert counts == (8, 5, 2, 1)
    lake = system_lake(loader.warehouse.settings.lake, "canonical")
    [part] = lake.iterdir()
    assert pq.read_table(part).num_rows == 5
    assert loader.rows(
        "select account_id, usage_date, events, active_users, active_users_28d "
        "from product.account_days order by 1, 2"
    ) == [
        ("A-1", date(2024, 5, 1), 3, 2, 2),
        ("A-1", date(2024, 5, 2), 0, 0, 2),
        ("A-1", date(2024, 5, 3), 0, 0, 2),
        ("A-2", date(2024, 5, 3), 2, 1, 1),
    ]
    assert [row[3] for row in loader.rejections()] == [
        "relationships(account_id)",
        "not_null(occurred_at)",
    ]
    assert newest_fact_date(loader.warehouse) == date(2024, 5, 3)


def test_late_events_lie_on_the_day_they_happened_and_are_counted(loader: Loader) -> None:
    """Counted by arrival, a backlog would look like a customer in love with the product."""
    lines = "e1,A-1,2024-05-01 10:00,\ne2,A-1,2024-05-01 23:59,2024-05-20 08:00\n"
    lines += "e3,A-1,2024-05-20 07:00,2024-05-20 08:00\n" + lines[: lines.index("\n") + 1]
    header = "event_id,account_id,occurred_at,received_at\n"
    events = loader.deliver({**COMPANY, "product.events.csv": header + lines})["product.events"]
    assert (events.rows_in, events.rows_loaded, events.rows_duplicate) == (4, 3, 1)
    assert loader.rows("select usage_date, events from product.account_days where events > 0") == [
        (date(2024, 5, 1), 2),
        (date(2024, 5, 20), 1),
    ]
    repairs = "select source || '.' || table_name, rule, rows_repaired from tenure.repairs"
    assert loader.rows(f"{repairs} order by rule") == [
        ("product.events", "duplicate", 1),
        ("product.events", "late", 1),
    ]
    loader.deliver({"product.events.csv": header + "e1,A-1,2024-05-01 10:00,\n"})
    assert loader.rows(repairs) == []


def test_events_that_cannot_be_used_leave_the_lake_as_it_is(loader: Loader) -> None:
    loader.folder.mkdir(parents=True)
    write_events(loader.folder / "product.events.parquet", EVENTS)
    loader.deliver(COMPANY)
    loads = loader.deliver({"product.events.parquet": b"PAR1"})
    assert loads["product.events"].status == "failed"
    assert loads["product.account_days"].status == "failed"
    assert loader.rows("select count(*) from product.account_days") == [(4,)]


def test_events_in_csv_follow_the_same_rules(loader: Loader) -> None:
    lines = "e1,A-1,u1,search,31/05/2024 10:00\ne2,A-1,u1,search,gestern\ne3\n"
    events = loader.deliver({**COMPANY, "product.events.csv": EVENT_HEADER + lines})[
        "product.events"
    ]
    assert (events.rows_in, events.rows_loaded, events.rows_quarantined) == (3, 1, 2)
    assert [row[3] for row in loader.rejections()] == ["type(occurred_at)", "readable"]


def test_schemas_can_be_loaded_one_by_one(loader: Loader) -> None:
    """Dagster calls once per raw schema."""
    assert set(loader.deliver(COMPANY, sources=["crm"])) == {
        table.full_name for table in loader.contract.tables if table.source == "crm"
    }
    assert loader.rows("select count(*) from billing.subscriptions") == [(0,)]
    assert loader.deliver({}, sources=["billing"])["billing.subscriptions"].rows_loaded == 2


def test_the_newest_fact_is_not_a_date_that_lies_ahead(loader: Loader) -> None:
    """A renewal next year would make every account look silent for months."""
    loader.deliver(COMPANY)
    assert newest_fact_date(loader.warehouse) == date(2024, 2, 1)
