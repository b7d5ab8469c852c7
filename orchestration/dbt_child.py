"""dbt as a child that does not outlive its parent: the command `tenure-dbt`.

A run that is killed leaves its dbt process building; the next run would then write the same tables
beside it. The kernel ends this one with its parent (Linux; elsewhere it runs as plain dbt).
"""

import ctypes
import os
import signal
import sys
from importlib.metadata import version

PR_SET_PDEATHSIG = 1


def die_with(parent: int) -> None:
    """Ask for SIGKILL when the parent ends; exit at once if it has ended already."""
    if sys.platform != "linux":
        return
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        sys.exit("the parent of this dbt is gone")


def main() -> None:
    """Run dbt with this process's arguments.

    dagster-dbt asks for the version before each build, and dbt's own answer asks a package
    registry for a newer one: that call home is answered here.
    """
    if sys.argv[1:] == ["--version"]:
        print(version("dbt-core"))
        return
    die_with(os.getppid())
    from dbt.cli.main import cli

    cli()
