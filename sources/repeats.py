"""Events that were sent twice: one event id, with the same account, user, feature and time.

Of such events one is kept, whatever else they say and whichever file brought them first: the one
whose other columns come first in order. So the lake holds the same events in whatever order the
files were landed. Only days that the new file holds are searched for its ids.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import duckdb

from sources.events import read_parts
from sources.lake import Part
from sources.landing import literal, one_row

KEY = ("event_id", "account_id", "user_id", "feature", "occurred_at")
REST = ("received_at", "session_id", "value", "data_bytes", "is_api", "attributes")

KEY_HASH = f"hash({', '.join(KEY)})"
COLUMNS = ", ".join((*KEY, *REST, "usage_date"))
SAME_KEY = " and ".join(f"events.{name} is not distinct from lost.{name}" for name in KEY)


@dataclass(frozen=True)
class Repeats:
    """What was found: rows that a new file loses, to itself or to others, and parts that lose."""

    rows_lost: int = 0
    rows_lost_to_others: int = 0
    losing_parts: tuple[tuple[str, int], ...] = ()


def find_repeats(
    con: duckdb.DuckDBPyConnection, folder: Path, fresh: Part, parts: Iterable[Part]
) -> Repeats:
    """Find repeated events among those of a new part and between them and `parts`.

    Makes the tables `repeated_keys` and `repeats`, for `without_repeats` and `remainder`.
    """
    if not fresh.has_event_ids:
        return Repeats()
    con.execute("create or replace table repeated_keys (key_hash ubigint)")
    near = [
        part
        for part in parts
        if part.has_event_ids
        and part.first_date <= fresh.last_date
        and part.last_date >= fresh.first_date
    ]
    events = read_parts(folder, [fresh])
    sources = [f"select {COLUMNS}, null::varchar as part from {events} where event_id is not null"]
    if near:
        con.execute(
            f"create or replace table fresh_days as select distinct usage_date from {events}"
        )
        sources.append(
            f"select {COLUMNS}, parse_filename(filename) as part "
            f"from {read_parts(folder, near, ', filename = true')} "
            "where event_id is not null and usage_date in (select usage_date from fresh_days)"
        )
    candidates = " union all ".join(sources)
    con.execute(
        f"insert into repeated_keys select {KEY_HASH} as key_hash from ({candidates}) "
        "group by key_hash having count(*) > 1"
    )
    if one_row(con, "select count(*) from repeated_keys")[0] == 0:
        return Repeats()
    con.execute(
        f"""
        create or replace table repeats as
        with alike as (
            select *
            from ({candidates})
            where {KEY_HASH} in (select key_hash from repeated_keys)
        )

        select
            *,
            row_number() over same_event as place,
            first_value(part) over same_event as kept_part,
        from alike
        window same_event as (
            partition by {", ".join(KEY)}
            order by {", ".join(f"{name} nulls last" for name in REST)}, part nulls last
        )
        """
    )
    lost, to_others = one_row(
        con,
        "select count(*), count(kept_part) from repeats where place > 1 and part is null",
    )
    losing = con.execute(
        "select part, count(*) from repeats where place > 1 and part is not null "
        "group by part order by part"
    ).fetchall()
    return Repeats(lost, to_others, tuple(losing))


def without_repeats(folder: Path, fresh: Part) -> str:
    """SQL: the events of a new part without those that it loses."""
    return (
        f"select {COLUMNS} from {read_parts(folder, [fresh])} where event_id is null "
        f"or {KEY_HASH} not in (select key_hash from repeated_keys) "
        f"union all select {COLUMNS} from repeats where part is null and place = 1"
    )


def remainder(folder: Path, part: Part) -> str:
    """SQL: the events of a part without those that it loses."""
    return (
        f"select events.* from {read_parts(folder, [part])} as events "
        f"where not exists (select 1 from repeats as lost where lost.part = {literal(part.part)} "
        f"and lost.place > 1 and {SAME_KEY})"
    )
