"""dbt: everything up to the predictions, and then the marts that need them."""

import json
import os
from collections.abc import Iterator
from typing import Any

import dagster as dg
from dagster_dbt import DbtCliResource, dbt_assets

from orchestration.lib.company import as_of_date
from orchestration.lib.dbt_project import PROJECT_DIR, PathTranslator, dbt_executable, dbt_project
from orchestration.lib.resources import CompanyWarehouse
from orchestration.lib.retries import retried_on_connection_loss
from warehouse import load_settings
from warehouse.urls import dbt_environment

AFTER_PREDICTIONS = "source:ml+ source:tenure+ source:quarantine+"

# Ingestion enforces the sources' tests row by row and keeps what breaks them; asking the
# database the same questions again could only find rows that are already kept out.
NOT_SOURCE_TESTS = "source:*"

project = dbt_project(load_settings())
translator = PathTranslator()


def run_dbt(
    context: dg.AssetExecutionContext, companies: CompanyWarehouse, dbt: DbtCliResource
) -> Iterator[Any]:
    """One `dbt build` of the selected models as of the company's as-of date."""
    settings = companies.settings
    with retried_on_connection_loss(), companies.open() as warehouse:
        as_of = as_of_date(warehouse, settings)
    variables = json.dumps({"as_of_date": as_of.isoformat()})
    # dagster-dbt hands this process's environment to dbt; profiles.yml reads the address there.
    os.environ.update(dbt_environment(settings))
    yield from dbt.cli(
        # Unit tests judge the SQL, not the data: `make test` runs them, 8 s that no run needs.
        ["build", "--exclude-resource-type", "unit_test", "--vars", variables],
        context=context,
        target_path=settings.dbt_target / context.op_def.name,
    ).stream()


@dbt_assets(
    name="dbt_models",
    manifest=project.manifest_path,
    project=project,
    dagster_dbt_translator=translator,
    exclude=f"{AFTER_PREDICTIONS} {NOT_SOURCE_TESTS}",
)
def dbt_models(
    context: dg.AssetExecutionContext, companies: CompanyWarehouse, dbt: DbtCliResource
) -> Iterator[Any]:
    yield from run_dbt(context, companies, dbt)


@dbt_assets(
    name="dbt_models_with_predictions",
    manifest=project.manifest_path,
    project=project,
    dagster_dbt_translator=translator,
    select=AFTER_PREDICTIONS,
    exclude=NOT_SOURCE_TESTS,
)
def dbt_models_with_predictions(
    context: dg.AssetExecutionContext, companies: CompanyWarehouse, dbt: DbtCliResource
) -> Iterator[Any]:
    yield from run_dbt(context, companies, dbt)


def dbt_resource() -> DbtCliResource:
    """The dbt command of this environment, on this project."""
    return DbtCliResource(
        project_dir=str(PROJECT_DIR),
        profiles_dir=str(PROJECT_DIR),
        dbt_executable=dbt_executable(),
    )
