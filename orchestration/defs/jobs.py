"""The two jobs and their schedules: score every day, train every week."""

import dagster as dg

from orchestration.defs.predictions import MODEL_KEYS
from orchestration.defs.runs import fail_run
from orchestration.lib.cadence import DAILY, WEEKLY, schedule_name
from orchestration.lib.freshness import FAILED_AFTER, LATE_AFTER

# A process per step costs 2-6 s each on two cores; one process runs the whole graph.
EXECUTOR = dg.in_process_executor

FRESH_FOR = dg.FreshnessPolicy.time_window(fail_window=FAILED_AFTER, warn_window=LATE_AFTER)

daily = dg.define_asset_job(
    name=DAILY.job,
    selection=dg.AssetSelection.all() - dg.AssetSelection.assets(*MODEL_KEYS),
    description="Load, check, model and score with the champion.",
    executor_def=EXECUTOR,
    hooks={fail_run},
)

weekly = dg.define_asset_job(
    name=WEEKLY.job,
    selection=dg.AssetSelection.all(),
    description="The daily job with new models in the middle, promoted only if better.",
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
