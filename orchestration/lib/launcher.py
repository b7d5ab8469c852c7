"""Dagster's launcher, able to tell Dagster's run monitoring whether a run's process is alive."""

import logging

from dagster import DagsterRun, DefaultRunLauncher
from dagster._core.launcher import CheckRunHealthResult, WorkerStatus

from orchestration.lib.dead_runs import (
    DIED,
    clear_up_between_runs,
    company_of,
    has_had_time_to_connect,
    is_dead_for_good,
)
from warehouse import Warehouse, WarehouseNotPrepared, load_settings

logger = logging.getLogger(__name__)


class WatchedRunLauncher(DefaultRunLauncher):
    """Launches runs as Dagster does by default, and sees when one has died."""

    @property
    def supports_check_run_worker_health(self) -> bool:
        """Dagster's default launcher does not: a killed run would stay under way for ever."""
        return True

    def check_run_worker_health(self, run: DagsterRun) -> CheckRunHealthResult:
        """Alive while the database has the run's session; what a dead one left is closed.

        Where that fails the run has still died, and must not keep others from beginning; the next
        one closes what is open.
        """
        settings = load_settings(company_of(run))
        try:
            with Warehouse.open(settings, prepare=False) as warehouse:
                if not is_dead_for_good(warehouse, self._instance, run):
                    return CheckRunHealthResult(WorkerStatus.RUNNING)
        except WarehouseNotPrepared:
            # No database, and so no session; a run that begins makes it.
            if not has_had_time_to_connect(self._instance, run):
                return CheckRunHealthResult(WorkerStatus.RUNNING)
            return CheckRunHealthResult(WorkerStatus.FAILED, DIED)
        try:
            clear_up_between_runs(settings, run.run_id)
        except Exception:
            logger.exception("What the run %s left open stays so until the next one.", run.run_id)
        return CheckRunHealthResult(WorkerStatus.FAILED, DIED)
