"""What a failed check holds back: the models that need its table keep their last good state."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from expectations import OWN_SUITE, is_accepted
from sources import Contract
from warehouse import Warehouse

# In a check's metadata: whether what needs its table is held back.
HOLDS_BACK = "holds_back"

FAILED_SQL = """
select suite, table_name
from tenure.checks
where not is_passed and suite != %(own)s
order by suite, table_name
"""

BUILT_AS_OF_SQL = """
select max(runs.as_of_date) as as_of_date
from tenure.asset_states as states
inner join tenure.runs as runs on states.run_id = runs.run_id
where states.asset = any(%(assets)s)
"""

SHOWN_SQL = """
select
    (select as_of_date from tenure.runs where run_id = %(run)s) as as_of_date,
    (
        select max(as_of_date)
        from tenure.runs
        where status = 'succeeded' and started_at = (
            select max(started_at) from tenure.runs where status = 'succeeded'
        )
    ) as last_as_of_date,
    (
        select count(*)
        from tenure.asset_states
        where run_id = %(run)s and starts_with(asset, 'marts/')
    ) as built
"""

ACCEPTED_SQL = """
update tenure.checks
set held_marts = '{}', held_as_of_date = null
where not is_passed and suite != %(own)s
"""

RECORD_SQL = """
update tenure.checks
set held_marts = %(marts)s, held_as_of_date = %(as_of_date)s
where suite || '.' || table_name = %(table)s
"""


class HeldBack(Exception):
    """A check of a raw table failed; the message names it and what was not built."""


@dataclass(frozen=True)
class HeldMarts:
    """The marts that need one table whose check failed, and the day that they are of.

    No day: they are not there yet.
    """

    table: str
    marts: tuple[str, ...]
    as_of_date: date | None


def failed_tables(warehouse: Warehouse) -> list[str]:
    """The raw tables (`schema.table`) whose check failed and was not accepted."""
    failed = warehouse.read(FAILED_SQL, {"own": OWN_SUITE})
    return [
        f"{suite}.{table}"
        for suite, table in failed.itertuples(index=False)
        if not is_accepted(suite, table)
    ]


def with_children(contract: Contract, tables: Iterable[str]) -> set[str]:
    """These raw tables, and those whose rows wait in quarantine for a row of theirs."""
    found = set(tables)
    for table in contract.tables:
        if any(f"{parent.source}.{parent.table}" in found for parent in table.parents):
            found.add(table.full_name)
    return found


def built_as_of(warehouse: Warehouse, assets: Collection[str]) -> date | None:
    """The day that the newest of these was built as of; None where none of them was."""
    found = warehouse.read_arrow(BUILT_AS_OF_SQL, {"assets": list(assets)})
    return found["as_of_date"][0].as_py()


def record_held(warehouse: Warehouse, held: Iterable[HeldMarts]) -> None:
    """Keep beside each failed check what it holds back: nothing, where it was accepted."""
    with warehouse.transaction() as connection, connection.cursor() as cursor:
        cursor.execute(ACCEPTED_SQL, {"own": OWN_SUITE})
        for each in held:
            cursor.execute(RECORD_SQL, {**vars(each), "marts": list(each.marts)})


def shown_in_words(warehouse: Warehouse, run_id: str) -> str:
    """Which day marts and app show after a run that failed."""
    found = warehouse.read_arrow(SHOWN_SQL, {"run": run_id}).to_pylist()[0]
    last = found["last_as_of_date"]
    before = f"the last good run, as of {last}" if last else "nothing: no run has succeeded yet"
    if not found["built"]:
        return f"Marts and app show {before}."
    return (
        f"{found['built']} marts are as of {found['as_of_date']}. Beside these, marts and app "
        f"show {before}."
    )


def held_in_words(held: Sequence[HeldMarts], others: Collection[str], of: int, as_of: date) -> str:
    """What was not built and why, which day it shows, and which others of all marts are of the
    run's day."""
    tables = " and ".join(each.table for each in held)
    failed = f"The check{'s' * (len(held) > 1)} of {tables} failed"
    them = "it" if len(held) == 1 else "them"
    marts = sorted({mart for each in held for mart in each.marts})
    if not marts:
        return f"{failed}; no mart needs {them}."
    days = [each.as_of_date for each in held if each.as_of_date]
    shown = f"still as of {max(days)}" if days else "not there yet"
    said = f"{failed}. Held back, for they need {them}, {len(marts)} of {of} marts, {shown}: "
    built = f" As of {as_of}: {', '.join(sorted(others))}." if others else ""
    return f"{said}{', '.join(marts)}.{built}"
