"""Product events: checked as they stream from a mapping into Parquet files of the lake.

Only roll-ups reach the warehouse; events, and the personal data in them, stay in the lake.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import duckdb

from sources.casting import (
    attributes,
    can_differ,
    cast,
    has_type_error,
    row_json,
    said,
    typed_select,
)
from sources.checks import violation_list, violations
from sources.contract import LONGEST_TEXT, Column, Rule, Table
from sources.corrections import UNREAD_BY_ROW, UNREAD_VALUES, broken
from sources.damaged_keys import ACCOUNTS, keys_table
from sources.headers import ROW_COLUMNS
from sources.lake import Part
from sources.landing import literal, one_row, quoted

EVENTS = Table(
    source="product",
    name="events",
    description="One row per use of the product by a customer.",
    columns=(
        Column("event_id", "text", "The event's key, if the system has one."),
        Column("account_id", "text", "The customer.", is_strict=True),
        Column("user_id", "text", "The user, unique within the customer."),
        Column("feature", "text", "What was used."),
        Column("occurred_at", "timestamptz", "When.", is_strict=True),
        Column("received_at", "timestamptz", "When it arrived, if the system says so."),
        Column("session_id", "text", "The session, if the system has them."),
        Column("value", "double precision", "A number that the event carries."),
        Column("data_bytes", "bigint", "Bytes processed."),
        Column("is_api", "boolean", "Whether it came by API."),
    ),
    rules=(
        Rule("not_null", ("account_id",)),
        Rule("not_null", ("occurred_at",)),
        Rule("plausible_time", ("occurred_at",)),
        Rule("relationships", ("account_id",), parent=ACCOUNTS),
    ),
)

ALL_COLUMNS = (*EVENTS.column_names, "attributes", "usage_date")

# The form of the lake's files: another number lands every file anew.
LAKE_FORMAT = 2

# An event counts on the day on which it happened, whenever it came.
# A cast of a timestamptz to a date asks DuckDB's calendar about each value, and takes four times as
# long as this.
DAY = "make_timestamp(epoch_us({}))::date"
LATE = f"{DAY.format('received_at')} > {DAY.format('occurred_at')}"
WRITING = ".writing-"


def check_events(con: duckdb.DuckDBPyConnection, types: Mapping[str, str]) -> None:
    """Make `good` the view of the events in `mapped` that break no rule.

    Nothing is copied: a hundred million events pass through, they are not held. The conditions
    are those of `reject_events`, without the lists and messages that would take as long as all the
    rest of the pass.
    """
    con.execute(UNREAD_BY_ROW)
    columns = ", ".join(
        f"{_usable(column, types.get(column.name))} as {quoted(column.name)}"
        for column in EVENTS.columns
    )
    rejecting = [
        *(f"{quoted(name)} is null" for name in EVENTS.required),
        *(found[0] for rule in EVENTS.rules if (found := broken(rule, EVENTS))),
        *(
            f"{quoted(rule.columns[0])} not in (select key from {quoted(keys_table(rule.parent))})"
            for rule in EVENTS.rules
            if rule.parent
        ),
    ]
    con.execute(
        f"""
        create or replace view good as
        with typed as (
            select
                {columns},
                {attributes(EVENTS, types)} as attributes,
                _file
            from mapped
        )

        select *, {DAY.format("occurred_at")} as usage_date
        from typed
        where not ({" or ".join(rejecting)})
        """
    )


def _may_be_long(column: Column, duckdb_type: str | None) -> bool:
    """Whether a value may be a longer text than an index takes. A number or a time is none."""
    return column.data_type == "text" and duckdb_type in ("VARCHAR", "JSON")


def _is_too_long(column: Column) -> str:
    """SQL: whether a text is as long as that. The blanks around it count: to find them in each of a
    hundred million texts takes many times as long as to look up their lengths."""
    return f"strlen({quoted(column.name)}) > {LONGEST_TEXT}"


def _usable(column: Column, duckdb_type: str | None) -> str:
    """SQL: a value of an event, null where it cannot be used."""
    value = cast(column, duckdb_type)
    if not _may_be_long(column, duckdb_type):
        return value
    return f"case when {_is_too_long(column)} then null else {value} end"


def _is_lost(column: Column, duckdb_type: str) -> str:
    """SQL: whether a value is there and cannot be used."""
    if _may_be_long(column, duckdb_type):
        return _is_too_long(column)
    return has_type_error(column, duckdb_type)


def reject_events(con: duckdb.DuckDBPyConnection, types: Mapping[str, str], file: str) -> None:
    """Add the events of a file that break a rule to the table `rejected`, with the reasons."""
    messages = ", ".join(message for _, message in violations(EVENTS, EVENTS.rules))
    con.execute(
        f"""
        insert into rejected
        with typed_events as ({typed_select(EVENTS, types, "mapped as _raw,")}),

        broken as (
            select *, {violation_list(EVENTS, EVENTS.rules)} as _violations
            from typed_events
            left join unread_rows using (_file, _row)
            where _file = {literal(file)} and coalesce({messages}) is not null
        ),

        worded as (
            select
                *,
                array_to_string(
                    list_transform(_violations, lambda violation: violation.message), '; '
                ) as message,
            from broken
        )

        select
            _n,
            _file,
            _row,
            _violations[1].rule as rule,
            {said("message")} as message,
            json_merge_patch(
                {row_json(types, "_raw")}, {UNREAD_VALUES}
            )::varchar as row_data,
        from worded
        """
    )


def unusable_values(
    con: duckdb.DuckDBPyConnection, types: Mapping[str, str], file: str
) -> dict[str, int]:
    """How many values of a file each column lost that an event can do without."""
    columns = [
        column
        for column in EVENTS.columns
        if not column.is_strict
        and (found := types.get(column.name))
        and (_may_be_long(column, found) or can_differ(column, found))
    ]
    lost: dict[str, int] = {}
    if columns:
        counts = ", ".join(
            f"count(*) filter ({_is_lost(column, types[column.name])})" for column in columns
        )
        found = one_row(con, f"select {counts} from mapped where _file = {literal(file)}")
        lost = dict(zip((column.name for column in columns), found, strict=True))
    unread = con.execute(
        "select column_name, count(*) from unread_values where _file = ? and column_name <> ? "
        "group by column_name order by column_name",
        [file, "occurred_at"],
    ).fetchall()
    return {name: number for name, number in (lost | dict(unread)).items() if number}


def kept_columns(types: Mapping[str, str]) -> tuple[str, ...]:
    """The columns of a part: those that the mapping gives. Empty ones take time to write."""
    given = [name for name in EVENTS.column_names if name in types]
    extras = [name for name in types if name not in (*EVENTS.column_names, *ROW_COLUMNS)]
    always = ["usage_date", *(["attributes"] if extras else [])]
    return (*given, *always)


def read_parts(folder: Path, parts: Iterable[Part], options: str = "") -> str:
    """SQL: the events of some parts, in all columns; a part may lack those that it never had."""
    columns = ", ".join(
        f"null::{column.duckdb_type} as {quoted(column.name)}" for column in EVENTS.columns
    )
    shape = f"select {columns}, null::varchar as attributes, null::date as usage_date where false"
    paths = ", ".join(literal(str(folder / part.part)) for part in parts)
    read = f"from read_parquet([{paths}], union_by_name = true{options})"
    return f"({shape} union all by name {read})"


def good_events(file: str) -> str:
    """SQL: the good events of one landed file, as the lake keeps them."""
    names = ", ".join(quoted(name) for name in EVENTS.column_names)
    return f"select {names}, attributes, usage_date from good where _file = {literal(file)}"


@dataclass(frozen=True)
class Written:
    """A part that was written, and how many of its events came late."""

    part: Part | None
    rows: int
    rows_late: int = 0


def write_part(
    con: duckdb.DuckDBPyConnection, folder: Path, file: str, events: str, columns: Sequence[str]
) -> Written:
    """Write `columns` of the query `events` to a new part; no part when it gives no event."""
    folder.mkdir(parents=True, exist_ok=True)
    stem = re.sub(r"[^A-Za-z0-9]+", "-", Path(file).stem).strip("-")[:40]
    name = f"{stem}-{uuid.uuid4().hex[:12]}.parquet"
    aside = folder / f"{WRITING}{name}"
    target = literal(str(aside))
    names = ", ".join(quoted(column) for column in columns)
    [(rows,)] = con.execute(
        f"copy (select {names} from ({events})) to {target} "
        "(format parquet, parquet_version v2, compression zstd)"
    ).fetchall()
    if rows == 0:
        aside.unlink()
        return Written(None, 0)
    aside.rename(folder / name)
    part = describe_part(con, folder, name, file)
    rows_late = late_events(con, folder, part) if "received_at" in columns else 0
    return Written(part, rows, rows_late)


def late_events(con: duckdb.DuckDBPyConnection, folder: Path, part: Part) -> int:
    """How many events of a part arrived on a later day than that on which they happened."""
    return one_row(con, f"select count(*) from {read_parts(folder, [part])} where {LATE}")[0]


def describe_part(con: duckdb.DuckDBPyConnection, folder: Path, name: str, file: str) -> Part:
    """What a part holds, from its footer: no event is read."""
    path = literal(str(folder / name))
    found = con.execute(
        "select path_in_schema, sum(num_values - stats_null_count), "
        "min(stats_min_value), max(stats_max_value) "
        f"from parquet_metadata({path}) group by path_in_schema"
    ).fetchall()
    values = {column: number for column, number, _, _ in found}
    [(first, last)] = [(low, high) for column, _, low, high in found if column == "usage_date"]
    has_feature_users = min(values.get("user_id", 0), values.get("feature", 0)) > 0 and bool(
        con.execute(
            f"select 1 from read_parquet({path}) "
            "where user_id is not null and feature is not null limit 1"
        ).fetchall()
    )
    return Part(
        part=name,
        file=file,
        event_count=int(values["usage_date"]),
        first_date=date.fromisoformat(first),
        last_date=date.fromisoformat(last),
        has_event_ids=values.get("event_id", 0) > 0,
        has_users=values.get("user_id", 0) > 0,
        has_feature_users=has_feature_users,
        has_sessions=values.get("session_id", 0) > 0,
        has_api_calls=values.get("is_api", 0) > 0,
        has_data_bytes=values.get("data_bytes", 0) > 0,
    )
