"""dbt on a throw-away company: the parsed project, and builds of it."""

from __future__ import annotations

import fcntl
import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from sources import load_contract
from sources.store import create_tables
from tests.dbt.builds import PARSED, PROJECT, Builder
from warehouse import Warehouse

DEPRECATIONS = "deprecations.json"

if TYPE_CHECKING:
    from dbt.contracts.graph.manifest import Manifest


@dataclass(frozen=True)
class Parsed:
    """The manifest as dbt writes it, and what dbt said of the project's YAML."""

    manifest: dict[str, Any]
    deprecations: list[str]
    # The same manifest as dbt holds it, and where dbt has kept it for the next parse.
    graph: Manifest
    target: Path

    def models(self, *layers: str) -> list[dict[str, Any]]:
        """The models of these layers, of all when none is named."""
        return [
            node
            for node in self.manifest["nodes"].values()
            if node["resource_type"] == "model" and (not layers or node["fqn"][1] in layers)
        ]


def parse(target: Path) -> None:
    """Parse the project with the YAML checks that dbt skips on PostgreSQL; keep what it says."""
    from dbt.cli.main import dbtRunner
    from dbt.jsonschemas import jsonschemas

    deprecations: list[str] = []

    def note(event: Any) -> None:
        if "Deprecation" in event.info.name:
            deprecations.append(event.info.msg)

    with pytest.MonkeyPatch.context() as patch:
        supported = jsonschemas._JSONSCHEMA_SUPPORTED_ADAPTERS | {"postgres"}
        patch.setattr(jsonschemas, "_JSONSCHEMA_SUPPORTED_ADAPTERS", supported)
        places = ["--project-dir", str(PROJECT), "--profiles-dir", str(PROJECT)]
        written = ["--target-path", str(target), "--log-path", str(target)]
        result = dbtRunner(callbacks=[note]).invoke(
            ["--quiet", "parse", "--no-partial-parse", "--show-all-deprecations", *places, *written]
        )
    assert result.success, result.exception
    (target / DEPRECATIONS).write_text(json.dumps(deprecations))


@pytest.fixture(scope="session")
def parsed(pytestconfig: pytest.Config, tmp_path_factory: pytest.TempPathFactory) -> Parsed:
    """The parsed project: one worker parses it for all."""
    from dbt.contracts.graph.manifest import Manifest

    folder = tmp_path_factory.getbasetemp()
    # not by the environment, which a session within a session inherits
    shared = (folder.parent if hasattr(pytestconfig, "workerinput") else folder) / "dbt_of_all"
    shared.mkdir(exist_ok=True)
    with (shared / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (shared / DEPRECATIONS).exists():
            parse(shared)
    target = tmp_path_factory.mktemp("dbt_parse")
    shutil.copy(shared / PARSED, target)
    return Parsed(
        json.loads((shared / "manifest.json").read_text()),
        json.loads((shared / DEPRECATIONS).read_text()),
        Manifest.from_msgpack((target / PARSED).read_bytes()),
        target,
    )


@pytest.fixture(scope="module")
def company(fresh_company: Callable[[], Warehouse]) -> Warehouse:
    """A company whose raw tables are there and empty."""
    warehouse = fresh_company()
    create_tables(warehouse, load_contract())
    return warehouse


@pytest.fixture(scope="session")
def dbt_build(parsed: Parsed) -> Callable[..., None]:
    """Builds a selection of a warehouse's models as of a date."""
    return Builder(PROJECT, parsed.target, parsed.graph).build


@pytest.fixture(scope="module")
def builder(parsed: Parsed, tmp_path_factory: pytest.TempPathFactory) -> Builder:
    """Builds a copy of the project that the tests of a module may edit."""
    return Builder.of_copy(parsed.target, tmp_path_factory.mktemp("dbt_copy"))
