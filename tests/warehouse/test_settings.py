"""Settings and addresses: pure, no server."""

from __future__ import annotations

from pathlib import Path

import psycopg2.extensions
import pytest
import sqlalchemy

from tests.conftest import PROJECT_ROOT
from warehouse import WarehouseError, load_settings, silence_telemetry
from warehouse.address import without_password
from warehouse.settings import read_env_file
from warehouse.sizing import GIB, MIB, Machine, server_settings
from warehouse.urls import dbt_environment, libpq_url, sqlalchemy_url

EXTERNAL = "postgresql://me:p%40ss%2Fword@db.example.com:6432/success?sslmode=require"


def test_everything_of_a_company_lies_in_its_home(tmp_path: Path) -> None:
    settings = load_settings("acme", {"TENURE_HOME": str(tmp_path)})
    assert settings.lake == tmp_path / "companies" / "acme" / "lake"
    assert settings.database == "tenure_acme"
    assert settings.dagster_home.parent == settings.mlflow_artifacts.parent == tmp_path


def test_the_company_of_the_last_run_is_the_one_that_is_meant(tmp_path: Path) -> None:
    environ = {"TENURE_HOME": str(tmp_path)}
    assert load_settings(environ=environ).company == "demo"
    load_settings("acme", environ).remember_company()
    assert load_settings(environ=environ).company == "acme"
    assert load_settings(environ={**environ, "TENURE_COMPANY": "other"}).company == "other"
    assert load_settings("mine", {**environ, "TENURE_COMPANY": "other"}).company == "mine"


@pytest.mark.parametrize("name", ["Acme", "acme-eu", "1st", "a" * 41, "../etc", "dagster", 'a"b'])
def test_a_name_that_cannot_be_a_database_is_refused(name: str) -> None:
    with pytest.raises(WarehouseError, match="company name"):
        load_settings(name, {})


@pytest.mark.parametrize("port", ["80", "x", "70000"])
def test_a_port_that_cannot_be_used_is_refused(port: str) -> None:
    with pytest.raises(WarehouseError, match="TENURE_POSTGRES_PORT"):
        load_settings("acme", {"TENURE_POSTGRES_PORT": port})


def test_an_env_file_is_read_with_comments_quotes_and_unset_names(tmp_path: Path) -> None:
    path = tmp_path / ".env"
    path.write_text("# TENURE_HOME=no\nTENURE_COMPANY=acme\nexport A='b c'\nTENURE_DATABASE_URL=\n")
    assert read_env_file(path) == {"TENURE_COMPANY": "acme", "A": "b c"}


def test_the_embedded_server_is_addressed_by_its_socket(tmp_path: Path) -> None:
    settings = load_settings("acme", {"TENURE_HOME": str(tmp_path / "a b")})
    parts = psycopg2.extensions.parse_dsn(libpq_url(settings, "reader"))
    url = sqlalchemy.make_url(sqlalchemy_url(settings, "reader"))
    assert (parts["user"], parts["dbname"]) == ("tenure_reader", "tenure_acme")
    assert (url.username, url.database) == ("tenure_reader", "tenure_acme")
    assert url.drivername == "postgresql+psycopg2"
    # Great Expectations rejects an address without a host.
    assert url.host == "localhost"
    assert parts["host"] == url.query["host"] == dbt_environment(settings)["TENURE_PG_HOST"]
    assert Path(parts["host"]).is_absolute()


@pytest.mark.parametrize("scheme", ["postgresql", "postgres", "postgresql+psycopg2"])
def test_a_configured_address_survives_in_every_form(scheme: str) -> None:
    address = EXTERNAL.replace("postgresql", scheme)
    settings = load_settings("acme", {"TENURE_DATABASE_URL": address})
    parts = psycopg2.extensions.parse_dsn(libpq_url(settings))
    url = sqlalchemy.make_url(sqlalchemy_url(settings))
    dbt = dbt_environment(settings)
    assert parts["password"] == url.password == dbt["TENURE_PG_PASSWORD"] == "p@ss/word"
    assert parts["host"] == url.host == dbt["TENURE_PG_HOST"] == "db.example.com"
    assert parts["port"] == str(url.port) == dbt["TENURE_PG_PORT"] == "6432"
    assert parts["sslmode"] == url.query["sslmode"] == dbt["PGSSLMODE"] == "require"
    assert settings.database == "success"
    assert settings.mlflow_database == "success_mlflow"
    assert "ss" not in without_password(EXTERNAL).split("@")[0]


def test_a_role_with_a_password_logs_in_as_itself_and_one_without_is_put_on() -> None:
    environ = {"TENURE_DATABASE_URL": EXTERNAL, "TENURE_READER_PASSWORD": "r"}
    settings = load_settings("acme", environ)
    reader = psycopg2.extensions.parse_dsn(libpq_url(settings, "reader"))
    scorer = psycopg2.extensions.parse_dsn(libpq_url(settings, "scorer"))
    assert (reader["user"], reader["password"]) == ("tenure_reader", "r")
    assert (scorer["user"], scorer["options"]) == ("me", "-c role=tenure_scorer")
    # not by the scorer's password
    analyst = psycopg2.extensions.parse_dsn(libpq_url(settings, "analyst"))
    bounds = " -c idle_in_transaction_session_timeout=60s -c statement_timeout=120s"
    assert (analyst["user"], analyst["options"]) == ("me", f"-c role=tenure_analyst{bounds}")


def test_an_address_that_already_logs_in_as_the_role_stays() -> None:
    address = "postgresql://tenure_reader:r@db/success"
    settings = load_settings("acme", {"TENURE_DATABASE_URL": address})
    assert "options" not in libpq_url(settings, "reader")


@pytest.mark.parametrize("address", ["mysql://me:secret@host/db", "postgresql://me:secret@host"])
def test_an_address_that_cannot_be_used_is_refused_without_its_password(address: str) -> None:
    settings = load_settings("acme", {"TENURE_DATABASE_URL": address})
    with pytest.raises(WarehouseError, match="TENURE_DATABASE_URL") as caught:
        libpq_url(settings)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    ("memory", "buffers"), [(512 * MIB, "32MB"), (8 * GIB, "512MB"), (256 * GIB, "1024MB")]
)
def test_the_server_takes_a_sixteenth_of_the_memory(memory: int, buffers: str) -> None:
    machine = Machine(memory=memory, free_disk=100 * GIB, shared_memory=GIB)
    text = server_settings(machine, Path("/s"), 5432, on_tcp=False)
    assert f"shared_buffers = '{buffers}'" in text


def test_the_server_ends_what_a_killed_process_has_asked_for() -> None:
    """Else a killed run's statement keeps its locks for as long as it takes."""
    machine = Machine(memory=GIB, free_disk=GIB, shared_memory=GIB)
    text = server_settings(machine, Path("/s"), 5432, on_tcp=False)
    assert "client_connection_check_interval = '5s'" in text


def test_a_container_with_little_shared_memory_gets_files_instead() -> None:
    machine = Machine(memory=GIB, free_disk=GIB, shared_memory=64 * MIB)
    text = server_settings(machine, Path("/a 'b', c"), 5432, on_tcp=False)
    assert "dynamic_shared_memory_type = mmap" in text
    assert "unix_socket_directories = '\"/a ''b'', c\"'" in text
    assert "listen_addresses = ''" in text


def test_telemetry_is_off_unless_a_person_turns_it_on() -> None:
    environ = {"DBT_SEND_ANONYMOUS_USAGE_STATS": "true"}
    silence_telemetry(environ)
    assert environ["DO_NOT_TRACK"] == "true"
    assert environ["DBT_SEND_ANONYMOUS_USAGE_STATS"] == "true"


def test_the_example_names_every_setting() -> None:
    example = (PROJECT_ROOT / ".env.example").read_text()
    sources = [*PROJECT_ROOT.glob("*/**/*.py")]
    code = "\n".join(
        path.read_text()
        for path in sources
        if not {"tests", ".venv", ".tenure"} & set(path.relative_to(PROJECT_ROOT).parts)
    )
    for name in ("HOME", "COMPANY", "DATABASE_URL", "READER_PASSWORD", "SCORER_PASSWORD"):
        assert f"TENURE_{name}" in code
        assert f"TENURE_{name}=" in example


def test_a_default_company_gives_way_to_the_configured_one(tmp_path: Path) -> None:
    """`tenure run --source stripe` belongs to the company that the environment names."""
    home = {"TENURE_HOME": str(tmp_path)}
    load_settings("last_run", home).remember_company()
    assert load_settings(None, home, default="stripe").company == "stripe"
    assert load_settings(None, {**home, "TENURE_COMPANY": "acme"}, "stripe").company == "acme"
    assert load_settings(None, home).company == "last_run"
