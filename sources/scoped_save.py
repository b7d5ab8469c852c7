"""Roll-ups into their raw tables: only rows of the scope that was computed anew are compared.

A scope is a span of days, or a set of keys. Rows of it that are equal stay untouched, others leave
and arrive; rows outside it are not read, whatever the table's size.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

import duckdb
import pyarrow as pa

from sources import load_audit, store
from sources.contract import TYPES, Table
from sources.landing import literal, quoted
from warehouse import Warehouse

DAY = "usage_date"
COUNT_MORE = f"""
update tenure.loads set rows_in = rows_in + %(more)s, rows_loaded = rows_loaded + %(more)s
where {load_audit.OF_PLACE}
"""
# More spans than this are read as one: PostgreSQL combines a bitmap for each.
MOST_SPANS = 20


@dataclass(frozen=True)
class Scope:
    """Which rows of a system were computed anew: those of `spans` of days (first, last; None is
    open), and of these only those whose `key_columns` are in the DuckDB table `keys`."""

    spans: tuple[tuple[date | None, date | None], ...] = ()
    key_columns: tuple[str, ...] = ()
    keys: str | None = None

    def where(self, relation: str) -> str:
        """SQL: whether a row of `relation` lies in the spans; an index on the day can use it."""
        if not self.spans:
            return "true"
        conditions = [
            " and ".join(
                [
                    *([f"{relation}.{DAY} >= date '{first}'"] if first else []),
                    *([f"{relation}.{DAY} <= date '{last}'"] if last else []),
                ]
            )
            or "true"
            for first, last in self.spans
        ]
        return f"({' or '.join(conditions)})"


def spans_of(days: Iterable[date]) -> tuple[tuple[date, date], ...]:
    """Days as unbroken spans, in order."""
    spans: list[tuple[date, date]] = []
    for day in sorted(set(days)):
        if spans and day == spans[-1][1] + timedelta(days=1):
            spans[-1] = (spans[-1][0], day)
        else:
            spans.append((day, day))
    return tuple(spans) if len(spans) <= MOST_SPANS else ((spans[0][0], spans[-1][1]),)


def has_rows(warehouse: Warehouse, system: str, table: Table) -> bool:
    """Whether the raw table holds any row of a system."""
    found = warehouse.read_arrow(
        f"select exists (select from {table.full_name} where _source = {literal(system)} "
        f"and {store.HOLDS}) as found"
    )
    return found["found"][0].as_py()


def fetch_scope(
    warehouse: Warehouse,
    con: duckdb.DuckDBPyConnection,
    place: load_audit.Place,
    table: Table,
    scope: Scope,
    columns: Sequence[str] = (),
) -> None:
    """Put hashes of the scope's rows into `existing_hashes`, with their keys and some `columns`."""
    names = dict.fromkeys((*scope.key_columns, *_day_column(table), *columns))
    selected = ", ".join(["_row_hash", *(f"old.{quoted(name)}" for name in names)])
    joined = ""
    stage = f"tenure.scope_{place.source}_{place.table}"
    if scope.keys:
        _stage(warehouse, con, table, scope, stage)
        on = " and ".join(f"old.{name} = keys.{name}" for name in scope.key_columns)
        joined = f"inner join {stage} as keys on {on}"
    existing = warehouse.read_arrow(
        f"select {selected} from {table.full_name} as old {joined} "
        f"where old._source = {literal(place.system)} and old.{store.HOLDS} "
        f"and {scope.where('old')}"
    )
    if scope.keys:
        warehouse.execute(f"drop table {stage}")
    con.register("arrow_in", existing)
    con.execute("create or replace table existing_hashes as select * from arrow_in")
    con.unregister("arrow_in")


def save_scope(
    warehouse: Warehouse,
    con: duckdb.DuckDBPyConnection,
    place: load_audit.Place,
    table: Table,
    scope: Scope,
    recorded_at: datetime,
) -> None:
    """Make the rows of `accepted` the rows of a scope, and count them in the load audit.

    Needs `existing_hashes`, see `fetch_scope`. `accepted` has the contract's columns, `attributes`
    and `_row_hash`, and no row outside the scope.
    """
    day = _day_column(table)
    arriving, _ = store.difference(con, table)
    leaving = con.sql(
        f"select {', '.join(['_row_hash', *day])} from existing_hashes "
        "where _row_hash not in (select _row_hash from accepted)"
    ).to_arrow_table()
    if not arriving.num_rows and not leaving.num_rows:
        return
    stage = f"tenure.incoming_{place.source}_{place.table}"
    columns = [f"{quoted(c.name)} {TYPES[c.data_type][0]}" for c in table.columns]
    shapes = {
        f"{stage}_rows": (arriving, [*columns, "attributes jsonb", "_row_hash text"]),
        f"{stage}_gone": (leaving, ["_row_hash text", *(f"{name} date" for name in day)]),
    }
    for name, (rows, shape) in shapes.items():
        # A run that was killed may have left its stages behind.
        warehouse.execute(
            f"drop table if exists {name}; create unlogged table {name} ({', '.join(shape)})"
        )
        if rows.num_rows:
            warehouse.bulk_load(rows, name)
            warehouse.execute(f"analyze {name}")
    names = ", ".join(quoted(name) for name in (*table.column_names, "attributes", "_row_hash"))
    params = {**place.params, "recorded_at": recorded_at}
    same_day = "".join(f" and old.{name} = gone.{name}" for name in day)
    with warehouse.transaction() as connection, connection.cursor() as cursor:
        cursor.execute(
            f"{store.leave(table)} {stage}_gone as gone "
            f"where old._source = %(system)s and old.{store.HOLDS} "
            f"and old._row_hash = gone._row_hash{same_day} and {scope.where('old')}",
            params,
        )
        cursor.execute(
            f"insert into {table.full_name} ({names}, _source, _recorded_at) "
            f"select {names}, %(system)s, %(recorded_at)s from {stage}_rows",
            params,
        )
        cursor.execute(load_audit.MARK_CHANGED, params)
        # With the rows themselves: a run that is killed later would count them no more.
        cursor.execute(COUNT_MORE, {**params, "more": arriving.num_rows - leaving.num_rows})
        for name in shapes:
            cursor.execute(f"drop table {name}")


def append_first(
    warehouse: Warehouse,
    con: duckdb.DuckDBPyConnection,
    place: load_audit.Place,
    table: Table,
    rows: str,
    computed: Sequence[str],
    recorded_at: datetime,
) -> None:
    """Stream the query `rows` into a raw table that holds no row of the system yet.

    One copy: from DuckDB by Arrow into PostgreSQL's COPY, never whole in memory. `computed` are
    the contract's columns that `rows` gives, with `_row_hash`; the others are null.
    """
    names = ", ".join(quoted(name) for name in computed)
    order = f"order by date_trunc('month', {DAY}), account_id, {DAY}" if _day_column(table) else ""
    stream = con.sql(
        f"select {names}, {literal(place.system)} as _source, "
        f"timestamptz {literal(recorded_at.isoformat())} as _recorded_at, _row_hash "
        f"from ({rows}) {order}"
    ).to_arrow_reader(100_000)
    # First: a run that is killed after the copy must not leave rows under an old version.
    warehouse.execute(load_audit.MARK_CHANGED, {**place.params, "recorded_at": recorded_at})
    warehouse.append_stream(stream, table.source, table.name)
    if order:
        # Rows lie in the order of their months: a few kilobytes say where each day is. In a month
        # an account's days lie together: in the order of days alone each was on a page of its own,
        # and what is computed account by account read 13.7 million pages for 10,000 accounts.
        warehouse.execute(
            f"create index if not exists {table.name}_days on {table.full_name} "
            f"using brin ({DAY}) with (pages_per_range = 32)"
        )


def audit_rollup(
    warehouse: Warehouse,
    place: load_audit.Place,
    table: Table,
    files: Sequence[str],
    is_whole: bool,
) -> None:
    """Write the load audit of a roll-up: all its rows, and none in quarantine.

    They are counted where the `is_whole` roll-up was computed, else known from the scopes saved.
    """
    if is_whole:
        warehouse.execute(f"analyze {table.full_name}")
    counted = f"select count(*) from {table.full_name} where _source = %(system)s and {store.HOLDS}"
    known = f"select rows_loaded from tenure.loads where {load_audit.OF_PLACE}"
    params = {**place.params, "files": list(files), "now": datetime.now(UTC)}
    with warehouse.transaction() as connection, connection.cursor() as cursor:
        cursor.execute(counted if is_whole else f"select coalesce(({known}), ({counted}))", params)
        [rows] = cursor.fetchone() or (0,)
        params |= {"rows_in": rows, "rows_loaded": rows, "digest": None, "problems": "[]"}
        cursor.execute(load_audit.SAVE_LOAD, {**params, "rows_quarantined": 0, "rows_duplicate": 0})
        # Rows of a customer who left wait there; what the lake holds is computed anew.
        cursor.execute(f"delete from quarantine.rejected_rows where {load_audit.OF_PLACE}", params)


def empty_rollups(
    warehouse: Warehouse, tables: Iterable[Table], system: str, recorded_at: datetime
) -> None:
    """Take all rows of a system whose lake is empty out of the roll-ups, and out of the audit."""
    with warehouse.transaction() as connection, connection.cursor() as cursor:
        for table in tables:
            place = load_audit.Place(system, table.source, table.name)
            params = {**place.params, "recorded_at": recorded_at}
            own = f"old._source = %(system)s and old.{store.HOLDS}"
            cursor.execute(f"{store.leave(table)} (select 1) as everything where {own}", params)
            if cursor.rowcount:
                cursor.execute(load_audit.MARK_CHANGED, params)
            cursor.execute(
                f"delete from tenure.loads where {load_audit.OF_PLACE};"
                "delete from tenure.lake_rollups "
                "where system = %(system)s and table_name = %(source)s || '.' || %(table)s",
                params,
            )
        events = f"delete from tenure.loads where {load_audit.OF_PLACE}"
        cursor.execute(events, load_audit.Place(system, "product", "events").params)


def _stage(
    warehouse: Warehouse,
    con: duckdb.DuckDBPyConnection,
    table: Table,
    scope: Scope,
    stage: str,
) -> None:
    types = {column.name: TYPES[column.data_type][0] for column in table.columns}
    shape = ", ".join(f"{name} {types[name]}" for name in scope.key_columns)
    warehouse.execute(f"drop table if exists {stage}")
    warehouse.execute(f"create unlogged table {stage} ({shape})")
    keys: pa.Table = con.sql(
        f"select distinct {', '.join(scope.key_columns)} from {scope.keys}"
    ).to_arrow_table()
    warehouse.bulk_load(keys, stage)
    warehouse.execute(f"analyze {stage}")


def _day_column(table: Table) -> tuple[str, ...]:
    return (DAY,) if DAY in table.column_names else ()
