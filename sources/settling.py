"""Rows whose parent came or went after they were loaded: taken back, or put aside.

A ticket may arrive before its customer, even from another system. It waits in quarantine and is
taken back by itself once the customer is there; if the customer leaves, it goes back to waiting.
"""

from __future__ import annotations

import json
from collections.abc import Sequence

import duckdb
import pyarrow as pa

from sources import store
from sources.checks import check_rows, enforced
from sources.contract import Contract, Rule, Table
from sources.dates import NEW_UNREAD_DATES
from sources.event_restoring import restore_events
from sources.events import EVENTS
from sources.ingestion import IngestError, open_duckdb
from sources.landing import literal, quoted
from sources.mapping import columns_of, drop_mapped
from warehouse import Warehouse

WAITING = """
select system, rejection_id, file, row_number, row_data::text as row_data
from quarantine.rejected_rows
where source = {source} and table_name = {table} and rule like 'relationships(%'
order by system, file, row_number, rejection_id
"""


PUT_ASIDE = """
with gone as (
    delete from {child} as child
    where child.{column} is not null and not exists (
        select from {parent} as parent where parent.{field} = child.{column}
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
        {said} || {column} || {no_more},
        jsonb_strip_nulls(
            to_jsonb(gone) - array['attributes', '_source', '_loaded_at', '_row_hash']
        ) || coalesce(attributes, '{{}}'),
        now(),
        now()
    from gone
    on conflict do nothing
),

counted as (select _source, count(*) as number from gone group by _source)

update tenure.loads set
    rows_loaded = rows_loaded - counted.number,
    rows_quarantined = rows_quarantined + counted.number
from counted
where system = counted._source and source = {source} and table_name = {table}
"""


def settle_quarantine(warehouse: Warehouse, contract: Contract) -> int:
    """Put aside loaded rows whose parent is gone, take back waiting rows whose parent has come.

    Parents first, so that an invoice brings its payments along. Returns the number of rows taken
    back. Raises IngestError when no customer is in the warehouse at all.
    """
    store.create_tables(warehouse, contract)
    taken_back = 0
    with open_duckdb(warehouse.settings) as con:
        for table in contract.tables:
            rules = enforced(table, store.fetch_delivered(warehouse, table))
            for rule in (rule for rule in rules if rule.parent):
                _put_aside(warehouse, table, rule)
            for waiting, rows in _waiting(warehouse, table).items():
                taken_back += _take_back(warehouse, con, table, waiting, rows, rules)
        for waiting, rows in _waiting(warehouse, EVENTS).items():
            types = _open_mapped(con, EVENTS, rows)
            taken_back += restore_events(warehouse, con, contract, waiting, types)
    found = warehouse.read_arrow("select exists (select from crm.accounts) as is_there")
    if not found["is_there"][0].as_py():
        raise IngestError("no customer could be loaded from any system")
    return taken_back


def _waiting(warehouse: Warehouse, table: Table) -> dict[store.Place, pa.Table]:
    """Waiting rows by whose they are, shaped as a mapping gives them."""
    sql = WAITING.format(source=literal(table.source), table=literal(table.name))
    rows = warehouse.read_arrow(sql).to_pylist()
    by_system: dict[str, list[dict]] = {}
    for row in rows:
        by_system.setdefault(row["system"], []).append(row)
    return {
        store.Place(system, table.source, table.name): _as_mapped(table, of_system)
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
    con.execute(NEW_UNREAD_DATES)
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


def _take_back(
    warehouse: Warehouse,
    con: duckdb.DuckDBPyConnection,
    table: Table,
    waiting: store.Place,
    rows: pa.Table,
    rules: Sequence[Rule],
) -> int:
    types = _open_mapped(con, table, rows)
    store.fetch_parents(warehouse, con, rules)
    store.fetch_taken(warehouse, con, table)
    counts = check_rows(con, table, types, rules)
    if ids := _resolved(con):
        store.take_back(warehouse, con, waiting, table, ids, counts)
    return counts.rows_loaded


def _put_aside(warehouse: Warehouse, table: Table, rule: Rule) -> None:
    """Move loaded rows whose parent is gone into quarantine, where they wait for it."""
    assert rule.parent
    warehouse.execute(
        PUT_ASIDE.format(
            child=table.full_name,
            column=quoted(rule.columns[0]),
            parent=rule.parent.full_name,
            field=quoted(rule.parent.field),
            source=literal(table.source),
            table=literal(table.name),
            rule=literal(rule.name),
            said=literal(f"{rule.columns[0]} "),
            no_more=literal(f" is no longer in {rule.parent.full_name}"),
        )
    )
