"""The jobs: score every day, train every week, and past weeks again when somebody asks for it."""

import dagster as dg

from orchestration.defs import weeks
from orchestration.defs.predictions import MODEL_KEYS
from orchestration.defs.runs import fail_run
from orchestration.lib.cadence import DAILY, WEEKLY, schedule_name
from orchestration.lib.freshness import FAILED_AFTER, LATE_AFTER

# A process per step costs 2-6 s each on two cores; one process runs the whole graph.
EXECUTOR = dg.in_process_executor

FRESH_FOR = dg.FreshnessPolicy.time_window(fail_window=FAILED_AFTER, warn_window=LATE_AFTER)


def with_freshness(spec: dg.AssetSpec) -> dg.AssetSpec:
    """How old an asset may be. A past week does not age: Dagster would call each of them late."""
    return spec if spec.partitions_def else dg.apply_freshness_policy(spec, FRESH_FOR)


EVERYTHING = dg.AssetSelection.all() - dg.AssetSelection.assets(*weeks.redo_weeks.keys)

daily = dg.define_asset_job(
    name=DAILY.job,
    selection=EVERYTHING - dg.AssetSelection.assets(*MODEL_KEYS),
    description="Load, check, model and score with the champion.",
    executor_def=EXECUTOR,
    hooks={fail_run},
)

weekly = dg.define_asset_job(
    name=WEEKLY.job,
    selection=EVERYTHING,
    description="The daily job with new models in the middle, promoted only if better.",
    executor_def=EXECUTOR,
    hooks={fail_run},
)

past_weeks = dg.define_asset_job(
    name="past_weeks",
    selection=dg.AssetSelection.assets(*weeks.redo_weeks.keys),
    description="Compute past weeks anew and score them, as of each week's end. To be backfilled.",
    executor_def=EXECUTOR,
    hooks={fail_run},
)

daily_schedule = dg.ScheduleDefinition(
    name=schedule_name(DAILY.job),
    job=daily,
    cron_schedule=DAILY.cron,
    execution_timezone="UTC",
    description="Every day but Sunday, when the weekly job does the same and trains.",
)

weekly_schedule = dg.ScheduleDefinition(
    name=schedule_name(WEEKLY.job),
    job=weekly,
    cron_schedule=WEEKLY.cron,
    execution_timezone="UTC",
    description="Sundays, when the week's snapshots are complete.",
)
