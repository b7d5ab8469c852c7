"""docker-compose.yml and the Dockerfile name nothing that is not there, and open nothing to others.

No Docker engine runs where the tests do, so each command, path, port and variable is compared with
the code.
"""

from __future__ import annotations

import importlib.util
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import typer.main
import yaml

from orchestration.cli import app
from orchestration.services import all_services
from tests.conftest import missing
from warehouse import load_settings
from warehouse.environment import TELEMETRY_OFF

ROOT = Path(__file__).resolve().parents[1]
COMPOSE = ROOT / "docker-compose.yml"
DOCKERFILE = (ROOT / "Dockerfile").read_text()
SERVICES: dict[str, dict[str, Any]] = yaml.safe_load(COMPOSE.read_text())["services"]
OURS = {name: service for name, service in SERVICES.items() if "build" in service}
LONG_RUNNING = sorted(name for name in SERVICES if "profiles" not in SERVICES[name])
SECRETS = {
    "TENURE_POSTGRES_PASSWORD": "one",
    "TENURE_READER_PASSWORD": "two",
    "TENURE_SCORER_PASSWORD": "three",
}
# Options of `python -m` and programs that are not ours.
FOREIGN_PROGRAMS = {"pg_isready"}


def instructions(name: str) -> list[str]:
    """The arguments of each such instruction of the Dockerfile, its lines joined."""
    joined = DOCKERFILE.replace("\\\n", " ")
    return [
        line.split(maxsplit=1)[1] for line in joined.splitlines() if line.startswith(name + " ")
    ]


def copied_paths() -> list[str]:
    return [source for line in instructions("COPY") for source in shlex.split(line)[:-1]]


def compose_config(environment: dict[str, str], folder: Path) -> subprocess.CompletedProcess[str]:
    """`docker-compose config` of our file, seeing these variables and no `.env`."""
    tool = shutil.which("docker-compose")
    if tool is None:
        missing("docker-compose is not installed (Debian: apt-get install docker-compose)")
    return subprocess.run(
        [tool, "--file", str(COMPOSE), "--project-directory", str(folder), "config"],
        cwd=folder,
        env={"PATH": os.environ["PATH"], "HOME": str(folder), **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_compose_file_is_valid(tmp_path: Path) -> None:
    result = compose_config(SECRETS, tmp_path)
    assert result.returncode == 0, result.stderr
    services = yaml.safe_load(result.stdout)["services"]
    assert set(services) >= set(LONG_RUNNING)
    url = services["app"]["environment"]["TENURE_DATABASE_URL"]
    assert url == "postgresql://tenure:one@postgres:5432/tenure"


@pytest.mark.parametrize("missing_secret", SECRETS)
def test_without_a_password_nothing_starts(tmp_path: Path, missing_secret: str) -> None:
    """A default password is one that everybody knows."""
    given = {name: value for name, value in SECRETS.items() if name != missing_secret}
    result = compose_config(given, tmp_path)
    assert result.returncode != 0
    assert missing_secret in result.stderr


def test_no_password_has_a_default() -> None:
    text = COMPOSE.read_text()
    named = set(re.findall(r"\$\{(\w*PASSWORD\w*)", text))
    assert named == set(SECRETS)
    for name in named:
        uses = re.findall(rf"\$\{{{name}(\W\W?)", text)
        assert set(uses) == {":?"}


@pytest.mark.parametrize("name", LONG_RUNNING)
def test_a_service_says_whether_it_is_healthy_and_comes_back(name: str) -> None:
    service = SERVICES[name]
    assert service["healthcheck"]["test"][0] == "CMD"
    assert service["restart"] == "unless-stopped"
    assert service["networks"] == ["tenure"]


@pytest.mark.parametrize("name", SERVICES)
def test_ports_are_open_to_this_machine_only(name: str) -> None:
    """Dagster, MLflow and the app have no login."""
    for port in SERVICES[name].get("ports", []):
        assert port.startswith("127.0.0.1:")
    assert SERVICES[name].get("network_mode") is None


@pytest.mark.parametrize("name", OURS)
def test_a_service_waits_for_a_database_that_answers(name: str) -> None:
    assert OURS[name]["depends_on"] == {"postgres": {"condition": "service_healthy"}}
    assert "@postgres:5432/" in OURS[name]["environment"]["TENURE_DATABASE_URL"]
    assert OURS[name]["environment"]["MLFLOW_SERVER_ENABLE_JOB_EXECUTION"] == "false"


def test_images_are_pinned_to_a_version() -> None:
    """`latest` is another program every week."""
    images = [service["image"] for service in SERVICES.values()] + instructions("FROM")
    for image in images:
        _, _, tag = image.partition(":")
        assert re.match(r"\d+\.\d+", tag), image
    assert SERVICES["postgres"]["image"].startswith("postgres:18.")


@pytest.mark.parametrize("name", OURS)
def test_a_service_runs_a_command_that_exists(name: str) -> None:
    """Parsed by the command line itself: a renamed option would fail on somebody's server."""
    assert instructions("ENTRYPOINT") == ['["tenure"]']
    group = typer.main.get_command(app)
    command, *arguments = OURS[name]["command"]
    assert command in group.commands  # pyright: ignore[reportAttributeAccessIssue]
    subcommand = group.commands[command]  # pyright: ignore[reportAttributeAccessIssue]
    options = subcommand.make_context(command, arguments).params
    if command == "dev":
        assert options["only"] == [name]
        assert options["host"] == "0.0.0.0"


def test_the_services_are_those_that_dev_knows() -> None:
    known = {service.name for service in all_services(load_settings(), "0.0.0.0")}
    assert known == set(LONG_RUNNING) - {"postgres"}


def test_published_and_checked_ports_are_those_that_services_listen_on() -> None:
    for service in all_services(load_settings(), "0.0.0.0"):
        compose = SERVICES[service.name]
        if service.url is None:
            assert "ports" not in compose
            continue
        port = service.url.rsplit(":", 1)[1]
        assert [published.rsplit(":", 1)[1] for published in compose["ports"]] == [port]
        assert f"http://127.0.0.1:{port}/" in compose["healthcheck"]["test"][-1]


@pytest.mark.parametrize("name", LONG_RUNNING)
def test_a_health_check_runs_a_program_that_exists(name: str) -> None:
    """A check that cannot run restarts a healthy service for ever."""
    _, program, *arguments = SERVICES[name]["healthcheck"]["test"]
    if program != "python":
        assert program in FOREIGN_PROGRAMS
    elif arguments[0] == "-m":
        helped = subprocess.run(
            [sys.executable, *arguments, "--help"], capture_output=True, text=True, check=False
        )
        assert helped.returncode == 0, helped.stderr
    else:
        compile(arguments[1], name, "exec")


def test_every_module_that_dev_starts_can_be_run() -> None:
    """`python -m package` needs a __main__ in it."""
    for service in all_services(load_settings(), "127.0.0.1"):
        module = service.command[service.command.index("-m") + 1]
        spec = importlib.util.find_spec(module)
        assert spec is not None, module
        if spec.submodule_search_locations:
            assert importlib.util.find_spec(f"{module}.__main__") is not None, module


def test_dagster_loads_a_module_that_is_there() -> None:
    for service in all_services(load_settings(), "127.0.0.1"):
        if service.name.startswith("dagster"):
            module = service.command[len(service.command) - service.command[::-1].index("-m")]
            assert module == "orchestration.definitions"
            assert importlib.util.find_spec(module) is not None


@pytest.mark.parametrize("path", copied_paths())
def test_the_image_is_built_from_files_that_are_there(path: str) -> None:
    assert (ROOT / path).exists()


def test_the_image_holds_every_package_and_what_they_read() -> None:
    packages = {path.parent.name for path in ROOT.glob("*/__init__.py")}
    needed = packages | {"dashboards", "dbt_project", ".streamlit", "requirements.lock"}
    assert needed <= set(copied_paths())


def test_the_build_sees_what_it_copies_and_no_secrets() -> None:
    """`.env` and `.tenure` in an image would be handed to whoever gets the image."""
    lines = (ROOT / ".dockerignore").read_text().split()
    assert lines[0] == "*"
    let_in = {line[1:] for line in lines if line.startswith("!")}
    assert let_in == set(copied_paths())


def test_the_image_is_built_without_a_registry_address_and_does_not_run_as_root() -> None:
    assert not re.search(r"https?://|index-url|trusted-host", DOCKERFILE)
    assert "--require-hashes" in DOCKERFILE
    assert instructions("USER") == ["tenure"]


def test_the_image_phones_nobody() -> None:
    set_in_image = dict(
        pair.split("=", 1) for line in instructions("ENV") for pair in shlex.split(line)
    )
    assert set_in_image.items() >= TELEMETRY_OFF.items()
    home = OURS["app"]["environment"]["TENURE_HOME"]
    assert set_in_image["TENURE_HOME"] == home
    assert set_in_image["DAGSTER_HOME"] == f"{home}/dagster"
    assert f"home:{home}" in OURS["app"]["volumes"]


def test_every_variable_is_explained_to_the_operator() -> None:
    page = (ROOT / "docs" / "operations.md").read_text()
    for name in set(re.findall(r"\$\{(\w+)", COMPOSE.read_text())):
        assert f"`{name}`" in page, name
