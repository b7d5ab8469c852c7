"""What dbt builds and tests, as Dagster's events, with what PostgreSQL says of each table."""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import dagster as dg
from dagster_dbt import DbtCliEventMessage, DbtCliInvocation, DbtProject

from orchestration.lib.catalog import Table
from orchestration.lib.check_names import name_checks
from orchestration.lib.dbt_project import PathTranslator
from orchestration.lib.dbt_state import asset_name


def finished_nodes(invocation: DbtCliInvocation) -> list[DbtCliEventMessage]:
    """What became of each node, once dbt is through; its error is still to be raised."""
    return [event for event in invocation.stream_raw_events() if event.is_result_event]


def asset_events(
    events: Iterable[DbtCliEventMessage],
    context: dg.AssetExecutionContext,
    manifest: Mapping[str, Any],
    translator: PathTranslator,
    project: DbtProject,
    tables: Mapping[str, Table],
    lineage_from: Path | None = None,
) -> Iterator[Any]:
    """Dagster's events in the order in which dbt finished its nodes.

    Column lineage is read from the compiled SQL in `lineage_from`, dbt's target folder, whose
    manifest names the relations as that SQL does.
    """
    compiled = _manifest(lineage_from) if lineage_from else {}
    for event in events:
        node = manifest["nodes"][_unique_id(event)]
        table = tables.get(asset_name(node)) if node["resource_type"] != "test" else None
        is_traced = lineage_from and table and node["resource_type"] == "model"
        traced = with_parents(event, compiled, tables) if is_traced else event
        for found in traced.to_default_asset_events(
            manifest=compiled or manifest,
            dagster_dbt_translator=translator,
            context=context,
            target_path=lineage_from,
            project=project,
        ):
            yield (
                with_table(found, node, table) if table and isinstance(found, dg.Output) else found
            )


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


def _manifest(target_path: Path) -> dict[str, Any]:
    return name_checks(json.loads((target_path / "manifest.json").read_text(encoding="utf-8")))
