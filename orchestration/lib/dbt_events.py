"""What dbt builds and tests, as Dagster's events, with what PostgreSQL says of each table."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import dagster as dg
from dagster_dbt import DbtCliEventMessage, DbtProject
from dagster_dbt.core.dbt_cli_event import DbtCoreCliEventMessage

from orchestration.lib.catalog import Table
from orchestration.lib.dbt_project import PathTranslator
from orchestration.lib.dbt_runner import DbtRun, NodeEnd
from orchestration.lib.dbt_state import asset_name


def result_event(end: NodeEnd, invocation_id: str) -> DbtCliEventMessage:
    """A node's end as dagster-dbt reads it in dbt's log."""
    kind = end.unique_id.split(".")[0].title()
    info = {"name": f"Log{kind}Result", "invocation_id": invocation_id, "msg": end.message}
    data = {
        "node_info": {"unique_id": end.unique_id, "node_status": end.status},
        "execution_time": end.seconds,
        "num_failures": end.failed_rows,
    }
    return DbtCoreCliEventMessage({"info": info, "data": data}, event_history_metadata={})


def asset_events(
    run: DbtRun,
    context: dg.AssetExecutionContext,
    manifest: Mapping[str, Any],
    translator: PathTranslator,
    project: DbtProject,
    tables: Mapping[str, Table],
    has_lineage: bool = False,
) -> Iterator[Any]:
    """Dagster's events in the order in which dbt finished its nodes; with column lineage, read
    from the compiled SQL, where it is asked for."""
    compiled = with_relations(manifest, run) if has_lineage else {}
    for end in run.nodes:
        event = result_event(end, run.invocation_id)
        node = manifest["nodes"][_unique_id(event)]
        table = tables.get(asset_name(node)) if node["resource_type"] != "test" else None
        is_traced = has_lineage and table and node["resource_type"] == "model"
        traced = with_parents(event, compiled, tables) if is_traced else event
        for found in traced.to_default_asset_events(
            manifest=compiled or manifest,
            dagster_dbt_translator=translator,
            context=context,
            target_path=run.target if has_lineage else None,
            project=project,
        ):
            yield (
                with_table(found, node, table) if table and isinstance(found, dg.Output) else found
            )


def with_relations(manifest: Mapping[str, Any], run: DbtRun) -> dict[str, Any]:
    """The manifest with its relations as the SQL of a run names them: it may have been parsed for
    another company's database."""
    placed = {"nodes": run.project.nodes, "sources": run.project.sources}
    return {
        **manifest,
        **{
            kind: {
                key: {**node, "relation_name": getattr(nodes[key], "relation_name", None)}
                for key, node in manifest[kind].items()
            }
            for kind, nodes in placed.items()
        },
    }


def with_table(output: dg.Output, node: Mapping[str, Any], table: Table) -> dg.Output:
    """A built model's event with its rows and columns, these with their descriptions."""
    descriptions = {name: column["description"] for name, column in node["columns"].items()}
    return output.with_metadata({**output.metadata, **table.metadata(descriptions)})


def with_parents(
    event: DbtCliEventMessage, manifest: Mapping[str, Any], tables: Mapping[str, Table]
) -> DbtCliEventMessage:
    """A built model's event with the columns of all that it reads, for dagster-dbt's lineage."""
    node = manifest["nodes"][_unique_id(event)]
    parents = [
        manifest["nodes"].get(parent) or manifest["sources"][parent]
        for parent in node["depends_on"]["nodes"]
    ]
    return replace(
        event,
        event_history_metadata={
            "columns": _types(tables.get(asset_name(node))),
            "parents": {
                parent["relation_name"]: {"columns": _types(tables.get(asset_name(parent)))}
                for parent in parents
            },
        },
    )


def _unique_id(event: DbtCliEventMessage) -> str:
    return event.raw_event["data"]["node_info"]["unique_id"]


def _types(table: Table | None) -> dict[str, dict[str, str]]:
    return {name: {"data_type": kind} for name, kind in table.columns.items()} if table else {}
