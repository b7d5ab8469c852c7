"""The two jobs and their schedules: score every day, train every week."""

from datetime import timedelta

import dagster as dg

from orchestration.defs.churn import CHURN_MODEL_KEYS

# A process per step costs 2-6 s each on two cores; one process runs the whole graph.
EXECUTOR = dg.in_process_executor

# A daily job that is missed once is late; missed for half a day more, it has failed.
FRESH_FOR = dg.FreshnessPolicy.time_window(
    fail_window=timedelta(hours=36), warn_window=timedelta(hours=26)
)

daily = dg.define_asset_job(
    name="daily",
    selection=dg.AssetSelection.all() - dg.AssetSelection.assets(*CHURN_MODEL_KEYS),
    description="Load, check, model and score with the standing champion.",
    executor_def=EXECUTOR,
)

weekly = dg.define_asset_job(
    name="weekly",
    selection=dg.AssetSelection.all(),
    description="The daily job with a new churn model in the middle, promoted only if better.",
    executor_def=EXECUTOR,
)

daily_schedule = dg.ScheduleDefinition(
    job=daily,
    cron_schedule="0 5 * * 1-6",
    execution_timezone="UTC",
    description="Every day but Sunday, when the weekly job does the same and trains.",
)

weekly_schedule = dg.ScheduleDefinition(
    job=weekly,
    cron_schedule="0 5 * * 0",
    execution_timezone="UTC",
    description="Sundays, when the week's snapshots are complete.",
)
