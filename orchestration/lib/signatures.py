"""What is current: a digest per asset of everything that it was built from.

An asset is current while its signature is the one recorded when it was built. Signatures follow
the graph, so that a change anywhere makes all that depends on it stale, and nothing else.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from graphlib import TopologicalSorter
from typing import Any

import dagster as dg

from orchestration.lib.runs import Run
from warehouse import Warehouse


@dataclass(frozen=True)
class Node:
    """What decides an asset: its own definition (a digest or a version) and its parents.

    A source is not built from the graph: its version comes from elsewhere. `built_before` names
    assets that are none of its parents and cannot be, and still must never be built without it.
    """

    own: str
    parents: tuple[str, ...] = ()
    is_source: bool = False
    built_before: tuple[str, ...] = ()


def signatures(nodes: Mapping[str, Node]) -> dict[str, str]:
    """A signature per node. Raises KeyError for a parent that is no node, CycleError for a loop."""
    order = TopologicalSorter({name: node.parents for name, node in nodes.items()})
    found: dict[str, str] = {}
    for name in order.static_order():
        node = nodes[name]
        parts = [name, node.own, *(found[parent] for parent in sorted(node.parents))]
        found[name] = digest(parts)
    return found


def digest(content: object) -> str:
    """SHA-256 of a value that JSON can hold."""
    return hashlib.sha256(json.dumps(content, sort_keys=True, default=str).encode()).hexdigest()


def asset_name(key: dg.AssetKey) -> str:
    """An asset's key as one text: `layer/table`."""
    return "/".join(key.path)


def unchanged(
    key: dg.AssetKey, signature: str, facts: Mapping[str, Any] | None = None
) -> dg.MaterializeResult:
    """What stands for an asset that is current: without it Dagster skips the steps after it."""
    return dg.MaterializeResult(
        asset_key=key,
        metadata={"is_rebuilt": False, **(facts or {})},
        data_version=dg.DataVersion(signature),
    )


def built_from(warehouse: Warehouse, parents: Iterable[dg.AssetKey], own: object) -> str:
    """Signature of an asset that a step makes: its parents as they were built, and what else
    decides it."""
    known = recorded(warehouse)
    return digest([own, [(asset_name(key), known.get(asset_name(key))) for key in parents]])


def is_current(warehouse: Warehouse, run: Run, asset: str, signature: str) -> bool:
    """Whether an asset was built with this signature, and the run does not ask for all anew."""
    return not run.is_full_refresh and recorded(warehouse).get(asset) == signature


def raw_versions(warehouse: Warehouse) -> dict[str, int]:
    """The version of each raw table that has ever changed, by `schema.table`."""
    rows = warehouse.read_arrow(
        "select source || '.' || table_name as name, version from tenure.raw_tables"
    )
    return {row["name"]: row["version"] for row in rows.to_pylist()}


def recorded(warehouse: Warehouse) -> dict[str, str]:
    """The signature with which each asset was built last."""
    rows = warehouse.read("select asset, signature from tenure.asset_states")
    return dict(zip(rows["asset"], rows["signature"], strict=True))


def forget(warehouse: Warehouse, assets: Iterable[str]) -> None:
    """Call assets stale before they are built: a build that is killed must not pass for done."""
    warehouse.execute(
        "delete from tenure.asset_states where asset = any(%(assets)s)", {"assets": list(assets)}
    )


def record(warehouse: Warehouse, built: Mapping[str, str], run_id: str) -> None:
    """Keep the signatures with which assets were built."""
    with warehouse.transaction() as connection, connection.cursor() as cursor:
        cursor.execute(
            "insert into tenure.asset_states (asset, signature, run_id) "
            "select asset, signature, %(run_id)s "
            "from unnest(%(assets)s::text[], %(signatures)s::text[]) as built (asset, signature) "
            "on conflict (asset) do update set signature = excluded.signature, "
            "run_id = excluded.run_id, built_at = now()",
            {"run_id": run_id, "assets": list(built), "signatures": list(built.values())},
        )
