"""The demonstration company: files written once, and again only when asked for another."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

from simulator import write_company
from warehouse import Settings


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
    asked = json.dumps({"accounts": accounts, "months": months, "seed": seed})
    files = folder / "files"
    if marker.exists() and marker.read_text() == asked:
        return files
    shutil.rmtree(folder, ignore_errors=True)
    write_company(files, accounts=accounts, months=months, seed=seed, progress=progress)
    marker.write_text(asked)
    return files
