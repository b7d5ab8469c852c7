"""The main job from the command line, in an empty home: first run, second run, their ratio.

    python -m benchmarks.main_job
    python -m benchmarks.main_job fightchurn ../shared/data/fightchurn_crm5 --as-of 2022-12-01

Wall seconds of the whole process, and the peak memory of its largest single process (the server's
shared buffers are in none of them).
"""

import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from rich.console import Console

PROJECT_ROOT = Path(__file__).resolve().parents[1]


def tenure(arguments: list[str], home: Path) -> float:
    """Wall seconds of one command; raises CalledProcessError when it fails."""
    started = time.monotonic()
    subprocess.run(
        [sys.executable, "-m", "orchestration.cli", *arguments],
        cwd=PROJECT_ROOT,
        env={**os.environ, "TENURE_HOME": str(home), "TENURE_DATABASE_URL": ""},
        stdout=subprocess.DEVNULL,
        check=True,
    )
    return time.monotonic() - started


def main() -> None:
    """Measure the demonstration company, or the system and folder that are named."""
    given = sys.argv[1:]
    arguments = ["run"]
    if given:
        system, folder, *rest = given
        arguments += ["--source", system, "--data", str(Path(folder).resolve()), *rest]
    console = Console()
    with tempfile.TemporaryDirectory(prefix="tenure-bench-") as folder:
        Path(folder).chmod(0o755)
        home = Path(folder) / "home"
        try:
            first, second = tenure(arguments, home), tenure(arguments, home)
        finally:
            tenure(["stop"], home)
    # ru_maxrss is in KiB on Linux.
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    console.print(f"tenure {' '.join(arguments[:3])}, {os.cpu_count()} cores")
    console.print(f"first run   {first:6.1f} s")
    console.print(f"second run  {second:6.1f} s, {second / first:.2f} of the first")
    console.print(f"largest process {peak:,.0f} MiB")


if __name__ == "__main__":
    main()
