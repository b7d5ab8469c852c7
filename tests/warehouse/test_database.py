"""Reading, writing and roles, on a real server."""

from __future__ import annotations

import datetime as dt
import subprocess
import sys
import time
from collections.abc import Callable

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from warehouse import (
    Settings,
    Warehouse,
    WarehouseError,
    WarehouseNotPrepared,
    WarehouseRefused,
    WarehouseUnavailable,
    load_settings,
    preparing,
)
from warehouse.urls import libpq_url, sqlalchemy_url

ASLEEP = """
select count(*) as n from pg_stat_activity
where state = 'active' and datname = current_database() and query = 'select pg_sleep(60)'
"""


@pytest.fixture
def accounts(warehouse: Warehouse) -> Warehouse:
    """A warehouse with a raw table, a view on it, and two rows."""
    warehouse.execute("create schema crm")
    warehouse.execute(
        """
        create table crm.accounts (
            account_id text not null,
            employee_count integer,
            mrr numeric(14, 2),
            signed_at timestamptz,
            attributes jsonb,
            _recorded_at timestamptz not null default now()
        );
        create view marts.seen as select * from crm.accounts;
        insert into crm.accounts (account_id, mrr) values ('a', 1.50), ('b', 2.00)
        """
    )
    return warehouse


def test_a_frame_can_be_counted_with(warehouse: Warehouse) -> None:
    frame = warehouse.read(
        "select 1.50::numeric(14, 2) as money, null::numeric as unknown, date '2026-03-02' as day, "
        "timestamptz '2026-03-02 01:00+01' as moment, '{\"a\": 1}'::jsonb as facts, "
        "%(name)s::text as name, %(count)s::int as count",
        {"name": "50 % of O'Hara", "count": np.int64(3)},
    )
    row = frame.iloc[0]
    assert row["money"] == 1.5
    assert np.isnan(row["unknown"])
    assert row["day"] == pd.Timestamp("2026-03-02")
    assert row["moment"] == pd.Timestamp("2026-03-02", tz="UTC")
    assert row["facts"] == '{"a": 1}'
    assert row["name"] == "50 % of O'Hara"
    assert row["count"] == 3


def test_no_rows_still_have_columns(warehouse: Warehouse) -> None:
    frame = warehouse.read("select 1::numeric as money, 'x'::text as name where false")
    assert frame.empty
    assert list(frame.columns) == ["money", "name"]


def test_show_and_explain_can_be_read_although_copy_cannot_carry_them(
    warehouse: Warehouse,
) -> None:
    assert warehouse.read("show timezone")["TimeZone"].iloc[0] == "UTC"
    assert not warehouse.read("explain select 1").empty


def test_replacing_a_table_casts_rows_and_keeps_the_views_on_it(accounts: Warehouse) -> None:
    moment = dt.datetime(2026, 3, 2, tzinfo=dt.UTC)
    rows = pa.table(
        {
            "account_id": ["c", "d"],
            "employee_count": pa.array([10, None], pa.int64()),
            "mrr": [99.99, None],
            "signed_at": pa.array([moment, None], pa.timestamp("us", "UTC")),
            "attributes": ['{"plan": "pro"}', None],
        }
    )
    assert accounts.replace_table("crm.accounts", rows) == 2
    seen = accounts.read("select *, attributes ->> 'plan' as plan from marts.seen order by 1")
    assert list(seen["account_id"]) == ["c", "d"]
    assert list(seen["mrr"].dropna()) == [99.99]
    assert seen["plan"].iloc[0] == "pro"
    assert list(seen["signed_at"].dropna()) == [pd.Timestamp(moment)]
    assert list(seen["_recorded_at"].notna()) == [True, True]


def test_a_replacement_that_fails_leaves_the_old_rows(accounts: Warehouse) -> None:
    broken = pa.table({"account_id": ["c", None]})
    with pytest.raises(WarehouseError, match="account_id"):
        accounts.replace_table("crm.accounts", broken)
    with pytest.raises(WarehouseError):
        accounts.replace_table("crm.accounts", pa.table({"account_id": ["c"], "mrr": ["much"]}))
    assert list(accounts.read("select account_id from marts.seen order by 1")["account_id"]) == [
        "a",
        "b",
    ]


def test_of_several_tables_all_are_replaced_or_none(accounts: Warehouse) -> None:
    accounts.execute("create table crm.csms (csm_id text not null)")
    tables = {
        "crm.accounts": pa.table({"account_id": ["c"]}),
        "crm.csms": pa.table({"csm_id": pa.array([None], pa.string())}),
    }
    with pytest.raises(WarehouseError):
        accounts.replace_tables(tables)
    assert len(accounts.read("select * from crm.accounts")) == 2


def test_an_empty_replacement_empties_the_table(accounts: Warehouse) -> None:
    assert (
        accounts.replace_table("crm.accounts", pa.table({"account_id": pa.array([], "str")})) == 0
    )
    assert accounts.read("select * from crm.accounts").empty


def test_replacing_rows_leaves_the_others(accounts: Warehouse) -> None:
    new = pd.DataFrame({"account_id": ["b"], "mrr": [5.0]})
    assert accounts.replace_rows("crm.accounts", new, where={"account_id": "b"}) == 1
    found = accounts.read("select account_id, mrr from crm.accounts order by 1")
    assert found.to_dict("records") == [
        {"account_id": "a", "mrr": 1.5},
        {"account_id": "b", "mrr": 5.0},
    ]


def test_a_bulk_load_appends_and_reads_nan_as_unknown(accounts: Warehouse) -> None:
    frame = pd.DataFrame({"account_id": ["c"], "mrr": [float("nan")]})
    assert accounts.bulk_load(frame, "crm.accounts") == 1
    assert len(accounts.read("select * from crm.accounts where mrr is null")) == 1
    assert len(accounts.read("select * from crm.accounts")) == 3


def test_rows_for_a_column_or_table_that_is_not_there_are_refused(accounts: Warehouse) -> None:
    with pytest.raises(WarehouseError, match=r"crm\.accounts has no column colour"):
        accounts.bulk_load(pa.table({"colour": ["red"]}), "crm.accounts")
    with pytest.raises(WarehouseNotPrepared, match=r"crm\.nothing"):
        accounts.bulk_load(pa.table({"colour": ["red"]}), "crm.nothing")


def test_a_transaction_that_raises_changes_nothing(accounts: Warehouse) -> None:
    with pytest.raises(ValueError, match="no"), accounts.transaction() as connection:
        connection.cursor().execute("delete from crm.accounts")
        raise ValueError("no")
    assert len(accounts.read("select * from crm.accounts")) == 2


def test_a_transaction_leaves_no_trace_in_the_next(warehouse: Warehouse) -> None:
    """Both use one connection."""
    backend = "select pg_backend_pid() as pid, current_setting('work_mem') as memory"
    with warehouse.transaction() as connection, connection.cursor() as cursor:
        cursor.execute(f"create temporary table passing (a int); {backend}")
        first, usual = cursor.fetchone()
        cursor.execute("set work_mem = '7MB'")
    with warehouse.transaction() as connection, connection.cursor() as cursor:
        cursor.execute(f"select to_regclass('passing'), b.* from ({backend}) as b")
        assert cursor.fetchone() == (None, first, usual)


def test_a_connection_that_was_lost_while_idle_is_replaced(warehouse: Warehouse) -> None:
    warehouse.execute("select 1")
    with Warehouse(warehouse.settings) as other:
        ended = other.read(
            "select pg_terminate_backend(pid) as is_ended from pg_stat_activity "
            "where datname = current_database() and pid <> pg_backend_pid() "
            "and application_name = ''"
        )
    assert ended["is_ended"].any()
    assert warehouse.execute("select 1") == 1


def test_what_a_killed_process_had_asked_for_ends(warehouse: Warehouse) -> None:
    """Else its locks hold up the next run until the statement is over."""
    address = libpq_url(warehouse.settings, "owner")
    code = "import psycopg2, sys; "
    code += "psycopg2.connect(sys.argv[1]).cursor().execute('select pg_sleep(60)')"
    asking = subprocess.Popen([sys.executable, "-c", code, address])
    try:
        wait_for(lambda: counted(warehouse, ASLEEP) == 1, seconds=30)
    finally:
        asking.kill()
        asking.wait()
    # the server looks every 5 s
    wait_for(lambda: counted(warehouse, ASLEEP) == 0, seconds=20)


def counted(warehouse: Warehouse, sql: str) -> int:
    return int(warehouse.read(sql)["n"].iloc[0])


def wait_for(happened: Callable[[], bool], seconds: float) -> None:
    until = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < until, "it did not happen"
        time.sleep(0.2)


def test_the_reader_reads_marts_and_nothing_else(accounts: Warehouse) -> None:
    # Made after the roles were granted, as dbt makes its tables.
    accounts.execute("create table marts.portfolio as select 1 as accounts")
    with Warehouse.open(accounts.settings, "reader") as reader:
        assert len(reader.read("select * from marts.portfolio")) == 1
        assert len(reader.read("select * from marts.seen")) == 2
        for statement in (
            "select * from crm.accounts",
            "select * from quarantine.rejected_rows",
            "select * from ml.predictions",
            "insert into marts.portfolio values (2)",
            "truncate marts.portfolio",
            "drop table marts.portfolio",
            "create table marts.mine (a int)",
            "create schema mine",
            "create role me superuser",
        ):
            with pytest.raises(WarehouseError, match=r"permission denied|must be owner"):
                reader.execute(statement)


def test_the_scorer_writes_predictions_and_nothing_else(accounts: Warehouse) -> None:
    run = {"target": "churn", "run_id": "r"}
    prediction = pd.DataFrame(
        {
            **{name: [value] for name, value in run.items()},
            "horizon_days": [90],
            "as_of_date": [dt.date(2026, 3, 2)],
            "account_id": ["a"],
            "model_version": ["1"],
            "probability": [0.3],
            "drivers": ["[]"],
            "input_digest": ["d"],
            "scored_at": [dt.datetime(2026, 3, 2, tzinfo=dt.UTC)],
        }
    )
    with Warehouse.open(accounts.settings, "scorer") as scorer:
        for _ in range(2):
            assert scorer.replace_rows("ml.predictions", prediction, where=run) == 1
        assert len(scorer.read("select * from marts.seen")) == 2
        for statement in ("select * from crm.accounts", "delete from tenure.company"):
            with pytest.raises(WarehouseError, match="permission denied"):
                scorer.execute(statement)


@pytest.mark.server
def test_a_reader_before_the_first_run_is_told_that_nothing_is_there(tenure_home: object) -> None:
    with pytest.raises(WarehouseNotPrepared):
        Warehouse.open(load_settings("never_loaded"), "reader")


def test_a_query_on_a_mart_that_is_not_built_is_told_apart(warehouse: Warehouse) -> None:
    with pytest.raises(WarehouseNotPrepared, match="customer_health"):
        warehouse.read("select * from marts.customer_health")


def test_databases_beside_the_company_are_made_once(warehouse: Warehouse) -> None:
    settings = warehouse.settings
    assert warehouse.ensure_database(settings.dagster_database) == sqlalchemy_url(
        settings, database=settings.dagster_database
    )
    assert warehouse.ensure_database(settings.dagster_database) == sqlalchemy_url(
        settings, database=settings.dagster_database
    )


def as_external(settings: Settings, company: str, **passwords: str) -> Settings:
    """The embedded server as if it were somebody else's, at an address."""
    return load_settings(company, {"TENURE_DATABASE_URL": libpq_url(settings), **passwords})


def test_a_configured_server_works_like_the_embedded_one(warehouse: Warehouse) -> None:
    warehouse.execute("create table marts.x as select 1 as a; create schema crm")
    external = as_external(warehouse.settings, warehouse.settings.company)
    assert not external.is_embedded
    with Warehouse.open(external) as owner:
        assert owner.ensure_database(external.mlflow_database) == sqlalchemy_url(
            external, database=external.mlflow_database
        )
    with Warehouse.open(external, "reader") as reader:
        assert reader.read("select current_user")["current_user"].iloc[0] == "tenure_reader"
        assert len(reader.read("select * from marts.x")) == 1
        with pytest.raises(WarehouseError, match="permission denied"):
            reader.execute("create table crm.mine (a int)")


@pytest.fixture
def plain_owner(warehouse: Warehouse) -> Callable[[str], Settings]:
    """Settings of a user who is no superuser and owns a database, made with these attributes."""
    made: list[str] = []

    def make(attributes: str) -> Settings:
        company = f"{warehouse.settings.company}_{len(made)}"
        made.append(company)
        warehouse.execute(f"create role {company}_owner login {attributes}")
        address = warehouse.ensure_database(f"tenure_{company}")
        warehouse.execute(f"alter database tenure_{company} owner to {company}_owner")
        address = address.replace("//tenure@", f"//{company}_owner@")
        return load_settings(company, {"TENURE_DATABASE_URL": address})

    return make


def test_an_owner_that_is_no_superuser_can_prepare_and_put_the_roles_on(
    plain_owner: Callable[[str], Settings], warehouse: Warehouse
) -> None:
    settings = plain_owner("createrole")
    # Members only through themselves, as on a server where Tenure makes the roles first.
    name = f"{settings.company}_owner"
    warehouse.execute(f"grant tenure_reader, tenure_scorer to {name} with admin true, set false")
    for _ in range(2):
        Warehouse.open(settings).execute("create table if not exists marts.x (a int)")
    with Warehouse.open(settings, "reader") as reader:
        assert reader.read("select a from marts.x").empty


def test_an_owner_that_may_not_have_the_roles_is_told_what_to_ask_for(
    plain_owner: Callable[[str], Settings],
) -> None:
    with pytest.raises(WarehouseError, match="Ask an administrator to run: grant tenure_reader"):
        Warehouse.open(plain_owner(""))


def test_another_company_in_the_same_database_is_refused(warehouse: Warehouse) -> None:
    with pytest.raises(WarehouseRefused, match=f"holds the company '{warehouse.settings.company}'"):
        Warehouse.open(as_external(warehouse.settings, "other"))


def test_a_server_that_is_too_old_is_refused(
    warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(preparing, "OLDEST_SERVER", 990000)
    with pytest.raises(WarehouseRefused, match="Tenure needs 99 or newer"):
        Warehouse.open(warehouse.settings)


def test_a_server_that_does_not_answer_is_unavailable_and_its_password_is_not_told() -> None:
    url = "postgresql://me:secret@127.0.0.1:1/tenure"
    with pytest.raises(WarehouseUnavailable) as caught:
        Warehouse.open(load_settings("acme", {"TENURE_DATABASE_URL": url}))
    assert "secret" not in str(caught.value)


def test_a_lost_connection_is_unavailable_and_an_sql_error_is_not(warehouse: Warehouse) -> None:
    with pytest.raises(WarehouseUnavailable), warehouse.transaction() as connection:
        connection.cursor().execute("select pg_terminate_backend(pg_backend_pid())")
    with pytest.raises(WarehouseError) as caught:
        warehouse.read("select 1 / 0 as impossible")
    assert not isinstance(caught.value, WarehouseUnavailable)
