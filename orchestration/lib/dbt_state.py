"""Which dbt models are stale: their own definition, their parents', and the raw rows beneath."""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from orchestration.lib.dbt_runner import NodeEnd
from orchestration.lib.signatures import Node, digest

BUILT = ("model", "seed")
# What of a node's entry in the manifest decides what its table becomes.
DEFINITION = ("checksum", "config", "columns", "description")
# Tables that Tenure writes as it goes; only views read them, which are always current.
LIVE_SOURCES = frozenset({"tenure", "quarantine"})
# What names the day that is looked back from, in a model, a test or a macro.
DAY = frozenset({"as_of_date", "TENURE_AS_OF_DATE"})
WORD = re.compile(r"\w+")


@dataclass(frozen=True)
class Variables:
    """What the caller tells dbt. `known_as_of` is None while what holds now is read."""

    as_of_date: date
    known_as_of: str | None

    def as_environment(self) -> dict[str, str]:
        """As the macros read them. Given as `--vars` they would make dbt parse everything anew."""
        return {
            "TENURE_AS_OF_DATE": self.as_of_date.isoformat(),
            "TENURE_KNOWN_AS_OF": self.known_as_of or "",
        }


def asset_name(node: Mapping[str, Any]) -> str:
    """`layer/model`, the asset's key as one text."""
    if node["resource_type"] == "source":
        return f"{node['source_name']}/{node['name']}"
    layer = "seeds" if node["resource_type"] == "seed" else node["fqn"][1]
    return f"{layer}/{node['name']}"


def project_nodes(
    manifest: Mapping[str, Any],
    variables: Variables,
    raw_versions: Mapping[str, int],
    recorded: Mapping[str, str],
    project_settings: str = "",
) -> dict[str, Node]:
    """Each source, seed and model by its asset's name, with what it depends on.

    A model is defined by its tests, too: one that was added or changed must be asked.
    `project_settings` is the text of dbt_project.yml, `raw_versions` are those of raw tables,
    `recorded` the signatures of what was built last, by which tables that are no dbt models
    (predictions) are known.
    """
    shared = digest(
        [
            project_settings,
            sorted(
                (name, macro["macro_sql"])
                for name, macro in manifest["macros"].items()
                if macro["package_name"] == manifest["metadata"]["project_name"]
            ),
        ]
    )
    tests = _tests_by_node(manifest)
    dated = dated_macros(manifest["macros"].values())
    nodes: dict[str, Node] = {}
    names = {
        key: asset_name(node)
        for key, node in {**manifest["nodes"], **manifest["sources"]}.items()
        if node["resource_type"] in (*BUILT, "source")
    }
    for source in manifest["sources"].values():
        name = asset_name(source)
        if source["source_name"] in LIVE_SOURCES:
            nodes[name] = Node("live", is_source=True)
        else:
            version = raw_versions.get(name.replace("/", "."), 0)
            nodes[name] = Node(f"{version} {recorded.get(name, '')}", is_source=True)
    for key, node in manifest["nodes"].items():
        if node["resource_type"] not in BUILT:
            continue
        name = names[key]
        own: list[object] = [node[part] for part in DEFINITION if part in node]
        own.append(tests.get(key, []))
        if _words([own, node.get("raw_code")]) & dated:
            own.append(variables.as_environment())
        elif variables.known_as_of:
            own.append(variables.known_as_of)
        own.append(shared)
        parents = {names[parent] for parent in node.get("depends_on", {}).get("nodes", [])}
        meta = node.get("config", {}).get("meta", {})
        nodes[name] = Node(
            digest(own),
            tuple(sorted(parents)),
            built_before=tuple(meta.get("built_before", [])),
        )
    return nodes


def dated_macros(macros: Iterable[Mapping[str, Any]]) -> set[str]:
    """What names the day, and all macros that do so or call one that does.

    By their words, not by dbt's record of calls: that leaves out what only an incremental run
    calls. One too many builds a model in vain.
    """
    used: dict[str, set[str]] = {}
    for macro in macros:
        # packages may each have one of a name: which of them is called is dbt's to say
        used.setdefault(macro["name"], set()).update(_words(macro["macro_sql"]))
    found, before = set(DAY), set[str]()
    while found != before:
        before = set(found)
        found |= {name for name, words in used.items() if words & before}
    return found


def _words(content: object) -> set[str]:
    text = json.dumps(content, default=str, ensure_ascii=False)
    # JSON writes the end of a line as \n, whose n would begin the next word
    return set(WORD.findall(re.sub(r"\\.", " ", text)))


def _tests_by_node(manifest: Mapping[str, Any]) -> dict[str, list[object]]:
    """What the data tests of each node ask, in a fixed order."""
    found: dict[str, list[object]] = {}
    for key, node in sorted(manifest["nodes"].items()):
        if node["resource_type"] != "test":
            continue
        asked = [key, node.get("raw_code"), node.get("test_metadata"), node.get("config")]
        for parent in node["depends_on"]["nodes"]:
            found.setdefault(parent, []).append(asked)
    return found


def stale(
    nodes: Mapping[str, Node],
    wanted: Mapping[str, str],
    recorded: Mapping[str, str],
    existing: Iterable[str],
) -> list[str]:
    """The seeds and models that must be built, parents first; sources are not built here.

    Those with another signature than when they were built, those whose relation is gone, and all
    that depend on them: a table that is built anew takes the views on it along.
    """
    there = frozenset(existing)
    due = {
        name
        for name, signature in wanted.items()
        if not nodes[name].is_source
        and (recorded.get(name) != signature or name.replace("/", ".") not in there)
    }
    due = _with_descendants(nodes, wanted, due)
    first = {
        name
        for name, node in nodes.items()
        if any(due & {after, *_ancestors(nodes, after)} for after in node.built_before)
    }
    due = _with_descendants(nodes, wanted, due | first)
    return [name for name in wanted if name in due]


def held_back(
    nodes: Mapping[str, Node], wanted: Mapping[str, str], tables: Iterable[str]
) -> list[str]:
    """The seeds and models that need one of these raw tables (`source/table`), parents first."""
    needing = _with_descendants(nodes, wanted, tables)
    return [name for name in wanted if name in needing and not nodes[name].is_source]


def _with_descendants(
    nodes: Mapping[str, Node], order: Iterable[str], due: Iterable[str]
) -> set[str]:
    found = set(due)
    for name in order:
        if not found.isdisjoint(nodes[name].parents):
            found.add(name)
    return found


def _ancestors(nodes: Mapping[str, Node], name: str) -> set[str]:
    found: set[str] = set()
    waiting = [name]
    while waiting:
        parents = set(nodes[waiting.pop()].parents) - found
        found |= parents
        waiting += parents
    return found


def built_well(ended: Iterable[NodeEnd], manifest: Mapping[str, Any]) -> set[str]:
    """The assets that one dbt run has built, without those that a test found wrong."""
    good, bad = set(), set()
    for end in ended:
        node = manifest["nodes"].get(end.unique_id)
        if node is None:
            continue
        if node["resource_type"] in BUILT:
            (good if end.status == "success" else bad).add(asset_name(node))
        elif end.status in ("fail", "error", "skipped"):
            bad |= {
                asset_name(manifest["nodes"][parent])
                for parent in node["depends_on"]["nodes"]
                if parent in manifest["nodes"]
            }
    return good - bad
