"""Dagster's own storage during a run: connections are held, and replaced when they are lost."""

import time

import pytest

from orchestration.instance import NO_RESTART_WITHIN, hold_connections, open_instance
from warehouse import Warehouse

OTHERS = "from pg_stat_activity where datname = %(database)s and pid <> pg_backend_pid()"


@pytest.mark.server
def test_a_held_connection_that_is_lost_is_replaced(
    warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A server that was restarted between two events must not end the run."""
    monkeypatch.setenv("DAGSTER_HOME", "")  # opening an instance sets it
    settings = warehouse.settings
    database = {"database": settings.dagster_database}
    warehouse.ensure_database(settings.dagster_database)
    with open_instance(settings) as instance:
        hold_connections(instance)
        runs = instance.get_runs_count()  # the tests of a worker share Dagster's database
        held = warehouse.read(f"select pid {OTHERS}", database)["pid"].tolist()
        assert instance.get_runs_count() == runs
        assert warehouse.read(f"select pid {OTHERS}", database)["pid"].tolist() == held != []

        warehouse.execute(f"select pg_terminate_backend(pid) {OTHERS}", database)
        time.sleep(2 * NO_RESTART_WITHIN)
        assert instance.get_runs_count() == runs
