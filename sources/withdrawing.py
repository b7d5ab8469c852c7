"""`tenure withdraw`: a delivered file is to be as if it had never come."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from datetime import datetime
from difflib import get_close_matches
from pathlib import Path

from sources import withdrawals
from sources.contract import Contract, Table
from sources.events import EVENTS
from sources.ingestion import load_tables
from sources.landing import literal
from sources.mapping import MAPPINGS, load_mappings
from sources.store import create_tables
from sources.usage import ROLLUP_TABLES
from sources.withdrawals import Delivered
from warehouse import Warehouse


class WithdrawalRefused(ValueError):
    """A file that cannot be withdrawn. The message says why."""


def find_delivered(
    delivered: Sequence[Delivered], name: str, system: str | None, again: bool
) -> Delivered | None:
    """The delivered file that is to be withdrawn; None where it is withdrawn already.

    With `again`, also where what holds is of an earlier delivery under its name. Raises
    WithdrawalRefused for a name that is not known, or is that of files of several systems.
    """
    named = [file for file in delivered if file.file == name and system in (None, file.system)]
    if not named:
        guess = get_close_matches(name, [file.file for file in delivered], n=1)
        hint = f"; did you mean {guess[0]}?" if guess else ""
        raise WithdrawalRefused(f"{name}: no delivered file has this name{hint}")
    if len(named) > 1:
        systems = ", ".join(file.system for file in named)
        raise WithdrawalRefused(f"{name}: was delivered by {systems}; name one with --source")
    [file] = named
    is_over = file.is_withdrawn and not (again and file.contents)
    return None if is_over else file


def withdraw(
    warehouse: Warehouse,
    contract: Contract,
    file: Delivered,
    folder: Path | None,
    now: datetime,
    mapping_folder: Path = MAPPINGS,
) -> str:
    """Withdraw a file, and load the tables that were read from it without it; what was done.

    The first is one transaction. When this is killed after it, it can be repeated, or the next run
    does the rest.
    """
    mappings = load_mappings(file.system, mapping_folder)
    names = {*file.tables, *(ROLLUP_TABLES if EVENTS.full_name in file.tables else ())}
    withdrawals.note_withdrawn(warehouse, file, names, now)
    create_tables(warehouse, contract)
    tables = [table for table in contract.tables if table.full_name in names]
    with tempfile.TemporaryDirectory() as nothing:
        # A folder that is gone is one in which nothing is left.
        there = folder if folder and folder.is_dir() else Path(nothing)
        load_tables(warehouse, warehouse.settings, tables, file.system, there, mappings, now)
    changes = [change for table in tables if (change := _change(warehouse, table, now))]
    return (
        f"{file.file} of {file.system} is withdrawn. "
        f"{'; '.join(changes) or 'No row was of it alone'}. Rows that cease to hold are kept: what "
        "was known before can still be asked for (events leave the lake). The same content is not "
        "read again, a corrected file is. `tenure run` computes anew what depends on it."
    )


def _change(warehouse: Warehouse, table: Table, now: datetime) -> str:
    at = f"{literal(now.isoformat())}::timestamptz"
    [counts] = warehouse.read_arrow(
        f"select count(*) filter (where _superseded_at = {at}) as gone, "
        f"count(*) filter (where _recorded_at = {at}) as again from {table.full_name} "
        f"where _superseded_at = {at} or _recorded_at = {at}"
    ).to_pylist()
    if not any(counts.values()):
        return ""
    again = f", {counts['again']:,} hold in their place" if counts["again"] else ""
    return f"{table.full_name}: {counts['gone']:,} rows cease to hold{again}"
