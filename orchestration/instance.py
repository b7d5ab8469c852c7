"""Dagster's own memory: runs, schedules and events, in a database of the same server."""

import os
import time
from pathlib import Path
from typing import Any

import psycopg2
import yaml
from dagster import DagsterInstance
from sqlalchemy import event
from sqlalchemy.exc import DisconnectionError
from sqlalchemy.pool import ConnectionPoolEntry, QueuePool

from warehouse import Settings
from warehouse.urls import sqlalchemy_url

# Seconds in which a server was not restarted in our trials: it took 0.12. Most of the 3,800 uses of
# a connection in a run follow one another faster, and need not ask. A connection that is ended
# alone within that time fails the statement.
NO_RESTART_WITHIN = 0.05
USED_AT = "tenure_used_at"
# Of whether the process of a run is alive: one query while a run is under way, none otherwise.
SECONDS_BETWEEN_CHECKS = 30


def instance_config(settings: Settings, storage_url: str) -> dict[str, Any]:
    """The content of dagster.yaml.

    Runs go to a process each so that the web server survives them; one at a time, because two
    loads of the same tables would only wait for each other.
    """
    return {
        "telemetry": {"enabled": False},
        "nux": {"enabled": False},
        "storage": {"postgres": {"postgres_url": storage_url}},
        "compute_logs": {
            "module": "dagster._core.storage.local_compute_log_manager",
            "class": "LocalComputeLogManager",
            "config": {"base_dir": str(settings.logs / "steps")},
        },
        "local_artifact_storage": {
            "module": "dagster._core.storage.root",
            "class": "LocalArtifactStorage",
            "config": {"base_dir": str(settings.dagster_home)},
        },
        "concurrency": {"runs": {"max_concurrent_runs": 1}},
        # Without it a killed run counts as the one that there may be, and none begins again.
        "run_launcher": {
            "module": "orchestration.lib.launcher",
            "class": "WatchedRunLauncher",
        },
        "run_monitoring": {"enabled": True, "poll_interval_seconds": SECONDS_BETWEEN_CHECKS},
        "freshness": {"enabled": True},
    }


def write_instance_config(settings: Settings) -> Path:
    """Write dagster.yaml for these settings and point DAGSTER_HOME at it; returns the folder."""
    home = settings.dagster_home
    home.mkdir(parents=True, exist_ok=True)
    url = sqlalchemy_url(settings, database=settings.dagster_database)
    text = yaml.safe_dump(instance_config(settings, url), sort_keys=False)
    path = home / "dagster.yaml"
    path.touch(mode=0o600)
    path.write_text(text)
    os.environ["DAGSTER_HOME"] = str(home)
    return home


def open_instance(settings: Settings) -> DagsterInstance:
    """The instance that the command line, the web server and the daemon share."""
    return DagsterInstance.from_config(str(write_instance_config(settings)))


def hold_connections(instance: DagsterInstance) -> None:
    """Keep the instance's connections open, as the web server does, for a run in this process.

    Without it each event is written through a connection of its own: 3,000 in a run, for which
    PostgreSQL spent 21 of its 47 seconds of processor time on a new day of 300 accounts.
    """
    instance.optimize_for_webserver(statement_timeout=0, pool_recycle=3600, max_overflow=20)


@event.listens_for(QueuePool, "checkin")
def _remember_its_use(_: object, record: ConnectionPoolEntry) -> None:
    """Keep when a connection was last in use."""
    record.info[USED_AT] = time.monotonic()


@event.listens_for(QueuePool, "checkout")
def _replace_a_lost_connection(connection: Any, record: ConnectionPoolEntry, _: object) -> None:
    """Look whether the server is still there: it may have been restarted since the last event."""
    if not isinstance(connection, psycopg2.extensions.connection):
        return
    if time.monotonic() - record.info.get(USED_AT, 0) < NO_RESTART_WITHIN:
        return
    try:
        with connection.cursor() as cursor:
            cursor.execute("select 1")
    except psycopg2.Error as error:
        raise DisconnectionError from error
