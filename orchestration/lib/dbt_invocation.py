"""One way to call dbt in this process: without its logs, in a company, and stopped by an interrupt.

A process of its own for each build took 3 s of processor time more, for imports and for reading
the project again; and one that outlived a killed run would write its tables beside the next run.
"""

import contextlib
import os
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, wait
from pathlib import Path
from typing import TYPE_CHECKING, Any

from orchestration.lib.environment import environment
from warehouse import Settings
from warehouse.urls import dbt_environment

if TYPE_CHECKING:
    from dbt.cli.main import dbtRunnerResult
    from dbt.contracts.graph.manifest import Manifest

PROJECT_DIR = Path(__file__).resolve().parents[2] / "dbt_project"
# dbt puts each of its 6,800 events into words before it asks whether any log wants them: a quarter
# of its processor time for dbt.log, 2 s for its lines on the screen. What became of each node is in
# the run's log all the same, the SQL in the target folder. These variables bring dbt's logs back.
QUIET = {name: os.environ.get(name, "none") for name in ("DBT_LOG_LEVEL", "DBT_LOG_LEVEL_FILE")}
SECONDS_TO_STOP = 10


def invoke(
    settings: Settings,
    command: Sequence[str],
    target: Path,
    variables: Mapping[str, str] | None = None,
    project: "Manifest | None" = None,
    heed: Callable[[Any], None] | None = None,
) -> "dbtRunnerResult":
    """Run one dbt command, on a parsed project where one is given; `heed` sees each event.

    Raises only what is no error of dbt, such as an interrupt: the statements that dbt has open end
    with it.
    """
    # Imported here: dbt takes seconds, and most commands do without it.
    from dbt.cli.main import dbtRunner, dbtRunnerResult

    target.mkdir(parents=True, exist_ok=True)
    places = ["--project-dir", str(PROJECT_DIR), "--profiles-dir", str(PROJECT_DIR)]
    written = ["--target-path", str(target), "--log-path", str(target)]
    runner = dbtRunner(manifest=project, callbacks=[heed] if heed else None)
    ended: Future[dbtRunnerResult] = Future()

    def run() -> None:
        try:
            ended.set_result(runner.invoke([*command, *places, *written]))
        except BaseException as error:
            ended.set_exception(error)

    with environment({**QUIET, **dbt_environment(settings), **(variables or {})}):
        # In a thread of its own: dbt looks at the whole call stack several times, and Dagster's is
        # deep, which took 1.5 s of a run. It must not hold up a process that is interrupted.
        threading.Thread(target=run, daemon=True).start()
        try:
            # not by join(): interrupted there, Python 3.11 takes the thread for ended
            answer = ended.result()
        except BaseException:
            _stop(ended)
            raise
    if answer.exception is not None and not isinstance(answer.exception, Exception):
        raise answer.exception
    return answer


def _stop(ended: "Future[dbtRunnerResult]") -> None:
    """End each statement that dbt has open or begins, until it gives up: its nodes fail.

    Left alone PostgreSQL would finish them, and hold their locks, after this process has ended.
    """
    from dbt.adapters.factory import FACTORY

    until = time.monotonic() + SECONDS_TO_STOP
    while not ended.done() and time.monotonic() < until:
        # the interrupt is what is to be seen, not that a connection was already closed
        with contextlib.suppress(Exception):
            adapter: Any
            for adapter in list(FACTORY.adapters.values()):
                with adapter.connection_named("stop"):
                    adapter.cancel_open_connections()
        wait([ended], timeout=0.2)
