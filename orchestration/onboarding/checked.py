"""`tenure check`: a delivery loaded into a database of its own, counted, and dropped."""

import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from rich.table import Table

from orchestration.lib.company import CompanySources, load_sources
from orchestration.run import RunRefused, check_sources
from orchestration.terminal import Terminal, plain
from sources import (
    Contract,
    IngestError,
    TableLoad,
    find_mappings,
    ingest,
    load_contract,
    reconcile_quarantine,
)
from sources.events import EVENTS
from sources.guessing.tables import ACCOUNTS
from warehouse import Settings, Warehouse, WarehouseError
from warehouse.urls import libpq_url

COUNTS = """
select
    balances.system,
    balances.source || '.' || balances.table_name as table_name,
    balances.rows_in,
    balances.rows_loaded,
    balances.rows_corrected,
    balances.rows_quarantined,
    balances.rows_duplicate,
    coalesce(strangers.row_count, 0) as rows_without_customer
from tenure.table_balances as balances
left join (
    select
        system,
        source,
        table_name,
        count(*) as row_count
    from quarantine.rejected_rows
    where rule like '%(account_id)' or message ~ '(^|; )account_id '
    group by system, source, table_name
) as strangers using (system, source, table_name)
where balances.rows_in > 0
order by balances.system, table_name
"""


@dataclass(frozen=True)
class Checked:
    """What became of each row, and sentences about what a person should look at.

    `is_loaded` is whether each table that was delivered could be loaded.
    """

    counts: list[dict[str, Any]]
    problems: list[str]
    is_loaded: bool


def check_company(settings: Settings, asked: dict[str, Path], mappings: Path | None) -> Checked:
    """Load what is asked for, else what the company is fed from, into a scratch database.

    The company is not touched. Raises RunRefused when there is nothing that could be read.
    """
    sources = asked_sources(settings, asked, mappings)
    check_sources(settings, sources)
    with scratch_warehouse(settings) as warehouse:
        loads, failures = load_all(settings, warehouse, sources)
        return Checked(
            counts=warehouse.read_arrow(COUNTS).to_pylist(),
            problems=[*failures, *(problem for load in loads for problem in load.problems)],
            is_loaded=not failures and all(load.status != "failed" for load in loads),
        )


def asked_sources(
    settings: Settings, asked: dict[str, Path], mappings: Path | None
) -> CompanySources:
    """The systems named, else those that the company was fed from at its last run.

    Mappings that a run named are remembered, as for a run.
    """
    try:
        with Warehouse.open(settings, prepare=False) as warehouse:
            known = load_sources(warehouse, settings)
    except WarehouseError:
        known = None
    if asked:
        remembered = known.mappings if known else {}
        named = {
            system: folder
            for system in asked
            if (folder := mappings or remembered.get(system)) is not None
        }
        return CompanySources(asked, None, named)
    if known is None:
        raise RunRefused("Name what to check: tenure check --source SYSTEM --data FOLDER")
    return known


def scratch_settings(settings: Settings) -> Settings:
    """A company beside the company, in a database of its own on the same server.

    No other company can have its name, which is random: at the end both are dropped.
    """
    scratch = replace(settings, company=f"check_{secrets.token_hex(8)}")
    if settings.is_embedded:
        return scratch
    database = f"{settings.database[:40]}_{scratch.company}"
    return replace(scratch, database_url=libpq_url(settings, database=database))


@contextmanager
def scratch_warehouse(settings: Settings) -> Iterator[Warehouse]:
    """An empty warehouse that is dropped at the end."""
    scratch = scratch_settings(settings)
    beside = Warehouse(settings)
    try:
        if not settings.is_embedded:
            beside.ensure_database(scratch.database)
        with Warehouse.open(scratch) as warehouse:
            yield warehouse
    finally:
        beside.drop_database(scratch.database)
        shutil.rmtree(scratch.company_home, ignore_errors=True)


def load_all(
    settings: Settings, warehouse: Warehouse, sources: CompanySources
) -> tuple[list[TableLoad], list[str]]:
    """Load every raw schema from every system, parents first; the loads, and why some failed."""
    contract = load_contract()
    loads: list[TableLoad] = []
    failures: list[str] = []
    for source in contract.source_order:
        for system, folder in sources.folders.items():
            found = find_mappings(system, sources.mapping_folders(settings, system))
            try:
                loads += ingest(
                    warehouse, warehouse.settings, contract, system, folder, [source], found
                )
            except IngestError as error:
                failures += str(error).splitlines()
        try:
            reconcile_quarantine(warehouse, contract, [source])
        except IngestError as error:
            failures += str(error).splitlines()
    return loads, list(dict.fromkeys(failures))


def of_a_customer(contract: Contract, counts: dict[str, Any]) -> int | None:
    """How many rows of a table found their customer; None where its rows have none."""
    name = counts["table_name"]
    table = EVENTS if name == EVENTS.full_name else contract.table(name)
    if name == ACCOUNTS or "account_id" not in table.column_names:
        return None
    return counts["rows_in"] - counts["rows_without_customer"]


def print_checked(console: Terminal, checked: Checked) -> None:
    """Counts per table, then each rule that was broken, with one example."""
    contract = load_contract()
    table = Table(box=None, pad_edge=False)
    titles = ("table", "rows in", "loaded", "corrected", "quarantined", "duplicates")
    for title in (*titles, "of a customer"):
        table.add_column(title, justify="left" if title == "table" else "right")
    for row in checked.counts:
        numbers = (
            row["rows_in"],
            row["rows_loaded"] - row["rows_corrected"],
            row["rows_corrected"],
            row["rows_quarantined"],
            row["rows_duplicate"],
        )
        found = of_a_customer(contract, row)
        table.add_row(
            plain(row["table_name"]),
            *(f"{number:,}" for number in numbers),
            "" if found is None else f"{found:,}",
        )
    console.print(table)
    if checked.problems:
        console.print()
        console.print("Look at these:")
    for line in checked.problems:
        console.print(plain(f"  {line}"), highlight=False, soft_wrap=True)
    console.print()
    console.print(
        "rows in = loaded + corrected (loaded with a cell unknown) + quarantined + duplicates; "
        "of a customer: rows whose customer is known. "
        "The company itself was not touched. What contradicts itself across tables is found by a "
        "run: tenure report data.",
        highlight=False,
    )
