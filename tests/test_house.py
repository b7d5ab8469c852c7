"""The house's rules: who may import whom, and what no file may hold."""

from __future__ import annotations

import ast
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import PROJECT_ROOT

WAREHOUSE_ONLY = frozenset({"warehouse"})
# Room by room: what of ours it may import. Orchestration may import all of them.
MAY_IMPORT = {
    "warehouse": frozenset[str](),
    "sources": WAREHOUSE_ONLY,
    "ml": WAREHOUSE_ONLY,
    "simulator": WAREHOUSE_ONLY,
    "expectations": WAREHOUSE_ONLY,
    "dashboards": WAREHOUSE_ONLY,
    "orchestration": frozenset(
        {"warehouse", "sources", "ml", "simulator", "expectations", "dashboards"}
    ),
}
# Within the simulator: what happens does not know how it is written down, records do not know the
# truth, and the judge knows files alone.
FLOORS_OF_THE_SIMULATOR = {
    "defects": frozenset({"defects"}),
    "life": frozenset({"defects", "life"}),
    "exports": frozenset({"defects", "life", "exports"}),
    "truth": frozenset({"defects", "life", "exports", "truth"}),
    "evaluation": frozenset({"evaluation"}),
}
# ml sees data frames, never a connection, and knows nothing of the scheduler.
CLOSED_TO_ML = frozenset(
    {"psycopg", "psycopg2", "adbc_driver_postgresql", "adbc_driver_manager", "sqlalchemy", "duckdb"}
    | {"dagster", "dagster_dbt", "dagster_postgres"}
)
TEXT_SUFFIXES = frozenset(
    {".cfg", ".csv", ".example", ".ini", ".lock", ".md", ".py", ".sh", ".sql", ".toml", ".txt"}
    | {".yaml", ".yml", ""}
)
LONGEST_FILE = 400
# Written in pieces, so that this file does not break its own rules.
FORBIDDEN = {
    "the address of a package registry": re.compile(
        "|".join(
            re.escape(first + second)
            for first, second in [
                ("pypi", ".org"),
                ("python", "hosted.org"),
                ("registry.npm", "js.org"),
                ("index.crates", ".io"),
                ("--index", "-url"),
                ("--extra-index", "-url"),
            ]
        )
    ),
    "work left for later": re.compile(r"\b(" + "|".join(["TO" + "DO", "FIX" + "ME"]) + r")\b"),
    "a merge conflict": re.compile(r"^(<{7}|>{7}) ", re.MULTILINE),
}


def modules(package: str) -> list[Path]:
    return sorted((PROJECT_ROOT / package).rglob("*.py"))


def imported_modules(path: Path) -> Iterator[str]:
    """The modules that a file imports, wherever in it, also inside functions."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            yield node.module


def imports(path: Path) -> Iterator[str]:
    """The top-level names of the modules that a file imports."""
    return (name.split(".")[0] for name in imported_modules(path))


def tracked_files() -> list[Path]:
    """The repository's text files, new ones included."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=PROJECT_ROOT, capture_output=True, text=True, check=True)
    paths = (PROJECT_ROOT / name for name in listed.stdout.split("\0") if name)
    return [path for path in paths if path.is_file() and path.suffix in TEXT_SUFFIXES]


@pytest.mark.parametrize("package", MAY_IMPORT)
def test_a_room_imports_only_what_the_house_allows(package: str) -> None:
    ours = set(MAY_IMPORT) - MAY_IMPORT[package] - {package}
    broken = {
        f"{path.relative_to(PROJECT_ROOT)} imports {name}"
        for path in modules(package)
        for name in imports(path)
        if name in ours
    }
    assert not broken
    assert modules(package), f"{package}/ is empty: this test would pass for the wrong reason"


@pytest.mark.parametrize("floor", FLOORS_OF_THE_SIMULATOR)
def test_the_simulators_floors_stand_on_each_other(floor: str) -> None:
    closed = set(FLOORS_OF_THE_SIMULATOR) - FLOORS_OF_THE_SIMULATOR[floor]
    broken = {
        f"{path.relative_to(PROJECT_ROOT)} imports {name}"
        for path in modules(f"simulator/{floor}")
        for name in imported_modules(path)
        if name.split(".")[0] == "simulator" and closed & set(name.split(".")[1:2])
    }
    assert not broken
    assert modules(f"simulator/{floor}")


def test_every_package_is_under_the_import_rule() -> None:
    found = {path.parent.name for path in PROJECT_ROOT.glob("*/__init__.py")}
    assert found - {"tests"} == set(MAY_IMPORT)


def test_ml_has_no_connection_and_no_scheduler() -> None:
    broken = {
        f"{path.relative_to(PROJECT_ROOT)} imports {name}"
        for path in modules("ml")
        for name in imports(path)
        if name in CLOSED_TO_ML
    }
    assert not broken


def test_the_import_rule_sees_imports_inside_functions(tmp_path: Path) -> None:
    path = tmp_path / "sly.py"
    path.write_text("def f():\n    from orchestration.run import x\n    import ml.panel as y\n")
    assert set(imports(path)) == {"orchestration", "ml"}


def test_only_the_terminal_knows_a_console() -> None:
    """Rich's own reads what is printed as markup: an account called [/b] ends a run."""
    printing = [
        str(path.relative_to(PROJECT_ROOT))
        for room in MAY_IMPORT
        for path in modules(room)
        if "rich.console" in imported_modules(path)
    ]
    assert printing == ["orchestration/terminal.py"]


def test_the_app_writes_no_html() -> None:
    """What Streamlit is given as HTML it runs, with the account names in it."""
    texts = {path.name: path.read_text(encoding="utf-8") for path in modules("dashboards")}
    assert [name for name, text in texts.items() if re.search(r"unsafe_allow|st\.html", text)] == []


@pytest.mark.parametrize("what", FORBIDDEN)
def test_no_file_holds(what: str) -> None:
    found = [
        f"{path.relative_to(PROJECT_ROOT)}: {match.group()}"
        for path in tracked_files()
        if (match := FORBIDDEN[what].search(path.read_text(encoding="utf-8", errors="replace")))
    ]
    assert not found


def test_no_source_file_is_too_long_to_read() -> None:
    long = [
        str(path.relative_to(PROJECT_ROOT))
        for path in tracked_files()
        if path.suffix in {".py", ".sql"}
        and len(path.read_text(encoding="utf-8").splitlines()) > LONGEST_FILE
    ]
    assert not long
