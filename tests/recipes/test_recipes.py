"""Each recipe of docs/recipes.md: its diffs apply to this tree, and what they make works."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
RECIPES = (ROOT / "docs" / "recipes.md").read_text()
SECTIONS = re.split(r"^## ", RECIPES, flags=re.MULTILINE)[1:]
DIFFS = {
    section.splitlines()[0]: re.findall(r"^```diff\n(.*?)^```$", section, re.DOTALL | re.MULTILINE)
    for section in SECTIONS
}
COPIED = ("dashboards", "dbt_project", "expectations", "ml", "orchestration", "simulator")
COPIED += ("sources", "tests", "warehouse", "pyproject.toml")
# What the recipes' own tests look at, and what shows that the other diffs work.
CHECKS = (
    "tests/recipes/checks_of_recipes.py",
    "tests/ml/test_targets.py::test_targets_are_found_by_their_files_and_named_like_them",
    "tests/ml/test_targets.py::test_the_code_of_all_targets_names_none",
    "tests/dashboards/test_pages.py::test_a_source_that_is_not_connected_is_named",
)


def apply(diff: str, folder: Path, *options: str) -> None:
    """Apply one diff to a tree; fails with what git says."""
    result = subprocess.run(
        ["git", "apply", "--unidiff-zero", *options, "-"],
        input=diff,
        cwd=folder,
        # No repository around the folder may take part.
        env={**os.environ, "GIT_CEILING_DIRECTORIES": str(folder.parent)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stderr + diff


def touched(recipe: str) -> set[str]:
    """The files that a recipe's diffs change or make."""
    return set(re.findall(r"^\+\+\+ b/(\S+)", "".join(DIFFS[recipe]), re.MULTILINE))


def test_every_recipe_has_a_diff() -> None:
    assert list(DIFFS) == [
        "A signal",
        "A scorecard",
        "A raw column",
        "A system",
        "A target",
        "A page",
    ]
    assert all(DIFFS.values())


def test_a_signal_takes_three_files_and_a_scorecard_seeds_alone() -> None:
    """A signal that takes seven files is not added by the people who know the customers."""
    seeds = {file for file in touched("A signal") if file.startswith("dbt_project/seeds/")}
    assert len(touched("A signal") - seeds) == 3
    assert all(file.startswith("dbt_project/seeds/") for file in touched("A scorecard"))


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the project to which all recipes were applied."""
    folder = tmp_path_factory.mktemp("recipes") / "project"
    folder.mkdir()
    for name in COPIED:
        if (ROOT / name).is_dir():
            ignored = shutil.ignore_patterns("__pycache__", "end_to_end", "target", "logs")
            shutil.copytree(ROOT / name, folder / name, ignore=ignored)
        else:
            shutil.copy(ROOT / name, folder / name)
    for diffs in DIFFS.values():
        for diff in diffs:
            apply(diff, folder)
    return folder


@pytest.mark.slow
def test_what_the_recipes_make_works(tree: Path) -> None:
    result = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", *CHECKS],
        cwd=tree,
        env={**os.environ, "PYTHONPATH": str(tree)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stdout[-6000:] + result.stderr[-2000:]
