"""What a reader can take from others: nothing that stops a run, a command or another reader."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass

import jinja2
import psycopg2
import pytest

from tests.conftest import PROJECT_ROOT
from warehouse import Warehouse, WarehouseBusy, WarehouseError, load_settings
from warehouse.readers import unbounded
from warehouse.urls import libpq_url

MACRO = PROJECT_ROOT / "dbt_project" / "macros" / "patient_locks.sql"


@pytest.fixture
def mart(warehouse: Warehouse) -> Warehouse:
    """A warehouse with a mart."""
    warehouse.execute("create table marts.portfolio as select 1 as accounts")
    return warehouse


@contextmanager
def left_open(warehouse: Warehouse) -> Iterator[psycopg2.extensions.connection]:
    """A reader who has looked at the mart and left the transaction open."""
    with closing(psycopg2.connect(libpq_url(warehouse.settings, "reader"))) as connection:
        connection.cursor().execute("select * from marts.portfolio")
        yield connection


@pytest.mark.parametrize(
    "statement",
    [
        "create temporary table mine (a int)",
        "select lo_from_bytea(0, 'a')",
        "select lo_create(0)",
        "select pg_advisory_lock(7362001)",
        "select pg_try_advisory_xact_lock_shared(1, 2)",
        "lock table tenure.run_lock in share update exclusive mode",
        "lock table tenure.migrations in share row exclusive mode",
        "lock table marts.portfolio in share mode",
        "select * from tenure.run_lock",
        "create table public.mine (a int)",
    ],
)
def test_a_reader_cannot(mart: Warehouse, statement: str) -> None:
    with (
        Warehouse.open(mart.settings, "reader") as reader,
        pytest.raises(WarehouseError, match="permission denied"),
    ):
        reader.execute(statement)


def test_a_reader_can_connect_to_no_database_but_the_companies_own(warehouse: Warehouse) -> None:
    """One session in template1 keeps every new company from being made."""
    settings = warehouse.settings
    for name in (settings.dagster_database, settings.mlflow_database):
        warehouse.ensure_database(name)
    for name in (settings.dagster_database, settings.mlflow_database, "postgres", "template1"):
        with pytest.raises(psycopg2.OperationalError, match="permission denied for database"):
            psycopg2.connect(libpq_url(settings, "reader", name))


def test_the_time_and_the_disk_of_a_reader_are_bounded(warehouse: Warehouse) -> None:
    with Warehouse.open(warehouse.settings, "reader") as reader:
        found = reader.read(
            "select current_setting('statement_timeout') as statement, "
            "current_setting('idle_in_transaction_session_timeout') as idle, "
            "current_setting('temp_file_limit') as disk, current_setting('lock_timeout') as lock, "
            "(select rolconnlimit from pg_roles where rolname = current_user) as connections"
        )
    assert found.iloc[0].tolist() == ["2min", "1min", "2GB", "30s", 60]
    assert unbounded(warehouse) == []


def test_a_home_made_earlier_is_bounded_when_it_is_opened(warehouse: Warehouse) -> None:
    database = warehouse.settings.database
    warehouse.execute(
        "alter role tenure_reader reset all; alter role tenure_reader connection limit -1; "
        f"grant temporary on database {database} to public; "
        "grant execute on function lo_from_bytea(oid, bytea), pg_advisory_lock(bigint) to public"
    )
    assert unbounded(warehouse) == [
        "no idle_in_transaction_session_timeout",
        "no statement_timeout",
        "no temp_file_limit",
        "no connection limit",
        "may make temporary tables",
        "may make large objects",
        "may take advisory locks",
    ]
    Warehouse.open(warehouse.settings).close()
    assert unbounded(warehouse) == []


def test_what_an_owner_that_is_no_superuser_cannot_bound_is_named(warehouse: Warehouse) -> None:
    """On a server that somebody else runs; the warehouse opens all the same."""
    company = f"{warehouse.settings.company}_plain"
    warehouse.execute(f"create role {company} login createrole")
    warehouse.execute(f"grant tenure_reader, tenure_scorer to {company} with admin true")
    address = warehouse.ensure_database(f"tenure_{company}")
    warehouse.execute(f"alter database tenure_{company} owner to {company}")
    address = address.replace("//tenure@", f"//{company}@")
    settings = load_settings(company, {"TENURE_DATABASE_URL": address})
    with Warehouse.open(settings) as owner:
        assert unbounded(owner) == ["may make large objects", "may take advisory locks"]
    with Warehouse.open(settings, "reader") as reader:
        shown = "select current_setting('idle_in_transaction_session_timeout') as idle"
        assert reader.read(shown)["idle"].tolist() == ["1min"]


def test_who_waits_for_a_table_in_vain_learns_whose_transaction_is_open(mart: Warehouse) -> None:
    with left_open(mart) as reader:
        mart.execute("select pg_sleep(1.1)")
        with pytest.raises(WarehouseBusy) as refused:
            mart.execute("set local lock_timeout = '100ms'; drop table marts.portfolio")
        pid = reader.get_backend_pid()
    assert f"session {pid} of tenure_reader, since 2" in str(refused.value)


@dataclass(frozen=True)
class Relation:
    """What of dbt's relations the macro needs."""

    name: str

    def render(self) -> str:
        return self.name


@pytest.fixture
def replace_the_mart() -> str:
    """The statement by which dbt moves the mart away, with less patience."""
    macros = jinja2.Environment().from_string(MACRO.read_text()).module
    renaming = "alter table marts.portfolio rename to portfolio__dbt_backup"
    patiently: Callable[..., str] = getattr(macros, "patiently")  # noqa: B009
    return patiently(renaming, Relation("marts.portfolio"), attempts=3, seconds=0.2)


def test_a_build_stands_aside_for_readers_and_names_the_one_who_stays(
    mart: Warehouse, replace_the_mart: str
) -> None:
    """It waited for ever, and each viewer behind it."""
    with left_open(mart) as reader:
        with pytest.raises(WarehouseError) as refused:
            mart.execute(replace_the_mart)
        pid = reader.get_backend_pid()
        assert f"marts.portfolio cannot be replaced: it is in use by session {pid} of " in str(
            refused.value
        )
        reader.rollback()
        mart.execute(replace_the_mart)
    with Warehouse.open(mart.settings, "reader") as viewer:
        assert len(viewer.read("select * from marts.portfolio__dbt_backup")) == 1
