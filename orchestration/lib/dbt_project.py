"""The dbt project as Dagster sees it: a manifest that is never stale, and keys that are paths."""

import fcntl
import hashlib
import json
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

import dagster as dg
from dagster_dbt import DagsterDbtTranslator, DbtProject

from orchestration.lib.check_names import name_checks
from orchestration.lib.dbt_invocation import PROJECT_DIR, invoke
from warehouse import Settings

PARSED = "partial_parse.msgpack"
FINGERPRINT = "fingerprint"
PARSERS = ("dbt-core", "dbt-adapters", "dbt-postgres")
PARSED_SUFFIXES = {".sql", ".yml", ".csv"}

OWNERS = {
    "seeds": ["team:customer-success"],
    "staging": ["team:analytics-engineering"],
    "intermediate": ["team:analytics-engineering"],
    "marts": ["team:analytics-engineering"],
}


def project_fingerprint(project_dir: Path = PROJECT_DIR) -> str:
    """Hash of every file that dbt parses, by path and content, and of who parses them."""
    digest = hashlib.sha256("".join(map(version, PARSERS)).encode())
    for path in sorted(project_dir.rglob("*")):
        if path.suffix in PARSED_SUFFIXES and path.is_file():
            digest.update(str(path.relative_to(project_dir)).encode())
            digest.update(path.read_bytes())
    return digest.hexdigest()


def parsed_folder(home: Path) -> Path:
    """Where a home keeps the parsed project."""
    return home / "dbt" / "parsed"


def prepare_manifest(settings: Settings) -> Path:
    """Path of a manifest that matches the files; parses (about 5 s) only when they changed.

    Raises RuntimeError with what dbt says when the project does not parse.
    """
    target = parsed_folder(settings.home)
    manifest = target / "manifest.json"
    stamp = target / FINGERPRINT
    fingerprint = project_fingerprint()
    target.mkdir(parents=True, exist_ok=True)
    with (target / "lock").open("w") as lock:
        # another process may be writing the very same files
        fcntl.flock(lock, fcntl.LOCK_EX)
        if manifest.exists() and stamp.exists() and stamp.read_text() == fingerprint:
            return manifest
        # of a parse that is killed, half a manifest stays
        stamp.unlink(missing_ok=True)
        answer = invoke(settings, ["parse", "--no-partial-parse"], target)
        if not answer.success:
            raise RuntimeError(f"dbt cannot parse the project:\n{answer.exception}")
        stamp.write_text(fingerprint)
    return manifest


def dbt_project(settings: Settings) -> DbtProject:
    """The project with its manifest prepared."""
    manifest = prepare_manifest(settings)
    return DbtProject(PROJECT_DIR, target_path=manifest.parent, profiles_dir=PROJECT_DIR)


def read_manifest(project: DbtProject) -> dict[str, Any]:
    """The manifest with tests named as people read them."""
    return name_checks(json.loads(Path(project.manifest_path).read_text(encoding="utf-8")))


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
