"""A run as the warehouse knows it: resolved once, read by every step, closed at the end.

What a run is asked for travels in Dagster's run config; what came of it (as-of date, moment as
known) is a row of `tenure.runs` and a tag of the Dagster run.
"""

import hashlib
from dataclasses import dataclass, replace
from datetime import date, datetime
from functools import cache
from pathlib import Path
from typing import Protocol

import dagster as dg
import pandas as pd

from orchestration.lib.company import load_sources
from orchestration.lib.dbt_project import PROJECT_DIR
from sources import newest_fact_date
from warehouse import Settings, Warehouse

CODE_FOLDERS = ("dbt_project", "expectations", "ml", "orchestration", "sources", "warehouse")
CODE_SUFFIXES = {".py", ".sql", ".yml"}

# A run that still calls itself running when the next one starts was killed: one company has one
# run at a time.
OPEN_RUN = """
update tenure.runs set status = 'interrupted', finished_at = now()
where status = 'running' and run_id <> %(run_id)s;

insert into tenure.runs (
    run_id, job, status, as_of_date, known_as_of, is_known_as_of_given, is_full_refresh,
    code_version, policy_version
)
select
    %(run_id)s,
    %(job)s,
    'running',
    %(as_of)s,
    -- later than every run before, even where the clock was set back
    coalesce(
        %(known_as_of)s,
        greatest(now(), max(known_as_of) filter (where not is_known_as_of_given) + interval '1 us')
    ),
    %(known_as_of)s::timestamptz is not null,
    %(full_refresh)s,
    %(code_version)s,
    %(policy_version)s
from tenure.runs
on conflict (run_id) do nothing
"""

READ_RUN = """
select run_id, as_of_date, known_as_of, is_known_as_of_given, is_full_refresh
from tenure.runs
where run_id = %(run_id)s
"""

CLOSE_RUN = """
update tenure.runs set status = %(status)s, finished_at = now()
where run_id = %(run_id)s and status = 'running'
"""


class RunRequest(dg.ConfigurableResource):
    """What a run is asked for; without it, everything as of the newest fact, as known now.

    as_of: look back from this day. known_as_of: read raw rows as they were known at this moment;
    nothing is loaded then. full_refresh: build every table anew, whatever is current.
    column_lineage: say of each column of what is built which columns it is made from; takes longer
    than the build, so it is off unless a run is started with it.
    """

    as_of: str | None = None
    known_as_of: str | None = None
    full_refresh: bool = False
    column_lineage: bool = False


class RunContext(Protocol):
    """What of Dagster's contexts a run needs."""

    @property
    def run(self) -> dg.DagsterRun: ...

    @property
    def instance(self) -> dg.DagsterInstance: ...


@dataclass(frozen=True)
class Run:
    """One run. `as_of_date` is None until the sources are loaded, where the caller named none."""

    run_id: str
    as_of_date: date | None
    known_as_of: datetime
    is_known_as_of_given: bool
    is_full_refresh: bool


@cache
def code_version() -> str:
    """Digest of the code that decides what a run writes."""
    content = hashlib.sha256()
    for folder in CODE_FOLDERS:
        for path in sorted((PROJECT_DIR.parent / folder).rglob("*")):
            if path.suffix in CODE_SUFFIXES:
                content.update(path.read_bytes())
    return content.hexdigest()[:16]


def policy_version(seeds: Path = PROJECT_DIR / "seeds") -> str:
    """Digest of the seeds: weights, cut-offs and targets are judgement, kept as data."""
    content = hashlib.sha256()
    for path in sorted(seeds.glob("*.csv")):
        content.update(path.name.encode() + path.read_bytes())
    return content.hexdigest()[:16]


def current_run(warehouse: Warehouse, context: RunContext, request: RunRequest) -> Run:
    """The row of this run, written by the first step that asks for it."""
    warehouse.execute(
        OPEN_RUN,
        {
            "run_id": context.run.run_id,
            "job": context.run.job_name,
            "as_of": request.as_of,
            "known_as_of": request.known_as_of,
            "full_refresh": request.full_refresh,
            "code_version": code_version(),
            "policy_version": policy_version(),
        },
    )
    return _read(warehouse, context.run.run_id)


def resolved_run(
    warehouse: Warehouse, settings: Settings, context: RunContext, request: RunRequest
) -> tuple[Run, date]:
    """The run with its as-of date: the one asked for, else the company's, else the newest fact's.

    For steps after ingestion. Resolved once: later steps read what the first one wrote.
    """
    run = current_run(warehouse, context, request)
    if run.as_of_date is not None:
        return run, run.as_of_date
    sources = load_sources(warehouse, settings)
    as_of = (sources.as_of if sources else None) or newest_fact_date(
        warehouse, run.known_as_of if run.is_known_as_of_given else None
    )
    warehouse.execute(
        "update tenure.runs set as_of_date = %(as_of)s where run_id = %(run_id)s",
        {"as_of": as_of, "run_id": run.run_id},
    )
    context.instance.add_run_tags(
        run.run_id,
        {
            "tenure/as_of": as_of.isoformat(),
            "tenure/known_as_of": run.known_as_of.isoformat(),
        },
    )
    return replace(run, as_of_date=as_of), as_of


def close_run(warehouse: Warehouse, run_id: str, status: str) -> None:
    """Say how a run ended (`succeeded` or `failed`); what has ended stays as it is."""
    warehouse.execute(CLOSE_RUN, {"run_id": run_id, "status": status})


def _read(warehouse: Warehouse, run_id: str) -> Run:
    row = warehouse.read(READ_RUN, {"run_id": run_id}).iloc[0]
    return Run(
        run_id=run_id,
        as_of_date=None if pd.isna(row["as_of_date"]) else row["as_of_date"].date(),
        known_as_of=row["known_as_of"].to_pydatetime(),
        is_known_as_of_given=bool(row["is_known_as_of_given"]),
        is_full_refresh=bool(row["is_full_refresh"]),
    )
