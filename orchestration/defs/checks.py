"""Great Expectations as checks: what is built on a table that fails goes no further.

A check that fails stops steps only where it must: dbt is one step, and would not build what has
nothing to do with the table. So the failed check of a raw table warns, and the build holds back
what needs the table (`orchestration/lib/held.py`).
"""

from collections.abc import Iterator

import dagster as dg

from expectations import OWN_SUITE, TableCheck, is_accepted, passed_checks, record_checks, run_suite
from expectations.suites import code_text, load_suite, suite_text
from orchestration.defs.ingestion import contract
from orchestration.lib import signatures
from orchestration.lib.check_names import PLAUSIBLE, SENTENCES
from orchestration.lib.held import HOLDS_BACK
from orchestration.lib.resources import CompanyWarehouse
from orchestration.lib.retries import retried_on_connection_loss
from warehouse import Warehouse
from warehouse.plain_text import log_line, markdown

# Claims compare a table with the customers, and with what was delivered for it.
LOADS_SQL = """
select table_name, string_agg(system || rows_in || ' ' || rows_quarantined, ' ' order by system)
    as loads
from tenure.loads
where source = %(suite)s
group by table_name
"""


# Keys of these are looked up while other sources load: rows that find none go into quarantine, and
# would come back with a history of their own.
KEYS_OF_OTHERS = frozenset(
    (parent.source, parent.table)
    for table in contract.tables
    for parent in table.parents
    if parent.source != table.source
)


def stops_steps(suite: str, table: str) -> bool:
    """Whether no step that comes after the table may run while its check fails."""
    return suite == OWN_SUITE or (suite, table) in KEYS_OF_OTHERS


def check_result(check: TableCheck) -> dg.AssetCheckResult:
    """A suite's result on one table, as Dagster shows it; one that was accepted only warns."""
    holds_back = not check.is_passed and not is_accepted(check.suite, check.table_name)
    is_error = holds_back and stops_steps(check.suite, check.table_name)
    said = check.failures or [check.note or f"{check.expectation_count} expectations hold"]
    if holds_back and not is_error:
        said = [*said, f"What needs {check.suite}.{check.table_name} is held back until it passes."]
    return dg.AssetCheckResult(
        asset_key=[check.suite, check.table_name],
        check_name=PLAUSIBLE,
        passed=check.is_passed,
        severity=dg.AssetCheckSeverity.ERROR if is_error else dg.AssetCheckSeverity.WARN,
        # Dagster shows it as Markdown, and the terminal the sentences as they are.
        description="\n".join(map(markdown, said)),
        metadata={
            SENTENCES: [log_line(sentence) for sentence in said],
            "expectations": check.expectation_count,
            "failed": check.failed_count,
            HOLDS_BACK: holds_back,
        },
    )


def evaluated_signatures(warehouse: Warehouse, suite: str, tables: list[str]) -> dict[str, str]:
    """What each table's result depends on: the claims, its rows, the customers, the load audit."""
    versions = signatures.raw_versions(warehouse)
    built = signatures.recorded(warehouse)
    loads = warehouse.read(LOADS_SQL, {"suite": suite}).set_index("table_name")["loads"].to_dict()
    # claims of one table may read the others of its suite
    of_suite = {name: version for name, version in versions.items() if name.startswith(f"{suite}.")}
    return {
        table: signatures.digest(
            [
                suite_text(suite),
                code_text(),
                of_suite,
                versions.get("crm.accounts"),
                built.get(f"{suite}/{table}"),
                loads,
            ]
        )
        for table in tables
    }


def checked(warehouse: Warehouse, suite: str, tables: list[str]) -> list[TableCheck]:
    """Each table's result: the one on record where nothing has changed since, else a new one."""
    wanted = evaluated_signatures(warehouse, suite, tables)
    standing = passed_checks(warehouse, suite, wanted)
    due = [table for table in tables if table not in standing]
    made = run_suite(warehouse, suite, due) if due else []
    record_checks(warehouse, made, wanted)
    results = {**standing, **{check.table_name: check for check in made}}
    return [results[table] for table in tables]


def claims_in_words(suite: str, table: str) -> str:
    """What is expected of a table, a line for each claim."""
    claims = load_suite(suite).table(table).claims
    return "\n".join(
        [f"Great Expectations, suite {suite}. Of {suite}.{table} must hold:", ""]
        + [f"- {claim.sentence}" for claim in claims]
    )


def build_check(suite: str, tables: list[str]) -> dg.AssetChecksDefinition:
    """The blocking checks of one suite, one per table."""

    @dg.multi_asset_check(
        name=f"expect_{suite}",
        specs=[
            dg.AssetCheckSpec(
                PLAUSIBLE,
                asset=[suite, table],
                blocking=True,
                description=claims_in_words(suite, table),
            )
            for table in tables
        ],
    )
    def check(companies: CompanyWarehouse) -> Iterator[dg.AssetCheckResult]:
        with retried_on_connection_loss(), companies.open() as warehouse:
            checks = checked(warehouse, suite, tables)
        yield from (check_result(check) for check in checks)

    return check


raw_checks = [
    build_check(source.name, [table.name for table in source.tables]) for source in contract.sources
]
prediction_check = build_check("ml", ["predictions"])
