"""Runs whose process is gone, closed wherever they still seem to be under way.

Dagster's own run monitoring asks the launcher whether a run's process is alive, and its default
launcher cannot say: a killed run stayed STARTED, and with one run at a time none ever began again.
Here a run is alive as long as the database has its session (warehouse/run_lock.py).
"""

import logging
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

import dagster as dg
from dagster import DagsterRun, DagsterRunStatus, RunsFilter

from orchestration.lib.scratch_schema import drop_abandoned_scratch
from warehouse import Settings, Warehouse
from warehouse.run_lock import RunLockHeld, is_alive, run_lock, session_name

logger = logging.getLogger(__name__)

COMPANY_TAG = "tenure/company"
# Dagster's tag of the runs that it launches. They are STARTED before their process takes the lock;
# a run of the command line takes it before.
LAUNCHED_TAG = ".dagster/grpc_info"
# Before that it prepares the warehouse: it waits for another's preparing for up to ten minutes.
TIME_TO_CONNECT = timedelta(minutes=11)
# A session that was lost with its server is there again within a second.
SECONDS_BETWEEN_LOOKS = 5
UNDER_WAY = [DagsterRunStatus.STARTED, DagsterRunStatus.CANCELING]
DIED = (
    "The process of this run is gone: it was killed, or its machine went down. What it had loaded "
    "is whole, and the next run does the rest; schedules go on by themselves."
)
# Its first step has written its row, under the lock.
HAS_BEGUN = "select 1 as found from tenure.runs where run_id = %(run_id)s"
INTERRUPT = """
update tenure.runs set status = 'interrupted', finished_at = now()
where
    status = 'running'
    and not exists (
        select from pg_stat_activity
        where application_name = %(session)s || run_id and usename = current_user
    )
"""


def company_of(run: DagsterRun) -> str | None:
    """The company of a Dagster run; None where it is the one of the services' environment."""
    config: Mapping[str, Any] = run.run_config
    resources = config.get("resources", {})
    configured = resources.get("companies", {}).get("config", {}).get("company")
    return configured or run.tags.get(COMPANY_TAG)


def is_dead(warehouse: Warehouse, instance: dg.DagsterInstance, run: DagsterRun) -> bool:
    """Whether the process of a run that Dagster calls under way is gone."""
    if is_alive(warehouse, run.run_id):
        return False
    has_begun = not warehouse.read(HAS_BEGUN, {"run_id": run.run_id}).empty
    return has_begun or has_had_time_to_connect(instance, run)


def has_had_time_to_connect(instance: dg.DagsterInstance, run: DagsterRun) -> bool:
    """Whether a run that is under way must have taken the lock, or have died."""
    if LAUNCHED_TAG not in run.tags:
        return True
    record = instance.get_run_record_by_id(run.run_id)
    began = record.start_time if record else None
    return (
        began is not None
        and datetime.now(UTC).timestamp() - began > TIME_TO_CONNECT.total_seconds()
    )


def is_dead_for_good(warehouse: Warehouse, instance: dg.DagsterInstance, run: DagsterRun) -> bool:
    """The same, at two looks: at the first its server may just have been restarted."""
    if not is_dead(warehouse, instance, run):
        return False
    time.sleep(SECONDS_BETWEEN_LOOKS)
    return is_dead(warehouse, instance, run)


def close_dead_runs(
    settings: Settings, warehouse: Warehouse, instance: dg.DagsterInstance
) -> list[str]:
    """Close what runs left open that have died; their ids. The caller holds the company's lock."""
    dead = [
        record.dagster_run
        for record in instance.get_run_records(RunsFilter(statuses=UNDER_WAY))
        if company_of(record.dagster_run) in (None, settings.company)
        and is_dead(warehouse, instance, record.dagster_run)
    ]
    for run in dead:
        if run.status == DagsterRunStatus.CANCELING:
            instance.report_run_canceled(run, DIED)
        else:
            instance.report_run_failed(run, DIED)
    clear_up(settings, warehouse, [run.run_id for run in dead])
    return [run.run_id for run in dead]


def clear_up(settings: Settings, warehouse: Warehouse, dead: Sequence[str]) -> None:
    """Close the rows, the schema and the MLflow runs of the company's runs that have died.

    An error of MLflow's is logged: what it holds open keeps no run from beginning.
    """
    interrupted = warehouse.execute(INTERRUPT, {"session": session_name("")})
    drop_abandoned_scratch(warehouse)
    if dead or interrupted:
        try:
            _end_mlflow_runs(settings, warehouse)
        except Exception:
            logger.exception("MLflow's runs of a training that died stay open.")


def _end_mlflow_runs(settings: Settings, warehouse: Warehouse) -> None:
    # Imported here: MLflow takes seconds, and runs seldom die.
    from ml.serving.open_runs import end_open_runs

    uri = warehouse.ensure_database(settings.mlflow_database)
    end_open_runs(uri, settings.company)


def clear_up_between_runs(settings: Settings, run_id: str) -> None:
    """The same from outside a run; a command that is under way has done so at its start.

    The services may be newer than the company's tables, which are made ready first.
    """
    with (
        suppress(RunLockHeld),
        Warehouse.open(settings) as warehouse,
        run_lock(settings, "clearing up after a run that died"),
    ):
        clear_up(settings, warehouse, [run_id])
