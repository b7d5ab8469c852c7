"""DuckDB as ingestion needs it."""

from __future__ import annotations

from datetime import UTC, datetime

import duckdb

from sources.domains import define_domain_of
from sources.landing import CREATE_UNREADABLE, literal
from sources.money import define_cents
from warehouse import Settings
from warehouse.sizing import GIB, MIB, measure_machine

NO_REJECTIONS = """
create table if not exists no_rejections
(_n bigint, _file varchar, _row bigint, rule varchar, message varchar, row_data varchar)
"""


def duckdb_memory(settings: Settings) -> int:
    """Bytes that DuckDB may hold before it spills: a quarter of the machine's, at most 3 GiB.

    Python, Arrow and PostgreSQL's caches need the rest.
    """
    memory = measure_machine(settings.lake).memory // 4
    return max(512 * MIB, min(memory, 3 * GIB))


def open_duckdb(settings: Settings, clock: datetime | None = None) -> duckdb.DuckDBPyConnection:
    """DuckDB as ingestion needs it: nothing stored, UTC, large work spilled beside the lake.

    The `clock` (default: now) says what lies in the future.
    """
    settings.lake.mkdir(parents=True, exist_ok=True)
    con = duckdb.connect()
    con.execute("set timezone = 'UTC'")
    con.execute(f"set memory_limit = '{duckdb_memory(settings) // MIB}MiB'")
    con.execute(f"set temp_directory = {literal(str(settings.lake / '.spill'))}")
    con.execute(CREATE_UNREADABLE)
    con.execute(NO_REJECTIONS)
    define_cents(con)
    define_domain_of(con)
    now = literal((clock or datetime.now(UTC)).isoformat())
    con.execute(f"create or replace macro clock() as {now}::timestamptz")
    return con
