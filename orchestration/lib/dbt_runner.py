"""dbt in this process: one start for all builds of a run, from the project as it was parsed.

A process of its own for each build took 3 s of processor time more, for imports and for reading
the project again; and one that outlived a killed run would write its tables beside the next run.
"""

import os
import threading
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from orchestration.lib.dbt_project import PARSED, PROJECT_DIR, prepare_manifest
from orchestration.lib.environment import environment
from warehouse import Settings
from warehouse.urls import dbt_environment

if TYPE_CHECKING:
    from dbt.contracts.graph.manifest import Manifest

# dbt puts each of its 6,800 events into words before it asks whether any log wants them: a quarter
# of its processor time for dbt.log, 2 s for its lines on the screen. What became of each node is in
# the run's log all the same, the SQL in the target folder. These variables bring dbt's logs back.
QUIET = {name: os.environ.get(name, "none") for name in ("DBT_LOG_LEVEL", "DBT_LOG_LEVEL_FILE")}
# Selected by a tag: dbt looks through the whole graph for each name, four times.
DUE = "due"
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

    What it compiled is in `target`; `project` names the relations as that SQL does.
    """

    project: "Manifest"
    target: Path
    nodes: Sequence[NodeEnd]
    error: Exception | None = None


class DbtFailed(Exception):
    """Nodes of a build failed; the message names them."""


def parsed_project(settings: Settings) -> "Manifest":
    """The project as dbt parsed it, at the company's database; the caller's to change."""
    # Imported here as below: dbt takes seconds, and most commands do without it.
    from dbt.contracts.graph.manifest import Manifest

    folder = prepare_manifest(settings).parent
    manifest = Manifest.from_msgpack((folder / PARSED).read_bytes())
    # parsed for whichever company came first
    for node in [*manifest.nodes.values(), *manifest.sources.values()]:
        place(node, settings.database, node.schema)
    # what macros read as `graph`
    manifest.build_flat_graph()
    return manifest


def place(node: Any, database: str, schema: str) -> None:
    """Let a node's relation be one of another database or schema."""
    if getattr(node, "relation_name", None):
        relation = getattr(node, "identifier", None) or node.alias
        node.database, node.schema = database, schema
        node.relation_name = f'"{database}"."{schema}"."{relation}"'


def mark_due(project: "Manifest", names: Collection[str]) -> None:
    """Tag the models and seeds of these names, for `--select tag:due`."""
    for node in project.nodes.values():
        if node.name in names and node.resource_type in ("model", "seed"):
            node.tags.append(DUE)


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
    from dbt.cli.main import dbtRunner, dbtRunnerResult

    target.mkdir(parents=True, exist_ok=True)
    places = ["--project-dir", str(PROJECT_DIR), "--profiles-dir", str(PROJECT_DIR)]
    written = ["--target-path", str(target), "--log-path", str(target), "--no-write-json"]
    answers: list[dbtRunnerResult] = []
    with environment({**QUIET, **dbt_environment(settings), **variables}):
        # In a thread of its own: dbt looks at the whole call stack several times, and Dagster's is
        # deep, which took 1.5 s of a run. It must not hold up a process that is interrupted.
        thread = threading.Thread(
            target=lambda: answers.append(
                dbtRunner(manifest=project).invoke([*command, *places, *written])
            ),
            daemon=True,
        )
        thread.start()
        thread.join()
    [answer] = answers
    if answer.exception is not None and not isinstance(answer.exception, Exception):
        raise answer.exception
    results: Sequence[Any] = getattr(answer.result, "results", None) or []
    ends = [_node_end(result) for result in results]
    for end in ends:
        print(f"{end.status:<8} {end.unique_id} {end.seconds:.2f} s: {end.message}")
    return DbtRun(project, target, ends, answer.exception)


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
        result.message or "",
        result.execution_time,
        result.failures,
    )
