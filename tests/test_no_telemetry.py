"""No tool that Tenure starts calls anybody: each is run as we run it, with the network taken away.

A guard is loaded into the tool's own process before any other module (as `sitecustomize`). It lets
through UNIX sockets and this machine's own addresses, and notes every other name or address that is
asked for, whether or not the tool swallows the error.
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from warehouse import Warehouse
from warehouse.environment import TELEMETRY_OFF

PROJECT_ROOT = Path(__file__).resolve().parents[1]

GUARD = r"""
import ipaddress, os, socket, sys, traceback

CALLS = os.environ["GUARD_CALLS"]
REAL_CONNECT, REAL_CONNECT_EX = socket.socket.connect, socket.socket.connect_ex
REAL_SENDTO, REAL_LOOKUP = socket.socket.sendto, socket.getaddrinfo


def is_here(host):
    name = host.decode() if isinstance(host, bytes) else str(host or "localhost")
    if name == "localhost" or name == socket.gethostname():
        return True
    try:
        address = ipaddress.ip_address(name.split("%")[0])
    except ValueError:
        return False
    return address.is_loopback or address.is_unspecified


def guard(what, host):
    if is_here(host):
        return
    with open(CALLS, "a") as calls:
        calls.write(f"{what} {host} from {sys.argv[:2]}\n")
        calls.write("".join(traceback.format_stack(limit=8)))
    raise OSError(f"the guard stopped {what} to {host}")


def guarded(real, what):
    def call(self, *arguments):
        address = arguments[-1]
        if self.family != socket.AF_UNIX:
            guard(what, address[0])
        return real(self, *arguments)
    return call


def getaddrinfo(host, *arguments, **options):
    guard("look-up of", host)
    return REAL_LOOKUP(host, *arguments, **options)


def looked_up(real):
    def call(host, *arguments):
        guard("look-up of", host)
        return real(host, *arguments)
    return call


socket.socket.connect = guarded(REAL_CONNECT, "connection to")
socket.socket.connect_ex = guarded(REAL_CONNECT_EX, "connection to")
socket.socket.sendto = guarded(REAL_SENDTO, "packet to")
socket.getaddrinfo = getaddrinfo
socket.gethostbyname = looked_up(socket.gethostbyname)
socket.gethostbyname_ex = looked_up(socket.gethostbyname_ex)
with open(CALLS, "a"):
    pass
"""

Guarded = Callable[..., str]


@pytest.fixture
def guarded(tmp_path: Path) -> Guarded:
    """Runs Python code, or a module with arguments, under the guard; what it called, as text."""
    folder = tmp_path / "guard"
    folder.mkdir()
    (folder / "sitecustomize.py").write_text(GUARD)
    calls = tmp_path / "calls.txt"

    def run(*arguments: str, extra: dict[str, str] | None = None, fails: bool = False) -> str:
        calls.unlink(missing_ok=True)
        # As a person's shell has it: without our switches, which the code itself must set.
        inherited = {name: text for name, text in os.environ.items() if name not in TELEMETRY_OFF}
        environment = {
            **inherited,
            "HOME": str(tmp_path),
            "PYTHONPATH": os.pathsep.join([str(folder), str(PROJECT_ROOT)]),
            "GUARD_CALLS": str(calls),
            **(extra or {}),
        }
        result = subprocess.run(
            [sys.executable, *arguments],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
            timeout=180,
            check=False,
        )
        if not fails:
            assert result.returncode == 0, result.stdout + result.stderr
        return calls.read_text()

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
@pytest.mark.parametrize(
    ("name", "host"),
    [
        ("app", "127.0.0.1"),
        # As in a container. Streamlit then asks two strangers for its address, if not given one.
        ("app", "0.0.0.0"),
        ("dagster-webserver", "127.0.0.1"),
        ("dagster-daemon", "127.0.0.1"),
        ("mlflow", "127.0.0.1"),
    ],
)
def test_a_service_starts_in_silence(
    guarded: Guarded, warehouse: Warehouse, name: str, host: str
) -> None:
    code = (
        "import sys, time\n"
        "from warehouse import Warehouse, load_settings, silence_telemetry\n"
        "silence_telemetry()\n"
        "from orchestration.services import all_services, answers, start, stop_all\n"
        "settings = load_settings()\n"
        "opened = Warehouse.open(settings)\n"
        "opened.ensure_database(settings.dagster_database)\n"
        "opened.ensure_database(settings.mlflow_database)\n"
        f"[service] = [s for s in all_services(settings, {host!r}) if s.name == {name!r}]\n"
        "process = start(service, settings)\n"
        "try:\n"
        "    is_up = answers(service.url, 90) if service.url else time.sleep(15) is None\n"
        "    time.sleep(3)\n"
        "    log = (settings.logs / f'{service.name}.log').read_text()\n"
        "    assert is_up and process.poll() is None, log\n"
        "finally:\n"
        "    stop_all([process])\n"
    )
    ports = {f"TENURE_{service}_PORT": free_port() for service in ("APP", "DAGSTER", "MLFLOW")}
    extra = {"TENURE_COMPANY": warehouse.settings.company, **ports}
    assert guarded("-c", code, extra=extra) == ""


@pytest.mark.parametrize("command", ["--help", "doctor", "status"])
def test_the_command_line_is_silent(guarded: Guarded, warehouse: Warehouse, command: str) -> None:
    extra = {"TENURE_COMPANY": warehouse.settings.company}
    assert guarded("-m", "orchestration.cli", command, extra=extra, fails=True) == ""


def test_dbt_asks_no_registry_for_a_newer_version(guarded: Guarded) -> None:
    """dagster-dbt asks `--version` before each build; plain dbt answers with two look-ups."""
    asked = "import sys; sys.argv = ['dbt', '--version']; "
    plain = guarded("-c", f"{asked}from dbt.cli.main import cli; cli()", fails=True)
    assert "look-up" in plain
    ours = f"{asked}from orchestration.dbt_child import main; main()"
    assert guarded("-c", ours) == ""


@pytest.mark.slow
def test_the_main_job_is_silent(guarded: Guarded) -> None:
    run = ("run", "--accounts", "40", "--months", "6")
    assert guarded("-m", "orchestration.cli", *run, extra={"TENURE_COMPANY": "demo"}) == ""
