"""The PostgreSQL side of a load: raw tables, quarantine and the books, changed in one transaction.

A load replaces the rows of its system by difference: rows that were there already stay untouched
and keep `_loaded_at`, the time Tenure first knew them. Tables are never dropped: views depend on
them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import duckdb
import pyarrow as pa

from sources.checks import Counts, key_text, keys_table
from sources.contract import TYPES, Contract, ContractError, Rule, Table
from sources.landing import literal, quoted
from warehouse import Warehouse

OWN_COLUMNS = {
    "attributes": "jsonb",
    "_source": "text not null",
    "_loaded_at": "timestamptz not null",
    "_row_hash": "text not null",
}

EXISTING_COLUMNS = """
select
    n.nspname || '.' || c.relname as table_name,
    a.attname::text as column_name,
    format_type(a.atttypid, a.atttypmod) as data_type
from pg_attribute as a
inner join pg_class as c on a.attrelid = c.oid
inner join pg_namespace as n on c.relnamespace = n.oid
where a.attnum > 0 and not a.attisdropped and c.relkind = 'r'
"""

POSTGRES_NAMES = {"timestamptz": "timestamp with time zone"}


@dataclass(frozen=True)
class Place:
    """Whose rows of which table: what a load replaces and the books count."""

    system: str
    source: str
    table: str

    @property
    def params(self) -> dict[str, str]:
        return {"system": self.system, "source": self.source, "table": self.table}


def create_tables(warehouse: Warehouse, contract: Contract) -> None:
    """Bring the raw tables up to the contract: create what is missing, add new columns.

    Raises ContractError when a column's type was changed: the rows there are of the old type.
    """
    with warehouse.transaction() as connection, connection.cursor() as cursor:
        cursor.execute(EXISTING_COLUMNS)
        existing: dict[str, dict[str, str]] = {}
        for table_name, column, data_type in cursor.fetchall():
            existing.setdefault(table_name, {})[column] = data_type
        for table in contract.tables:
            wanted = {column.name: TYPES[column.data_type][0] for column in table.columns}
            have = existing.get(table.full_name)
            name = f"{quoted(table.source)}.{quoted(table.name)}"
            if have is None:
                columns = ", ".join(
                    f"{quoted(column)} {kind}" for column, kind in (wanted | OWN_COLUMNS).items()
                )
                cursor.execute(f"create schema if not exists {quoted(table.source)}")
                cursor.execute(f"create table {name} ({columns})")
                continue
            for column, kind in wanted.items():
                if column not in have:
                    cursor.execute(f"alter table {name} add column {quoted(column)} {kind}")
                elif have[column] != POSTGRES_NAMES.get(kind, kind):
                    raise ContractError(
                        f"{table.full_name}.{column} is {kind} in the contract and "
                        f"{have[column]} in the warehouse: give the column a new name, or drop "
                        "the table with everything that reads it, then load again"
                    )


def fetch_parents(
    warehouse: Warehouse, con: duckdb.DuckDBPyConnection, rules: Sequence[Rule]
) -> None:
    """Put the known keys of each rule's parent, from all systems, into its `keys_table`."""
    for parent in {rule.parent for rule in rules if rule.parent}:
        field = quoted(parent.field)
        keys = warehouse.read_arrow(
            f"select distinct {field} as key from {parent.full_name} where {field} is not null"
        )
        _put(con, keys_table(parent), keys)


def fetch_delivered(warehouse: Warehouse, table: Table) -> dict[str, bool]:
    """For each parent table of `table`, whether any system has delivered rows for it."""
    delivered = {}
    for parent in table.parents:
        found = warehouse.read_arrow(
            f"select exists (select from {parent.full_name}) or exists ("
            f"select from tenure.loads where source = {literal(parent.source)} "
            f"and table_name = {literal(parent.table)} and rows_in > 0) as is_delivered"
        )
        delivered[parent.full_name] = found["is_delivered"][0].as_py()
    return delivered


def fetch_taken(
    warehouse: Warehouse, con: duckdb.DuckDBPyConnection, table: Table, but: str | None = None
) -> None:
    """Put the keys in the raw table, except those of the system `but`, into the table `taken`."""
    others = f"where _source <> {literal(but)}" if but else ""
    parts = [
        f"select {literal(rule.name)} as rule, {key_text(rule)} as key, _source as holder "
        f"from {table.full_name} {others}"
        for rule in table.rules
        if rule.kind in ("unique", "unique_combination")
    ]
    nothing = "select null::text as rule, null::text as key, null::text as holder where false"
    _put(con, "taken", warehouse.read_arrow(" union all ".join(parts or [nothing])))


def held_hashes(
    warehouse: Warehouse, con: duckdb.DuckDBPyConnection, table: Table, system: str
) -> int:
    """Put the hashes of the rows that `system` has in the raw table into `held`; their number."""
    held = warehouse.read_arrow(
        f"select _row_hash from {table.full_name} where _source = {literal(system)}"
    )
    _put(con, "held", held)
    return held.num_rows


def rows_loaded(warehouse: Warehouse, system: str, table: Table) -> int:
    """Rows of `system` in use, by the books; zero when it never delivered this table."""
    found = warehouse.read_arrow(
        f"select coalesce(sum(rows_loaded), 0)::bigint as rows from tenure.loads "
        f"where system = {literal(system)} and source = {literal(table.source)} "
        f"and table_name = {literal(table.name)}"
    )
    return found["rows"][0].as_py()


def save(
    warehouse: Warehouse,
    con: duckdb.DuckDBPyConnection,
    place: Place,
    *,
    table: Table | None,
    files: Sequence[str],
    counts: Counts,
) -> None:
    """Make what `accepted` and `rejected` hold the rows of `place`, and write the books.

    `table` is None when there is no raw table to change (the event lake, or a delivery that
    would leave nothing of what is loaded). Needs `held`, see `held_hashes`.
    """
    now = datetime.now(UTC)
    rejected = _rejected_rows(con, place)
    stage = f"tenure.incoming_{place.source}_{place.table}"
    steps = []
    staged = {f"{stage}_rejected": rejected} if rejected.num_rows else {}
    if table is not None:
        arriving, leaving = _difference(con, table)
        changes = {f"{stage}_rows": arriving, f"{stage}_gone": leaving}
        staged |= {name: rows for name, rows in changes.items() if rows.num_rows}
        steps += _row_steps(table, stage, staged)
    steps += _quarantine_steps(stage, staged)
    _create_stages(warehouse, table, stage, staged)
    params = {
        **place.params,
        "now": now,
        "files": list(files),
        "rows_in": counts.rows_in,
        "rows_loaded": counts.rows_loaded,
        "rows_quarantined": counts.rows_quarantined,
        "rows_duplicate": counts.rows_duplicate,
        "rules": list(counts.repairs),
        "repaired": list(counts.repairs.values()),
    }
    with warehouse.transaction() as connection, connection.cursor() as cursor:
        for sql in steps:
            cursor.execute(sql, params)
        cursor.execute(SAVE_LOAD, params)
        cursor.execute(f"delete from tenure.repairs where {OF_PLACE}", params)
        cursor.execute(ADD_REPAIRS, params)
        for name in staged:
            cursor.execute(f"drop table {name}")
    if table is not None and len(staged) > (f"{stage}_rejected" in staged):
        warehouse.execute(f"analyze {table.full_name}")


SAVE_LOAD = """
insert into tenure.loads (
    system, source, table_name, files, rows_in, rows_loaded, rows_quarantined, rows_duplicate,
    loaded_at
)
values (
    %(system)s, %(source)s, %(table)s, %(files)s, %(rows_in)s, %(rows_loaded)s,
    %(rows_quarantined)s, %(rows_duplicate)s, %(now)s
)
on conflict (system, source, table_name) do update set
    files = excluded.files,
    rows_in = excluded.rows_in,
    rows_loaded = excluded.rows_loaded,
    rows_quarantined = excluded.rows_quarantined,
    rows_duplicate = excluded.rows_duplicate,
    loaded_at = excluded.loaded_at
"""

OF_PLACE = "system = %(system)s and source = %(source)s and table_name = %(table)s"

ADD_REPAIRS = """
insert into tenure.repairs
select %(system)s, %(source)s, %(table)s, rule, rows_repaired
from unnest(%(rules)s::text[], %(repaired)s::bigint[]) as repaired (rule, rows_repaired)
where rows_repaired > 0
on conflict (system, source, table_name, rule) do update set
    rows_repaired = repairs.rows_repaired + excluded.rows_repaired
"""

TAKE_BACK = f"""
update tenure.loads set
    rows_loaded = rows_loaded + %(loaded)s,
    rows_duplicate = rows_duplicate + %(duplicate)s,
    rows_quarantined = rows_quarantined - %(loaded)s - %(duplicate)s
where {OF_PLACE}
"""


def take_back(
    warehouse: Warehouse,
    con: duckdb.DuckDBPyConnection,
    place: Place,
    table: Table | None,
    rejections: Sequence[str],
    counts: Counts,
) -> None:
    """Move what `accepted` holds out of quarantine into the raw table; None: it is in the lake."""
    stage = f"tenure.incoming_{place.source}_{place.table}"
    staged: dict[str, pa.Table] = {}
    steps = []
    if table is not None and counts.rows_loaded:
        con.execute("create or replace table held (_row_hash varchar)")
        arriving, _ = _difference(con, table)
        staged = {f"{stage}_rows": arriving}
        steps = _row_steps(table, stage, staged)
    _create_stages(warehouse, table, stage, staged)
    params = {
        **place.params,
        "now": datetime.now(UTC),
        "ids": list(rejections),
        "loaded": counts.rows_loaded,
        "duplicate": counts.rows_duplicate,
        "rules": list(counts.repairs),
        "repaired": list(counts.repairs.values()),
    }
    with warehouse.transaction() as connection, connection.cursor() as cursor:
        for sql in steps:
            cursor.execute(sql, params)
        cursor.execute(
            "delete from quarantine.rejected_rows where rejection_id = any(%(ids)s)", params
        )
        cursor.execute(TAKE_BACK, params)
        cursor.execute(ADD_REPAIRS, params)
        for name in staged:
            cursor.execute(f"drop table {name}")


def _row_steps(table: Table, stage: str, staged: Mapping[str, pa.Table]) -> list[str]:
    steps = []
    if f"{stage}_gone" in staged:
        steps.append(
            f"delete from {table.full_name} as old using {stage}_gone as gone "
            "where old._source = %(system)s and old._row_hash = gone._row_hash"
        )
    if f"{stage}_rows" in staged:
        names = ", ".join(quoted(name) for name in (*table.column_names, "attributes", "_row_hash"))
        steps.append(
            f"insert into {table.full_name} ({names}, _source, _loaded_at) "
            f"select {names}, %(system)s, %(now)s from {stage}_rows"
        )
    return steps


def _quarantine_steps(stage: str, staged: Mapping[str, pa.Table]) -> list[str]:
    if f"{stage}_rejected" not in staged:
        return [f"delete from quarantine.rejected_rows where {OF_PLACE}"]
    return [
        f"delete from quarantine.rejected_rows as old where {OF_PLACE} and not exists ("
        f"select from {stage}_rejected as new where new.rejection_id = old.rejection_id)",
        "insert into quarantine.rejected_rows select rejection_id, %(system)s, %(source)s, "
        "%(table)s, file, row_number, rule, message, row_data, %(now)s, %(now)s "
        f"from {stage}_rejected on conflict (rejection_id) do update set rule = excluded.rule, "
        "message = excluded.message, last_seen_at = excluded.last_seen_at",
    ]


def _create_stages(
    warehouse: Warehouse, table: Table | None, stage: str, staged: Mapping[str, pa.Table]
) -> None:
    # A run that was killed may have left its stages behind.
    shapes = {
        f"{stage}_gone": "(_row_hash text)",
        f"{stage}_rejected": "(rejection_id text, file text, row_number bigint, rule text, "
        "message text, row_data jsonb)",
    }
    if table is not None:
        columns = [f"{quoted(c.name)} {TYPES[c.data_type][0]}" for c in table.columns]
        rest = ["attributes jsonb", "_row_hash text"]
        shapes[f"{stage}_rows"] = f"({', '.join(columns + rest)})"
    for name, shape in shapes.items():
        warehouse.execute(f"drop table if exists {name}")
        if name in staged:
            warehouse.execute(f"create unlogged table {name} {shape}")
            warehouse.bulk_load(staged[name], name)


def _difference(con: duckdb.DuckDBPyConnection, table: Table) -> tuple[pa.Table, pa.Table]:
    # Binary COPY knows no DuckDB decimal: numerics travel as text and are cast on arrival.
    names = ", ".join(
        f"{quoted(c.name)}::varchar as {quoted(c.name)}"
        if c.data_type == "numeric"
        else quoted(c.name)
        for c in table.columns
    )
    arriving = con.sql(
        f"select {names}, attributes, _row_hash from accepted "
        "where _row_hash not in (select _row_hash from held)"
    ).to_arrow_table()
    leaving = con.sql(
        "select _row_hash from held where _row_hash not in (select _row_hash from accepted)"
    ).to_arrow_table()
    return arriving, leaving


def _rejected_rows(con: duckdb.DuckDBPyConnection, place: Place) -> pa.Table:
    whose = literal("\x1f".join((place.system, place.source, place.table)))
    return con.sql(
        f"""
        with numbered as (
            select
                *,
                row_number() over (partition by _file, _row, row_data) as occurrence,
            from rejected
        )

        select
            md5(concat_ws(chr(31), {whose}, _file, _row, row_data, occurrence)) as rejection_id,
            _file as file,
            _row as row_number,
            rule,
            message,
            row_data,
        from numbered
        """
    ).to_arrow_table()


def _put(con: duckdb.DuckDBPyConnection, name: str, rows: pa.Table) -> None:
    con.register("arrow_in", rows)
    con.execute(f"create or replace table {quoted(name)} as select * from arrow_in")
    con.unregister("arrow_in")
