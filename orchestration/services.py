"""The long-running services beside the warehouse: how each starts, and how all of them stop."""

import contextlib
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from orchestration.instance import write_instance_config
from orchestration.lib.ports import service_port
from warehouse import Settings
from warehouse.urls import sqlalchemy_url

PROJECT_ROOT = Path(__file__).resolve().parents[1]
DEFINITIONS = "orchestration.definitions"
SECONDS_TO_STOP = 15


@dataclass(frozen=True)
class Service:
    """One process: what it is for, how it starts, where it answers (None: it has no port)."""

    name: str
    purpose: str
    command: list[str]
    url: str | None


def app_service(host: str) -> Service:
    """The Streamlit app; needs no Dagster and no MLflow."""
    port = service_port("APP", 8501)
    return Service(
        "app",
        "who is about to leave, and why",
        [
            *(sys.executable, "-m", "streamlit", "run"),
            str(PROJECT_ROOT / "dashboards" / "streamlit_app.py"),
            f"--server.address={host}",
            f"--server.port={port}",
            "--server.headless=true",
        ],
        f"http://{host}:{port}",
    )


def all_services(settings: Settings, host: str) -> list[Service]:
    """Every service, for these settings."""
    dagster_port = service_port("DAGSTER", 3000)
    mlflow_port = service_port("MLFLOW", 5000)
    return [
        app_service(host),
        Service(
            "dagster-webserver",
            "runs, lineage and checks",
            [
                *(sys.executable, "-m", "dagster_webserver"),
                *("-m", DEFINITIONS, "-d", str(PROJECT_ROOT)),
                *("-h", host, "-p", str(dagster_port)),
            ],
            f"http://{host}:{dagster_port}",
        ),
        Service(
            "dagster-daemon",
            "schedules",
            [
                *(sys.executable, "-m", "dagster._daemon", "run"),
                *("-m", DEFINITIONS, "-d", str(PROJECT_ROOT)),
            ],
            None,
        ),
        Service(
            "mlflow",
            "models and their evaluations",
            [
                *(sys.executable, "-m", "mlflow", "server"),
                *("--artifacts-destination", settings.mlflow_artifacts.as_uri()),
                *("--host", host, "--port", str(mlflow_port), "--workers", "1"),
            ],
            f"http://{host}:{mlflow_port}",
        ),
    ]


def service_environment(settings: Settings) -> dict[str, str]:
    """Environment of a service: Dagster's home, the company, and MLflow without its job server.

    MLFLOW_SERVER_ENABLE_JOB_EXECUTION=false: measured 2 processes and 0.5 GB instead of 10 and
    2.4 GB.
    """
    return {
        **os.environ,
        "DAGSTER_HOME": str(write_instance_config(settings)),
        "TENURE_COMPANY": settings.company,
        # Not on the command line: it may hold a password, which every user could list.
        "MLFLOW_BACKEND_STORE_URI": sqlalchemy_url(settings, database=settings.mlflow_database),
        "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
    }


def interrupt(_signal: int, _frame: object) -> None:
    """Signal handler: end the wait as Ctrl-C does."""
    raise KeyboardInterrupt


def heed_signals() -> None:
    """Let SIGINT and SIGTERM end us, and reach the services in their default meaning.

    A process started from a background shell inherits SIGINT ignored and would hand that on:
    Dagster then ignores SIGTERM too.
    """
    signal.signal(signal.SIGINT, interrupt)
    signal.signal(signal.SIGTERM, interrupt)


def start(service: Service, settings: Settings) -> subprocess.Popen[bytes]:
    """Start a service in a session of its own, its output in the log folder."""
    settings.logs.mkdir(parents=True, exist_ok=True)
    with (settings.logs / f"{service.name}.log").open("ab") as log:
        return subprocess.Popen(
            service.command,
            cwd=PROJECT_ROOT,
            env=service_environment(settings),
            stdout=log,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            start_new_session=True,
        )


def answers(url: str, seconds: float) -> bool:
    """Whether the address answers any HTTP status within the time."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            with urllib.request.urlopen(url, timeout=2):
                return True
        except urllib.error.HTTPError:
            return True
        except OSError:
            time.sleep(0.3)
    return False


def group_is_alive(leader: int) -> bool:
    """Whether a process group has members."""
    try:
        os.killpg(leader, 0)
    except ProcessLookupError:
        return False
    return True


def stop_all(processes: Sequence[subprocess.Popen[bytes]]) -> None:
    """End each service with its children; kill what is left after a grace period.

    A service ends before its children do: Dagster's code servers notice only after a while that
    nobody asks them any more.
    """
    groups = [process.pid for process in processes if group_is_alive(process.pid)]
    for group in groups:
        os.killpg(group, signal.SIGTERM)
    deadline = time.monotonic() + SECONDS_TO_STOP
    for process in processes:
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(max(0.1, deadline - time.monotonic()))
    for group in groups:
        if group_is_alive(group):
            os.killpg(group, signal.SIGKILL)
    for process in processes:
        process.wait()


def first_to_end(processes: Mapping[str, subprocess.Popen[bytes]]) -> str:
    """Wait until a service ends by itself; its name. Ctrl-C and SIGTERM raise KeyboardInterrupt."""
    while True:
        for name, process in processes.items():
            if process.poll() is not None:
                return name
        time.sleep(0.5)
