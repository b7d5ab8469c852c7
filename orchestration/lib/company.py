"""Which systems a company is fed from, and as of which date: what every run starts from.

It is kept in the company's own warehouse, so that the command line, the schedules and a click in
the Dagster UI all run the same thing.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

import pandas as pd

from sources import MAPPINGS
from warehouse import Settings, Warehouse


@dataclass(frozen=True)
class CompanySources:
    """Folder of raw files per system, and the as-of date asked for (None: the newest fact).

    `mappings` are the folders that a run named for its systems (`--mappings`).
    """

    folders: dict[str, Path]
    as_of: date | None
    mappings: dict[str, Path] = field(default_factory=dict)

    def mapping_folders(self, settings: Settings, system: str) -> Sequence[Path]:
        """Where the mappings of a system are looked for, in this order.

        One that a run named and that is gone is the only one: the others would read other columns.
        """
        named = self.mappings.get(system)
        if named is not None and not named.is_dir():
            return (named,)
        return (*([named] if named else []), settings.mappings, MAPPINGS)


def save_sources(warehouse: Warehouse, settings: Settings, sources: CompanySources) -> None:
    """Remember what to run; later runs without arguments use it."""
    systems = {
        system: {"data": str(folder.resolve())}
        | ({"mappings": str(mappings.resolve())} if mappings else {})
        for system, folder in sources.folders.items()
        for mappings in [sources.mappings.get(system)]
    }
    warehouse.execute(
        """
        insert into tenure.company (company, as_of_date, systems, updated_at)
        values (%(company)s, %(as_of)s, %(systems)s, now())
        on conflict (company) do update set
            as_of_date = excluded.as_of_date,
            systems = excluded.systems,
            updated_at = excluded.updated_at
        """,
        {"company": settings.company, "as_of": sources.as_of, "systems": json.dumps(systems)},
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
    # An earlier version kept the folder of the files alone.
    systems = {
        system: {"data": places} if isinstance(places, str) else places
        for system, places in json.loads(rows["systems"].iloc[0]).items()
    }
    as_of = rows["as_of_date"].iloc[0]
    return CompanySources(
        folders={system: Path(places["data"]) for system, places in systems.items()},
        as_of=None if pd.isna(as_of) else as_of.date(),
        mappings={
            system: Path(places["mappings"])
            for system, places in systems.items()
            if "mappings" in places
        },
    )
