"""Roll-ups of the event lake: the only form in which product usage reaches the warehouse.

Work is proportional to what is new: the parts of the lake that came or went since the last
roll-up touch some days of some accounts, and only rows that depend on these are computed anew.
Everything is, when the SQL, the contract or what is known of all events changed.
"""

from __future__ import annotations

import hashlib
import itertools
import json
from collections.abc import Sequence
from dataclasses import asdict, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import duckdb

from sources import load_audit
from sources.casting import row_hash
from sources.contract import Table
from sources.events import read_parts
from sources.knowledge import Knowledge, rollup_sql
from sources.lake import Catalogue, Part, finish_rollups
from sources.landing import quoted
from sources.scoped_save import (
    Scope,
    append_first,
    audit_rollup,
    fetch_scope,
    has_rows,
    save_scope,
    spans_of,
)
from warehouse import Warehouse

ACCOUNT_DAYS = "product.account_days"
FEATURE_DAYS = "product.account_feature_days"
USERS_SEEN = "product.users_seen"
ROLLUP_TABLES = (ACCOUNT_DAYS, FEATURE_DAYS, USERS_SEEN)

# A day's distinct users are counted over this many days, and a day of use is followed by as many
# rows, itself among them.
WINDOW = 28
TAIL = timedelta(days=WINDOW - 1)
# Beyond this share of the lake, computing everything is cheaper than finding out what depends.
MOST_TOUCHED = 0.5
# Events that are rolled up at once: more take more memory, fewer read the days before more often.
CHUNK_EVENTS = 20_000_000
# As in users_seen.sql.
USER_KEY = "substr(md5(concat(account_id, '/', user_id)), 1, 16)"


class RollUps:
    """The roll-ups of one system's lake, brought to what its catalogue says."""

    def __init__(
        self,
        warehouse: Warehouse,
        con: duckdb.DuckDBPyConnection,
        system: str,
        folder: Path,
        catalogue: Catalogue,
        recorded_at: datetime,
    ) -> None:
        self.warehouse = warehouse
        self.recorded_at = recorded_at
        self.con = con
        self.system = system
        self.folder = folder
        self.parts = list(catalogue.parts.values())
        self.added = catalogue.added
        self.removed = catalogue.removed
        self.files = sorted({part.file for part in self.parts})
        self.knowledge = Knowledge.of(self.parts)

    def refresh(self, table: Table) -> bool:
        """Bring one roll-up up to date; whether there was anything to do."""
        place = load_audit.Place(self.system, table.source, table.name)
        earlier = self._earlier(table)
        is_current = earlier == self.knowledge and not self.added and not self.removed
        if is_current:
            return False
        self.con.execute(f"create or replace view knowledge as {self.knowledge.sql}")
        is_first = not has_rows(self.warehouse, self.system, table)
        if is_first or earlier is None or self._must_start_over(earlier):
            self._refresh_all(place, table, is_first)
            is_whole = True
        else:
            self._refresh_touched(place, table, earlier)
            is_whole = False
        audit_rollup(self.warehouse, place, table, self.files, is_whole)
        self._remember(table)
        return True

    def finish(self) -> None:
        """Note that all roll-ups were refreshed: a run killed before begins them again."""
        if self.added or self.removed:
            finish_rollups(self.warehouse, self.folder, self.system, self.added, self.removed)

    def _refresh_all(self, place: load_audit.Place, table: Table, is_first: bool) -> None:
        if table.full_name == USERS_SEEN:
            self._compute_users(place, table)
            return
        before = TAIL if table.full_name == ACCOUNT_DAYS else timedelta(0)
        for first, last in self._chunks():
            # Rows of a day that no part holds any more lie before the first or after the last.
            scope = Scope(spans=((first, last),))
            near = [
                part
                for part in self.parts
                if (first is None or part.last_date >= first - before)
                and (last is None or part.first_date <= last)
            ]
            events = self._events(near, _between(first and first - before, last))
            self._define(events)
            rows = self._contracted(table, scope.where("rolled_up"))
            if is_first:
                append_first(
                    self.warehouse,
                    self.con,
                    place,
                    table,
                    rows,
                    self._computed(table),
                    self.recorded_at,
                )
                continue
            self.con.execute(f"create or replace table accepted as {rows}")
            fetch_scope(self.warehouse, self.con, place, table, scope)
            save_scope(self.warehouse, self.con, place, table, scope, self.recorded_at)

    def _compute_users(self, place: load_audit.Place, table: Table) -> None:
        """All users, some accounts at a time: their days are far more than they."""
        number = len(self._chunks())
        for chunk in range(number):
            some = f"hash(account_id) % {number} = {chunk}" if number > 1 else "true"
            self._define(self._events(self.parts, some))
            rows = self._contracted(table)
            if chunk == 0:
                self.con.execute(f"create or replace table accepted as {rows}")
            else:
                self.con.execute(f"insert into accepted {rows}")
        scope = Scope()
        fetch_scope(self.warehouse, self.con, place, table, scope)
        save_scope(self.warehouse, self.con, place, table, scope, self.recorded_at)

    def _refresh_touched(self, place: load_audit.Place, table: Table, earlier: Knowledge) -> None:
        last_dates = sorted((earlier.last_date, self.knowledge.last_date))
        match table.full_name:
            case "product.account_days":
                scope = self._account_days(last_dates)
            case "product.account_feature_days":
                scope = self._feature_days()
            case _:
                scope = self._users(last_dates)
        is_merged = table.full_name == USERS_SEEN and not self.removed
        seen = ("first_seen_at", "last_seen_at") if is_merged else ()
        fetch_scope(self.warehouse, self.con, place, table, scope, seen)
        on = " and ".join(f"rolled_up.{name} = keys.{name}" for name in scope.key_columns)
        in_scope = f"exists (select 1 from {scope.keys} as keys where {on})"
        sql = MERGED_USERS if is_merged else "select * from fresh"
        rows = self._contracted(table, in_scope, sql)
        self.con.execute(f"create or replace table accepted as {rows}")
        save_scope(self.warehouse, self.con, place, table, scope, self.recorded_at)

    def _account_days(self, last_dates: Sequence[date]) -> Scope:
        """Touched days and the tail of each; and for all accounts the days that became known."""
        lowest, highest = last_dates
        self._touch()
        tail = f"unnest(generate_series(0, {WINDOW - 1}))::integer"
        newly = ""
        if lowest != highest and (near := self._near(lowest - TAIL)):
            newly = (
                f"union select account_id, unnest(generate_series(date '{lowest}' + 1, "
                f"date '{highest}', interval 1 day))::date as usage_date "
                f"from (select distinct account_id from {read_parts(self.folder, near)} "
                f"where usage_date >= date '{lowest - TAIL}')"
            )
        self.con.execute(
            f"""
            create or replace table affected as
            with tails as (select account_id, usage_date + {tail} as usage_date from touched)
            select distinct account_id, usage_date::date as usage_date
            from tails
            where usage_date <= date '{highest}'
            {newly}
            """
        )
        self.con.execute(
            f"""
            create or replace table needed as
            with days as (select account_id, usage_date - {tail} as usage_date from affected)
            select distinct account_id, usage_date::date as usage_date from days
            """
        )
        self._define(self._events_of("needed"))
        return self._scope("affected")

    def _feature_days(self) -> Scope:
        self._touch()
        self._define(self._events_of("touched"))
        return self._scope("touched")

    def _users(self, last_dates: Sequence[date]) -> Scope:
        """Users of the parts that came or went, and those whose active days may have changed."""
        since = last_dates[0] - timedelta(days=WINDOW)
        near = self._near(since + timedelta(days=1))
        users = "select account_id, user_id from"
        changed = [*self.added, *self.removed]
        self.con.execute(
            f"""
            create or replace table affected as
            with users as (
                {users} {self._read(changed)} where user_id is not null
                union
                {users} {self._read(near)} where user_id is not null and usage_date > date '{since}'
            )
            select *, {USER_KEY} as user_key from users
            """
        )
        of_users = (
            "exists (select 1 from affected where affected.account_id = events.account_id "
            "and affected.user_id = events.user_id)"
        )
        if self.removed:
            # Who was first seen in a part that went may have been seen at any other time.
            self._define(self._events(self.parts, of_users))
        else:
            added = {part.part for part in self.added}
            others = [part for part in near if part.part not in added]
            recent = f"{of_users} and usage_date > date '{since}'"
            self._define(
                self._events(self.added, of_users)
                + (f" union all {self._events(others, recent)}" if others else "")
            )
        return Scope(key_columns=("account_id", "user_key"), keys="affected")

    def _touch(self) -> None:
        """Make `touched` the account-days of the parts that came or went."""
        changed = [*self.added, *self.removed]
        self.con.execute(
            "create or replace table touched as select distinct account_id, usage_date from "
            + self._read(changed)
        )

    def _scope(self, keys: str) -> Scope:
        days = self.con.execute(f"select distinct usage_date from {keys}").fetchall()
        return Scope(
            spans=spans_of(day for (day,) in days),
            key_columns=("account_id", "usage_date"),
            keys=keys,
        )

    def _define(self, events: str) -> None:
        self.con.execute(f"create or replace view events as {events}")

    def _events(self, parts: Sequence[Part], condition: str) -> str:
        return f"select * from {self._read(parts)} as events where {condition}"

    def _events_of(self, days: str) -> str:
        """SQL: the events of the account-days in a table."""
        found = self.con.execute(f"select min(usage_date), max(usage_date) from {days}").fetchall()
        [(first, last)] = found
        near = [
            part
            for part in self.parts
            if first and part.last_date >= first and part.first_date <= last
        ]
        return self._events(
            near,
            f"{_between(first, last)} and exists (select 1 from {days} as days "
            "where days.account_id = events.account_id and days.usage_date = events.usage_date)",
        )

    def _read(self, parts: Sequence[Part]) -> str:
        if parts:
            return read_parts(self.folder, parts)
        # No part is near: the columns, and no event.
        return f"(select * from {read_parts(self.folder, self.parts[:1])} where false)"

    def _near(self, since: date) -> list[Part]:
        return [part for part in self.parts if part.last_date >= since]

    def _chunks(self) -> list[tuple[date | None, date | None]]:
        """Spans of days of about as many events each; together they are all days."""
        events = sum(part.event_count for part in self.parts)
        number = max(1, -(-events // CHUNK_EVENTS))
        first = min(part.first_date for part in self.parts)
        days = (self.knowledge.last_date - first).days + 1
        starts = [first + timedelta(days=days * chunk // number) for chunk in range(1, number)]
        bounds: list[date | None] = [None, *starts, None]
        return [
            (start, end and end - timedelta(days=1)) for start, end in itertools.pairwise(bounds)
        ]

    def _computed(self, table: Table) -> list[str]:
        found = self.con.execute(f"describe {rollup_sql(table.full_name)}").fetchall()
        return [name for (name, *_) in found if name in table.column_names]

    def _contracted(
        self, table: Table, condition: str = "true", source: str = "select * from fresh"
    ) -> str:
        """SQL: the roll-up in the contract's columns; what it does not compute is null."""
        computed = self._computed(table)
        columns = ", ".join(
            f"{quoted(c.name) if c.name in computed else 'null'}::{c.duckdb_type} "
            f"as {quoted(c.name)}"
            for c in table.columns
        )
        return (
            f"with fresh as ({rollup_sql(table.full_name)}), rolled_up as ({source}), "
            f"contracted as (select {columns}, null::varchar as attributes "
            f"from rolled_up where {condition}) "
            f"select *, {row_hash(table)} as _row_hash from contracted"
        )

    def _must_start_over(self, earlier: Knowledge) -> bool:
        if replace(earlier, last_date=self.knowledge.last_date) != self.knowledge:
            return True
        if any(not (self.folder / part.part).is_file() for part in self.removed):
            return True
        touched = sum(part.event_count for part in (*self.added, *self.removed))
        return touched > MOST_TOUCHED * sum(part.event_count for part in self.parts)

    def _earlier(self, table: Table) -> Knowledge | None:
        """What was known when the roll-up was computed; None when it was by other SQL."""
        with self.warehouse.transaction() as connection, connection.cursor() as cursor:
            cursor.execute(
                "select knowledge from tenure.lake_rollups "
                "where system = %s and table_name = %s and sql_hash = %s",
                (self.system, table.full_name, _sql_hash(table)),
            )
            found = cursor.fetchone()
        if found is None:
            return None
        known = found[0]
        return Knowledge(**{**known, "last_date": date.fromisoformat(known["last_date"])})

    def _remember(self, table: Table) -> None:
        self.warehouse.execute(
            """
            insert into tenure.lake_rollups
            values (%(system)s, %(table)s, %(sql_hash)s, %(knowledge)s::jsonb, %(now)s)
            on conflict (system, table_name) do update set
                sql_hash = excluded.sql_hash,
                knowledge = excluded.knowledge,
                rolled_up_at = excluded.rolled_up_at
            """,
            {
                "system": self.system,
                "table": table.full_name,
                "sql_hash": _sql_hash(table),
                "knowledge": json.dumps(asdict(self.knowledge), default=str),
                "now": datetime.now(UTC),
            },
        )


MERGED_USERS = """
select
    fresh.* replace (
        least(fresh.first_seen_at, existing_hashes.first_seen_at) as first_seen_at,
        greatest(fresh.last_seen_at, existing_hashes.last_seen_at) as last_seen_at
    )
from fresh
left join existing_hashes
    on
        fresh.account_id = existing_hashes.account_id
        and fresh.user_key = existing_hashes.user_key
"""


def _between(first: date | None, last: date | None) -> str:
    conditions = [
        *([f"usage_date >= date '{first}'"] if first else []),
        *([f"usage_date <= date '{last}'"] if last else []),
    ]
    return " and ".join(conditions) or "true"


def _sql_hash(table: Table) -> str:
    return hashlib.sha256(f"{rollup_sql(table.full_name)}{table.columns}".encode()).hexdigest()
