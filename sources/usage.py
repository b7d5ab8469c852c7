"""Roll-ups of the event lake: the only form in which product usage reaches the warehouse."""

from __future__ import annotations

from pathlib import Path

import duckdb

from sources.casting import row_hash
from sources.contract import Table
from sources.landing import one_row, quoted

ROLLUPS = Path(__file__).resolve().parent / "rollups"
ROLLUP_TABLES = ("product.account_days", "product.account_feature_days", "product.users_seen")


def rollup_sql(full_name: str) -> str:
    """The select over the view `events` that fills a contract table."""
    return (ROLLUPS / f"{full_name.split('.')[1]}.sql").read_text(encoding="utf-8")


def roll_up(con: duckdb.DuckDBPyConnection, table: Table) -> int:
    """Fill `accepted` with the roll-up of the view `events`; the number of rows.

    Columns of the contract that the roll-up does not compute are null.
    """
    con.execute(f"create or replace table rolled_up as {rollup_sql(table.full_name)}")
    computed = {name for (name, *_) in con.execute("describe rolled_up").fetchall()}
    columns = ", ".join(
        f"{quoted(c.name) if c.name in computed else 'null'}::{c.duckdb_type} as {quoted(c.name)}"
        for c in table.columns
    )
    con.execute(
        f"create or replace table accepted as with contracted as (select {columns}, "
        f"null::varchar as attributes from rolled_up) "
        f"select *, {row_hash(table)} as _row_hash from contracted"
    )
    con.execute("create or replace table rejected as select * from no_rejections")
    return one_row(con, "select count(*) from accepted")[0]
