"""Killed while a model is being trained: the next run trains it, and all is as if undisturbed."""

import os
import signal
import time
from collections.abc import Callable
from contextlib import closing

import psycopg2
import pytest
from mlflow import MlflowClient

from tests.end_to_end.conftest import SMALL, Home
from warehouse import Settings, load_settings
from warehouse.urls import libpq_url, sqlalchemy_url

pytestmark = pytest.mark.slow

STEP_SQL = """
select count(*) from event_logs
where step_key = 'train_models' and dagster_event_type = %s
"""


def forget_the_model(home: Home, settings: Settings) -> None:
    """As before the first training: no version, and no memory of what was learnt from."""
    tracking = sqlalchemy_url(settings, database=settings.mlflow_database)
    client = MlflowClient(tracking_uri=tracking, registry_uri=tracking)
    client.delete_registered_model("churn-demo")
    warehouse = home.open("demo")
    warehouse.execute("delete from tenure.asset_states where asset like 'ml/models%'")
    warehouse.close()


def times(settings: Settings, event: str) -> int:
    """How often training has begun, or ended well, in all runs."""
    address = libpq_url(settings, database=settings.dagster_database)
    with closing(psycopg2.connect(address)) as connection, connection.cursor() as cursor:
        cursor.execute(STEP_SQL, (event,))
        [count] = cursor.fetchone() or [0]
    return count


def wait_until(happened: Callable[[], bool], seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < deadline, "training did not begin"
        time.sleep(0.2)


def test_a_run_killed_while_it_trains_is_made_good_by_the_next(home: Home, demo: str) -> None:
    settings = load_settings("demo", home.environment())
    undisturbed = home.checksums("demo")
    forget_the_model(home, settings)
    begun, ended = times(settings, "STEP_START"), times(settings, "STEP_SUCCESS")
    process = home.start("run", *SMALL)
    wait_until(lambda: times(settings, "STEP_START") > begun, 300)
    # past what the step looks up before it fits; a fit of these rows takes seconds
    time.sleep(1)
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()
    assert times(settings, "STEP_SUCCESS") == ended, "training was over before the kill"
    printed = home.tenure("run", *SMALL)
    assert home.checksums("demo") == undisturbed, printed
