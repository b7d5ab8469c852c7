"""What a failed check holds back: the models that need its table keep their last good state."""

from collections.abc import Collection, Container, Iterable, Mapping, Sequence
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

# Checks of tables that an earlier version knew: no check will correct them.
FORGET_SQL = """
delete from tenure.checks
where suite != %(own)s and suite || '.' || table_name <> all (%(tables)s)
"""

BUILT_AS_OF_SQL = """
select states.asset, runs.as_of_date
from tenure.asset_states as states
inner join tenure.runs as runs on states.run_id = runs.run_id
where states.asset = any(%(assets)s)
"""

SHOWN_SQL = """
select runs.as_of_date, count(*) as marts
from tenure.asset_states as states
inner join tenure.runs as runs on states.run_id = runs.run_id
where starts_with(states.asset, 'marts/')
group by runs.as_of_date
order by runs.as_of_date desc
"""

RECORD_SQL = """
update tenure.checks
set consequence = %(consequence)s
where suite || '.' || table_name = %(table)s
"""


class HeldBack(Exception):
    """A check of a raw table failed; the message names it and what was not built."""


@dataclass(frozen=True)
class HeldMarts:
    """The marts that wait for one table whose check failed, each with what it shows until then."""

    table: str
    marts: Mapping[str, str]


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


def forget_checks(warehouse: Warehouse, contract: Contract) -> None:
    """Forget the results of raw tables that the contract does not know any more."""
    tables = [table.full_name for table in contract.tables]
    warehouse.execute(FORGET_SQL, {"own": OWN_SUITE, "tables": tables})


def shown_until(
    warehouse: Warehouse, assets: Collection[str], there: Container[str]
) -> dict[str, str]:
    """What each of these assets shows while it is held back; `there` are those that exist."""
    rows = warehouse.read_arrow(BUILT_AS_OF_SQL, {"assets": list(assets)}).to_pylist()
    days = {row["asset"]: row["as_of_date"] for row in rows}
    shown = {}
    for asset in assets:
        if asset not in there:
            shown[asset] = "not there yet"
        elif asset in days:
            shown[asset] = f"still as of {days[asset]}"
        else:
            shown[asset] = "of a run that broke off"
    return shown


def record_held(warehouse: Warehouse, held: Iterable[HeldMarts]) -> None:
    """Keep beside each failed check what it holds back."""
    with warehouse.transaction() as connection, connection.cursor() as cursor:
        for each in held:
            said = f"Held back, for they need it or new predictions, {by_day(each.marts)}."
            consequence = said if each.marts else "No mart needs it."
            cursor.execute(RECORD_SQL, {"table": each.table, "consequence": consequence})


def shown_in_words(warehouse: Warehouse) -> str:
    """Of which days the marts are."""
    rows = warehouse.read_arrow(SHOWN_SQL).to_pylist()
    days = "; as of ".join(f"{row['as_of_date']}: {row['marts']}" for row in rows)
    return f"Marts built as of {days}." if days else "No mart is known to be whole."


def by_day(marts: Mapping[str, str]) -> str:
    """Marts by what they show, the newest day first."""
    groups = [
        f"{shown}: {', '.join(sorted(mart for mart in marts if marts[mart] == shown))}"
        for shown in sorted(set(marts.values()), reverse=True)
    ]
    return "; ".join(groups)


def held_in_words(held: Sequence[HeldMarts], others: Collection[str], of: int, as_of: date) -> str:
    """What was not built and why, which days it shows, and which others of all marts are of the
    run's day; empty where no mart is held back."""
    holding = [each for each in held if each.marts]
    if not holding:
        return ""
    tables = " and ".join(each.table for each in holding)
    failed = f"The check{'s' * (len(holding) > 1)} of {tables} failed"
    them = "it" if len(holding) == 1 else "them"
    marts = {mart: shown for each in holding for mart, shown in each.marts.items()}
    built = f" As of {as_of}: {', '.join(sorted(others))}." if others else ""
    return (
        f"{failed}. Held back, for they need {them} or new predictions, "
        f"{len(marts)} of {of} marts, {by_day(marts)}.{built}"
    )
