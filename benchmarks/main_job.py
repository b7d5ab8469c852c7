"""The main job from the command line, in an empty home: first run, no change, two new days.

    python -m benchmarks.main_job                        1,000 accounts × 24 months
    python -m benchmarks.main_job --accounts 10000       a hundred million events

The simulated company ends on a Saturday on which the outcomes of a week are known, 90 days after
its Sunday: the last run trains, the one before has nothing new to learn from, as six days of seven.

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
# The time at which a row of a table came into being: those of the last days are kept for later.
BORN_AT = {
    "billing.invoices": "issued_at",
    "billing.payments": "attempted_at",
    "community.posts": "posted_at",
    "crm.activities": "occurred_at",
    "support.tickets": "created_at",
    "survey.invitations": "sent_at",
    "survey.responses": "submitted_at",
}
# Each run, and how many days before the newest fact it looks back from.
RUNS = {"first": 2, "no change": 2, "one new day": 1, "the next, with new outcomes": 0}


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
    """Run one command; one that fails ends the program with what it printed."""
    started, client, server = time.monotonic(), children_seconds(), server_seconds(home)
    ended = subprocess.run(
        [sys.executable, "-m", "orchestration.cli", *arguments],
        cwd=PROJECT_ROOT,
        env={**os.environ, "TENURE_HOME": str(home), "TENURE_DATABASE_URL": ""},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        check=False,
    )
    if ended.returncode != 0:
        sys.exit(f"tenure {' '.join(arguments)} ended with {ended.returncode}:\n{ended.stdout}")
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


def deliver(files: Path, delivered: Path, as_of: date) -> None:
    """Copy a company's files without what came into being after a day."""
    shutil.rmtree(delivered, ignore_errors=True)
    shutil.copytree(files, delivered, ignore=shutil.ignore_patterns("truth"))
    chosen = [(delivered / f"{table}.parquet", column) for table, column in BORN_AT.items()]
    newest = max((delivered / "product.events").glob("*.parquet"))
    for path, column in [*chosen, (newest, "occurred_at")]:
        kept = path.with_suffix(".kept")
        duckdb.sql(
            f"copy (select * from '{path}' where {column}::date <= date '{as_of}') "
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
    """Generate a company, hold back its last two days, and measure four runs."""
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
            files, delivered = folder / "files", folder / "delivered"
            run = ["run", "--source", "canonical", "--company", COMPANY, "--data", str(delivered)]
            costs = {}
            for label, days_before in RUNS.items():
                as_of = newest - timedelta(days=days_before)
                if label != "no change":
                    deliver(files, delivered, as_of)
                costs[label] = tenure([*run, "--as-of", as_of.isoformat()], home)
    # ru_maxrss is in KiB on Linux.
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    table = Table("run", "wall s", "processor s", "of it PostgreSQL", "of the first")
    for label, cost in costs.items():
        table.add_row(
            label,
            f"{cost.wall:.1f}",
            f"{cost.processor:.1f}",
            f"{cost.server:.1f}",
            f"{cost.processor / costs['first'].processor:.2f}",
        )
    console.print(
        f"{options.accounts:,} accounts × {options.months} months, {os.cpu_count()} cores"
    )
    console.print(table)
    console.print(f"largest process {peak:,.0f} MiB")


if __name__ == "__main__":
    main()
