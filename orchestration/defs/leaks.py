"""The leak check: columns that alone tell who has left are named, and not learnt from."""

from collections.abc import Iterator

import dagster as dg

from orchestration.defs.ingestion import RAW_KEYS, contract
from orchestration.lib import signatures
from orchestration.lib.resources import CompanyWarehouse
from orchestration.lib.retries import retried_on_connection_loss
from orchestration.lib.runs import RunRequest, resolved_run
from sources import check_leaks, found_leaks, read_leak_policy
from warehouse.plain_text import log_line, markdown

SUSPECTS = dg.AssetKey(["tenure", "suspected_leaks"])
CHECK_NAME = "no_column_knows_the_outcome"


@dg.multi_asset(
    name="find_leaks",
    specs=[
        dg.AssetSpec(
            SUSPECTS,
            deps=RAW_KEYS,
            description="One row per unknown column that alone tells who has left.",
            group_name="operations",
            owners=["team:data"],
            kinds={"python", "postgres"},
        )
    ],
    check_specs=[
        dg.AssetCheckSpec(
            CHECK_NAME,
            asset=SUSPECTS,
            description="No column that the contract does not know ranks customers too well.",
        )
    ],
)
def find_leaks(
    context: dg.AssetExecutionContext, companies: CompanyWarehouse, request: RunRequest
) -> Iterator[dg.MaterializeResult | dg.AssetCheckResult]:
    """Examine the columns once all raw tables are loaded: billing says who has left."""
    with retried_on_connection_loss(), companies.open() as warehouse:
        run, as_of = resolved_run(warehouse, companies.settings, context, request)
        policy = read_leak_policy()
        signature = signatures.digest([signatures.raw_versions(warehouse), as_of, policy])
        name = signatures.asset_name(SUSPECTS)
        if signatures.is_current(warehouse, run, name, signature):
            check = found_leaks(warehouse)
        else:
            signatures.forget(warehouse, [name])
            check = check_leaks(warehouse, contract, policy, as_of)
            signatures.record(warehouse, {name: signature}, run.run_id)
    for message in check.messages:
        context.log.warning(log_line(message))
    yield dg.MaterializeResult(
        metadata={
            "dagster/row_count": len(check.suspects),
            "is_rebuilt": check.examined_columns is not None,
            "problems": [log_line(message) for message in check.messages],
        }
    )
    yield dg.AssetCheckResult(
        check_name=CHECK_NAME,
        passed=not check.messages,
        # A warning: the column reaches no model, so there is nothing to stop.
        severity=dg.AssetCheckSeverity.WARN,
        description="\n".join(map(markdown, check.messages))
        or "No column that the contract does not know looks as if it knew the outcome",
    )
