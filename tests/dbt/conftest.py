"""dbt on a throw-away company: the parsed project, and builds of it."""

from __future__ import annotations

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
from tests.parsing import DEPRECATIONS, MANIFEST
from warehouse import Warehouse

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


@pytest.fixture(scope="session")
def parsed(parse_of_all: Path, tmp_path_factory: pytest.TempPathFactory) -> Parsed:
    """The parsed project."""
    from dbt.contracts.graph.manifest import Manifest

    target = tmp_path_factory.mktemp("dbt_parse")
    shutil.copy(parse_of_all / PARSED, target)
    return Parsed(
        json.loads((parse_of_all / MANIFEST).read_text()),
        json.loads((parse_of_all / DEPRECATIONS).read_text()),
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
