"""One parse of the dbt project for all workers and homes of a session.

A parse takes 12 s of processor time, and every home would make one of the very same files.
"""

from __future__ import annotations

import fcntl
import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.dbt.builds import PARSED, PROJECT

MANIFEST = "manifest.json"
DEPRECATIONS = "deprecations.json"


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


def parse_once(config: pytest.Config, folders: pytest.TempPathFactory) -> Path:
    """The folder of what dbt wrote: the first worker to ask parses for all."""
    folder = folders.getbasetemp()
    # not by the environment, which a session within a session inherits
    shared = (folder.parent if hasattr(config, "workerinput") else folder) / "dbt_of_all"
    shared.mkdir(exist_ok=True)
    with (shared / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (shared / DEPRECATIONS).exists():
            parse(shared)
    return shared


def give_parse(shared: Path, home: Path) -> None:
    """Let a home have parsed the project as it is. One that is given nothing parses by itself."""
    # Imported here: with it come Dagster and dbt, and most tests do without them.
    from orchestration.lib.dbt_project import FINGERPRINT, parsed_folder, project_fingerprint

    target = parsed_folder(home)
    target.mkdir(parents=True, exist_ok=True)
    for name in (MANIFEST, PARSED):
        shutil.copy(shared / name, target)
    (target / FINGERPRINT).write_text(project_fingerprint())
