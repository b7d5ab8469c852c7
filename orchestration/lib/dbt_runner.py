"""A run's builds: the project as it was parsed, and what became of each of its nodes."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from orchestration.lib.dbt_invocation import invoke
from orchestration.lib.dbt_project import PARSED, prepare_manifest
from warehouse import Settings
from warehouse.personal import impersonal
from warehouse.plain_text import log_line

if TYPE_CHECKING:
    from dbt.contracts.graph.manifest import Manifest

# Selected by tags: dbt looks through the whole graph for each name, four times.
DUE = "tenure_due"
HELD = "tenure_held"
ENDED_BADLY = ("error", "fail", "runtime error", "partial success")


@dataclass(frozen=True)
class NodeEnd:
    """What became of one seed, model or test."""

    unique_id: str
    status: str
    message: str = ""
    seconds: float = 0
    failed_rows: int | None = None

    @property
    def is_bad(self) -> bool:
        """Whether it failed; what was skipped for want of its parents did not."""
        return self.status in ENDED_BADLY


@dataclass(frozen=True)
class DbtRun:
    """How one dbt command ended: node by node, and what stopped it altogether.

    What it compiled is in `target`; `project` names the relations as that SQL does. `lost` are
    views that it took along and that could not be created again, with the reason.
    """

    project: "Manifest"
    target: Path
    invocation_id: str
    nodes: Sequence[NodeEnd]
    error: Exception | None = None
    lost: Sequence[str] = ()


class DbtFailed(Exception):
    """Nodes of a build failed; the message names them."""


def parsed_project(settings: Settings) -> "Manifest":
    """The project as dbt parsed it, at the company's database; the caller's to change.

    What macros read as `graph` is still to be built.
    """
    # Imported here: dbt takes seconds, and most commands do without it.
    from dbt.contracts.graph.manifest import Manifest

    folder = prepare_manifest(settings).parent
    manifest = Manifest.from_msgpack((folder / PARSED).read_bytes())
    # parsed for whichever company came first
    for node in [*manifest.nodes.values(), *manifest.sources.values()]:
        place(node, settings.database, node.schema)
    return manifest


def place(node: Any, database: str, schema: str) -> None:
    """Let a node's relation be one of another database or schema."""
    if getattr(node, "relation_name", None):
        relation = getattr(node, "identifier", None) or node.alias
        node.database, node.schema = database, schema
        node.relation_name = f'"{database}"."{schema}"."{relation}"'


def mark_due(project: "Manifest", names: Collection[str]) -> None:
    """Tag the models and seeds of these names, for `--select tag:tenure_due`."""
    for node in project.nodes.values():
        if node.name in names and node.resource_type in ("model", "seed"):
            node.tags.append(DUE)


def mark_held(project: "Manifest", names: Collection[str]) -> None:
    """Tag the tests that read one of these models: it is of another day than what is built."""
    held = {key for key, node in project.nodes.items() if node.name in names}
    for node in project.nodes.values():
        if node.resource_type == "test" and not held.isdisjoint(node.depends_on.nodes):
            node.tags.append(HELD)


def run_dbt(
    settings: Settings,
    project: "Manifest",
    command: Sequence[str],
    target: Path,
    variables: Mapping[str, str],
) -> DbtRun:
    """Run one dbt command on a parsed project; what it compiles is written to `target`.

    Raises only what is no error of dbt, such as an interrupt.
    """
    from dbt_common.invocation import get_invocation_id

    # what macros read as `graph`
    project.build_flat_graph()
    asked = [*command, "--no-write-json"]
    answer = invoke(settings, asked, target, variables, project, heed=_print_end)
    results: Sequence[Any] = getattr(answer.result, "results", None) or []
    error = answer.exception if isinstance(answer.exception, Exception) else None
    return DbtRun(
        project, target, get_invocation_id(), [_node_end(each) for each in results], error
    )


def failure(run: DbtRun) -> Exception | None:
    """What a build is to fail with, naming the nodes that did; None where all is well."""
    if run.error:
        return run.error
    bad = [f"{node.unique_id}: {node.message}" for node in run.nodes if node.is_bad]
    return DbtFailed("dbt failed at\n" + "\n".join(bad)) if bad else None


def _node_end(result: Any) -> NodeEnd:
    return NodeEnd(
        result.node.unique_id,
        str(result.status),
        # A database quotes the key that it refuses.
        impersonal(result.message or ""),
        result.execution_time,
        result.failures,
    )


def _print_end(event: Any) -> None:
    """One line of the run's log as each node ends: a long build is seen to go on."""
    if event.info.name == "NodeFinished":
        end = event.data.run_result
        node = event.data.node_info.unique_id
        line = log_line(
            f"{end.status:<8} {node} {end.execution_time:.2f} s: {impersonal(end.message)}"
        )
        # in one piece: nodes end in several threads
        print(f"{line}\n", end="", flush=True)
