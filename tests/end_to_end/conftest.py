"""The whole product from the outside: the command line in a process of its own, in a fresh home."""

import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.network_guard import PROJECT_ROOT, NetworkGuard
from tests.parsing import give_parse
from warehouse import Warehouse, load_settings, server

# When a row was loaded, checked or scored, and by which run: all that two equal runs may differ in.
TIMES = {
    "_recorded_at",
    "_superseded_at",
    "checked_at",
    "first_seen_at",
    "last_seen_at",
    "loaded_at",
    "run_id",
    "scored_at",
    "trained_at",
    "updated_at",
}
COMPARED_SCHEMAS = (
    "crm",
    "billing",
    "product",
    "support",
    "survey",
    "training",
    "community",
    "success",
    "finance",
    "marts",
    "ml",
)


@dataclass
class Home:
    """A TENURE_HOME with an embedded server, and the commands one runs in it, all guarded."""

    path: Path

    @property
    def guard(self) -> NetworkGuard:
        return NetworkGuard(self.path.parent / f"guard of {self.path.name}")

    def environment(self, **extra: str) -> dict[str, str]:
        guarded = self.guard.environment()
        inherited = {key: value for key, value in guarded.items() if "TENURE_" not in key}
        # A crash in a compiled library says where it happened.
        crashes = {"PYTHONFAULTHANDLER": "1"}
        return {**inherited, **crashes, "TENURE_HOME": str(self.path), **extra}

    def start(
        self,
        *arguments: str,
        environment: Mapping[str, str] | None = None,
        folder: Path = PROJECT_ROOT,
    ) -> subprocess.Popen[str]:
        """Start a command, of the project in `folder`."""
        return subprocess.Popen(
            [sys.executable, "-m", "orchestration.cli", *arguments],
            cwd=folder,
            env=self.environment(COLUMNS="200", **(environment or {})),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            text=True,
            start_new_session=True,
        )

    def tenure(self, *arguments: str, expect: int = 0) -> str:
        """What the command printed; fails with it when the exit status is not the expected one."""
        process = self.start(*arguments)
        printed, _ = process.communicate(timeout=900)
        assert process.returncode == expect, f"tenure {' '.join(arguments)}\n{printed}{self.log()}"
        return printed

    def log(self) -> str:
        """The end of the newest run's log."""
        logs = sorted((self.path / "logs").glob("run-*.log"))
        return logs[-1].read_text(errors="replace")[-6000:] if logs else ""

    def open(self, company: str) -> Warehouse:
        return Warehouse.open(load_settings(company, self.environment()))

    def checksums(self, company: str) -> dict[str, str]:
        """One hash per table, over rows in a fixed order without the columns in TIMES."""
        warehouse = self.open(company)
        try:
            columns = warehouse.read(
                """
                select table_schema || '.' || table_name as table_name, column_name
                from information_schema.columns
                inner join information_schema.tables using (table_schema, table_name)
                where table_schema = any(%(schemas)s) and table_type = 'BASE TABLE'
                order by 1, ordinal_position
                """,
                {"schemas": list(COMPARED_SCHEMAS)},
            )
            hashes = {}
            for table, names in columns.groupby("table_name")["column_name"]:
                kept = ", ".join(f'"{name}"' for name in names if name not in TIMES)
                hashes[str(table)] = warehouse.read(
                    f"select md5(coalesce(string_agg(h, '' order by h), '')) as h from "
                    f"(select md5(row({kept})::text) as h from {table}) as hashed"
                )["h"].iloc[0]
        finally:
            warehouse.close()
        return hashes


@pytest.fixture(scope="session")
def home(open_folder: Path, parse_of_all: Path) -> Iterator[Home]:
    """A home whose name has a space, gone at the end."""
    created = Home(open_folder / "home of a user")
    give_parse(parse_of_all, created.path)
    yield created
    server.remove(load_settings("demo", created.environment()))


@dataclass(frozen=True)
class Messy:
    """A company to which everything has happened, and what a run over its files printed.

    `clean` holds the files of the same company as no export has damaged them.
    """

    home: Home
    files: Path
    clean: Path
    printed: str

    def open(self) -> Warehouse:
        return self.home.open("messy")


@pytest.fixture(scope="session")
def messy(open_folder: Path, parse_of_all: Path) -> Iterator[Messy]:
    """300 customers over 18 months with every defect and scenario, run; in a home of its own."""
    home = Home(open_folder / "messy")
    give_parse(parse_of_all, home.path)
    files, clean = open_folder / "messy files", open_folder / "clean files"
    size = ("--accounts", "300", "--months", "18", "--seed", "11")
    home.tenure("simulate", *size, "--mess", "all", "--out", str(files))
    home.tenure("simulate", *size, "--mess", "life", "--out", str(clean))
    printed = home.tenure(
        "run", "--source", "canonical", "--data", str(files), "--company", "messy"
    )
    yield Messy(home, files, clean, printed)
    server.remove(load_settings("messy", home.environment()))


SMALL = ("--accounts", "300", "--months", "18")


@pytest.fixture(scope="session")
def demo(home: Home) -> str:
    """What a small demonstration run printed; the first run in this home."""
    return home.tenure("run", *SMALL)


@dataclass(frozen=True)
class Small:
    """A company too small for a model."""

    home: Home
    files: Path

    company = "small"

    @property
    def run(self) -> tuple[str, ...]:
        """The command that makes it, to which options may be added."""
        return ("run", "--source", "canonical", "--data", str(self.files), "--company", "small")


@pytest.fixture(scope="session")
def small(open_folder: Path, parse_of_all: Path) -> Iterator[Small]:
    """60 customers over 8 months, run; in a home of its own, for what is run many times."""
    home, files = Home(open_folder / "small"), open_folder / "small files"
    give_parse(parse_of_all, home.path)
    home.tenure("simulate", "--accounts", "60", "--months", "8", "--seed", "5", "--out", str(files))
    made = Small(home, files)
    home.tenure(*made.run)
    yield made
    server.remove(load_settings(Small.company, home.environment()))
