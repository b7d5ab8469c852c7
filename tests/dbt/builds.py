"""dbt in this process: the project is parsed once, and built for one company after another.

As a process of its own, dbt takes 12 s of processor time to import itself and to parse the project
anew for each database and as-of date: longer than it takes to build all signals of a small company.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from itertools import takewhile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from warehouse import Warehouse
from warehouse.urls import dbt_environment

if TYPE_CHECKING:
    from dbt.contracts.graph.manifest import Manifest

PROJECT = Path(__file__).resolve().parents[2] / "dbt_project"
PARSED = "partial_parse.msgpack"
ONLY_MODELS = ("--exclude-resource-types", "test", "unit_test")
# What is written for people and other programs to read, which no test does.
UNWRITTEN = ("--log-level", "none", "--log-level-file", "none", "--no-write-json")
# Small tables gain nothing from four threads, which take a tenth longer to hand over to each other.
THREADS = ("--threads", "1")
# An edge from each test to the models next to it that wait for it, not to all behind them.
FEW_EDGES = ("--use-fast-test-edges",)


@dataclass
class Builder:
    """Builds one project. `manifest` is what dbt has parsed of it, None before the next parse.

    Seeds that a company has from an earlier build of the same models are not loaded again, as a run
    of the product would not: it is a tenth of a build.
    """

    project: Path
    target: Path
    manifest: Manifest | None = field(default=None, repr=False)
    seeded: set[tuple[str, str]] = field(default_factory=set, repr=False)

    @classmethod
    def of_copy(cls, parsed: Path, folder: Path) -> Builder:
        """A copy of the project that a test may edit, as far parsed as the target of another."""
        target = folder / "target"
        target.mkdir()
        shutil.copy(parsed / PARSED, target)
        return cls(Path(shutil.copytree(PROJECT, folder / "dbt_project")), target)

    def build(
        self, warehouse: Warehouse, as_of_date: str, *selection: str, known: str = ""
    ) -> None:
        """Build a selection as of a date, as known at a moment; fails with what dbt says."""
        variables = {"as_of_date": as_of_date, "known_as_of": known or None}
        # Ingestion enforces the tests of the sources.
        options = [*UNWRITTEN, *THREADS, *FEW_EDGES, *selection, "--exclude", "source:*"]
        options += ["--vars", json.dumps(variables)]
        environment = dbt_environment(warehouse.settings)
        manifest = self.manifest
        if manifest is None:
            self.seeded.clear()
            manifest = self.manifest = self._dbt("parse", ["--quiet"], {})
        database = environment["TENURE_PG_DATABASE"]
        has_tests = not set(ONLY_MODELS) <= set(selection)
        built = {(database, part) for part in models_of(selection)}
        if not has_tests and built <= self.seeded:
            place = options.index(ONLY_MODELS[-1])
            options[place:place] = ["seed"]
        with nullcontext() if has_tests else without_tests(manifest):
            point_at(manifest, database)
            self._dbt("build", options, environment)
        self.seeded |= built

    def edit(self, path: str, old: str, new: str) -> None:
        """Change a file of the project; the next build sees it."""
        file = self.project / path
        text = file.read_text()
        assert old in text
        file.write_text(text.replace(old, new))
        self.manifest = None

    def _dbt(self, command: str, options: list[str], environment: dict[str, str]) -> Any:
        from dbt.cli.main import dbtRunner

        places = ["--project-dir", str(self.project), "--profiles-dir", str(self.project)]
        places += ["--target-path", str(self.target), "--log-path", str(self.target)]
        with pytest.MonkeyPatch.context() as patch:
            for name, text in environment.items():
                patch.setenv(name, text)
            answer = dbtRunner(manifest=self.manifest).invoke([command, *options, *places])
        failures = [
            f"{node.node.name}: {node.message}"
            for node in getattr(answer.result, "results", [])
            if node.status not in ("success", "pass", "skipped")
        ]
        assert answer.success, (failures, answer.exception)
        return answer.result


def models_of(selection: Sequence[str]) -> list[str]:
    """What is named for building; an empty name for all."""
    if "--select" not in selection:
        return [""]
    named = selection[selection.index("--select") + 1 :]
    return list(takewhile(lambda part: not part.startswith("--"), named))


@contextmanager
def without_tests(manifest: Manifest) -> Iterator[None]:
    """Let a project have no tests: before each build dbt looks through all of them, several times,
    for what must wait for what."""
    nodes, unit_tests = manifest.nodes, manifest.unit_tests
    manifest.nodes = {name: node for name, node in nodes.items() if node.resource_type != "test"}
    manifest.unit_tests = {}
    try:
        yield
    finally:
        manifest.nodes, manifest.unit_tests = nodes, unit_tests


def point_at(manifest: Manifest, database: str) -> None:
    """Let a parsed project be another company's: nothing but the database differs."""
    for node in [*manifest.nodes.values(), *manifest.sources.values()]:
        before, node.database = node.database, database
        if node.relation_name:
            node.relation_name = node.relation_name.replace(f'"{before}".', f'"{database}".', 1)
    # what macros read as `graph`
    manifest.build_flat_graph()
