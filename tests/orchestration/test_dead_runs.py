"""A run whose process is gone does not keep the next one from beginning."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import dagster as dg
import psycopg2
import pytest
from dagster import DagsterRun, DagsterRunStatus
from dagster._daemon.monitoring.run_monitoring import execute_run_monitoring_iteration

from orchestration.instance import open_instance
from orchestration.lib import dead_runs, resources
from orchestration.lib.dead_runs import COMPANY_TAG, LAUNCHED_TAG, close_dead_runs
from orchestration.lib.resources import CompanyWarehouse
from orchestration.lib.runs import RunRequest, current_run
from orchestration.run import RunRefused, only_run_of
from warehouse import Warehouse, WarehouseBusy
from warehouse.run_lock import TAKE, RunLockLost, holder, run_lock
from warehouse.urls import libpq_url

AS_BEFORE_THE_LOCK = """
drop table tenure.run_lock;
delete from tenure.migrations where name = 'locks'
"""

pytestmark = pytest.mark.server


@pytest.fixture
def instance(warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch) -> Iterator[dg.DagsterInstance]:
    """Dagster's memory, which the tests of a worker share; nothing looks twice."""
    monkeypatch.setenv("DAGSTER_HOME", "")  # opening an instance sets it
    monkeypatch.setattr(dead_runs, "SECONDS_BETWEEN_LOOKS", 0)
    warehouse.ensure_database(warehouse.settings.dagster_database)
    with open_instance(warehouse.settings) as opened:
        yield opened


def begun(instance: dg.DagsterInstance, warehouse: Warehouse, **tags: str) -> DagsterRun:
    """A run as a process leaves it that is killed after its first step; before, if launched."""
    company = {COMPANY_TAG: warehouse.settings.company}
    run = DagsterRun("daily", str(uuid4()), tags=company | tags)
    instance.add_run(run)
    instance.report_dagster_event(
        dg.DagsterEvent(dg.DagsterEventType.RUN_START.value, "daily"), run.run_id
    )
    if LAUNCHED_TAG not in tags:
        context: Any = SimpleNamespace(run=run)
        current_run(warehouse, context, RunRequest())
    return run


def status(instance: dg.DagsterInstance, run: DagsterRun) -> DagsterRunStatus:
    found = instance.get_run_by_id(run.run_id)
    assert found is not None
    return found.status


def monitor(instance: dg.DagsterInstance) -> None:
    """What Dagster's daemon does every half minute."""
    process: Any = SimpleNamespace(instance=instance, create_request_context=lambda: None)
    for error in execute_run_monitoring_iteration(process, logging.getLogger("monitor")):
        assert error is None, error


@pytest.fixture
def no_mlflow(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The companies whose runs in MLflow were ended: its database takes seconds to be made."""
    from ml.serving import open_runs

    ended: list[str] = []
    monkeypatch.setattr(open_runs, "end_open_runs", lambda _, company: ended.append(company))
    return ended


def test_dagster_takes_a_killed_run_for_failed_and_begins_the_next(
    instance: dg.DagsterInstance, warehouse: Warehouse, no_mlflow: list[str]
) -> None:
    """It counted as the one run that there may be, for ever: no schedule ran again."""
    run = begun(instance, warehouse)
    monitor(instance)
    assert status(instance, run) == DagsterRunStatus.FAILURE
    [event] = instance.all_logs(run.run_id, of_type=dg.DagsterEventType.RUN_FAILURE)
    assert event.dagster_event is not None
    assert "The process of this run is gone" in str(event.dagster_event.message)
    assert warehouse.read("select status from tenure.runs")["status"].tolist() == ["interrupted"]
    assert no_mlflow == [warehouse.settings.company]


def test_a_run_that_is_at_work_is_left_alone(
    instance: dg.DagsterInstance, warehouse: Warehouse
) -> None:
    run = begun(instance, warehouse)
    with run_lock(warehouse.settings, "tenure run", run.run_id):
        monitor(instance)
        assert status(instance, run) == DagsterRunStatus.STARTED
        assert close_dead_runs(warehouse.settings, warehouse, instance) == []
    instance.report_run_failed(run)


def test_a_run_that_dagster_has_just_launched_has_time_to_connect(
    instance: dg.DagsterInstance, warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = begun(instance, warehouse, **{LAUNCHED_TAG: "{}"})
    assert close_dead_runs(warehouse.settings, warehouse, instance) == []
    assert status(instance, run) == DagsterRunStatus.STARTED
    instance.report_run_failed(run)


@pytest.mark.usefixtures("no_mlflow")
def test_a_launched_run_may_wait_for_the_tables_to_be_made_ready(
    instance: dg.DagsterInstance, warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Migrations take minutes, and its session comes after them: it was called dead at work."""
    run = begun(instance, warehouse, **{LAUNCHED_TAG: "{}"})
    for minutes, expected in ((10, DagsterRunStatus.STARTED), (12, DagsterRunStatus.FAILURE)):
        later = datetime.now(UTC) + timedelta(minutes=minutes)
        monkeypatch.setattr(dead_runs, "datetime", SimpleNamespace(now=lambda _, now=later: now))
        close_dead_runs(warehouse.settings, warehouse, instance)
        assert status(instance, run) == expected


def test_a_launched_run_that_is_killed_at_work_is_closed_at_once(
    instance: dg.DagsterInstance, warehouse: Warehouse, no_mlflow: list[str]
) -> None:
    """Its first step has shown that it held the lock."""
    run = begun(instance, warehouse, **{LAUNCHED_TAG: "{}"})
    context: Any = SimpleNamespace(run=run)
    current_run(warehouse, context, RunRequest())
    monitor(instance)
    assert status(instance, run) == DagsterRunStatus.FAILURE
    assert no_mlflow == [warehouse.settings.company]


@pytest.mark.usefixtures("no_mlflow")
def test_a_reader_cannot_keep_a_dead_run_under_way(
    instance: dg.DagsterInstance, warehouse: Warehouse
) -> None:
    """Any role may call its session what it likes."""
    run = begun(instance, warehouse)
    url = libpq_url(warehouse.settings, "reader")
    with closing(psycopg2.connect(url, application_name=f"tenure run {run.run_id}")):
        monitor(instance)
    assert status(instance, run) == DagsterRunStatus.FAILURE
    assert warehouse.read("select status from tenure.runs")["status"].tolist() == ["interrupted"]


def test_a_command_closes_what_a_killed_run_left_open(
    instance: dg.DagsterInstance, warehouse: Warehouse, no_mlflow: list[str]
) -> None:
    """Without a daemon, too."""
    run = begun(instance, warehouse)
    warehouse.execute("create schema scratch")
    with only_run_of(warehouse.settings, "tenure run", "next"):
        assert status(instance, run) == DagsterRunStatus.FAILURE
    assert warehouse.read("select status from tenure.runs")["status"].tolist() == ["interrupted"]
    assert warehouse.read("select to_regnamespace('scratch') is null as gone")["gone"].all()
    assert no_mlflow == [warehouse.settings.company]


def test_a_run_has_died_even_where_nothing_of_it_can_be_closed(
    instance: dg.DagsterInstance, warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Any error there kept it under way, and with it every later run from beginning."""

    def busy(*_: object) -> None:
        raise WarehouseBusy("in use")

    monkeypatch.setattr(dead_runs, "drop_abandoned_scratch", busy)
    run = begun(instance, warehouse)
    monitor(instance)
    assert status(instance, run) == DagsterRunStatus.FAILURE


def test_mlflow_keeps_no_run_from_beginning(
    instance: dg.DagsterInstance, warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    from ml.serving import open_runs

    def broken(*_: object) -> None:
        raise OSError("MLflow is older than its database")

    monkeypatch.setattr(open_runs, "end_open_runs", broken)
    run = begun(instance, warehouse)
    with only_run_of(warehouse.settings, "tenure run", "next"):
        assert status(instance, run) == DagsterRunStatus.FAILURE


def test_a_run_of_a_company_that_is_of_an_earlier_version_can_be_closed(
    instance: dg.DagsterInstance, warehouse: Warehouse, no_mlflow: list[str]
) -> None:
    """The services were updated, and the company has not been run since."""
    run = begun(instance, warehouse)
    warehouse.execute(AS_BEFORE_THE_LOCK)
    monitor(instance)
    assert status(instance, run) == DagsterRunStatus.FAILURE
    assert warehouse.read("select status from tenure.runs")["status"].tolist() == ["interrupted"]
    assert no_mlflow == [warehouse.settings.company]


def test_a_run_of_a_company_whose_database_is_gone_has_died(
    instance: dg.DagsterInstance, warehouse: Warehouse
) -> None:
    run = begun(instance, warehouse)
    gone = DagsterRun("daily", str(uuid4()), tags={COMPANY_TAG: "gone"})
    instance.add_run(gone)
    instance.report_dagster_event(
        dg.DagsterEvent(dg.DagsterEventType.RUN_START.value, "daily"), gone.run_id
    )
    with run_lock(warehouse.settings, "tenure run", run.run_id):
        monitor(instance)
    assert status(instance, gone) == DagsterRunStatus.FAILURE
    instance.report_run_failed(run)


@pytest.fixture
def job(warehouse: Warehouse) -> dg.JobDefinition:
    """A job that says who holds the lock while it runs."""

    @dg.op
    def look(companies: CompanyWarehouse) -> str:
        with companies.open() as opened:
            found = holder(opened)
        return found.command if found else "free"

    @dg.job(resource_defs={"companies": CompanyWarehouse(company=warehouse.settings.company)})
    def daily() -> None:
        look()

    return daily


def test_a_run_of_dagsters_holds_the_lock_that_commands_take(
    job: dg.JobDefinition, warehouse: Warehouse
) -> None:
    """`tenure run` started beside it, and both wrote the same tables."""
    ended = job.execute_in_process()
    assert ended.output_for_node("look") == "the job daily in Dagster"
    # the server ends a session in its own time
    with run_lock(warehouse.settings, "tenure run", patience=20):
        pass


def test_a_run_of_dagsters_waits_for_a_command_and_then_says_whose(
    job: dg.JobDefinition, warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(resources, "SECONDS_TO_WAIT", 0.1)
    with run_lock(warehouse.settings, "tenure withdraw"):
        with pytest.raises(dg.DagsterResourceFunctionError) as refused:
            job.execute_in_process()
        with (
            pytest.raises(RunRefused, match="is under way: tenure withdraw"),
            only_run_of(warehouse.settings, "tenure run"),
        ):
            pass
    assert "is under way: tenure withdraw" in str(refused.value.__cause__)


def test_the_run_of_a_command_uses_the_lock_that_it_holds(
    job: dg.JobDefinition, warehouse: Warehouse
) -> None:
    with only_run_of(warehouse.settings, "tenure run", "r1"):
        assert job.execute_in_process().output_for_node("look") == "tenure run"


def test_a_run_that_lost_its_lock_says_so_where_dagster_catches_the_interruption(
    instance: dg.DagsterInstance, warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its report would have been that of a step that was interrupted, for no reason."""
    monkeypatch.setattr("warehouse.run_lock.PATIENCE_SECONDS", 0.1)
    with closing(psycopg2.connect(libpq_url(warehouse.settings))) as other:
        other.autocommit = True

        @dg.op
        def lose() -> None:
            found = holder(warehouse)
            assert found is not None
            with other.cursor() as cursor:
                # The run waits for a tenth of a second before it tries to take it again.
                cursor.execute(
                    "begin; set local lock_timeout = '20s';"
                    f"select pg_terminate_backend({found.session_pid}); {TAKE}"
                )
            time.sleep(20)

        @dg.job
        def daily() -> None:
            lose()

        with (
            pytest.raises(RunLockLost, match="Another run took the lock") as lost,
            only_run_of(warehouse.settings, "tenure run", "lost"),
        ):
            result = daily.execute_in_process(instance=instance, raise_on_error=False)
            assert not result.success
    assert lost.value.__cause__ is None
