"""How long the simulator takes to write a company, and how much memory it needs.

    python benchmarks/simulation.py            # 1,000 accounts × 24 months; target 20 s
    python benchmarks/simulation.py --large    # also 10,000 × 24, 100 M events; 300 s, 4 GiB

Each company is written by a process of its own to an empty folder, truth included; its wall
seconds and its peak of resident memory are measured from outside. The large company's events are
made many by more events per user and day, everything else is as ever.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

from simulator import write_company
from simulator.assumptions import Assumptions

MONTHS = 24


@dataclass(frozen=True)
class Size:
    """A company to write, and what it may cost; None where nobody set a limit."""

    accounts: int
    events_per_active_day: float
    seconds: float
    gibibytes: float | None


USUAL = Size(1_000, Assumptions().events_per_active_day, 20.0, None)
LARGE = Size(10_000, 3.7, 300.0, 4.0)


def write(size: Size, folder: Path) -> int:
    """Write the company; the number of its product events."""
    rules = Assumptions(events_per_active_day=size.events_per_active_day)
    summary = write_company(folder, accounts=size.accounts, months=MONTHS, assumptions=rules)
    return summary.tables["product.events"]


def measure(size: Size) -> tuple[float, float, int, float]:
    """Seconds, GiB of memory at the peak, events, and GiB on disk of one company."""
    with tempfile.TemporaryDirectory(prefix="tenure-bench-") as name:
        folder = Path(name) / "company"
        arguments = [str(size.accounts), str(size.events_per_active_day), str(folder)]
        started = time.monotonic()
        child = subprocess.Popen(
            [sys.executable, __file__, "--write", *arguments], stdout=subprocess.PIPE, text=True
        )
        assert child.stdout is not None
        events = int(child.stdout.read())
        _, status, usage = os.wait4(child.pid, 0)
        if status:
            sys.exit(f"the company of {size.accounts:,} accounts was not written")
        seconds = time.monotonic() - started
        written = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    # ru_maxrss is in KiB on Linux.
    return seconds, usage.ru_maxrss / 2**20, events, written / 2**30


def main() -> int:
    """Print the table; 1 when a target is missed."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--large", action="store_true", help="also the company of 100 M events")
    parser.add_argument("--write", nargs=3, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.write:
        accounts, events, folder = asked.write
        print(write(Size(int(accounts), float(events), 0.0, None), Path(folder)))
        return 0
    table = Table(
        "accounts", "events", "seconds", "of target", "GiB at peak", "of target", "on disk"
    )
    is_missed = False
    for size in [USUAL, LARGE] if asked.large else [USUAL]:
        seconds, memory, events, disk = measure(size)
        ratios = [seconds / size.seconds, memory / size.gibibytes if size.gibibytes else None]
        is_missed |= any(ratio is not None and ratio > 1 for ratio in ratios)
        shown = ["no target" if ratio is None else f"{ratio:.2f}" for ratio in ratios]
        table.add_row(
            f"{size.accounts:,} × {MONTHS}",
            f"{events / 1e6:,.1f} M",
            f"{seconds:.1f}",
            shown[0],
            f"{memory:.2f}",
            shown[1],
            f"{disk:.2f} GiB",
        )
    Console().print(table)
    return 1 if is_missed else 0


if __name__ == "__main__":
    sys.exit(main())
