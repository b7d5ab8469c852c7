"""Loads the definitions; `orchestration/defs` defines, `orchestration/lib` helps."""

import dagster as dg

from orchestration.defs import books, checks, ingestion, jobs, leaks, predictions, transformation
from orchestration.lib.progress import step_logger
from orchestration.lib.resources import CompanyWarehouse

defs = dg.Definitions(
    assets=[
        *ingestion.ingestion_assets,
        books.close_books,
        leaks.find_leaks,
        transformation.dbt_models,
        *predictions.prediction_assets,
        transformation.dbt_models_with_predictions,
    ],
    asset_checks=[*checks.raw_checks, checks.prediction_check],
    jobs=[jobs.daily, jobs.weekly],
    schedules=[jobs.daily_schedule, jobs.weekly_schedule],
    resources={
        "companies": CompanyWarehouse(),
        "dbt": transformation.dbt_resource(),
    },
    loggers={"steps": step_logger},
).map_asset_specs(func=lambda spec: dg.apply_freshness_policy(spec, jobs.FRESH_FOR))
