"""One writer of a company at a time, by a lock in its database."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from typing import Any

import psycopg2
import pytest
from psycopg2.extensions import cursor as PsycopgCursor

import warehouse.run_lock as run_lock_module
from warehouse import Warehouse
from warehouse.run_lock import TAKE, Holder, RunLockHeld, RunLockLost, holder, is_alive, run_lock
from warehouse.urls import libpq_url

HOLD = """
import sys, time
from pathlib import Path
from warehouse import Settings
from warehouse.run_lock import run_lock

with run_lock(Settings(Path(sys.argv[1]), sys.argv[2]), "tenure run", "killed"):
    print("held", flush=True)
    time.sleep(60)
"""
WAITING = """
select pid from pg_locks where relation = 'tenure.run_lock'::regclass and not granted
"""
KEEPALIVES = ("idle", "interval", "count")
SESSION = """
select backend_xid is null and backend_xmin is null as is_light
from pg_stat_activity where application_name = 'tenure run r1'
"""


def wait_for(happened: Callable[[], bool]) -> None:
    until = time.monotonic() + 20
    while not happened():
        assert time.monotonic() < until, "it did not happen"
        time.sleep(0.05)


def test_a_second_run_learns_who_is_at_work_and_since_when(warehouse: Warehouse) -> None:
    settings = warehouse.settings
    with run_lock(settings, "the job daily in Dagster", "r1"):
        with pytest.raises(RunLockHeld) as refused, run_lock(settings, "tenure run", patience=0.1):
            pass
        found = holder(warehouse)
    assert found is not None
    for words in (
        f"Another run of {settings.company} is under way: the job daily in Dagster",
        f"process {found.process_id} on {found.host}",
        f"since {found.taken_at:%Y-%m-%d %H:%M:%S} UTC",
        "Wait until it has ended, or end that process",
    ):
        assert words in str(refused.value)
    wait_for(lambda: holder(warehouse) is None)
    with run_lock(settings, "tenure run", patience=0.1):
        pass


def test_companies_do_not_wait_for_each_other(fresh_company: Callable[[], Warehouse]) -> None:
    with ExitStack() as stack:
        for warehouse in (fresh_company(), fresh_company()):
            stack.enter_context(run_lock(warehouse.settings, "tenure run", patience=0.1))


def test_the_lock_ends_with_a_killed_process(warehouse: Warehouse) -> None:
    settings = warehouse.settings
    command = [sys.executable, "-c", HOLD, str(settings.home), settings.company]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    with process.stdout as printed:
        assert printed.readline() == "held\n"
        assert is_alive(warehouse, "killed")
        process.kill()
        process.wait()
    with run_lock(settings, "tenure run"):
        assert not is_alive(warehouse, "killed")


def test_holding_the_lock_for_hours_does_not_keep_vacuum_from_its_work(
    warehouse: Warehouse,
) -> None:
    """A row's lock would take a transaction id, and no dead row of the run could be removed."""
    with run_lock(warehouse.settings, "tenure run", "r1"):
        assert warehouse.read(SESSION)["is_light"].tolist() == [True]


def test_a_run_keeps_its_lock_when_the_server_is_restarted(warehouse: Warehouse) -> None:
    with run_lock(warehouse.settings, "tenure run", "r1"):
        before = holder(warehouse)
        assert before is not None
        warehouse.execute(f"select pg_terminate_backend({before.session_pid})")
        wait_for(lambda: (now := holder(warehouse)) is not None and now != before)
        with pytest.raises(RunLockHeld), run_lock(warehouse.settings, "tenure run", patience=0.1):
            pass


def test_a_run_takes_its_lock_back_from_its_own_lost_session(warehouse: Warehouse) -> None:
    """After a changed address the server keeps the old one for a minute; the run lost to that."""
    settings = warehouse.settings
    with (
        closing(psycopg2.connect(libpq_url(settings))) as ghost,
        ghost.cursor() as cursor,
        run_lock(settings, "tenure run", "r1"),
    ):
        before = holder(warehouse)
        assert before is not None
        cursor.execute("set application_name = 'tenure run r1'")
        take_when_lost(warehouse, cursor, before)
        wait_for(lambda: (now := holder(warehouse)) is not None and now.process_id is not None)


def take_when_lost(
    warehouse: Warehouse, cursor: PsycopgCursor, lost: Holder, statement: str = TAKE
) -> None:
    """End the session that holds the lock, while the cursor's statement waits for it."""
    taking = threading.Thread(target=cursor.execute, args=[statement])
    taking.start()
    wait_for(lambda: bool(waiting(warehouse)))
    warehouse.execute(f"select pg_terminate_backend({lost.session_pid})")
    taking.join()


def waiting(warehouse: Warehouse) -> list[int]:
    """The sessions that wait for the lock."""
    return warehouse.read(WAITING)["pid"].tolist()


def test_a_run_goes_on_trying_whatever_keeps_it_from_its_lock(warehouse: Warehouse) -> None:
    """Of an error that it did not expect its thread died, and the run had no lock to its end."""
    with closing(psycopg2.connect(libpq_url(warehouse.settings))) as other:
        other.autocommit = True
        with other.cursor() as cursor, run_lock(warehouse.settings, "tenure run", "r1"):
            before = holder(warehouse)
            assert before is not None
            take_when_lost(
                warehouse, cursor, before, "alter table tenure.run_lock rename to elsewhere"
            )
            time.sleep(0.5)  # it finds no such table meanwhile
            cursor.execute("alter table tenure.elsewhere rename to run_lock")
            wait_for(lambda: (now := holder(warehouse)) is not None and now != before)


def test_a_restart_of_the_server_does_not_end_the_wait_for_the_lock(
    warehouse: Warehouse,
) -> None:
    """A scheduled run waits for ten minutes; it ended with the driver's error."""
    with closing(psycopg2.connect(libpq_url(warehouse.settings))) as other:

        def restart_and_release() -> None:
            wait_for(lambda: bool(waiting(warehouse)))
            [first] = waiting(warehouse)
            warehouse.execute(f"select pg_terminate_backend({first})")
            wait_for(lambda: waiting(warehouse) not in ([], [first]))
            other.rollback()

        with other.cursor() as cursor:
            cursor.execute(TAKE)
        restarting = threading.Thread(target=restart_and_release)
        restarting.start()
        with run_lock(warehouse.settings, "the job daily in Dagster", "r1", patience=20):
            restarting.join()


@pytest.fixture
def heeded() -> Iterator[None]:
    """Ctrl-C interrupts, as in `tenure run`: a shell without a terminal has programs ignore it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("heeded")
def test_a_run_that_has_lost_its_lock_to_another_is_interrupted_and_says_so(
    warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Two would write the same tables."""
    settings = warehouse.settings
    monkeypatch.setattr(run_lock_module, "PATIENCE_SECONDS", 0.1)
    with closing(psycopg2.connect(libpq_url(settings))) as other, other.cursor() as cursor:
        with pytest.raises(RunLockLost) as lost, run_lock(settings, "tenure run", "r1"):
            found = holder(warehouse)
            assert found is not None
            take_when_lost(warehouse, cursor, found)
            time.sleep(20)
        said = f"database session {other.get_backend_pid()}"
    assert isinstance(lost.value.__cause__, KeyboardInterrupt)
    for words in (str(lost.value), caplog.text):
        assert f"Another run took the lock of {settings.company}" in words
        assert said in words


def test_an_address_that_is_gone_is_noticed_by_the_run_within_a_minute(
    warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The server gave the lock away meanwhile, and the run went on writing for two hours."""
    connect, found = psycopg2.connect, dict[str, str]()

    def watched(url: str, **options: Any) -> Any:
        session = connect(url, **options)
        if "application_name" in options:
            found.update(session.info.dsn_parameters)
        return session

    monkeypatch.setattr(psycopg2, "connect", watched)
    with run_lock(warehouse.settings, "tenure run", "r1"):
        pass
    idle, interval, count = (int(found[f"keepalives_{name}"]) for name in KEEPALIVES)
    assert idle + interval * count <= 60
    assert int(found["tcp_user_timeout"]) <= 60_000
    assert int(found["connect_timeout"]) <= 10
