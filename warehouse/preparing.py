"""A company's database made ready: tables, roles, bounds, time zone. Every step may run again."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from psycopg2.sql import SQL, Identifier, Literal

from warehouse.errors import WarehouseRefused
from warehouse.migrations import apply_migrations, read_migrations
from warehouse.settings import Settings
from warehouse.urls import ROLE_NAMES

OLDEST_SERVER = 150000
# Two processes may prepare one warehouse at once, and a large one for minutes.
PREPARE_LOCK = """
set local lock_timeout = '10min';
lock table tenure.migrations in share row exclusive mode;
set local lock_timeout to default
"""


def refuse_old_server(version: int) -> None:
    """Raise WarehouseRefused for a PostgreSQL that is too old."""
    if version < OLDEST_SERVER:
        raise WarehouseRefused(
            f"The server is PostgreSQL {version / 10000:.0f}; "
            f"Tenure needs {OLDEST_SERVER // 10000} or newer."
        )


def prepare(cursor: Any, settings: Settings) -> None:
    """Bring the database to this version, in the cursor's transaction.

    The ledger of migrations is there. Raises WarehouseRefused where it holds another company.
    """
    cursor.execute(PREPARE_LOCK)
    _refuse_another_company(cursor, settings.company)
    apply_migrations(cursor, read_migrations())
    for name in ("roles.sql", "bounds.sql"):
        cursor.execute((Path(__file__).parent / name).read_text(encoding="utf-8"))
    _set_passwords(cursor, settings)
    _keep_utc(cursor)
    cursor.execute(
        "insert into tenure.company (company) values (%s) on conflict do nothing",
        (settings.company,),
    )


def _refuse_another_company(cursor: Any, company: str) -> None:
    cursor.execute("select to_regclass('tenure.company') is not null")
    if not cursor.fetchone()[0]:
        return
    cursor.execute("select company from tenure.company where company <> %s", (company,))
    if (found := cursor.fetchone()) is not None:
        raise WarehouseRefused(
            f"This database holds the company {found[0]!r}, not {company!r}. One database holds "
            "one company: set TENURE_COMPANY to that one, or TENURE_DATABASE_URL to another "
            "database."
        )


def _set_passwords(cursor: Any, settings: Settings) -> None:
    passwords = {
        ROLE_NAMES["reader"]: settings.reader_password,
        ROLE_NAMES["scorer"]: settings.scorer_password,
    }
    for name, password in passwords.items():
        if password:
            statement = SQL("alter role {} password {}")
            cursor.execute(statement.format(Identifier(name), Literal(password)))


def _keep_utc(cursor: Any) -> None:
    # `::date` of a timestamptz depends on the session's time zone.
    cursor.execute("select current_setting('timezone') = 'UTC', current_database()")
    is_utc, database = cursor.fetchone()
    if not is_utc:
        cursor.execute(SQL("alter database {} set timezone to 'UTC'").format(Identifier(database)))
