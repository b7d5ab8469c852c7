"""Loads the definitions; `orchestration/defs` defines, `orchestration/lib` helps."""

import dagster as dg

from orchestration.defs import (
    backtest,
    checks,
    ingestion,
    jobs,
    leaks,
    load_audit,
    predictions,
    runs,
    transformation,
    weeks,
)
from orchestration.lib.progress import step_logger
from orchestration.lib.resources import CompanyWarehouse
from orchestration.lib.runs import RunRequest

defs = dg.Definitions(
    assets=[
        *ingestion.ingestion_assets,
        load_audit.record_load_audit,
        leaks.find_leaks,
        transformation.dbt_models,
        *predictions.prediction_assets,
        backtest.backtest_scorecards,
        transformation.dbt_models_with_predictions,
        runs.finish_run,
        weeks.redo_weeks,
    ],
    asset_checks=[*checks.raw_checks, checks.prediction_check],
    jobs=[jobs.daily, jobs.weekly, jobs.past_weeks],
    schedules=[jobs.daily_schedule, jobs.weekly_schedule],
    resources={
        "companies": CompanyWarehouse(),
        "request": RunRequest(),
    },
    # Also for what a person launches from the graph: the run's process holds the company's lock,
    # and steps in processes of their own would wait for each other.
    executor=jobs.EXECUTOR,
    loggers={"steps": step_logger},
).map_asset_specs(func=jobs.with_freshness)
