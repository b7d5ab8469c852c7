"""Great Expectations as blocking checks: what fails here goes no further."""

from collections.abc import Iterator

import dagster as dg

from expectations import TableCheck, record_checks, run_suite
from orchestration.defs.ingestion import contract
from orchestration.lib.resources import CompanyWarehouse
from orchestration.lib.retries import retried_on_connection_loss

CHECK_NAME = "great_expectations"


def check_result(check: TableCheck) -> dg.AssetCheckResult:
    """A suite's verdict on one table, as Dagster shows it."""
    return dg.AssetCheckResult(
        asset_key=[check.suite, check.table_name],
        check_name=CHECK_NAME,
        passed=check.is_passed,
        description="\n".join(check.failures)
        or check.note
        or f"{check.expectation_count} expectations hold",
        metadata={"expectations": check.expectation_count, "failed": check.failed_count},
    )


def build_check(suite: str, tables: list[str]) -> dg.AssetChecksDefinition:
    """The blocking checks of one suite, one per table."""

    @dg.multi_asset_check(
        name=f"expect_{suite}",
        specs=[
            dg.AssetCheckSpec(
                CHECK_NAME,
                asset=[suite, table],
                blocking=True,
                description=f"Suite {suite}: what must hold of {suite}.{table} as a whole.",
            )
            for table in tables
        ],
    )
    def check(companies: CompanyWarehouse) -> Iterator[dg.AssetCheckResult]:
        with retried_on_connection_loss(), companies.open() as warehouse:
            checks = run_suite(warehouse, suite)
            record_checks(warehouse, checks)
        yield from (check_result(check) for check in checks)

    return check


raw_checks = [
    build_check(source.name, [table.name for table in source.tables]) for source in contract.sources
]
prediction_check = build_check("ml", ["predictions"])
