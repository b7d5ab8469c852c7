"""Numbered SQL migrations: a warehouse of any earlier version is brought up in place, in order."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from warehouse.errors import WarehouseRefused

FOLDER = Path(__file__).resolve().parent / "migrations"
FILE_NAME = re.compile(r"(\d{4})_(\w+)\.sql")

CREATE_LEDGER = """
create schema if not exists tenure;
create table if not exists tenure.migrations (
    number integer primary key,
    name text not null,
    applied_at timestamptz not null default now()
)
"""


@dataclass(frozen=True)
class Migration:
    """One step from a version of the warehouse to the next."""

    number: int
    name: str
    sql: str


def read_migrations(folder: Path = FOLDER) -> list[Migration]:
    """All migrations in order. Raises ValueError for a gap, a repeated number or a stray file."""
    migrations = []
    for expected, path in enumerate(sorted(folder.iterdir()), 1):
        match = FILE_NAME.fullmatch(path.name)
        if match is None or int(match[1]) != expected:
            raise ValueError(f"{path.name}: migration {expected:04d}_<name>.sql was expected here")
        migrations.append(Migration(expected, match[2], path.read_text(encoding="utf-8")))
    return migrations


def apply_migrations(cursor: Any, migrations: Sequence[Migration]) -> list[Migration]:
    """Apply what the warehouse lacks, inside the caller's transaction; those that were applied.

    Raises WarehouseRefused for a warehouse that a later version of Tenure has made.
    """
    cursor.execute(CREATE_LEDGER)
    cursor.execute("select coalesce(max(number), 0) from tenure.migrations")
    [newest] = cursor.fetchone()
    if newest > len(migrations):
        raise WarehouseRefused(
            f"This warehouse is at migration {newest}, and this Tenure knows {len(migrations)}: "
            "a later version made it. Update Tenure, or use another TENURE_HOME."
        )
    missing = [migration for migration in migrations if migration.number > newest]
    for migration in missing:
        cursor.execute(migration.sql)
        cursor.execute(
            "insert into tenure.migrations (number, name) values (%s, %s)",
            (migration.number, migration.name),
        )
    return missing
