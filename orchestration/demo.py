"""The demonstration company: files written once, and again only when asked for another."""

import hashlib
import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import simulator
from simulator import write_company
from warehouse import Settings


def simulator_version() -> str:
    """Hash of the simulator's own code: another simulator invents another company."""
    digest = hashlib.sha256()
    for path in sorted(Path(str(simulator.__file__)).parent.rglob("*.py")):
        digest.update(path.read_bytes())
    return digest.hexdigest()


def write_demo(
    settings: Settings,
    accounts: int,
    months: int,
    seed: int,
    progress: Callable[[str, float], None],
) -> Path:
    """Folder of the demonstration company's files.

    The marker is written last, so that files of an interrupted run are never taken for whole.
    """
    folder = settings.company_home / "demo"
    marker = folder / "written.json"
    asked = json.dumps(
        {"accounts": accounts, "months": months, "seed": seed, "simulator": simulator_version()}
    )
    files = folder / "files"
    if marker.exists() and marker.read_text() == asked:
        return files
    # A smaller company on purpose is no export cut short.
    os.environ.setdefault("TENURE_ACCEPT_SHRINK", "all")
    shutil.rmtree(folder, ignore_errors=True)
    write_company(files, accounts=accounts, months=months, seed=seed, progress=progress)
    marker.write_text(asked)
    return files
