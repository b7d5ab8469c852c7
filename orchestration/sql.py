"""`tenure sql`: the rows of one query, as CSV. It reads, and can do nothing else."""

from __future__ import annotations

import csv
from typing import TextIO

from psycopg2 import errorcodes

from warehouse import Settings, Warehouse, WarehouseError, WarehouseRefused
from warehouse.plain_text import visible
from warehouse.urls import Role

MULTIPLE = "multiple commands"


def print_rows(settings: Settings, query: str, out: TextIO, *, is_raw: bool) -> None:
    """Write a query's rows; of marts alone, unless it `is_raw`.

    Raises WarehouseRefused with a sentence for a query that asks for more than that. A terminal is
    shown escapes of what would command it; a file or another program gets the values as they are.
    """
    # Its roles are those of this version from here on.
    with Warehouse.open(settings):
        pass
    role: Role = "analyst" if is_raw else "reader"
    cell = visible if out.isatty() else _as_it_is
    try:
        with (
            Warehouse.open(settings, role) as warehouse,
            warehouse.answer(query) as cursor,
        ):
            columns = [column.name for column in cursor.description or []]
            rows = cursor.fetchall()
    except WarehouseError as error:
        if (refusal := _refusal(error, is_raw=is_raw)) is not None:
            raise WarehouseRefused(refusal) from error
        raise
    # After the transaction: a pager may take the rows hours later, and a run would wait as long.
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(map(cell, columns))
    writer.writerows(map(cell, row) for row in rows)


def _as_it_is(value: object) -> object:
    return value


def _refusal(error: WarehouseError, *, is_raw: bool) -> str | None:
    """The server's refusal in words; None for any other error."""
    cause = error.__cause__
    code = getattr(cause, "pgcode", None) or getattr(cause, "sqlstate", None)
    if code == errorcodes.INSUFFICIENT_PRIVILEGE:
        if is_raw:
            return f"{error}. tenure sql --raw reads tables, and does nothing else."
        return f"{error}. tenure sql reads the marts; tenure sql --raw reads all tables."
    if code == errorcodes.READ_ONLY_SQL_TRANSACTION:
        return f"{error}. tenure sql reads, and does nothing else."
    return "tenure sql takes one statement." if MULTIPLE in str(error) else None
