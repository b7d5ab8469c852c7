"""dbt: everything up to the predictions, and then the marts that need them; only what is stale."""

from collections.abc import Container, Generator, Iterable, Iterator
from dataclasses import dataclass, replace
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
    LIVE_SOURCES,
    Variables,
    built_well,
    held_back,
    project_nodes,
    stale,
)
from orchestration.lib.held import (
    HeldBack,
    HeldMarts,
    failed_tables,
    forget_checks,
    held_in_words,
    record_held,
    shown_until,
    with_children,
)
from orchestration.lib.resources import CompanyWarehouse
from orchestration.lib.retries import retried_on_connection_loss
from orchestration.lib.runs import Run, RunRequest, resolved_run
from orchestration.lib.views import forget_views, keep_views, restore_views
from warehouse import Warehouse, load_settings
from warehouse.plain_text import log_line

MARTS = "marts/"

# Ingestion enforces the sources' tests row by row and keeps what breaks them; asking the
# database the same questions again could only find rows that are already kept out.
NOT_SOURCE_TESTS = "source:*"

project = dbt_project(load_settings())
manifest = read_manifest(project)
translator = PathTranslator()
# Failed checks must be seen after a run that made no predictions.
AFTER_PREDICTIONS = " ".join(
    f"source:{source['source_name']}.{source['name']}+"
    for source in manifest["sources"].values()
    if source["source_name"] in ("ml", *LIVE_SOURCES) and source["name"] != "failed_checks"
)


def dbt_variables(run: Run) -> Variables:
    """What a run tells dbt: its day, and its moment where it looks at what was known before."""
    assert run.as_of_date is not None
    known_as_of = run.known_as_of.isoformat() if run.is_known_as_of_given else None
    return Variables(run.as_of_date, known_as_of)


@dataclass(frozen=True)
class BuildPlan:
    """Which seeds and models a run must build, parents first, and the signature of each one.

    `held` names by raw table whose check failed the seeds and models that need it, and those that
    wait for predictions, which are not made then: they keep their last good state, and are stale
    until a later run builds them.
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
        shown = shown_until(warehouse, marts_of(self.all_held), self.tables)
        return [
            HeldMarts(table, {name.removeprefix(MARTS): shown[name] for name in marts_of(names)})
            for table, names in self.held.items()
        ]


def marts_of(names: Iterable[str]) -> list[str]:
    """Those of the assets that are marts."""
    return [name for name in names if name.startswith(MARTS)]


def plan_build(warehouse: Warehouse, run: Run, selected: Container[str]) -> BuildPlan:
    """Those of the selected models that are stale; they are stale until they are built."""
    restore_views(warehouse)  # of a build that was killed
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
        if marts_of(held[table]):
            waiting = is_due.intersection(after_predictions()).difference(held[table])
            held[table] += sorted(waiting)
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
        keep_views(warehouse, plan.due)
    command = ["build", "--select", f"tag:{DUE}", "--exclude", f"tag:{HELD}"]
    # Unit tests judge the SQL, not the data: `make test` runs them, 8 s that no run needs.
    command += ["--exclude-resource-type", "unit_test"]
    command += ["--full-refresh"] if plan.run.is_full_refresh else []
    target = settings.dbt_target / step
    variables = dbt_variables(plan.run).as_environment()
    try:
        found = run_dbt(settings, project, command, target, variables)
    finally:
        with retried_on_connection_loss(), companies.open() as warehouse:
            lost = restore_views(warehouse)
    well = {name: plan.wanted[name] for name in built_well(found.nodes, manifest)}
    with retried_on_connection_loss(), companies.open() as warehouse:
        signatures.record(warehouse, well, plan.run.run_id)
        if failure(found) is None:
            forget_views(warehouse)
    return replace(found, lost=lost)


def build_models(
    context: dg.AssetExecutionContext,
    companies: CompanyWarehouse,
    request: RunRequest,
) -> Iterator[Any]:
    """One `dbt build` of those selected models that are stale as of the run's date."""
    selected = {signatures.asset_name(key) for key in context.selected_asset_keys}
    with retried_on_connection_loss(), companies.open() as warehouse:
        run, _ = resolved_run(warehouse, companies.settings, context, request)
        forget_checks(warehouse, contract)
        plan = plan_build(warehouse, run, selected)
        held = plan.marts_held(warehouse)
        record_held(warehouse, held)
    # Dagster wants parents before children, and so are they here.
    for name, signature in plan.wanted.items():
        if name in selected.difference(plan.due, plan.all_held):
            key = dg.AssetKey(name.split("/"))
            yield signatures.unchanged(key, signature, plan.tables[name].rows())
    context.log.info(f"{len(plan.due)} of {len(selected)} models are stale")
    found = None
    if plan.due:
        found = yield from built(context, companies, plan, request.column_lineage)
    error = failure(found) if found else None
    lost = [f"View lost: {each}" for each in found.lost] if found else []
    if said := what_is_held(plan, held, selected, is_whole=error is None):
        raise HeldBack("\n".join([said, *lost, *([str(error)] if error else [])])) from error
    if error:
        raise error
    for each in lost:
        context.log.warning(log_line(each))


def what_is_held(
    plan: BuildPlan, held: list[HeldMarts], selected: Container[str], *, is_whole: bool
) -> str:
    """What a build has held back, and which marts of its step are of its day, if it `is_whole`."""
    every = marts_of(plan.wanted)
    there = {*plan.tables, *plan.due}.difference(plan.all_held) if is_whole else set()
    others = [name.removeprefix(MARTS) for name in every if name in there and name in selected]
    assert plan.run.as_of_date is not None
    return held_in_words(held, others, len(every), plan.run.as_of_date)


def after_predictions() -> set[str]:
    """The models of the second build."""
    return {signatures.asset_name(key) for key in dbt_models_with_predictions.keys}


def built(
    context: dg.AssetExecutionContext,
    companies: CompanyWarehouse,
    plan: BuildPlan,
    has_lineage: bool,
) -> Generator[Any, None, DbtRun]:
    """Build what is due: Dagster's events of it, and in the end what came of it."""
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
    return found


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
