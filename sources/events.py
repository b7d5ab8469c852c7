"""Product events: from a mapping into the lake, Parquet in one folder per day.

Only roll-ups reach the warehouse; events, and the personal data in them, stay in the lake.
"""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Mapping
from pathlib import Path

import duckdb

from sources.casting import row_json, typed_select
from sources.checks import UNREAD_BY_ROW, Counts, breach_list, breaches
from sources.contract import Column, Parent, Rule, Table
from sources.landing import literal, one_row, quoted

EVENTS = Table(
    source="product",
    name="events",
    description="One row per use of the product by a customer.",
    columns=(
        Column("event_id", "text", "The event's key, if the system has one."),
        Column("account_id", "text", "The customer."),
        Column("user_id", "text", "The user, unique within the customer."),
        Column("feature", "text", "What was used."),
        Column("occurred_at", "timestamptz", "When."),
        Column("received_at", "timestamptz", "When it arrived, if the system says so."),
        Column("session_id", "text", "The session, if the system has them."),
        Column("value", "double precision", "A number that the event carries."),
        Column("data_bytes", "bigint", "Bytes processed."),
        Column("is_api", "boolean", "Whether it came by API."),
    ),
    rules=(
        Rule("not_null", ("account_id",)),
        Rule("not_null", ("occurred_at",)),
        Rule("relationships", ("account_id",), parent=Parent("crm", "accounts", "account_id")),
    ),
)

# Each event lies in the folder of the day on which it happened, whenever it came.
LATE = "received_at::date > occurred_at::date"


def system_lake(lake: Path, system: str) -> Path:
    """Folder of a system's events: `usage_date=YYYY-MM-DD/*.parquet`."""
    return lake / system


def check_events(con: duckdb.DuckDBPyConnection, types: Mapping[str, str]) -> None:
    """Sort the events of the view `mapped` into the table `rejected` and the view `good`.

    Nothing is copied: a hundred million events pass through, they are not held.
    """
    con.execute(UNREAD_BY_ROW)
    typed = typed_select(EVENTS, types, "mapped as _raw,")
    told = (
        "select * from typed_events left join unread_rows using (_file, _row)"
        if _count(con, "select count(*) from unread_rows")
        else "select *, null::varchar as unread_column, null::varchar as unread_message, "
        "null::varchar as unread_values from typed_events"
    )
    con.execute(f"create or replace view typed_events as {typed}")
    con.execute(f"create or replace view told_events as {told}")
    messages = ", ".join(message for _, message in breaches(EVENTS, EVENTS.rules))
    con.execute(
        f"""
        create or replace table rejected as
        with broken as (
            select *, {breach_list(EVENTS, EVENTS.rules)} as _breaches
            from told_events
            where coalesce({messages}) is not null
        )

        select
            _n,
            _file,
            _row,
            _breaches[1].rule as rule,
            array_to_string(
                list_transform(_breaches, lambda breach: breach.message), '; '
            ) as message,
            json_merge_patch(
                {row_json(types, "_raw")}, coalesce(unread_values, '{{}}')
            )::varchar as row_data,
        from broken
        """
    )
    names = ", ".join(quoted(name) for name in EVENTS.column_names)
    con.execute(
        f"create or replace view good as select {names}, attributes, "
        f"occurred_at::date as usage_date from told_events where coalesce({messages}) is null"
    )


def write_events(con: duckdb.DuckDBPyConnection, types: Mapping[str, str], folder: Path) -> Counts:
    """Write the view `good` to `folder` (new, one folder per day) and count every event.

    Events with an `event_id` that are alike in everything are one event, sent twice. Events that
    share an id and differ are all kept, as are those without an id: RavenStack repeats 21 ids on
    rows that differ.
    """
    con.execute("create or replace table sent_twice (event_id varchar)")
    if "event_id" in types:
        con.execute(
            "insert into sent_twice select event_id from good "
            "where event_id is not null group by event_id having count(*) > 1"
        )
    repeated = "event_id in (select event_id from sent_twice)"
    once = "select distinct * from good where " + repeated
    duplicates = _count(con, f"select count(*) from good where {repeated}") - _count(
        con, f"select count(*) from ({once})"
    )
    con.execute(
        "create or replace view kept as select * from good where event_id is null "
        "or event_id not in (select event_id from sent_twice) union all " + once
        if _count(con, "select count(*) from sent_twice")
        else "create or replace view kept as select * from good"
    )
    folder.mkdir(parents=True)
    con.execute(
        f"copy kept to {literal(str(folder))} "
        "(format parquet, compression zstd, partition_by (usage_date), overwrite_or_ignore)"
    )
    return Counts(
        rows_in=_count(con, "select count(*) from mapped"),
        rows_loaded=count_events(con, folder),
        rows_quarantined=_count(con, "select count(*) from rejected"),
        rows_duplicate=duplicates,
        rows_late=count_events(con, folder, LATE) if "received_at" in types else 0,
    )


def append_events(
    con: duckdb.DuckDBPyConnection, types: Mapping[str, str], folder: Path, batch: str
) -> Counts:
    """Add the view `good` to the days of the lake. The same `batch` twice is there once."""
    fresh = incoming(folder)
    counts = write_events(con, types, fresh)
    name = f"late-{hashlib.md5(batch.encode()).hexdigest()[:16]}"
    for number, file in enumerate(sorted(fresh.glob("*/*.parquet"))):
        day = folder / file.parent.name
        day.mkdir(parents=True, exist_ok=True)
        file.replace(day / f"{name}-{number}.parquet")
    shutil.rmtree(fresh)
    return counts


def count_events(con: duckdb.DuckDBPyConnection, folder: Path, which: str = "true") -> int:
    """Events that lie in `folder`, counted from what was written; `which` is a condition."""
    if not any(folder.glob("*/*.parquet")):
        return 0
    files = literal(f"{folder}/*/*.parquet")
    return _count(con, f"select count(*) from read_parquet({files}) where {which}")


def open_lake(con: duckdb.DuckDBPyConnection, folder: Path) -> None:
    """Make the events in `folder` the view `events`, as the roll-ups read it."""
    con.execute(
        "create or replace view events as select * from "
        f"read_parquet({literal(f'{folder}/*/*.parquet')}, hive_partitioning = true, "
        "hive_types = {'usage_date': date})"
    )


def swap_in(fresh: Path, folder: Path) -> None:
    """Put the folder `fresh` in the place of `folder`; see `recover` for a death in between."""
    old = _aside(folder)
    shutil.rmtree(old, ignore_errors=True)
    if folder.exists():
        folder.rename(old)
    fresh.rename(folder)
    shutil.rmtree(old, ignore_errors=True)


def recover(folder: Path) -> None:
    """Mend what a killed run left: half-written folders go, a folder set aside comes back."""
    for left in folder.parent.glob(f".{folder.name}.incoming-*"):
        shutil.rmtree(left, ignore_errors=True)
    if not folder.exists() and _aside(folder).exists():
        _aside(folder).rename(folder)


def incoming(folder: Path) -> Path:
    """Where a run writes before it swaps."""
    return folder.parent / f".{folder.name}.incoming-{os.getpid()}"


def _aside(folder: Path) -> Path:
    return folder.parent / f".{folder.name}.old"


def _count(con: duckdb.DuckDBPyConnection, sql: str) -> int:
    return one_row(con, sql)[0]
