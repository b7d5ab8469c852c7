"""Rows whose parent came or went after they were loaded: restored, or quarantined.

A ticket may arrive before its customer, even from another system. It waits in quarantine and is
restored by itself once the customer is there; if the customer leaves, it goes back to waiting.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime

import duckdb
import pyarrow as pa

from sources import load_audit, store
from sources.checks import check_rows, enforced
from sources.contract import Contract, Rule, Table
from sources.dates import NEW_UNREAD_VALUES
from sources.event_restoring import restore_events
from sources.events import EVENTS
from sources.landing import literal, quoted
from sources.mapping import columns_of, drop_mapped
from sources.session import open_duckdb
from sources.table_load import IngestError
from warehouse import Warehouse

WAITING = """
select system, rejection_id, file, row_number, row_data::text as row_data
from quarantine.rejected_rows
where source = {source} and table_name = {table} and (
    rule like 'relationships(%'
    -- a key that another system has given up since is free
    or (rule like 'unique%' and message like '%was delivered by the system%')
)
order by system, file, row_number, rejection_id
"""


# The rows leave the table: superseded where it keeps history, else deleted.
LEAVE = {
    True: "update {child} as child set _superseded_at = {recorded_at}",
    False: "delete from {child} as child",
}

QUARANTINE_ORPHANS = """
with gone as (
    {leave}
    where child._superseded_at is null and child.{column} is not null and not exists (
        select from {parent} as parent
        where parent.{field} = child.{column} and parent._superseded_at is null
    )
    returning child.*
),

quarantined as (
    insert into quarantine.rejected_rows
    select
        md5(concat_ws(chr(31), _source, {source}, {table}, _row_hash)),
        _source,
        {source},
        {table},
        'loaded earlier',
        null,
        {rule},
        {subject} || {column} || {no_more},
        jsonb_strip_nulls(
            to_jsonb(gone) - array[
                'attributes', '_source', '_recorded_at', '_superseded_at', '_row_hash'
            ]
        ) || coalesce(attributes, '{{}}'),
        now(),
        now()
    from gone
    on conflict do nothing
),

changed as (
    insert into tenure.raw_tables (source, table_name, version, changed_at)
    select {source}, {table}, 1, {recorded_at}
    where exists (select from gone)
    on conflict (source, table_name) do update set
        version = raw_tables.version + 1,
        changed_at = excluded.changed_at
),

counted as (select _source, count(*) as number from gone group by _source)

update tenure.loads set
    rows_loaded = rows_loaded - counted.number,
    rows_quarantined = rows_quarantined + counted.number
from counted
where system = counted._source and source = {source} and table_name = {table}
"""

# What the result depends on: the rows of the table and of its parents.
VERSIONS = """
select
    coalesce(
        string_agg(
            source || '.' || table_name || '=' || version, ' ' order by source, table_name
        ),
        ''
    )
from tenure.raw_tables
where source || '.' || table_name = any(%(tables)s)
"""

RECONCILED_VERSIONS = """
select reconciled_versions from tenure.raw_tables
where source = %(source)s and table_name = %(table)s
"""

SAVE_RECONCILED = """
insert into tenure.raw_tables (source, table_name, version, changed_at, reconciled_versions)
values (%(source)s, %(table)s, 0, now(), %(versions)s)
on conflict (source, table_name) do update set
    reconciled_versions = excluded.reconciled_versions
"""


def reconcile_quarantine(
    warehouse: Warehouse,
    contract: Contract,
    sources: Sequence[str] | None = None,
    recorded_at: datetime | None = None,
) -> int:
    """Quarantine loaded rows whose parent is gone, restore waiting rows whose parent has come.

    For the tables of some raw schemas, or of all; parents first, so that an invoice brings its
    payments along. A table is left alone while neither it nor a parent has changed since. Returns
    the number of rows restored. Raises IngestError when no customer is in the warehouse at all.
    """
    recorded_at = recorded_at or datetime.now(UTC)
    store.create_tables(warehouse, contract)
    restored = 0
    with open_duckdb(warehouse.settings, recorded_at) as con:
        chosen = [table for table in contract.tables if not sources or table.source in sources]
        for table in chosen:
            rules = enforced(table, store.fetch_delivered(warehouse, table))
            if _is_reconciled(warehouse, table, rules):
                continue
            for rule in (rule for rule in rules if rule.parent):
                _quarantine_orphans(warehouse, table, rule, recorded_at)
            for waiting, rows in _waiting(warehouse, table).items():
                restored += _restore(warehouse, con, table, waiting, rows, rules, recorded_at)
            _save_reconciled(warehouse, table, rules)
        is_chosen = not sources or EVENTS.source in sources
        if is_chosen and not _is_reconciled(warehouse, EVENTS, EVENTS.rules):
            for waiting, rows in _waiting(warehouse, EVENTS).items():
                types = _open_mapped(con, EVENTS, rows)
                restored += restore_events(warehouse, con, contract, waiting, types, recorded_at)
            _save_reconciled(warehouse, EVENTS, EVENTS.rules)
    found = warehouse.read_arrow(
        f"select exists (select from crm.accounts where {store.HOLDS}) as is_there"
    )
    if not found["is_there"][0].as_py():
        raise IngestError("no customer could be loaded from any system")
    return restored


def _versions(warehouse: Warehouse, table: Table, rules: Sequence[Rule]) -> str:
    tables = [table.full_name, *(parent.full_name for parent in table.parents)]
    with warehouse.transaction() as connection, connection.cursor() as cursor:
        cursor.execute(VERSIONS, {"tables": tables})
        [versions] = cursor.fetchone() or [""]
    return f"{versions} {rules!r}"


def _is_reconciled(warehouse: Warehouse, table: Table, rules: Sequence[Rule]) -> bool:
    with warehouse.transaction() as connection, connection.cursor() as cursor:
        cursor.execute(RECONCILED_VERSIONS, {"source": table.source, "table": table.name})
        found = cursor.fetchone()
    return found is not None and found[0] == _versions(warehouse, table, rules)


def _save_reconciled(warehouse: Warehouse, table: Table, rules: Sequence[Rule]) -> None:
    # The first call puts the table itself on the list of which the second reads the versions.
    for _ in range(2):
        versions = _versions(warehouse, table, rules)
        warehouse.execute(
            SAVE_RECONCILED,
            {"source": table.source, "table": table.name, "versions": versions},
        )


def _waiting(warehouse: Warehouse, table: Table) -> dict[load_audit.Place, pa.Table]:
    """Waiting rows by whose they are, shaped as a mapping gives them."""
    sql = WAITING.format(source=literal(table.source), table=literal(table.name))
    rows = warehouse.read_arrow(sql).to_pylist()
    by_system: dict[str, list[dict]] = {}
    for row in rows:
        by_system.setdefault(row["system"], []).append(row)
    return {
        load_audit.Place(system, table.source, table.name): _as_mapped(table, of_system)
        for system, of_system in by_system.items()
    }


def _as_mapped(table: Table, rows: Sequence[dict]) -> pa.Table:
    contents = [json.loads(row["row_data"]) for row in rows]
    names = dict.fromkeys(name for content in contents for name in content)
    columns = {
        # What the contract does not know stays JSON, to become the same attribute as before.
        name: [
            _text(content.get(name)) if name in table.column_names else _json(content.get(name))
            for content in contents
        ]
        for name in names
    }
    columns |= {
        "_file": [row["file"] for row in rows],
        "_rejection_id": [row["rejection_id"] for row in rows],
    }
    mapped = pa.table({name: pa.array(values, pa.string()) for name, values in columns.items()})
    numbers = pa.array([row["row_number"] for row in rows], pa.int64())
    return mapped.append_column("_row", numbers).append_column(
        "_n", pa.array(range(1, len(rows) + 1), pa.int64())
    )


def _text(value: object) -> str | None:
    return value if value is None or isinstance(value, str) else json.dumps(value)


def _json(value: object) -> str | None:
    return None if value is None else json.dumps(value)


def _open_mapped(con: duckdb.DuckDBPyConnection, table: Table, rows: pa.Table) -> dict[str, str]:
    own = ("_file", "_row", "_n", "_rejection_id", *table.column_names)
    columns = ", ".join(
        quoted(name) if name in own else f"{quoted(name)}::json as {quoted(name)}"
        for name in rows.column_names
    )
    drop_mapped(con)
    con.execute(NEW_UNREAD_VALUES)
    con.register("arrow_in", rows)
    con.execute(f"create table mapped as select {columns} from arrow_in")
    con.unregister("arrow_in")
    return columns_of(con, "mapped")


def _resolved(con: duckdb.DuckDBPyConnection) -> list[str]:
    """Rejections that are over: the row is good now, or one of several that are alike."""
    return [
        rejection
        for (rejection,) in con.execute(
            "select _rejection_id from mapped where _n not in (select _n from rejected) order by 1"
        ).fetchall()
    ]


def _restore(
    warehouse: Warehouse,
    con: duckdb.DuckDBPyConnection,
    table: Table,
    waiting: load_audit.Place,
    rows: pa.Table,
    rules: Sequence[Rule],
    recorded_at: datetime,
) -> int:
    types = _open_mapped(con, table, rows)
    store.fetch_parents(warehouse, con, rules)
    store.fetch_claimed_keys(warehouse, con, table)
    is_whole = _all_wait(warehouse, waiting, rows)
    counts = check_rows(con, table, types, rules, is_whole=is_whole)
    if ids := _resolved(con):
        store.restore(warehouse, con, waiting, table, ids, counts, recorded_at)
    return counts.rows_loaded


def _all_wait(warehouse: Warehouse, waiting: load_audit.Place, rows: pa.Table) -> bool:
    """Whether the rows that wait are all that was delivered: of some of them the others, which are
    loaded, may have keys in another form."""
    load = load_audit.last_load(warehouse, waiting)
    if load is None:
        return False
    return (load.counts.rows_loaded, load.counts.rows_quarantined) == (0, rows.num_rows)


def _quarantine_orphans(
    warehouse: Warehouse, table: Table, rule: Rule, recorded_at: datetime
) -> None:
    """Move loaded rows whose parent is gone into quarantine, where they wait for it."""
    assert rule.parent
    names = {
        "child": table.full_name,
        "recorded_at": f"{literal(recorded_at.isoformat())}::timestamptz",
    }
    warehouse.execute(
        QUARANTINE_ORPHANS.format(
            **names,
            leave=LEAVE[table.keeps_history].format(**names),
            column=quoted(rule.columns[0]),
            parent=rule.parent.full_name,
            field=quoted(rule.parent.field),
            source=literal(table.source),
            table=literal(table.name),
            rule=literal(rule.name),
            subject=literal(f"{rule.columns[0]} "),
            no_more=literal(f" is no longer in {rule.parent.full_name}"),
        )
    )
