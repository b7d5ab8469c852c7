"""Which systems a company is fed from, and as of which date: what every run starts from.

It is kept in the company's own warehouse, so that the command line, the schedules and a click in
the Dagster UI all run the same thing.
"""

import json
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pandas as pd

from warehouse import Settings, Warehouse


@dataclass(frozen=True)
class CompanySources:
    """Folder of raw files per system, and the as-of date asked for (None: the newest fact)."""

    folders: dict[str, Path]
    as_of: date | None


def save_sources(warehouse: Warehouse, settings: Settings, sources: CompanySources) -> None:
    """Remember what to run; later runs without arguments use it."""
    folders = {system: str(folder.resolve()) for system, folder in sources.folders.items()}
    warehouse.execute(
        """
        insert into tenure.company (company, as_of_date, systems, updated_at)
        values (%(company)s, %(as_of)s, %(systems)s, now())
        on conflict (company) do update set
            as_of_date = excluded.as_of_date,
            systems = excluded.systems,
            updated_at = excluded.updated_at
        """,
        {"company": settings.company, "as_of": sources.as_of, "systems": json.dumps(folders)},
    )


def load_sources(warehouse: Warehouse, settings: Settings) -> CompanySources | None:
    """What this company is fed from; None when it has never been run."""
    rows = warehouse.read(
        "select systems, as_of_date from tenure.company"
        " where company = %(company)s and systems is not null",
        {"company": settings.company},
    )
    if rows.empty:
        return None
    systems = json.loads(rows["systems"].iloc[0])
    as_of = rows["as_of_date"].iloc[0]
    return CompanySources(
        folders={system: Path(folder) for system, folder in systems.items()},
        as_of=None if pd.isna(as_of) else as_of.date(),
    )
