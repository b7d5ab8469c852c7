"""The dbt project as Dagster sees it: a manifest that is never stale, and keys that are paths."""

import hashlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import dagster as dg
from dagster_dbt import DagsterDbtTranslator, DbtCliResource, DbtProject

from orchestration.lib.check_names import name_checks
from warehouse import Settings
from warehouse.urls import dbt_environment

PROJECT_DIR = Path(__file__).resolve().parents[2] / "dbt_project"
PARSED = "partial_parse.msgpack"
PARSED_SUFFIXES = {".sql", ".yml", ".csv"}

OWNERS = {
    "seeds": ["team:customer-success"],
    "staging": ["team:analytics-engineering"],
    "intermediate": ["team:analytics-engineering"],
    "marts": ["team:analytics-engineering"],
}


def dbt_executable() -> str:
    """The dbt of the interpreter that runs us, whatever PATH says, ending when we do."""
    return str(Path(sys.executable).with_name("tenure-dbt"))


def project_fingerprint(project_dir: Path = PROJECT_DIR) -> str:
    """Hash of every file that dbt parses, by path and content."""
    digest = hashlib.sha256()
    for path in sorted(project_dir.rglob("*")):
        if path.suffix in PARSED_SUFFIXES and path.is_file():
            digest.update(str(path.relative_to(project_dir)).encode())
            digest.update(path.read_bytes())
    return digest.hexdigest()


def prepare_manifest(settings: Settings) -> Path:
    """Path of a manifest that matches the files; parses (about 5 s) only when they changed.

    Raises subprocess.CalledProcessError with dbt's own output when the project does not parse.
    """
    target = settings.home / "dbt" / "parsed"
    manifest = target / "manifest.json"
    stamp = target / "fingerprint"
    fingerprint = project_fingerprint()
    if manifest.exists() and stamp.exists() and stamp.read_text() == fingerprint:
        return manifest
    target.mkdir(parents=True, exist_ok=True)
    result = subprocess.run(
        [dbt_executable(), "parse", "--no-partial-parse", "--profiles-dir", str(PROJECT_DIR)],
        cwd=PROJECT_DIR,
        env={
            **os.environ,
            **dbt_environment(settings),
            "DBT_TARGET_PATH": str(target),
            "DBT_LOG_PATH": str(target),
        },
        capture_output=True,
        text=True,
        check=False,
    )
    if result.returncode != 0:
        raise RuntimeError(f"dbt cannot parse the project:\n{result.stdout}{result.stderr}")
    stamp.write_text(fingerprint)
    return manifest


def reuse_parse(settings: Settings, target_path: Path) -> None:
    """Start a build from the project as it was parsed last: that takes longer than most builds.

    dbt looks itself whether files, profile or variables have changed since.
    """
    parsed = [settings.home / "dbt" / "parsed" / PARSED, settings.dbt_target / PARSED]
    newest = max(filter(Path.exists, parsed), key=lambda path: path.stat().st_mtime, default=None)
    if newest:
        target_path.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(newest, target_path / PARSED)


def keep_parse(settings: Settings, target_path: Path) -> None:
    """Keep what a build has parsed for the next one."""
    if (target_path / PARSED).exists():
        shutil.copyfile(target_path / PARSED, settings.dbt_target / PARSED)


def dbt_project(settings: Settings) -> DbtProject:
    """The project with its manifest prepared."""
    manifest = prepare_manifest(settings)
    return DbtProject(PROJECT_DIR, target_path=manifest.parent, profiles_dir=PROJECT_DIR)


def read_manifest(project: DbtProject) -> dict[str, Any]:
    """The manifest with tests named as people read them."""
    return name_checks(json.loads(Path(project.manifest_path).read_text(encoding="utf-8")))


class DbtCommand(DbtCliResource):
    """The dbt command, without the handle to dbt's adapter that dagster-dbt makes for each build.

    It would serve row counts and column metadata, which Tenure does not ask dagster-dbt for, and
    means importing dbt's parser into this process and reading its macros twice in a run: 2.7 s.
    """

    def _initialize_dbt_core_adapter(self, args: Sequence[str]) -> None:  # pyright: ignore[reportIncompatibleMethodOverride]
        """No adapter: the invocation's `adapter` may be None."""


class PathTranslator(DagsterDbtTranslator):
    """Asset keys are the layer and the model's name; the group is the layer."""

    def get_asset_spec(
        self, manifest: Mapping[str, Any], unique_id: str, project: DbtProject | None
    ) -> dg.AssetSpec:
        spec = super().get_asset_spec(manifest, unique_id, project)
        node = self.get_resource_props(manifest, unique_id)
        if node["resource_type"] == "source":
            return spec.replace_attributes(key=[node["source_name"], node["name"]])
        layer = "seeds" if node["resource_type"] == "seed" else node["fqn"][1]
        return spec.replace_attributes(
            key=[layer, node["name"]],
            group_name=layer,
            owners=OWNERS[layer],
        )
