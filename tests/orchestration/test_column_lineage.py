"""A run that is asked for column lineage says of each column which columns it is made from."""

from collections.abc import Iterator
from typing import Any

import dagster as dg
import pytest
from dagster_dbt import DbtProject, dbt_assets
from dbt.contracts.graph.manifest import Manifest

from orchestration.lib.catalog import read_tables
from orchestration.lib.dbt_events import asset_events
from orchestration.lib.dbt_project import PARSED, PROJECT_DIR, PathTranslator
from orchestration.lib.dbt_runner import DUE, DbtRun, mark_due, place, run_dbt
from sources import load_contract
from sources.store import create_tables
from tests.dbt.conftest import Parsed, parsed  # noqa: F401  pytest finds fixtures by name
from warehouse import Warehouse

MODEL = "stg_crm__csms"
LINEAGE = "dagster/column_lineage"


@pytest.fixture(scope="module")
def run(
    module_warehouse: Warehouse,
    parsed: Parsed,  # noqa: F811
    tmp_path_factory: pytest.TempPathFactory,
) -> DbtRun:
    """A build of one model that reads a raw table."""
    create_tables(module_warehouse, load_contract())
    # one of its own, as a run has: it is changed
    graph = Manifest.from_msgpack((parsed.target / PARSED).read_bytes())
    for node in [*graph.nodes.values(), *graph.sources.values()]:
        place(node, module_warehouse.settings.database, node.schema)
    mark_due(graph, {MODEL})
    return run_dbt(
        module_warehouse.settings,
        graph,
        ["run", "--select", f"tag:{DUE}"],
        tmp_path_factory.mktemp("target"),
        {"TENURE_AS_OF_DATE": "2026-01-14"},
    )


def metadata(run: DbtRun, parsed: Parsed, warehouse: Warehouse, *, has_lineage: bool) -> Any:  # noqa: F811
    """What Dagster is to know of the model."""
    project = DbtProject(PROJECT_DIR, target_path=parsed.target, profiles_dir=PROJECT_DIR)
    translator = PathTranslator()

    @dbt_assets(
        manifest=parsed.manifest,
        project=project,
        select=MODEL,
        dagster_dbt_translator=translator,
    )
    def models(context: dg.AssetExecutionContext) -> Iterator[Any]:
        tables = read_tables(warehouse)
        yield from asset_events(
            run, context, parsed.manifest, translator, project, tables, has_lineage
        )

    done = dg.materialize([models])
    [event] = done.get_asset_materialization_events()
    return event.materialization.metadata


def test_a_column_is_traced_to_the_raw_column(
    run: DbtRun,
    module_warehouse: Warehouse,
    parsed: Parsed,  # noqa: F811
) -> None:
    """In the company's own database: a manifest may have been parsed for another's."""
    lineage = metadata(run, parsed, module_warehouse, has_lineage=True)[LINEAGE].value
    made_from = {
        column: {("/".join(each.asset_key.path), each.column_name) for each in parents}
        for column, parents in lineage.deps_by_column.items()
    }
    assert made_from["csm_id"] == {("crm/csms", "csm_id")}


def test_without_being_asked_for_nothing_is_traced(
    run: DbtRun,
    module_warehouse: Warehouse,
    parsed: Parsed,  # noqa: F811
) -> None:
    """It reads the SQL of every model, which takes longer than to build a small company."""
    assert LINEAGE not in metadata(run, parsed, module_warehouse, has_lineage=False)
