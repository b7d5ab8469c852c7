"""The last step of every run, and what says that one failed."""

import json
from pathlib import Path

import dagster as dg

from orchestration.defs.leaks import SUSPECTS
from orchestration.defs.transformation import dbt_models_with_predictions, project
from orchestration.lib.resources import CompanyWarehouse
from orchestration.lib.retries import retried_on_connection_loss
from orchestration.lib.runs import RunRequest, close_run, current_run
from orchestration.lib.scoring_inputs import keep_scoring_inputs, kept_relations

RUNS = dg.AssetKey(["tenure", "runs"])


@dg.multi_asset(
    name="finish_run",
    specs=[
        dg.AssetSpec(
            RUNS,
            deps=[*dbt_models_with_predictions.keys, SUSPECTS],
            description="One row per run: its as-of date, what it knew, and how it ended.",
            group_name="operations",
            owners=["team:data"],
            kinds={"postgres"},
        )
    ],
)
def finish_run(
    context: dg.AssetExecutionContext, companies: CompanyWarehouse, request: RunRequest
) -> dg.MaterializeResult:
    """Keep what scores were made of, and close the run: everything before this step has passed."""
    manifest = json.loads(Path(project.manifest_path).read_text(encoding="utf-8"))
    with retried_on_connection_loss(), companies.open() as warehouse:
        run = current_run(warehouse, context, request)
        keep_scoring_inputs(warehouse, run, kept_relations(manifest))
        close_run(warehouse, run.run_id, "succeeded")
    return dg.MaterializeResult(
        metadata={
            "as_of": str(run.as_of_date),
            "known_as_of": dg.MetadataValue.timestamp(run.known_as_of),
        }
    )


@dg.failure_hook(name="fail_run", required_resource_keys={"companies"})
def fail_run(context: dg.HookContext) -> None:
    """A step that failed ends its run in the warehouse, too."""
    with context.resources.companies.open() as warehouse:
        close_run(warehouse, context.run_id, "failed")
