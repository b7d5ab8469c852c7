"""The main job from the command line, in an empty home: first run, no change, one new day.

    python -m benchmarks.main_job                        1,000 accounts × 24 months
    python -m benchmarks.main_job --accounts 10000       a hundred million events

Seconds of wall clock and of processor time (the command with its children, and PostgreSQL), and
the peak memory of the largest single process. Ratios are of processor time, which other work on
the machine moves least.
"""

import argparse
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import duckdb
from rich.console import Console
from rich.table import Table

PROJECT_ROOT = Path(__file__).resolve().parents[1]
COMPANY = "bench"
TICKS = os.sysconf("SC_CLK_TCK")
# The time at which a row of a table came into being: those of the last day are kept for later.
BORN_AT = {
    "billing.invoices": "issued_at",
    "billing.payments": "attempted_at",
    "community.posts": "posted_at",
    "crm.activities": "occurred_at",
    "support.tickets": "created_at",
    "survey.invitations": "sent_at",
    "survey.responses": "submitted_at",
}


@dataclass(frozen=True)
class Cost:
    """What one command took, in seconds."""

    wall: float
    client: float
    server: float

    @property
    def processor(self) -> float:
        """The command, its children and the database server together."""
        return self.client + self.server


def tenure(arguments: list[str], home: Path) -> Cost:
    """Run one command; raises CalledProcessError when it fails."""
    started, client, server = time.monotonic(), children_seconds(), server_seconds(home)
    subprocess.run(
        [sys.executable, "-m", "orchestration.cli", *arguments],
        cwd=PROJECT_ROOT,
        env={**os.environ, "TENURE_HOME": str(home), "TENURE_DATABASE_URL": ""},
        stdout=subprocess.DEVNULL,
        check=True,
    )
    return Cost(
        time.monotonic() - started,
        children_seconds() - client,
        server_seconds(home) - server,
    )


def children_seconds() -> float:
    """Processor seconds of all commands so far, with their children."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def server_seconds(home: Path) -> float:
    """Processor seconds of the home's PostgreSQL, backends that have ended included."""
    pid_file = home / "postgres" / "data" / "postmaster.pid"
    if not pid_file.exists():
        return 0.0
    stat = Path(f"/proc/{pid_file.read_text().splitlines()[0]}/stat").read_text()
    own = stat.rsplit(")", 1)[1].split()
    # utime, stime, cutime, cstime: fields 14 to 17 of proc(5)
    return sum(int(field) for field in own[11:15]) / TICKS


def hold_back_last_day(files: Path, earlier: Path, last_day: date) -> None:
    """Copy a company's files without what came into being on its last day."""
    shutil.copytree(files, earlier, ignore=shutil.ignore_patterns("truth"))
    chosen = [(earlier / f"{table}.parquet", column) for table, column in BORN_AT.items()]
    newest = max((earlier / "product.events").glob("*.parquet"))
    for path, column in [*chosen, (newest, "occurred_at")]:
        kept = path.with_suffix(".kept")
        duckdb.sql(
            f"copy (select * from '{path}' where {column}::date < date '{last_day}') "
            f"to '{kept}' (format parquet)"
        )
        kept.replace(path)


@contextmanager
def open_home(folder: Path) -> Iterator[Path]:
    """A home for the commands; its server is stopped at the end."""
    home = folder / "home"
    try:
        yield home
    finally:
        tenure(["stop"], home)


def main() -> None:
    """Generate a company, hold back its last day, and measure three runs."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--accounts", type=int, default=1_000)
    parser.add_argument("--months", type=int, default=24)
    options = parser.parse_args()
    console = Console()
    with tempfile.TemporaryDirectory(prefix="tenure-bench-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        with open_home(folder) as home:
            size = ["--accounts", str(options.accounts), "--months", str(options.months)]
            tenure(["simulate", *size, "--out", str(folder / "files")], home)
            newest = duckdb.sql(
                f"select max(occurred_at)::date from '{folder}/files/product.events/*.parquet'"
            ).fetchall()[0][0]
            hold_back_last_day(folder / "files", folder / "earlier", newest)
            run = ["run", "--source", "canonical", "--company", COMPANY, "--data"]
            today, yesterday = newest.isoformat(), (newest - timedelta(days=1)).isoformat()
            first = tenure([*run, str(folder / "earlier"), "--as-of", yesterday], home)
            same = tenure([*run, str(folder / "earlier"), "--as-of", yesterday], home)
            shutil.rmtree(folder / "earlier")
            shutil.copytree(folder / "files", folder / "earlier")
            new_day = tenure([*run, str(folder / "earlier"), "--as-of", today], home)
    # ru_maxrss is in KiB on Linux.
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    table = Table("run", "wall s", "processor s", "of it PostgreSQL", "of the first")
    for label, cost in (("first", first), ("no change", same), ("one new day", new_day)):
        table.add_row(
            label,
            f"{cost.wall:.1f}",
            f"{cost.processor:.1f}",
            f"{cost.server:.1f}",
            f"{cost.processor / first.processor:.2f}",
        )
    console.print(
        f"{options.accounts:,} accounts × {options.months} months, {os.cpu_count()} cores"
    )
    console.print(table)
    console.print(f"largest process {peak:,.0f} MiB")


if __name__ == "__main__":
    main()
