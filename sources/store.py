"""The PostgreSQL side of a load: raw tables, quarantine and load audit, in one transaction.

A load replaces the rows of its system by difference, and overwrites none. Rows that hold already
stay untouched; a row that changed or disappeared is superseded: `_recorded_at` says when Tenure
first knew it, `_superseded_at` when it ceased to hold. Tables are never dropped: views depend on
them.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

import duckdb
import pyarrow as pa

from sources.checks import KEY_RULES, Counts, key_text
from sources.contract import TYPES, Contract, ContractError, Rule, Table
from sources.damaged_keys import keys_table
from sources.landing import literal, quoted
from sources.load_audit import ADD_REPAIRS, MARK_CHANGED, OF_PLACE, RESTORE, SAVE_LOAD, Place
from warehouse import Warehouse

OWN_COLUMNS = {
    "attributes": "jsonb",
    "_source": "text not null",
    "_recorded_at": "timestamptz not null",
    "_superseded_at": "timestamptz",
    "_row_hash": "text not null",
}

NOTE_DELIVERY = """
insert into tenure.deliveries (system, source, table_name, files, recorded_at)
values (%(system)s, %(source)s, %(table)s, %(contents)s, %(recorded_at)s)
"""

# Of all rows ever known, those that hold now.
HOLDS = "_superseded_at is null"

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
            f"select distinct {field} as key from {parent.full_name} "
            f"where {field} is not null and {HOLDS}"
        )
        _put(con, keys_table(parent), keys)


def fetch_delivered(warehouse: Warehouse, table: Table) -> dict[str, bool]:
    """For each parent table of `table`, whether any system has delivered rows for it."""
    delivered = {}
    for parent in table.parents:
        found = warehouse.read_arrow(
            f"select exists (select from {parent.full_name} where {HOLDS}) or exists ("
            f"select from tenure.loads where source = {literal(parent.source)} "
            f"and table_name = {literal(parent.table)} and rows_in > 0) as is_delivered"
        )
        delivered[parent.full_name] = found["is_delivered"][0].as_py()
    return delivered


def fetch_claimed_keys(
    warehouse: Warehouse, con: duckdb.DuckDBPyConnection, table: Table, but: str | None = None
) -> None:
    """Put the keys in use, except those of the system `but`, into the table `claimed_keys`."""
    others = f"where {HOLDS}" + (f" and _source <> {literal(but)}" if but else "")
    parts = [
        f"select {literal(rule.name)} as rule, {key_text(rule)} as key, _source as holder "
        f"from {table.full_name} {others}"
        for rule in table.rules
        if rule.kind in KEY_RULES
    ]
    nothing = "select null::text as rule, null::text as key, null::text as holder where false"
    _put(con, "claimed_keys", warehouse.read_arrow(" union all ".join(parts or [nothing])))


def fetch_existing_hashes(
    warehouse: Warehouse, con: duckdb.DuckDBPyConnection, table: Table, system: str
) -> int:
    """Put the hashes of the system's rows that hold into `existing_hashes`; their number."""
    existing = warehouse.read_arrow(
        f"select _row_hash from {table.full_name} where _source = {literal(system)} and {HOLDS}"
    )
    _put(con, "existing_hashes", existing)
    return existing.num_rows


def save(
    warehouse: Warehouse,
    con: duckdb.DuckDBPyConnection,
    place: Place,
    *,
    table: Table,
    contents: Mapping[str, str],
    counts: Counts,
    recorded_at: datetime,
    delivery_digest: str | None = None,
    problems: Sequence[str] = (),
) -> None:
    """Make what `accepted` and `rejected` hold the rows of `place`, and write the load audit.

    `contents` are the delivered files with their hashes. `recorded_at` is the time as of which the
    changes are known. Needs `existing_hashes`, see `fetch_existing_hashes`.
    """
    now = datetime.now(UTC)
    rejected = rejected_rows(con, place)
    stage = f"tenure.incoming_{place.source}_{place.table}"
    staged = {f"{stage}_rejected": rejected} if rejected.num_rows else {}
    staged |= corrected_cells(con, stage)
    arriving, leaving = difference(con, table, ("_recorded_at",))
    changes = {f"{stage}_rows": arriving, f"{stage}_gone": leaving}
    staged |= {name: rows for name, rows in changes.items() if rows.num_rows}
    steps = _row_steps(table, stage, staged) + _quarantine_steps(stage, staged)
    steps.append(f"delete from quarantine.corrected_cells where {OF_PLACE}")
    steps += _correction_steps(stage, staged)
    _create_stages(warehouse, table, stage, staged)
    params = {
        **place.params,
        "now": now,
        "recorded_at": recorded_at,
        "known_before": _known_before(warehouse, table, place, recorded_at),
        "digest": delivery_digest,
        "problems": json.dumps(list(problems)),
        "files": list(contents),
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
        if _changes_rows(stage, staged):
            cursor.execute(MARK_CHANGED, params)
        cursor.execute(SAVE_LOAD, params)
        cursor.execute(NOTE_DELIVERY, {**params, "contents": json.dumps(dict(contents))})
        cursor.execute(f"delete from tenure.repairs where {OF_PLACE}", params)
        cursor.execute(ADD_REPAIRS, params)
        for name in staged:
            cursor.execute(f"drop table {name}")
    if _changes_rows(stage, staged):
        warehouse.execute(f"analyze {table.full_name}")


def restore(
    warehouse: Warehouse,
    con: duckdb.DuckDBPyConnection,
    place: Place,
    table: Table | None,
    rejections: Sequence[str],
    counts: Counts,
    recorded_at: datetime,
) -> None:
    """Move what `accepted` holds out of quarantine into the raw table; None: it is in the lake."""
    stage = f"tenure.incoming_{place.source}_{place.table}"
    staged: dict[str, pa.Table] = {}
    steps = []
    if table is not None and counts.rows_loaded:
        con.execute("create or replace table existing_hashes (_row_hash varchar)")
        arriving, _ = difference(con, table)
        staged = {f"{stage}_rows": arriving, **corrected_cells(con, stage)}
        steps = _row_steps(table, stage, staged) + _correction_steps(stage, staged)
    _create_stages(warehouse, table, stage, staged)
    params = {
        **place.params,
        "now": datetime.now(UTC),
        "recorded_at": recorded_at,
        "known_before": None,
        "ids": list(rejections),
        "loaded": counts.rows_loaded,
        "duplicate": counts.rows_duplicate,
        "rules": list(counts.repairs),
        "repaired": list(counts.repairs.values()),
    }
    with warehouse.transaction() as connection, connection.cursor() as cursor:
        for sql in steps:
            cursor.execute(sql, params)
        if _changes_rows(stage, staged):
            cursor.execute(MARK_CHANGED, params)
        cursor.execute(
            "delete from quarantine.rejected_rows where rejection_id = any(%(ids)s)", params
        )
        cursor.execute(RESTORE, params)
        cursor.execute(ADD_REPAIRS, params)
        for name in staged:
            cursor.execute(f"drop table {name}")


def leave(table: Table) -> str:
    """SQL: rows (`old`) of the table cease to hold; the relation that says which comes next."""
    if table.keeps_history:
        return f"update {table.full_name} as old set _superseded_at = %(recorded_at)s from"
    return f"delete from {table.full_name} as old using"


def _row_steps(table: Table, stage: str, staged: Mapping[str, pa.Table]) -> list[str]:
    steps = []
    if f"{stage}_gone" in staged:
        of_system = (
            f"where old._source = %(system)s and old.{HOLDS} and old._row_hash = gone._row_hash"
        )
        steps.append(f"{leave(table)} {stage}_gone as gone {of_system}")
    if f"{stage}_rows" in staged:
        names = ", ".join(quoted(name) for name in (*table.column_names, "attributes", "_row_hash"))
        steps.append(
            f"insert into {table.full_name} ({names}, _source, _recorded_at) "
            f"select {names}, %(system)s, case when _recorded_at > %(known_before)s::timestamptz "
            f"then _recorded_at else %(recorded_at)s end from {stage}_rows"
        )
    return steps


def _known_before(
    warehouse: Warehouse, table: Table, place: Place, recorded_at: datetime
) -> str | None:
    """After what moment rows may be taken as known when their source recorded them: the newest run.

    What an earlier run knew stays what it knew. None where the system has delivered the table
    before: a row of it may change another, which holds until now.
    """
    with warehouse.transaction() as connection, connection.cursor() as cursor:
        cursor.execute(
            "select coalesce(max(known_as_of), '-infinity')::text from tenure.runs "
            "where known_as_of < %(recorded_at)s "
            f"having not exists (select from {table.full_name} where _source = %(system)s) "
            f"and not exists (select from tenure.deliveries where {OF_PLACE})",
            {**place.params, "recorded_at": recorded_at},
        )
        found = cursor.fetchone()
    return found[0] if found else None


def _changes_rows(stage: str, staged: Mapping[str, pa.Table]) -> bool:
    return f"{stage}_rows" in staged or f"{stage}_gone" in staged


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


def _correction_steps(stage: str, staged: Mapping[str, pa.Table]) -> list[str]:
    if f"{stage}_corrected" not in staged:
        return []
    return [
        "insert into quarantine.corrected_cells select %(system)s, %(source)s, %(table)s, file, "
        f"row_number, column_name, rule, message, content, %(now)s from {stage}_corrected"
    ]


def _create_stages(
    warehouse: Warehouse, table: Table | None, stage: str, staged: Mapping[str, pa.Table]
) -> None:
    # A run that was killed may have left its stages behind.
    shapes = {
        f"{stage}_gone": "(_row_hash text)",
        f"{stage}_rejected": "(rejection_id text, file text, row_number bigint, rule text, "
        "message text, row_data jsonb)",
        f"{stage}_corrected": "(file text, row_number bigint, column_name text, rule text, "
        "message text, content text)",
    }
    if table is not None:
        columns = [f"{quoted(c.name)} {TYPES[c.data_type][0]}" for c in table.columns]
        rest = ["attributes jsonb", "_row_hash text", "_recorded_at timestamptz"]
        shapes[f"{stage}_rows"] = f"({', '.join(columns + rest)})"
    for name, shape in shapes.items():
        warehouse.execute(f"drop table if exists {name}")
        if name in staged:
            warehouse.execute(f"create unlogged table {name} {shape}")
            warehouse.bulk_load(staged[name], name)


def difference(
    con: duckdb.DuckDBPyConnection, table: Table, more: Sequence[str] = ()
) -> tuple[pa.Table, pa.Table]:
    """Rows of `accepted` that are not in `existing_hashes`, and the hashes that are only there.

    `more` are columns of the rows beside those of the contract.
    """
    # Binary COPY knows no DuckDB decimal: numerics travel as text and are cast on arrival.
    names = ", ".join(
        f"{quoted(c.name)}::varchar as {quoted(c.name)}"
        if c.data_type == "numeric"
        else quoted(c.name)
        for c in table.columns
    )
    arriving = con.sql(
        f"select {', '.join([names, 'attributes', '_row_hash', *more])} from accepted "
        "where _row_hash not in (select _row_hash from existing_hashes)"
    ).to_arrow_table()
    leaving = con.sql(
        "select _row_hash from existing_hashes "
        "where _row_hash not in (select _row_hash from accepted)"
    ).to_arrow_table()
    return arriving, leaving


def corrected_cells(con: duckdb.DuckDBPyConnection, stage: str) -> dict[str, pa.Table]:
    """The cells of accepted rows that could not be used, by the name of their stage."""
    cells = con.sql(
        "select _file as file, _row as row_number, column_name, rule, message, content "
        "from corrections"
    ).to_arrow_table()
    return {f"{stage}_corrected": cells} if cells.num_rows else {}


def rejected_rows(con: duckdb.DuckDBPyConnection, place: Place) -> pa.Table:
    """What `rejected` holds as rows of quarantine, each with an id that every run gives alike."""
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
