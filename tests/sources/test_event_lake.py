"""The lake: each file is read once, and a file that changes or goes takes its events along."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from sources import event_landing, lake, reconcile_quarantine, usage
from sources.lake import system_lake
from sources.landing import Landed
from sources.usage import RollUps
from tests.sources.conftest import ACCOUNTS, Loader, write_files

HEADER = "event_id,account_id,user_id,feature,occurred_at,value\n"
MAY = "product.events/2024-05.csv"
JUNE = "product.events/2024-06.csv"
USES = {
    MAY: HEADER + "e1,A-1,u1,search,2024-05-01 10:00,1\ne2,A-2,u1,search,2024-05-20 10:00,2\n",
    JUNE: HEADER + "e3,A-1,u2,search,2024-06-03 10:00,4\n",
}
COMPANY = {"crm.accounts.csv": ACCOUNTS}

HOLDING = "_superseded_at is null"
DAYS_THAT_HOLD = f"(select * from product.account_days where {HOLDING}) as days"
FEATURES_THAT_HOLD = f"(select * from product.account_feature_days where {HOLDING}) as days"
DAYS = (
    "select account_id, usage_date::text, events from product.account_days "
    f"where events > 0 and {HOLDING}"
)
EVERY_ROW = [
    f"select ctid::text, * from product.{table} order by 1"
    for table in ("account_days", "account_feature_days", "users_seen")
]


def days(loader: Loader) -> list[tuple]:
    return loader.rows(f"{DAYS} order by 1, 2")


@pytest.fixture
def read_files(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the event files that are opened, as they are."""
    opened: list[str] = []
    open_file = event_landing.EventLanding._open

    def noted(self: event_landing.EventLanding, only: Landed | None):
        opened.append(only.name if only else "all")
        return open_file(self, only)

    monkeypatch.setattr(event_landing.EventLanding, "_open", noted)
    return opened


def test_a_delivery_without_change_reads_and_writes_nothing(
    loader: Loader, read_files: list[str]
) -> None:
    first = loader.deliver({**COMPANY, **USES})
    assert read_files == [MAY, JUNE]
    tables = [*EVERY_ROW, "select * from tenure.lake_parts", "select * from tenure.landed_files"]
    before = [loader.rows(sql) for sql in tables]
    second = loader.deliver({})
    assert read_files == [MAY, JUNE]
    assert [loader.rows(sql) for sql in tables] == before
    assert second["product.events"] == first["product.events"]
    assert second["product.account_days"].rows_loaded == first["product.account_days"].rows_loaded


def test_a_file_that_was_only_written_again_is_not_read(
    loader: Loader, read_files: list[str]
) -> None:
    loader.deliver({**COMPANY, **USES})
    os.utime(loader.folder / MAY, (1, 1))
    loader.deliver({})
    assert read_files == [MAY, JUNE]


def test_a_changed_file_replaces_what_it_wrote(loader: Loader, read_files: list[str]) -> None:
    loader.deliver({**COMPANY, **USES})
    counts = loader.rows(
        f"select * from product.account_days where usage_date = '2024-06-03' and {HOLDING}"
    )
    loads = loader.deliver({MAY: HEADER + "e2,A-2,u1,search,2024-05-21 10:00,2\n"})
    assert read_files == [MAY, JUNE, MAY]
    assert days(loader) == [("A-1", "2024-06-03", 1), ("A-2", "2024-05-21", 1)]
    assert loads["product.events"].rows_in == 2
    assert loader.rows("select user_key from product.users_seen where account_id = 'A-2'")
    of_june = loader.rows(
        f"select * from product.account_days where usage_date = '2024-06-03' and {HOLDING}"
    )
    assert set(of_june) & set(counts)
    folder = system_lake(loader.warehouse.settings.lake, "canonical")
    assert len(list(folder.iterdir())) == 2


def test_a_file_that_is_gone_takes_its_events_along(loader: Loader) -> None:
    loader.deliver({**COMPANY, **USES})
    (loader.folder / MAY).unlink()
    loads = loader.deliver({})
    assert days(loader) == [("A-1", "2024-06-03", 1)]
    assert loads["product.events"].files == (JUNE,)
    assert loader.rows("select count(*) from product.users_seen") == [(1,)]


def test_late_events_reach_the_days_they_belong_to(loader: Loader, read_files: list[str]) -> None:
    loader.deliver({**COMPANY, **USES})
    late = "product.events/late.csv"
    loader.deliver({late: HEADER + "e9,A-1,u3,search,2024-05-02 10:00,1\n"})
    assert read_files == [MAY, JUNE, late]
    rows = loader.rows(
        f"select usage_date::text, active_users_28d from {DAYS_THAT_HOLD} "
        "where account_id = 'A-1' and usage_date in ('2024-05-01', '2024-05-02', '2024-05-29') "
        "order by 1"
    )
    assert rows == [("2024-05-01", 1), ("2024-05-02", 2), ("2024-05-29", 1)]


def test_an_event_that_two_files_bring_is_one_event(loader: Loader) -> None:
    """Same id, account, user, feature and time: whatever else the delivery says."""
    loader.deliver({**COMPANY, **USES})
    again = HEADER + "e1,A-1,u1,search,2024-05-01 10:00,7\ne1,A-1,u1,export,2024-05-01 10:00,1\n"
    loads = loader.deliver({JUNE: again})
    assert loads["product.events"].rows_duplicate == 1
    assert days(loader) == [("A-1", "2024-05-01", 2), ("A-2", "2024-05-20", 1)]
    # and comes back when the file that brought the other is gone
    (loader.folder / MAY).unlink()
    loads = loader.deliver({})
    assert loads["product.events"].rows_duplicate == 0
    assert days(loader) == [("A-1", "2024-05-01", 2)]


@pytest.mark.parametrize("value", ["0.5", "7"], ids=["the later is kept", "the earlier is kept"])
def test_which_of_two_alike_is_kept_does_not_depend_on_their_order(
    loader: Loader, new_loader: Callable[[Path | None], Loader], value: str
) -> None:
    sums = f"select account_id, usage_date, value_sum from {FEATURES_THAT_HOLD} order by 2"
    other = {JUNE: HEADER + f"e1,A-1,u1,search,2024-05-01 10:00,{value}\n"}
    loader.deliver({**COMPANY, MAY: USES[MAY]})
    loads = loader.deliver(other)
    assert loads["product.events"].rows_duplicate == 1
    whole = new_loader(loader.folder)
    whole.deliver({})
    assert loader.rows(sums) == whole.rows(sums)


def test_another_mapping_reads_every_file_again(loader: Loader, read_files: list[str]) -> None:
    maps = loader.folder.parent / "maps"
    mapping = (
        'select uses.*, kinds.kind as feature from "use-*.csv" as uses '
        'left join "kinds.csv" as kinds on uses.kind_id = kinds.kind_id'
    )
    accounts = 'select * from "crm.accounts.csv"'
    write_files(maps / "ours", {"crm.accounts.sql": accounts, "product.events.sql": mapping})
    files = {
        **COMPANY,
        "kinds.csv": "kind_id,kind\n1,search\n",
        "use-1.csv": "account_id,kind_id,occurred_at\nA-1,1,2024-05-01 10:00\n",
        "use-2.csv": "account_id,kind_id,occurred_at\nA-1,1,2024-05-02 10:00\n",
    }
    features = f"select feature, count(*) from {FEATURES_THAT_HOLD} group by 1 order by 1"
    loader.deliver(files, "ours", mapping_folder=maps)
    # once all of them, to see which files the mapping only looks things up in
    assert read_files == ["all", "use-1.csv", "use-2.csv"]
    read_files.clear()
    loader.deliver({}, "ours", mapping_folder=maps)
    assert read_files == []
    loader.deliver({"use-2.csv": files["use-2.csv"] + "A-2,1,2024-05-02\n"}, "ours",
                   mapping_folder=maps)  # fmt: skip
    assert read_files == ["use-2.csv"]
    read_files.clear()
    loader.deliver({"kinds.csv": "kind_id,kind\n1,found\n"}, "ours", mapping_folder=maps)
    assert read_files == ["use-1.csv", "use-2.csv"]
    assert loader.rows(features) == [("found", 3)]
    read_files.clear()
    write_files(maps / "ours", {"product.events.sql": mapping.replace("kinds.kind ", "'any' ")})
    loader.deliver({}, "ours", mapping_folder=maps)
    assert read_files == ["all", "use-1.csv", "use-2.csv"]
    assert loader.rows(features) == [("any", 3)]


def test_a_mapping_across_rows_reads_all_files_at_each_change(
    loader: Loader, read_files: list[str]
) -> None:
    maps = loader.folder.parent / "maps"
    mapping = (
        'select * from "use-*.csv" '
        "qualify row_number() over (partition by account_id order by occurred_at) = 1"
    )
    accounts = 'select * from "crm.accounts.csv"'
    write_files(maps / "ours", {"crm.accounts.sql": accounts, "product.events.sql": mapping})
    header = "account_id,occurred_at\n"
    files = {**COMPANY, "use-1.csv": f"{header}A-1,2024-05-02\n"}
    loader.deliver(files, "ours", mapping_folder=maps)
    assert days(loader) == [("A-1", "2024-05-02", 1)]
    loader.deliver({"use-2.csv": f"{header}A-1,2024-05-01\n"}, "ours", mapping_folder=maps)
    assert read_files == ["all", "all"]
    assert days(loader) == [("A-1", "2024-05-01", 1)]


STEPS = [
    (lake, "record_change"),
    (RollUps, "refresh"),
    (RollUps, "finish"),
]


@pytest.mark.parametrize(("where", "step"), STEPS, ids=[step for _, step in STEPS])
def test_a_killed_run_is_finished_by_the_next_one(
    loader: Loader,
    new_loader: Callable[[Path | None], Loader],
    monkeypatch: pytest.MonkeyPatch,
    where: object,
    step: str,
) -> None:
    loader.deliver({**COMPANY, **USES})
    changed = {
        MAY: HEADER + "e2,A-2,u1,search,2024-05-21 10:00,2\n",
        "product.events/late.csv": HEADER + "e9,A-1,u3,search,2024-05-02 10:00,1\n",
    }
    with monkeypatch.context() as patch:
        patch.setattr(where, step, killed)
        with pytest.raises(KeyboardInterrupt):
            loader.deliver(changed)
    loader.deliver({})
    whole = new_loader(loader.folder)
    whole.deliver({})
    columns = "account_id, usage_date, events, active_users, active_users_28d, _row_hash"
    sql = f"select {columns} from {DAYS_THAT_HOLD} order by 1, 2"
    assert loader.rows(sql) == whole.rows(sql)
    users = "select account_id, user_key, first_seen_at, _row_hash from product.users_seen"
    assert sorted(loader.rows(users)) == sorted(whole.rows(users))
    folder = system_lake(loader.warehouse.settings.lake, "canonical")
    parts = loader.rows("select part from tenure.lake_parts order by 1")
    assert parts == [(path.name,) for path in sorted(folder.iterdir())]


def killed(*_: object, **__: object) -> None:
    raise KeyboardInterrupt


def test_a_lake_of_an_earlier_version_is_landed_anew(loader: Loader) -> None:
    folder = system_lake(loader.warehouse.settings.lake, "canonical")
    write_files(folder / "usage_date=2024-05-01", {"data_0.parquet": b"PAR1"})
    loads = loader.deliver({**COMPANY, MAY: HEADER})
    assert loads["product.events"].status == "failed"
    assert [path.name for path in folder.iterdir()] == ["usage_date=2024-05-01"]
    loader.deliver(USES)
    assert len(days(loader)) == 3
    assert all(path.suffix == ".parquet" for path in folder.iterdir())


def test_events_of_a_customer_who_leaves_wait_for_the_customer(
    loader: Loader, read_files: list[str]
) -> None:
    loader.deliver({**COMPANY, **USES})
    loader.deliver({"crm.accounts.csv": ACCOUNTS.replace("A-2", "A-3")})
    assert read_files == [MAY, JUNE, MAY]
    assert days(loader) == [("A-1", "2024-05-01", 1), ("A-1", "2024-06-03", 1)]
    assert [row[3] for row in loader.rejections()] == ["relationships(account_id)"]
    loader.deliver(COMPANY)
    reconcile_quarantine(loader.warehouse, loader.contract)
    assert loader.rejections() == []
    assert days(loader) == [
        ("A-1", "2024-05-01", 1),
        ("A-1", "2024-06-03", 1),
        ("A-2", "2024-05-20", 1),
    ]
    loader.deliver({})
    assert read_files == [MAY, JUNE, MAY]


def test_an_account_that_left_without_events_is_looked_for_once(
    loader: Loader, read_files: list[str]
) -> None:
    loader.deliver({**COMPANY, **USES})
    loader.deliver({MAY: HEADER + "e1,A-1,u1,search,2024-05-01 10:00,1\n"})
    loader.deliver({"crm.accounts.csv": ACCOUNTS.replace("A-2", "A-3")})
    assert read_files == [MAY, JUNE, MAY]
    assert loader.rows("select account_id from tenure.lake_accounts") == [("A-1",)]


JULY = {"product.events/2024-07.csv": HEADER + "e4,A-1,u3,export,2024-06-25 10:00,4\n"}


@pytest.mark.parametrize("first", [True, False], ids=["first load", "one file more"])
def test_a_kill_between_a_roll_up_and_its_audit_is_made_good(
    loader: Loader, monkeypatch: pytest.MonkeyPatch, first: bool
) -> None:
    """The rows are there by then: the next run adds none, and the audit lacked them for ever."""
    if not first:
        loader.deliver({**COMPANY, **USES})
    with monkeypatch.context() as patch:

        def killed(*_: object) -> None:
            raise SystemExit

        patch.setattr(usage, "audit_rollup", killed)
        with pytest.raises(SystemExit):
            loader.deliver({**COMPANY, **USES, **JULY})
    loader.deliver({})
    audited = "select table_name, rows_in, rows_loaded from tenure.loads where table_name = any('{"
    names = "account_days,account_feature_days,users_seen"
    counts = {
        name: loader.rows(f"select count(*) from product.{name} where {HOLDING}")[0][0]
        for name in names.split(",")
    }
    assert loader.rows(f"{audited}{names}}}') order by 1") == [
        (name, count, count) for name, count in sorted(counts.items())
    ]
