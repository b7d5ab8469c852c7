"""A small company in which every claim of every suite holds, and its restoring after each break."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pyarrow as pa
import pytest

from sources.contract import Column, Contract, Table, load_contract
from sources.store import create_tables
from warehouse import Warehouse

# More than any claim needs before it judges a pattern (survey answers: 50).
ROWS = 60
START = datetime(2025, 1, 1, tzinfo=UTC)
ARROW_TYPES = {
    "text": pa.string(),
    "integer": pa.int32(),
    "bigint": pa.int64(),
    # Binary COPY has no decimals: what is cast on arrival travels as text.
    "numeric": pa.string(),
    "double precision": pa.float64(),
    "boolean": pa.bool_(),
    "date": pa.date32(),
    "timestamptz": pa.timestamp("us", tz="UTC"),
}
# By column, or by table and column; a function of the row's number where it is not one value.
VALUES: dict[str, Any] = {
    "country": "DE",
    "currency": "USD",
    "email": "someone@example.com",
    "scale_min": 0,
    "scale_max": 10,
    "active_users": 1,
    "active_users_7d": 2,
    "active_users_28d": 3,
    "usd_per_unit": 1,
    "target_cents": 1_000,
    "achieved_cents": 500,
    "csat_score": lambda row: 1 + row % 5,
    "feature": lambda row: f"feature {row}",
    "product.account_days.events": 10,
    "crm.opportunities.closed_at": START,
}
MARTS = """
create table marts.account_snapshots (
    account_id text, snapshot_date date, is_latest boolean, is_open boolean
);
insert into marts.account_snapshots
select account_id, date '2025-06-01', true, true from crm.accounts;
insert into ml.models (
    target, model_version, status, reason, passes_quality_gate, trained_as_of_date, horizon_days,
    snapshot_count, account_count, positive_account_count, base_rate, fingerprint, trained_at
)
values
    ('churn', '1', 'champion', 'best', true, '2025-06-01', 90, 1000, 60, 30, 0.1, 'f', now()),
    ('churn', '0', 'retired', 'old', true, '2025-05-01', 90, 1000, 60, 30, 0.1, 'f', now());
insert into ml.predictions
select
    'churn', 90, date '2025-06-01', account_id, '1', 'this run',
    0.05 + 0.001 * row_number() over (), '[{"signal": "seats"}]', 'd', now()
from crm.accounts;
-- Earlier runs stay in the table, whatever was wrong with them, and are judged no more.
insert into ml.predictions
select
    'churn', 90, day, 'closed long ago', '0', 'a run before', 0.99, '[]', 'd',
    now() - interval '1 day'
from unnest(array[date '2025-06-01', date '2025-07-01']) as day;
-- The table's own constraint would stop the very values that the suite must catch.
alter table ml.predictions drop constraint predictions_probability_check;
"""
KEPT = ("tenure.loads", "tenure.checks", "ml.models", "marts.account_snapshots")


def healthy_value(table: Table, column: Column, row: int) -> Any:
    """A plausible value; keys differ from row to row."""
    named = VALUES.get(f"{table.full_name}.{column.name}", VALUES.get(column.name))
    if named is not None:
        return named(row) if callable(named) else named
    for rule in table.rules:
        if rule.kind == "accepted_values" and rule.columns == (column.name,):
            return rule.values[row % len(rule.values)]
    moment = START + timedelta(days=row)
    by_type: dict[str, Any] = {
        "text": f"{column.name} {row}",
        "boolean": row % 2 == 0,
        "date": moment.date(),
        "timestamptz": moment,
    }
    return by_type.get(column.data_type, 1 + row % 10)


def healthy_rows(table: Table) -> pa.Table:
    """ROWS rows of a contract table."""
    columns: dict[str, pa.Array] = {}
    for column in table.columns:
        values = [healthy_value(table, column, row) for row in range(ROWS)]
        if column.data_type == "numeric":
            values = [str(value) for value in values]
        columns[column.name] = pa.array(values, ARROW_TYPES[column.data_type])
    columns["_source"] = pa.array(["test"] * ROWS)
    columns["_recorded_at"] = pa.array([START] * ROWS, ARROW_TYPES["timestamptz"])
    columns["_row_hash"] = pa.array([str(row) for row in range(ROWS)])
    return pa.table(columns)


def insert_rows(warehouse: Warehouse, table: Table) -> None:
    """Put the healthy rows into the raw table, by way of a table of text for the numerics."""
    rows = healthy_rows(table)
    types = {column.name: column.data_type for column in table.columns}
    warehouse.execute("drop table if exists tenure.arriving")
    shape = ", ".join(
        f"{name} text" if types.get(name) == "numeric" else f"{name} {types.get(name, 'text')}"
        for name in rows.column_names
        if name != "_recorded_at"
    )
    warehouse.execute(f"create table tenure.arriving ({shape}, _recorded_at timestamptz)")
    warehouse.bulk_load(rows, "tenure.arriving")
    names = ", ".join(rows.column_names)
    cast = ", ".join(
        f"{name}::numeric" if types.get(name) == "numeric" else name for name in rows.column_names
    )
    warehouse.execute(
        f"insert into {table.full_name} ({names}) select {cast} from tenure.arriving;"
        "drop table tenure.arriving"
    )


@pytest.fixture(scope="session")
def contract() -> Contract:
    return load_contract()


@pytest.fixture(scope="module")
def healthy(module_warehouse: Warehouse, contract: Contract) -> Warehouse:
    """A warehouse in which every claim holds, with a copy of each table to restore it from."""
    warehouse = module_warehouse
    create_tables(warehouse, contract)
    names = [table.full_name for table in contract.tables]
    for table in contract.tables:
        insert_rows(warehouse, table)
    for name in [*names, "product.events"]:
        source, table_name = name.split(".")
        warehouse.execute(
            "insert into tenure.loads values ('test', %(source)s, %(table)s, '{}', 60, 60, 0, 0,"
            " now())",
            {"source": source, "table": table_name},
        )
    warehouse.execute(MARTS)
    warehouse.execute("create schema pristine")
    for name in [*names, *KEPT, "ml.predictions"]:
        copy = f'pristine."{name}"'
        warehouse.execute(f"create table {copy} as select * from {name}")
    return warehouse


@pytest.fixture
def restore(healthy: Warehouse) -> Iterator[Callable[..., None]]:
    """Puts the tables named back as they were, once the test is over."""
    touched: set[str] = {*KEPT}
    yield lambda *names: touched.update(names)
    healthy.execute(
        ";".join(
            f'delete from {name}; insert into {name} select * from pristine."{name}"'
            for name in touched
        )
    )
