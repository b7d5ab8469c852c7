"""dbt: everything up to the predictions, and then the marts that need them; only what is stale."""

import json
import os
from collections.abc import Container, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import dagster as dg
from dagster_dbt import DbtCliInvocation, DbtCliResource, dbt_assets

from orchestration.lib import signatures
from orchestration.lib.catalog import Table, read_tables
from orchestration.lib.dbt_events import asset_events, finished_nodes
from orchestration.lib.dbt_project import (
    PROJECT_DIR,
    DbtCommand,
    PathTranslator,
    dbt_executable,
    dbt_project,
    keep_parse,
    read_manifest,
    reuse_parse,
)
from orchestration.lib.dbt_state import (
    Variables,
    built_well,
    project_nodes,
    stale,
)
from orchestration.lib.environment import environment
from orchestration.lib.resources import CompanyWarehouse
from orchestration.lib.retries import retried_on_connection_loss
from orchestration.lib.runs import Run, RunRequest, resolved_run
from warehouse import Warehouse, load_settings
from warehouse.urls import dbt_environment

AFTER_PREDICTIONS = "source:ml+ source:tenure+ source:quarantine+"

# Ingestion enforces the sources' tests row by row and keeps what breaks them; asking the
# database the same questions again could only find rows that are already kept out.
NOT_SOURCE_TESTS = "source:*"

# dbt.log, a line for each of 6,000 events, took a quarter of dbt's processor time. What went wrong
# is in the run's log, the SQL in the target folder. `DBT_LOG_LEVEL_FILE=debug` brings it back.
QUIET = {"DBT_LOG_LEVEL_FILE": os.environ.get("DBT_LOG_LEVEL_FILE", "none")}

project = dbt_project(load_settings())
manifest = read_manifest(project)
translator = PathTranslator()


def dbt_variables(run: Run) -> Variables:
    """What a run tells dbt: its day, and its moment where it looks at what was known before."""
    assert run.as_of_date is not None
    known_as_of = run.known_as_of.isoformat() if run.is_known_as_of_given else None
    return Variables(run.as_of_date, known_as_of)


@dataclass(frozen=True)
class BuildPlan:
    """Which seeds and models a run must build, parents first, and the signature of each one."""

    run: Run
    wanted: dict[str, str]
    due: list[str]
    tables: dict[str, Table]


def plan_build(warehouse: Warehouse, run: Run, selected: Container[str]) -> BuildPlan:
    """Those of the selected models that are stale; they are stale until they are built."""
    recorded = signatures.recorded(warehouse)
    nodes = project_nodes(
        manifest,
        dbt_variables(run),
        signatures.raw_versions(warehouse),
        recorded,
        (PROJECT_DIR / "dbt_project.yml").read_text(encoding="utf-8"),
    )
    wanted = signatures.signatures(nodes)
    tables = read_tables(warehouse)
    there = [name.replace("/", ".") for name in tables]
    is_due = set(wanted) if run.is_full_refresh else set(stale(nodes, wanted, recorded, there))
    due = [name for name in wanted if name in is_due and name in selected]
    signatures.forget(warehouse, due)
    return BuildPlan(run, wanted, due, tables)


@contextmanager
def built(
    dbt: DbtCliResource, companies: CompanyWarehouse, plan: BuildPlan, step: str
) -> Iterator[DbtCliInvocation]:
    """One `dbt build` of what a plan calls stale; in the end, what was built well is recorded."""
    settings = companies.settings
    command = ["build", "--select", " ".join(name.split("/")[1] for name in plan.due)]
    # Unit tests judge the SQL, not the data: `make test` runs them, 8 s that no run needs.
    command += ["--exclude-resource-type", "unit_test"]
    command += ["--full-refresh"] if plan.run.is_full_refresh else []
    # dagster-dbt hands this process's environment to dbt; profiles.yml reads the address there.
    target_path = settings.dbt_target / step
    reuse_parse(settings, target_path)
    # What an earlier run has built says nothing of this one, should dbt not come to an end.
    results_path(target_path).unlink(missing_ok=True)
    variables = dbt_variables(plan.run).as_environment()
    with environment({**QUIET, **dbt_environment(settings), **variables}):
        # With its context dagster-dbt would add what is current to the selection.
        invocation = dbt.cli(
            command,
            manifest=manifest,
            dagster_dbt_translator=translator,
            target_path=target_path,
        )
    try:
        yield invocation
    finally:
        keep_parse(settings, target_path)
        results = read_results(invocation.target_path)
        with companies.open() as warehouse:
            record_built(warehouse, plan.run, results, plan.wanted)


def run_dbt(
    context: dg.AssetExecutionContext,
    companies: CompanyWarehouse,
    request: RunRequest,
    dbt: DbtCliResource,
) -> Iterator[Any]:
    """One `dbt build` of those selected models that are stale as of the run's date."""
    selected = {signatures.asset_name(key) for key in context.selected_asset_keys}
    with retried_on_connection_loss(), companies.open() as warehouse:
        run, _ = resolved_run(warehouse, companies.settings, context, request)
        plan = plan_build(warehouse, run, selected)
    # Dagster wants parents before children, and so are they here.
    for name, signature in plan.wanted.items():
        if name in selected.difference(plan.due):
            key = dg.AssetKey(name.split("/"))
            yield signatures.unchanged(key, signature, plan.tables[name].rows())
    context.log.info(f"{len(plan.due)} of {len(selected)} models are stale")
    if not plan.due:
        return
    with built(dbt, companies, plan, context.op_def.name) as invocation:
        events = finished_nodes(invocation)
        with retried_on_connection_loss(), companies.open() as warehouse:
            tables = read_tables(warehouse)
        lineage_from = invocation.target_path if request.column_lineage else None
        yield from asset_events(
            events, context, manifest, translator, project, tables, lineage_from
        )
        if error := invocation.get_error():
            raise error


def results_path(target_path: Path) -> Path:
    """Where dbt says at its end what became of each node."""
    return target_path / "run_results.json"


def read_results(target_path: Path) -> dict[str, Any]:
    """What became of each node; nothing where dbt ended before it could say."""
    path = results_path(target_path)
    if not path.exists():
        return {"results": []}
    return json.loads(path.read_text(encoding="utf-8"))


def record_built(
    warehouse: Warehouse,
    run: Run,
    results: Mapping[str, Any],
    wanted: Mapping[str, str],
) -> None:
    """Call current what was built and found good."""
    built = {name: wanted[name] for name in built_well(results, manifest)}
    signatures.record(warehouse, built, run.run_id)


@dbt_assets(
    name="dbt_models",
    manifest=manifest,
    project=project,
    dagster_dbt_translator=translator,
    exclude=f"{AFTER_PREDICTIONS} {NOT_SOURCE_TESTS}",
)
def dbt_models(
    context: dg.AssetExecutionContext,
    companies: CompanyWarehouse,
    request: RunRequest,
    dbt: DbtCliResource,
) -> Iterator[Any]:
    yield from run_dbt(context, companies, request, dbt)


@dbt_assets(
    name="dbt_models_with_predictions",
    manifest=manifest,
    project=project,
    dagster_dbt_translator=translator,
    select=AFTER_PREDICTIONS,
    exclude=NOT_SOURCE_TESTS,
)
def dbt_models_with_predictions(
    context: dg.AssetExecutionContext,
    companies: CompanyWarehouse,
    request: RunRequest,
    dbt: DbtCliResource,
) -> Iterator[Any]:
    yield from run_dbt(context, companies, request, dbt)


def dbt_resource() -> DbtCliResource:
    """The dbt command of this environment, on this project."""
    return DbtCommand(
        project_dir=str(PROJECT_DIR),
        profiles_dir=str(PROJECT_DIR),
        dbt_executable=dbt_executable(),
    )
