"""Whether there is anything to do at all: asked before a run starts, so that none need start."""

from pathlib import Path
from uuid import uuid4

from orchestration.lib.company import CompanySources
from orchestration.lib.runs import RunRequest, code_version, policy_version
from orchestration.lib.signatures import digest, raw_versions, recorded
from sources import find_mappings, newest_fact_date
from warehouse import Settings, Warehouse, WarehouseNotPrepared

RELATIONS_SQL = """
select n.nspname || '.' || c.relname as relation
from pg_class as c
inner join pg_namespace as n on c.relnamespace = n.oid
where c.relkind in ('r', 'v', 'm') and n.nspname in ('staging', 'intermediate', 'marts', 'ml')
order by 1
"""

LAST_RUN_SQL = """
select state_signature
from (
    select * from tenure.runs
    where status != 'unchanged'
    order by started_at desc
    limit 1
) as newest
where status = 'succeeded' and job = %(job)s
"""

# The run that had nothing to do knows what the newest one knew, and the sources are as fresh.
RECORD_SQL = """
insert into tenure.runs (
    run_id, job, status, as_of_date, known_as_of, is_known_as_of_given, is_full_refresh,
    code_version, policy_version, finished_at
)
select
    %(run_id)s, job, 'unchanged', as_of_date, known_as_of, is_known_as_of_given, is_full_refresh,
    code_version, policy_version, now()
from tenure.runs
where status = 'succeeded'
order by started_at desc
limit 1
"""


def file_stats(folder: Path) -> list[tuple[str, int, int]]:
    """Name, size and time of change of every file below a folder."""
    files = (path for path in sorted(folder.rglob("*")) if path.is_file())
    return [
        (path.relative_to(folder).as_posix(), stat.st_size, stat.st_mtime_ns)
        for path in files
        for stat in (path.stat(),)
    ]


def input_signature(settings: Settings, sources: CompanySources, request: RunRequest) -> str:
    """One hash of everything that a run reads. Taken before it starts: what is delivered while it
    runs is left to the next one."""
    return digest(
        [
            {
                system: [str(folder), file_stats(folder)]
                for system, folder in sources.folders.items()
            },
            {
                system: [str(folder), file_stats(folder / system)]
                for system in sources.folders
                for folder in [find_mappings(system, sources.mapping_folders(settings, system))]
            },
            request.model_dump(),
            code_version(),
            policy_version(),
        ]
    )


def state_signature(warehouse: Warehouse, inputs: str) -> str:
    """One hash of what a run has read and of all that it has left behind.

    The newest fact stands for the day: it moves where facts were dated ahead of their delivery.
    """
    return digest(
        [
            inputs,
            newest_fact_date(warehouse),
            raw_versions(warehouse),
            recorded(warehouse),
            warehouse.read_arrow(RELATIONS_SQL)["relation"].to_pylist(),
        ]
    )


def is_unchanged(warehouse: Warehouse, job: str, inputs: str) -> bool:
    """Whether the newest run was this one, succeeded, and left exactly the state there is."""
    left = warehouse.read_arrow(LAST_RUN_SQL, {"job": job})["state_signature"].to_pylist()
    try:
        return left != [] and left == [state_signature(warehouse, inputs)]
    except WarehouseNotPrepared:
        # A raw table of this version that the last run of an earlier one could not make.
        return False


def record_unchanged(warehouse: Warehouse) -> None:
    """Keep that a run was asked for and had nothing to do: the sources were looked at."""
    warehouse.execute(RECORD_SQL, {"run_id": str(uuid4())})


def save_signature(warehouse: Warehouse, run_id: str, signature: str) -> None:
    """Keep what a run has left behind, for the next one to compare with."""
    warehouse.execute(
        "update tenure.runs set state_signature = %(signature)s where run_id = %(run_id)s",
        {"signature": signature, "run_id": run_id},
    )
