"""dbt: everything up to the predictions, and then the marts that need them; only what is stale."""

from collections.abc import Container, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import dagster as dg
from dagster_dbt import dbt_assets

from orchestration.defs.ingestion import contract
from orchestration.lib import signatures
from orchestration.lib.catalog import Table, read_tables
from orchestration.lib.dbt_events import asset_events
from orchestration.lib.dbt_project import (
    PROJECT_DIR,
    PathTranslator,
    dbt_project,
    read_manifest,
)
from orchestration.lib.dbt_runner import (
    DUE,
    HELD,
    DbtRun,
    failure,
    mark_due,
    mark_held,
    parsed_project,
    run_dbt,
)
from orchestration.lib.dbt_state import (
    Variables,
    built_well,
    held_back,
    project_nodes,
    stale,
)
from orchestration.lib.held import (
    HeldBack,
    HeldMarts,
    built_as_of,
    failed_tables,
    held_in_words,
    record_held,
    with_children,
)
from orchestration.lib.resources import CompanyWarehouse
from orchestration.lib.retries import retried_on_connection_loss
from orchestration.lib.runs import Run, RunRequest, resolved_run
from orchestration.lib.views import restore_views, views_beside
from warehouse import Warehouse, load_settings

MARTS = "marts/"
AFTER_PREDICTIONS = "source:ml+ source:tenure+ source:quarantine+"

# Ingestion enforces the sources' tests row by row and keeps what breaks them; asking the
# database the same questions again could only find rows that are already kept out.
NOT_SOURCE_TESTS = "source:*"

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
    """Which seeds and models a run must build, parents first, and the signature of each one.

    `held` names by raw table whose check failed the seeds and models that need it: they keep their
    last good state, and are stale until a later run builds them.
    """

    run: Run
    wanted: dict[str, str]
    due: list[str]
    tables: dict[str, Table]
    held: dict[str, list[str]]

    @property
    def all_held(self) -> set[str]:
        """What is held back because of any table."""
        return {name for names in self.held.values() for name in names}

    def marts_held(self, warehouse: Warehouse) -> list[HeldMarts]:
        """The marts that each failed check holds back."""
        marts = {table: marts_of(names) for table, names in self.held.items()}
        return [
            HeldMarts(
                table,
                tuple(sorted(name.removeprefix(MARTS) for name in names)),
                built_as_of(warehouse, [name for name in names if name in self.tables]),
            )
            for table, names in marts.items()
        ]


def marts_of(names: Iterable[str]) -> list[str]:
    """Those of the assets that are marts."""
    return [name for name in names if name.startswith(MARTS)]


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
    held = {}
    for table in failed_tables(warehouse):
        needed = [name.replace(".", "/") for name in with_children(contract, [table])]
        held[table] = held_back(nodes, wanted, needed)
    is_due.difference_update(*held.values())
    due = [name for name in wanted if name in is_due and name in selected]
    signatures.forget(warehouse, due)
    return BuildPlan(run, wanted, due, tables, held)


def build(companies: CompanyWarehouse, plan: BuildPlan, step: str) -> DbtRun:
    """One `dbt build` of what a plan calls stale; what was built well is recorded."""
    settings = companies.settings
    project = parsed_project(settings)
    mark_due(project, {name.split("/")[1] for name in plan.due})
    mark_held(project, {name.split("/")[1] for name in plan.all_held})
    with retried_on_connection_loss(), companies.open() as warehouse:
        views = views_beside(warehouse, plan.due)
    command = ["build", "--select", f"tag:{DUE}", "--exclude", f"tag:{HELD}"]
    # Unit tests judge the SQL, not the data: `make test` runs them, 8 s that no run needs.
    command += ["--exclude-resource-type", "unit_test"]
    command += ["--full-refresh"] if plan.run.is_full_refresh else []
    target = settings.dbt_target / step
    variables = dbt_variables(plan.run).as_environment()
    found = run_dbt(settings, project, command, target, variables)
    well = {name: plan.wanted[name] for name in built_well(found.nodes, manifest)}
    with retried_on_connection_loss(), companies.open() as warehouse:
        restore_views(warehouse, views)
        signatures.record(warehouse, well, plan.run.run_id)
    return found


def build_models(
    context: dg.AssetExecutionContext,
    companies: CompanyWarehouse,
    request: RunRequest,
) -> Iterator[Any]:
    """One `dbt build` of those selected models that are stale as of the run's date."""
    selected = {signatures.asset_name(key) for key in context.selected_asset_keys}
    with retried_on_connection_loss(), companies.open() as warehouse:
        run, _ = resolved_run(warehouse, companies.settings, context, request)
        plan = plan_build(warehouse, run, selected)
        held = plan.marts_held(warehouse)
        record_held(warehouse, held)
    # Dagster wants parents before children, and so are they here.
    for name, signature in plan.wanted.items():
        if name in selected.difference(plan.due, plan.all_held):
            key = dg.AssetKey(name.split("/"))
            yield signatures.unchanged(key, signature, plan.tables[name].rows())
    context.log.info(f"{len(plan.due)} of {len(selected)} models are stale")
    if plan.due:
        yield from built(context, companies, plan, request.column_lineage)
    if held:
        raise HeldBack(what_is_held(plan, held, selected))


def what_is_held(plan: BuildPlan, held: list[HeldMarts], selected: Container[str]) -> str:
    """What a build has held back, and which marts of its step are of its day."""
    every = marts_of(plan.wanted)
    there = {*plan.tables, *plan.due}.difference(plan.all_held)
    others = [name.removeprefix(MARTS) for name in every if name in there and name in selected]
    assert plan.run.as_of_date is not None
    return held_in_words(held, others, len(every), plan.run.as_of_date)


def built(
    context: dg.AssetExecutionContext,
    companies: CompanyWarehouse,
    plan: BuildPlan,
    has_lineage: bool,
) -> Iterator[Any]:
    """Build what is due; Dagster's events of it. Raises what made the build fail."""
    found = build(companies, plan, context.op_def.name)
    with retried_on_connection_loss(), companies.open() as warehouse:
        tables = read_tables(warehouse)
    yield from asset_events(
        found,
        context,
        manifest,
        translator,
        project,
        tables,
        has_lineage,
    )
    if error := failure(found):
        raise error


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
) -> Iterator[Any]:
    yield from build_models(context, companies, request)


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
) -> Iterator[Any]:
    yield from build_models(context, companies, request)
