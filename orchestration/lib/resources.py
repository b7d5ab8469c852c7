"""Resources: opened when a step uses them, never at import, so that definitions always load."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext

import dagster as dg

from orchestration.lib.dead_runs import COMPANY_TAG, close_dead_runs
from orchestration.lib.one_run import is_held_here, only_run
from warehouse import Settings, Warehouse, load_settings
from warehouse.run_lock import RunLockHeld
from warehouse.urls import Role

# A withdrawal, or another run's end, is soon over; a scheduled run must not fail for that.
SECONDS_TO_WAIT = 600

_READY: dict[tuple[Settings, Role], Warehouse] = {}


class CompanyWarehouse(dg.ConfigurableResource):
    """The warehouse of a company: the one named, else TENURE_COMPANY, else the last one run."""

    company: str | None = None

    @property
    def settings(self) -> Settings:
        """Settings as the environment states them now."""
        return load_settings(self.company)

    @contextmanager
    def yield_for_execution(self, context: dg.InitResourceContext) -> "Iterator[CompanyWarehouse]":
        """Hold the company's lock for as long as a run of Dagster's lasts.

        `tenure run` holds it already for the run that it executes in its own process.
        """
        run, settings = context.run, self.settings
        if run is None or context.instance is None or is_held_here(settings):
            yield self
            return
        if COMPANY_TAG not in run.tags:
            context.instance.add_run_tags(run.run_id, {COMPANY_TAG: settings.company})
        with self._lock(context, run), Warehouse.open(settings, prepare=False) as warehouse:
            close_dead_runs(settings, warehouse, context.instance)
            yield self

    @contextmanager
    def _lock(self, context: dg.InitResourceContext, run: dg.DagsterRun) -> Iterator[None]:
        settings, command = self.settings, f"the job {run.job_name} in Dagster"
        with ExitStack() as stack:
            try:
                stack.enter_context(only_run(settings, command, run.run_id))
            except RunLockHeld as held:
                if context.log is not None:
                    context.log.info(f"Waiting for {SECONDS_TO_WAIT / 60:.0f} minutes. {held}")
                stack.enter_context(only_run(settings, command, run.run_id, SECONDS_TO_WAIT))
            yield

    def open(self, role: Role = "owner") -> AbstractContextManager[Warehouse]:
        """A warehouse for one step.

        One for all steps of a process, its connections with it: making it ready and finding its
        server start processes (as root, 72 in a run), and a new connection for Arrow costs 50 ms.
        A server that goes away later is started on connecting.
        """
        settings = self.settings
        key = (settings, role)
        if key not in _READY:
            _READY[key] = Warehouse.open(settings, role=role)
        return nullcontext(_READY[key])
