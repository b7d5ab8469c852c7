"""Dagster's launcher, able to tell Dagster's run monitoring whether a run's process is alive."""

from dagster import DagsterRun, DefaultRunLauncher
from dagster._core.launcher import CheckRunHealthResult, WorkerStatus

from orchestration.lib.dead_runs import DIED, clear_up_between_runs, company_of, is_dead_for_good
from warehouse import Warehouse, load_settings


class WatchedRunLauncher(DefaultRunLauncher):
    """Launches runs as Dagster does by default, and sees when one has died."""

    @property
    def supports_check_run_worker_health(self) -> bool:
        """Dagster's default launcher does not: a killed run would stay under way for ever."""
        return True

    def check_run_worker_health(self, run: DagsterRun) -> CheckRunHealthResult:
        """Alive while the database has the run's session; what a dead one left is closed."""
        settings = load_settings(company_of(run))
        with Warehouse.open(settings, prepare=False) as warehouse:
            if not is_dead_for_good(warehouse, self._instance, run):
                return CheckRunHealthResult(WorkerStatus.RUNNING)
        clear_up_between_runs(settings, run.run_id)
        return CheckRunHealthResult(WorkerStatus.FAILED, DIED)
