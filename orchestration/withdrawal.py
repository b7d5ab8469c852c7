"""`tenure withdraw`: the delivered files, or what became of those that were named."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from rich.table import Table

from orchestration.lib.company import CompanySources, load_sources
from orchestration.run import only_run_of
from orchestration.terminal import Terminal, plain
from sources import load_contract
from sources.mapping import find_mappings
from sources.withdrawals import Delivered, delivered_files
from sources.withdrawing import find_delivered, withdraw
from warehouse import Settings, Warehouse


def withdraw_files(
    settings: Settings, names: Sequence[str], system: str | None, again: bool
) -> list[str]:
    """Withdraw files one after the other; a paragraph about each.

    Before anything is done it raises WithdrawalRefused for a name that is not that of one delivered
    file, MappingError where its system's mappings are gone, and RunRefused while a run is under
    way.
    """
    said = []
    with only_run_of(settings, "tenure withdraw"), Warehouse.open(settings) as warehouse:
        delivered = delivered_files(warehouse)
        found = [find_delivered(delivered, name, system, again) for name in names]
        sources = load_sources(warehouse, settings)
        fed = sources or CompanySources(folders={}, as_of=None)
        mappings = {
            file.system: find_mappings(file.system, fed.mapping_folders(settings, file.system))
            for file in found
            if file
        }
        contract = load_contract()
        for name, file in zip(names, found, strict=True):
            if file is None:
                said.append(
                    f"{name} is withdrawn already, and nothing was done. What holds of an earlier "
                    "delivery under its name is withdrawn with --again."
                )
                continue
            # A moment of its own for each: what holds is asked for by moments.
            now = datetime.now(UTC)
            folder = fed.folders.get(file.system)
            of_system = mappings[file.system]
            said.append(withdraw(warehouse, contract, file, folder, now, of_system))
    return said


def print_delivered(console: Terminal, settings: Settings) -> None:
    """The delivered files of which something holds, and those that are withdrawn."""
    with Warehouse.open(settings) as warehouse:
        files = delivered_files(warehouse)
    if not files:
        console.print("Nothing was delivered yet.")
        return
    table = Table("system", "file", "tables", "read", "withdrawn", box=None)
    for file in files:
        table.add_row(*map(plain, _cells(file)))
    console.print(table)
    console.print("Take one back: tenure withdraw FILE")


def _cells(file: Delivered) -> tuple[str, ...]:
    days = (file.recorded_at, file.withdrawn_at)
    read, withdrawn = (f"{day:%Y-%m-%d %H:%M}" if day else "" for day in days)
    return (file.system, file.file, ", ".join(file.tables), read, withdrawn)
