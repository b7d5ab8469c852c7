"""Past weeks again, a partition each: their rows computed anew, their accounts scored."""

from collections.abc import Iterator
from datetime import date, timedelta

import dagster as dg

from ml.past import WeekScoring, score_week
from ml.targets import TARGETS, Target
from orchestration.defs.predictions import (
    MODELS,
    POLICY_SQL,
    SIGNALS_SQL,
    SNAPSHOTS,
    SNAPSHOTS_SQL,
    append_predictions,
    open_registry,
)
from orchestration.defs.transformation import build, manifest, plan_build
from orchestration.lib import signatures
from orchestration.lib.dbt_runner import failure
from orchestration.lib.dbt_state import BUILT, asset_name
from orchestration.lib.held import failed_tables
from orchestration.lib.resources import CompanyWarehouse
from orchestration.lib.retries import retried_on_connection_loss
from orchestration.lib.runs import Run, RunRequest, close_run, resolved_run
from warehouse import Warehouse

GROUP = "weeks"
ROWS = dg.AssetKey([GROUP, "account_weeks"])
SCORED = dg.AssetKey([GROUP, "predictions"])
TABLE = dg.AssetKey(["intermediate", "int_account_weeks"])

# A partition is a week from Monday to Sunday, named by its Monday; its snapshot is the Sunday's.
# Weeks before a company began have no rows, and say so.
WEEKS = dg.WeeklyPartitionsDefinition(start_date="2018-01-01", day_offset=1)

DELETE_WEEKS = """
delete from intermediate.int_account_weeks where snapshot_date = any(%(week_ends)s)
"""
COUNT_WEEKS = """
select count(*) as row_count from intermediate.int_account_weeks
where snapshot_date = any(%(week_ends)s)
"""
WEEK_SQL = f"{SNAPSHOTS_SQL} and snapshots.snapshot_date = %(week_end)s"
NEWEST_DIGESTS_SQL = """
select distinct on (of_table) input_digest
from (
    select 'predictions' as of_table, target, as_of_date, input_digest, scored_at
    from ml.predictions
    union all
    select 'hindcasts', target, as_of_date, input_digest, scored_at
    from ml.hindcasts
) as scored
where target = %(target)s and as_of_date = %(week_end)s
order by of_table, scored_at desc
"""


def week_ends(partition_keys: list[str]) -> list[date]:
    """The Sundays of weeks that are named by their Mondays."""
    return [date.fromisoformat(key) + timedelta(days=6) for key in partition_keys]


def compute_weeks(companies: CompanyWarehouse, run: Run, sundays: list[date], step: str) -> int:
    """Compute the weeks' rows, and all that is made from them, anew; how many rows there are.

    Without its rows a week is due, and so it stays should this be killed: the next run makes them.
    """
    models = {
        asset_name(node) for node in manifest["nodes"].values() if node["resource_type"] in BUILT
    }
    with retried_on_connection_loss(), companies.open() as warehouse:
        if failed := failed_tables(warehouse):
            raise dg.Failure(
                f"The check of {' and '.join(failed)} failed, and weeks are computed from all raw "
                "tables. Correct the delivery and run, then compute past weeks."
            )
        signatures.forget(warehouse, [signatures.asset_name(TABLE)])
        warehouse.execute(DELETE_WEEKS, {"week_ends": sundays})
        plan = plan_build(warehouse, run, models)
    if error := failure(build(companies, plan, step)):
        raise error
    with retried_on_connection_loss(), companies.open() as warehouse:
        return int(warehouse.read(COUNT_WEEKS, {"week_ends": sundays})["row_count"].iloc[0])


def score_target_week(
    warehouse: Warehouse, companies: CompanyWarehouse, target: Target, sunday: date, run_id: str
) -> WeekScoring:
    """Score one week and append what is new, forecasts and hindcasts each to their table."""
    newest = warehouse.read(NEWEST_DIGESTS_SQL, {"target": target.name, "week_end": sunday})
    scoring = score_week(
        target,
        open_registry(warehouse, companies.settings, target),
        snapshots=warehouse.read(WEEK_SQL, {"week_end": sunday}),
        signals=warehouse.read(SIGNALS_SQL),
        policy=warehouse.read(POLICY_SQL, {"target": target.name}),
        week_end=sunday,
        newest_digests=set(newest["input_digest"]),
    )
    if not scoring.forecasts.empty:
        append_predictions(warehouse, scoring.forecasts, run_id)
    if not scoring.hindcasts.empty:
        append_predictions(warehouse, scoring.hindcasts, run_id, "ml.hindcasts")
    return scoring


@dg.multi_asset(
    name="redo_weeks",
    specs=[
        dg.AssetSpec(
            ROWS,
            deps=[TABLE],
            description=(
                "One row per account and week-end of `intermediate.int_account_weeks`, computed "
                "anew for the weeks of a partition, with all that is made from them."
            ),
            group_name=GROUP,
            owners=["team:analytics-engineering"],
            kinds={"dbt", "postgres"},
            partitions_def=WEEKS,
            skippable=True,
        ),
        dg.AssetSpec(
            SCORED,
            deps=[ROWS, MODELS, SNAPSHOTS],
            description=(
                "One row per target and account open at the week's end: appended to "
                "`ml.predictions` where a model scores it that was trained by then, and to "
                "`ml.hindcasts` where only a later one can."
            ),
            group_name=GROUP,
            owners=["team:data-science"],
            kinds={"python", "mlflow"},
            partitions_def=WEEKS,
            skippable=True,
        ),
    ],
    can_subset=True,
    backfill_policy=dg.BackfillPolicy.single_run(),
)
def redo_weeks(
    context: dg.AssetExecutionContext,
    companies: CompanyWarehouse,
    request: RunRequest,
) -> Iterator[dg.MaterializeResult]:
    """The weeks of a backfill in one run, with what is known now."""
    if request.known_as_of:
        raise dg.Failure("Weeks are computed and scored with what is known now: no known_as_of.")
    sundays = week_ends(list(context.partition_keys))
    with retried_on_connection_loss(), companies.open() as warehouse:
        run, _ = resolved_run(warehouse, companies.settings, context, request)
    if ROWS in context.selected_asset_keys:
        row_count = compute_weeks(companies, run, sundays, context.op_def.name)
        yield dg.MaterializeResult(asset_key=ROWS, metadata={"dagster/row_count": row_count})
    if SCORED in context.selected_asset_keys:
        with retried_on_connection_loss(), companies.open() as warehouse:
            scorings = [
                score_target_week(warehouse, companies, target, sunday, run.run_id)
                for target in TARGETS
                for sunday in sundays
            ]
        yield dg.MaterializeResult(
            asset_key=SCORED,
            metadata={
                "forecasts": sum(len(scoring.forecasts) for scoring in scorings),
                "hindcasts": sum(len(scoring.hindcasts) for scoring in scorings),
                "weeks": dg.MetadataValue.md("\n".join(f"- {one.summary}" for one in scorings)),
            },
        )
    with retried_on_connection_loss(), companies.open() as warehouse:
        close_run(warehouse, run.run_id, "succeeded")
