"""`tenure sql` reads: marts, or all tables, and nothing is written, read from files or run."""

from __future__ import annotations

import io

import pytest

from orchestration.sql import print_rows
from tests.hostile import COMMANDS, HOSTILE
from warehouse import Warehouse, WarehouseError, WarehouseNotPrepared, WarehouseRefused
from warehouse.plain_text import visible

NO = "permission denied|must be owner|read-only"


class Screen(io.StringIO):
    """A terminal."""

    def isatty(self) -> bool:
        return True


@pytest.fixture(scope="module")
def stocked(module_warehouse: Warehouse) -> Warehouse:
    """A warehouse with a mart, and a raw table made after the roles were granted."""
    warehouse = module_warehouse
    warehouse.execute("create table marts.seen (amount numeric(9, 2), seen_at timestamptz)")
    warehouse.execute("insert into marts.seen values (1.50, '2026-03-01 06:00Z'), (null, null)")
    warehouse.execute("create schema crm; create table crm.accounts (account_name text)")
    warehouse.execute("insert into crm.accounts values (%(name)s)", {"name": HOSTILE})
    return warehouse


def printed(warehouse: Warehouse, query: str, *, is_raw: bool = False) -> str:
    out = io.StringIO()
    print_rows(warehouse.settings, query, out, is_raw=is_raw)
    return out.getvalue()


@pytest.mark.parametrize("is_raw", [False, True])
def test_rows_are_printed_as_csv(stocked: Warehouse, is_raw: bool) -> None:
    rows = printed(stocked, "select * from marts.seen order by 1", is_raw=is_raw)
    assert rows == "amount,seen_at\n1.50,2026-03-01 06:00:00+00:00\n,\n"
    assert printed(stocked, "show server_encoding", is_raw=is_raw) == "server_encoding\nUTF8\n"
    assert printed(stocked, "select '5 %' as share -- one;", is_raw=is_raw) == "share\n5 %\n"


def test_marts_alone_are_read_unless_all_tables_are_asked_for(stocked: Warehouse) -> None:
    """It ran as a superuser: all who could start it could read all mail addresses."""
    with pytest.raises(WarehouseRefused, match="reads the marts; tenure sql --raw reads all"):
        printed(stocked, "select account_name from crm.accounts")
    for query in ("select 1 from crm.accounts", "select 1 from tenure.company"):
        assert printed(stocked, query, is_raw=True).endswith("\n1\n")
    assert printed(stocked, "select 1 from quarantine.rejected_rows", is_raw=True) == "?column?\n"


@pytest.mark.parametrize("is_raw", [False, True])
def test_it_is_no_superuser(stocked: Warehouse, is_raw: bool) -> None:
    found = printed(
        stocked,
        "select rolsuper or rolcreaterole or rolcreatedb, "
        "pg_has_role(current_user, 'pg_read_server_files', 'member'), "
        "pg_has_role(current_user, 'pg_execute_server_program', 'member') "
        "from pg_roles where rolname = session_user",
        is_raw=is_raw,
    )
    assert found.splitlines()[1:] == ["False,False,False"]


@pytest.mark.parametrize("is_raw", [False, True])
@pytest.mark.parametrize(
    ("query", "refusal"),
    [
        ("select pg_read_file('/etc/passwd')", NO),
        ("select pg_ls_dir('/')", NO),
        ("select lo_import('/etc/passwd')", NO),
        ("copy marts.seen to program 'touch /tmp/run_by_tenure_sql'", NO),
        ("copy marts.seen to '/tmp/written_by_tenure_sql'", NO),
        ("delete from marts.seen", NO),
        ("drop table marts.seen", NO),
        ("create table public.mine (a int)", NO),
        ("create temporary table mine (a int)", NO),
        ("select lo_create(0)", NO),
        ("set role tenure", NO),
        ("set session authorization tenure", NO),
        ("create role me", NO),
        ("do $$ begin create temporary table mine (a int); end $$", NO),
        ("select 1; select 2", "one statement"),
        ("commit; delete from marts.seen", "one statement"),
        ("select 1; set transaction read write; select lo_create(0)", "one statement"),
        ("select 1 /* ; */; rollback", "one statement"),
    ],
)
def test_nothing_else_than_reading_is_done(
    stocked: Warehouse, query: str, refusal: str, is_raw: bool
) -> None:
    """`commit` ended the transaction that could only read; `copy … to program` ran a program."""
    with pytest.raises(WarehouseError, match=refusal):
        printed(stocked, query, is_raw=is_raw)
    assert len(stocked.read("select * from marts.seen")) == 2


def test_a_slip_is_told_apart_from_a_refusal(stocked: Warehouse) -> None:
    with pytest.raises(WarehouseNotPrepared, match="nosuch"):
        printed(stocked, "select * from marts.nosuch")
    with pytest.raises(WarehouseError, match="syntax error"):
        printed(stocked, "selct 1")


def test_a_terminal_is_shown_escapes_and_a_file_gets_the_values(stocked: Warehouse) -> None:
    """What reads the CSV next needs the very keys; a terminal would act upon them."""
    query = "select account_name from crm.accounts"
    screen = Screen()
    print_rows(stocked.settings, query, screen, is_raw=True)
    assert not set(COMMANDS).intersection(screen.getvalue())
    assert visible(HOSTILE).replace('"', '""') in screen.getvalue()
    assert HOSTILE.replace('"', '""') in printed(stocked, query, is_raw=True)
