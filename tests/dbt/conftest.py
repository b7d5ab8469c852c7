"""dbt on a throw-away company: the parsed project, and builds of it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from sources import load_contract
from sources.store import create_tables
from warehouse import Warehouse
from warehouse.urls import dbt_environment

PROJECT = Path(__file__).resolve().parents[2] / "dbt_project"


@dataclass(frozen=True)
class Parsed:
    """The manifest as dbt writes it, and what dbt said of the project's YAML."""

    manifest: dict[str, Any]
    deprecations: list[str]

    def models(self, *layers: str) -> list[dict[str, Any]]:
        """The models of these layers, of all when none is named."""
        return [
            node
            for node in self.manifest["nodes"].values()
            if node["resource_type"] == "model" and (not layers or node["fqn"][1] in layers)
        ]


@pytest.fixture(scope="session")
def parsed(tmp_path_factory: pytest.TempPathFactory) -> Parsed:
    """The project, parsed with the YAML checks that dbt skips on PostgreSQL."""
    from dbt.cli.main import dbtRunner
    from dbt.jsonschemas import jsonschemas

    target = tmp_path_factory.mktemp("dbt_parse")
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
    return Parsed(json.loads((target / "manifest.json").read_text()), deprecations)


@pytest.fixture(scope="module")
def company(fresh_company: Callable[[], Warehouse]) -> Warehouse:
    """A company whose raw tables are there and empty."""
    warehouse = fresh_company()
    create_tables(warehouse, load_contract())
    return warehouse


def build(target: Path, warehouse: Warehouse, as_of_date: str, *selection: str) -> None:
    """Build a selection as of a date, dbt's own files in `target`; fails with dbt's words."""
    command = [str(Path(sys.executable).with_name("dbt")), "build"]
    variables = ["--vars", json.dumps({"as_of_date": as_of_date})]
    places = {"DBT_TARGET_PATH": str(target), "DBT_LOG_PATH": str(target)}
    places |= {"DBT_PROJECT_DIR": str(PROJECT), "DBT_PROFILES_DIR": str(PROJECT)}
    # Ingestion enforces the tests of the sources.
    result = subprocess.run(
        [*command, *variables, *selection, "--exclude", "source:*"],
        env={**os.environ, **places, **dbt_environment(warehouse.settings)},
        cwd=target,
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stdout[-6000:] + result.stderr[-2000:]


@pytest.fixture(scope="session")
def dbt_build(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., None]:
    """Builds a selection of a warehouse's models as of a date."""
    return partial(build, tmp_path_factory.mktemp("dbt_build"))
