"""No tool that Tenure starts calls anybody: each is run as we run it, with the network taken away.

The end-to-end tests run under the same guard: the main job and `tenure dev` are silent there.
"""

from __future__ import annotations

import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.network_guard import PROJECT_ROOT, NetworkGuard
from warehouse import Warehouse

Guarded = Callable[..., str]


@pytest.fixture
def guarded(tmp_path: Path) -> Guarded:
    """Runs Python code, or a module with arguments, under the guard; what it called, as text."""
    guard = NetworkGuard(tmp_path)

    def run(*arguments: str, extra: dict[str, str] | None = None, fails: bool = False) -> str:
        guard.notes.unlink(missing_ok=True)
        result = subprocess.run(
            [sys.executable, *arguments],
            cwd=tmp_path,
            env={**guard.environment(), **(extra or {})},
            capture_output=True,
            text=True,
            timeout=180,
            check=False,
        )
        if not fails:
            assert result.returncode == 0, result.stdout + result.stderr
        return guard.calls()

    return run


def free_port() -> str:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return str(server.getsockname()[1])


@pytest.mark.parametrize(
    "code",
    [
        "import socket; socket.create_connection(('203.0.113.1', 443), timeout=1)",
        "import socket; socket.socket().connect_ex(('203.0.113.1', 443))",
        "import socket; socket.getaddrinfo('example.com', 443)",
        "import socket; socket.gethostbyname('example.com')",
        "import socket; socket.socket(type=socket.SOCK_DGRAM).sendto(b'x', ('203.0.113.1', 53))",
        "import urllib.request; urllib.request.urlopen('http://example.com', timeout=1)",
        "import requests; requests.post('https://example.com/v1/track', timeout=1)",
        "import urllib3; urllib3.PoolManager(retries=False).request('GET', 'http://203.0.113.1')",
        "import subprocess, sys; subprocess.run([sys.executable, '-c',"
        " 'import urllib.request; urllib.request.urlopen(\"http://example.com\")'])",
        "import threading, socket\n"
        "def call():\n"
        "    try: socket.create_connection(('203.0.113.1', 443))\n"
        "    except OSError: pass\n"
        "thread = threading.Thread(target=call); thread.start(); thread.join()",
    ],
    ids=[
        "connect",
        "connect_ex",
        "getaddrinfo",
        "gethostbyname",
        "udp",
        "urllib",
        "requests",
        "urllib3",
        "child process",
        "swallowed in a thread",
    ],
)
def test_the_guard_catches_a_call(guarded: Guarded, code: str) -> None:
    """Otherwise the tests below could not fail."""
    calls = guarded("-c", code, fails=True)
    assert "203.0.113.1" in calls or "example.com" in calls


def test_the_guard_lets_through_what_stays_on_this_machine(guarded: Guarded) -> None:
    code = (
        "import socket\n"
        "server = socket.create_server(('127.0.0.1', 0))\n"
        "socket.create_connection(server.getsockname()).close()\n"
        "socket.create_connection(('localhost', server.getsockname()[1])).close()\n"
        "server = socket.socket(socket.AF_UNIX); server.bind('s'); server.listen()\n"
        "socket.socket(socket.AF_UNIX).connect('s')\n"
    )
    assert guarded("-c", code) == ""


def test_dagster_is_silent_only_when_told(guarded: Guarded) -> None:
    """The switches matter: a tool that never calls would pass without them."""
    code = (
        "import dagster as dg\n"
        "from dagster._core.telemetry import log_action\n"
        "from dagster_shared.telemetry import get_telemetry_enabled_from_dagster_yaml\n"
        "assert get_telemetry_enabled_from_dagster_yaml()\n"
        "from warehouse import silence_telemetry\n"
        "silence_telemetry()\n"
        "import os; assert os.environ['DAGSTER_DISABLE_TELEMETRY'] == 'yes'\n"
    )
    assert guarded("-c", code) == ""


def test_dagster_starts_an_instance_and_runs_a_job_in_silence(
    guarded: Guarded, warehouse: Warehouse
) -> None:
    code = (
        "from warehouse import Warehouse, load_settings, silence_telemetry\n"
        "silence_telemetry()\n"
        "from orchestration.instance import open_instance\n"
        "import dagster as dg\n"
        "settings = load_settings()\n"
        "Warehouse.open(settings).ensure_database(settings.dagster_database)\n"
        "instance = open_instance(settings)\n"
        "@dg.asset\n"
        "def fact() -> None: ...\n"
        "defs = dg.Definitions([fact], jobs=[dg.define_asset_job('all_assets')])\n"
        "job = defs.resolve_job_def('all_assets')\n"
        "assert job.execute_in_process(instance=instance).success\n"
        "instance.dispose()\n"
    )
    assert guarded("-c", code, extra={"TENURE_COMPANY": warehouse.settings.company}) == ""


def test_great_expectations_runs_in_silence(guarded: Guarded, warehouse: Warehouse) -> None:
    warehouse.execute(
        "create schema community;"
        "create table community.posts (account_id text, post_type text, posted_at timestamptz);"
        "insert into community.posts values ('a', 'question', now());"
        "create schema crm;"
        "create table crm.accounts (account_id text, _superseded_at timestamptz)"
    )
    code = (
        "from expectations import run_suite\n"
        "from warehouse import Warehouse, load_settings\n"
        "[check] = run_suite(Warehouse.open(load_settings()), 'community')\n"
        "assert check.is_passed and check.expectation_count > 3, check\n"
    )
    assert guarded("-c", code, extra={"TENURE_COMPANY": warehouse.settings.company}) == ""


def test_dbt_parses_in_silence(guarded: Guarded, warehouse: Warehouse, tmp_path: Path) -> None:
    code = (
        "import os, sys\n"
        "from warehouse import load_settings, silence_telemetry\n"
        "from warehouse.urls import dbt_environment\n"
        "silence_telemetry()\n"
        "os.environ.update(dbt_environment(load_settings()))\n"
        "from dbt.cli.main import dbtRunner\n"
        "result = dbtRunner().invoke(['parse', '--no-partial-parse'])\n"
        "sys.exit(0 if result.success else str(result.exception))\n"
    )
    project = str(PROJECT_ROOT / "dbt_project")
    extra = {
        "TENURE_COMPANY": warehouse.settings.company,
        "DBT_PROJECT_DIR": project,
        "DBT_PROFILES_DIR": project,
        "DBT_TARGET_PATH": str(tmp_path / "target"),
        "DBT_LOG_PATH": str(tmp_path / "logs"),
    }
    assert guarded("-c", code, extra=extra) == ""


def test_mlflow_logs_and_registers_in_silence(guarded: Guarded, tmp_path: Path) -> None:
    code = (
        "from warehouse import silence_telemetry\n"
        "silence_telemetry()\n"
        "import mlflow, numpy\n"
        "from sklearn.linear_model import LogisticRegression\n"
        "mlflow.set_tracking_uri('sqlite:///mlflow.db')\n"
        "mlflow.create_experiment('churn', artifact_location='artifacts')\n"
        "mlflow.set_experiment('churn')\n"
        "model = LogisticRegression().fit(numpy.eye(4), [0, 1, 0, 1])\n"
        "with mlflow.start_run():\n"
        "    mlflow.log_metric('auc', 0.8)\n"
        "    mlflow.sklearn.log_model(\n"
        "        model, name='model', pip_requirements=['scikit-learn'],\n"
        "        registered_model_name='churn')\n"
    )
    assert guarded("-c", code) == ""


@pytest.mark.slow
def test_the_app_in_a_container_starts_in_silence(guarded: Guarded, warehouse: Warehouse) -> None:
    """Streamlit asks two strangers for its address where it serves all and is not given one."""
    code = (
        "import time\n"
        "from warehouse import load_settings, silence_telemetry\n"
        "silence_telemetry()\n"
        "from orchestration.services import answers, app_service, start, stop_all\n"
        "service = app_service('0.0.0.0')\n"
        "process = start(service, load_settings())\n"
        "try:\n"
        "    assert answers(service.url, 90) and process.poll() is None\n"
        "    time.sleep(3)\n"
        "finally:\n"
        "    stop_all([process])\n"
    )
    extra = {"TENURE_COMPANY": warehouse.settings.company, "TENURE_APP_PORT": free_port()}
    assert guarded("-c", code, extra=extra) == ""


@pytest.mark.parametrize("command", ["--help", "doctor", "status"])
def test_the_command_line_is_silent(guarded: Guarded, warehouse: Warehouse, command: str) -> None:
    extra = {"TENURE_COMPANY": warehouse.settings.company}
    assert guarded("-m", "orchestration.cli", command, extra=extra, fails=True) == ""
