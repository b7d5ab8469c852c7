"""`tenure check`: a delivery loaded into a database of its own, counted, and dropped."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from orchestration.as_of.text import plain
from orchestration.lib.company import CompanySources, load_sources
from orchestration.run import RunRefused, check_sources, only_run_of
from sources import (
    IngestError,
    TableLoad,
    find_mappings,
    ingest,
    load_contract,
    reconcile_quarantine,
)
from warehouse import Settings, Warehouse, WarehouseError
from warehouse.urls import libpq_url

COUNTS = """
select
    loads.system,
    loads.source || '.' || loads.table_name as table_name,
    loads.rows_in,
    loads.rows_loaded,
    loads.rows_quarantined,
    loads.rows_duplicate,
    coalesce(corrected.row_count, 0) as rows_corrected
from tenure.loads
left join (
    select
        system,
        source,
        table_name,
        count(distinct (file, row_number)) as row_count
    from quarantine.corrected_cells
    group by system, source, table_name
) as corrected using (system, source, table_name)
where loads.rows_in > 0
order by loads.system, table_name
"""

# What two columns of a row, or two tables, say against each other: a sentence, the table, its key,
# and the condition.
CONTRADICTIONS = (
    (
        "are open by their status and have a time at which they were solved",
        "support.tickets",
        "ticket_id",
        "lower(status) in ('open', 'new', 'pending', 'on hold') and solved_at is not null",
    ),
    (
        "are solved by their status and have no time at which they were",
        "support.tickets",
        "ticket_id",
        "lower(status) in ('solved', 'closed', 'resolved', 'done') and solved_at is null",
    ),
    (
        "are paid by their status and void by their time",
        "billing.invoices",
        "invoice_id",
        "lower(status) = 'paid' and voided_at is not null",
    ),
    (
        "are won and lost at once",
        "crm.opportunities",
        "opportunity_id",
        "(is_won and stage ilike '%lost%') or (not is_won and stage ilike '%won%')",
    ),
    (
        "were cancelled before they began",
        "billing.subscriptions",
        "subscription_id",
        "cancelled_at < started_at",
    ),
    (
        "have left and hold a subscription without an end",
        "crm.accounts",
        "account_id",
        "closed_at is not null and account_id in (select account_id from billing.subscriptions "
        "where _superseded_at is null and ended_at is null and mrr_cents > 0)",
    ),
    (
        "have no subscription, so that no money and no renewal is known of them",
        "crm.accounts",
        "account_id",
        "account_id not in (select account_id from billing.subscriptions "
        "where _superseded_at is null)",
    ),
)


@dataclass(frozen=True)
class Checked:
    """What became of each row, and sentences about what a person should look at.

    `is_loaded` is whether each table that was delivered could be loaded.
    """

    counts: list[dict[str, Any]]
    problems: list[str]
    contradictions: list[str]
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
            contradictions=find_contradictions(warehouse),
            is_loaded=not failures and all(load.status != "failed" for load in loads),
        )


def asked_sources(
    settings: Settings, asked: dict[str, Path], mappings: Path | None
) -> CompanySources:
    """The systems named, else those that the company was fed from at its last run."""
    if asked:
        return CompanySources(asked, None, dict.fromkeys(asked, mappings) if mappings else {})
    try:
        with Warehouse.open(settings, prepare=False) as warehouse:
            known = load_sources(warehouse, settings)
    except WarehouseError:
        known = None
    if known is None:
        raise RunRefused("Name what to check: tenure check --source SYSTEM --data FOLDER")
    return known


def scratch_settings(settings: Settings) -> Settings:
    """A company beside the company, in a database of its own on the same server."""
    scratch = replace(settings, company=f"{settings.company[:34]}_check")
    if settings.is_embedded:
        return scratch
    database = f"{settings.database[:50]}_check"
    return replace(scratch, database_url=libpq_url(settings, database=database))


@contextmanager
def scratch_warehouse(settings: Settings) -> Iterator[Warehouse]:
    """An empty warehouse that is dropped at the end. Raises RunRefused while another is in use."""
    scratch = scratch_settings(settings)
    beside = Warehouse(settings)
    with only_run_of(scratch):
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
        reconcile_quarantine(warehouse, contract, [source])
    return loads, list(dict.fromkeys(failures))


def find_contradictions(warehouse: Warehouse) -> list[str]:
    """A sentence for each kind of contradiction that there is, with one example."""
    sentences = []
    for words, table, key, condition in CONTRADICTIONS:
        [found] = warehouse.read_arrow(
            f"select count(*) as number, min({key}) as example from {table} "
            f"where _superseded_at is null and ({condition})"
        ).to_pylist()
        if found["number"]:
            sentences.append(
                f"{table}: {found['number']:,} {words}, for example {key} {found['example']}"
            )
    return sentences


def print_checked(console: Console, checked: Checked) -> None:
    """Counts per table, then each rule that was broken, with one example."""
    table = Table(box=None, pad_edge=False)
    for title in ("table", "rows in", "loaded", "corrected", "quarantined", "duplicates"):
        table.add_column(title, justify="left" if title == "table" else "right")
    for row in checked.counts:
        numbers = (
            row["rows_in"],
            row["rows_loaded"] - row["rows_corrected"],
            row["rows_corrected"],
            row["rows_quarantined"],
            row["rows_duplicate"],
        )
        table.add_row(plain(row["table_name"]), *(f"{number:,}" for number in numbers))
    console.print(table)
    for title, lines in (
        ("Look at these", checked.problems),
        ("Contradictions", checked.contradictions),
    ):
        if lines:
            console.print(f"\n{title}:")
        for line in lines:
            console.print(plain(f"  {line}"), highlight=False, soft_wrap=True)
    console.print(
        "\nrows in = loaded + corrected (loaded with a cell unknown) + quarantined + duplicates. "
        "The company itself was not touched.",
        highlight=False,
    )
