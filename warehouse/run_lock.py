"""One writer of a company at a time: a lock in its database that ends with the process holding it.

A table's lock, held by a session of its own. SHARE UPDATE EXCLUSIVE keeps out its like alone, so
that the row that says who holds it can be written and read beside it; and it needs a privilege on
the table, which readers lack.
"""

from __future__ import annotations

import logging
import os
import selectors
import signal
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import uuid4

import psycopg2
from psycopg2.extensions import connection as PsycopgConnection
from psycopg2.extensions import cursor as PsycopgCursor

from warehouse.database import Warehouse, explained
from warehouse.errors import WarehouseError, WarehouseUnavailable
from warehouse.settings import Settings
from warehouse.urls import libpq_url

logger = logging.getLogger(__name__)

# Another command's last moments, and PostgreSQL's with the session of a killed process.
PATIENCE_SECONDS = 2.0
# After the server went away, until it is there again: it took 0.12 s to restart.
PAUSE_SECONDS = 0.1
# An address that is gone (a cable, a machine) is noticed after a minute, not Linux's two hours: by
# this side, which must take the lock again, and by the server, which must give it back.
CONNECT: dict[str, Any] = {
    "connect_timeout": 10,
    "keepalives_idle": 20,
    "keepalives_interval": 10,
    "keepalives_count": 4,
    # keepalives wait for what was sent and not acknowledged, which takes a quarter of an hour
    "tcp_user_timeout": 60_000,
}
SESSION = """
set idle_in_transaction_session_timeout = 0;
set statement_timeout = 0;
set tcp_keepalives_idle = 20;
set tcp_keepalives_interval = 10;
set tcp_keepalives_count = 4
"""
TAKE = "lock table tenure.run_lock in share update exclusive mode"
RECORD = """
insert into tenure.run_lock (session_pid, command, run_id, host_name, process_id)
values (%(session_pid)s, %(command)s, %(run_id)s, %(host_name)s, %(process_id)s)
on conflict (is_only) do update set
    session_pid = excluded.session_pid,
    command = excluded.command,
    run_id = excluded.run_id,
    host_name = excluded.host_name,
    process_id = excluded.process_id,
    taken_at = excluded.taken_at
"""
HOLDER = """
select
    locks.pid as session_pid,
    coalesce(holders.command, nullif(sessions.application_name, ''), 'an unknown program')
        as command,
    holders.host_name,
    holders.process_id,
    coalesce(holders.taken_at, sessions.xact_start, now()) as taken_at
from pg_locks as locks
left join pg_stat_activity as sessions on locks.pid = sessions.pid
-- one that has just taken it has not said so yet
left join tenure.run_lock as holders on locks.pid = holders.session_pid
where
    locks.relation = 'tenure.run_lock'::regclass
    and locks.database = (select oid from pg_database where datname = current_database())
    and locks.mode = 'ShareUpdateExclusiveLock'
    and locks.granted
"""
# The session that was lost may still hold the lock: its server waits a minute for an answer.
END_OURS = """
select pg_terminate_backend(pid) from pg_stat_activity
where application_name = %(name)s and usename = current_user and pid <> pg_backend_pid()
"""
# Any role may call its session what it likes: the owner's own are asked for.
ALIVE = """
select 1 as found from pg_stat_activity
where application_name = %(name)s and usename = current_user
"""


@dataclass(frozen=True)
class Holder:
    """Who holds a company's lock: a command, its process, and since when."""

    command: str
    session_pid: int
    host: str | None
    process_id: int | None
    taken_at: datetime

    @property
    def description(self) -> str:
        """Who it is, and since when."""
        process = f" (process {self.process_id} on {self.host})" if self.process_id else ""
        return (
            f"{self.command}{process}, since {self.taken_at:%Y-%m-%d %H:%M:%S} UTC, "
            f"database session {self.session_pid}"
        )

    def in_words(self, company: str) -> str:
        """Who it is and what to do, for those who must wait."""
        return (
            f"Another run of {company} is under way: {self.description}. "
            "Wait until it has ended, or end that process: its lock ends with it."
        )


class HeldByAnother(Exception):
    """The lock was not given within the time."""


class RunLockHeld(WarehouseError):
    """Another command writes this company; the message says which one, and what to do."""


class RunLockLost(WarehouseError):
    """Another command took the lock while the database was out of this one's reach."""


def session_name(run_id: str) -> str:
    """What the database calls the session of a run; it is there as long as the run's process."""
    return f"tenure run {run_id}"


def is_alive(warehouse: Warehouse, run_id: str) -> bool:
    """Whether the process of a run is still connected, with the lock or waiting for it."""
    return not warehouse.read(ALIVE, {"name": session_name(run_id)}).empty


def holder(warehouse: Warehouse) -> Holder | None:
    """Who holds the lock of the company now."""
    with warehouse.transaction() as connection, connection.cursor() as cursor:
        cursor.execute(HOLDER)
        row = cursor.fetchone()
    if row is None:
        return None
    session_pid, command, host, process_id, taken_at = row
    return Holder(command, session_pid, host, process_id, taken_at)


class RunLock:
    """The lock of one company, taken for one command. Use `run_lock`."""

    def __init__(self, settings: Settings, command: str, run_id: str | None = None) -> None:
        self.settings = settings
        self.command = command
        self.run_id = run_id
        self.lost: str | None = None
        # Like no other's: a session of this name is this command's own.
        self._name = session_name(run_id) if run_id else f"{command} {uuid4().hex[:8]}"
        self._url = libpq_url(settings)
        self._session: PsycopgConnection | None = None
        self._wake, self._waker = os.pipe()
        self._keeper = threading.Thread(target=self._keep, daemon=True)

    def take(self, patience: float) -> None:
        """Take it, or raise RunLockHeld where another still holds it after so many seconds."""
        until = time.monotonic() + patience
        while self._session is None:
            try:
                with Warehouse(self.settings) as warehouse:
                    warehouse.execute("select 1")  # starts a server that has gone
                self._session = self._first_locked(max(until - time.monotonic(), 0))
            except HeldByAnother as held:
                raise RunLockHeld(self._held_in_words()) from held
            except WarehouseUnavailable:
                # restarted meanwhile: a scheduled run waits for ten minutes
                if time.monotonic() > until:
                    raise
                time.sleep(PAUSE_SECONDS)
        self._keeper.start()

    def release(self) -> None:
        """Give it back."""
        os.close(self._waker)
        if self._keeper.ident is not None:
            self._keeper.join()
        os.close(self._wake)
        if self._session is not None:
            self._session.close()

    def _held_in_words(self) -> str:
        company = self.settings.company
        with Warehouse(self.settings) as warehouse:
            found = holder(warehouse)
        return found.in_words(company) if found else f"{company} was busy: run again."

    def _first_locked(self, patience: float) -> PsycopgConnection:
        try:
            return self._locked(patience)
        except psycopg2.Error as error:
            is_lost = isinstance(error, psycopg2.OperationalError)
            raise explained(error, is_lost) from error

    def _locked(self, patience: float) -> PsycopgConnection:
        """A session that holds the lock, and has said whose it is.

        Raises HeldByAnother, and psycopg2.Error for all else.
        """
        session = psycopg2.connect(self._url, application_name=self._name, **CONNECT)
        try:
            session.autocommit = True
            with session.cursor() as cursor:
                cursor.execute(SESSION)
                if self._session is not None:
                    cursor.execute(END_OURS, {"name": self._name})
                cursor.execute("select set_config('lock_timeout', %s, false)", (_ms(patience),))
                # From here on in one transaction, which takes neither an id nor a snapshot.
                session.autocommit = False
                self._execute_take(cursor)
            # Not a Warehouse, which would start a server.
            with closing(psycopg2.connect(self._url, **CONNECT)) as beside:
                beside.autocommit = True
                with beside.cursor() as cursor:
                    cursor.execute(RECORD, self._row(session.get_backend_pid()))
        except BaseException:
            session.close()
            raise
        return session

    def _execute_take(self, cursor: PsycopgCursor) -> None:
        try:
            cursor.execute(TAKE)
        except psycopg2.errors.LockNotAvailable as error:
            raise HeldByAnother from error

    def _row(self, session_pid: int) -> dict[str, object]:
        return {
            "session_pid": session_pid,
            "command": self.command,
            "run_id": self.run_id,
            "host_name": socket.gethostname(),
            "process_id": os.getpid(),
        }

    def _keep(self) -> None:
        """Take the lock again when the server was restarted: the run goes on, and so must it.

        Where another was faster, this run is interrupted as by Ctrl-C: two would write at once.
        """
        while self._session is not None and not self._is_woken(self._session):
            if self._is_there(self._session):
                continue
            self._session.close()
            try:
                self._session = self._taken_again()
            except HeldByAnother:
                self._session = None
                self._give_up()

    def _give_up(self) -> None:
        """Interrupt this command, and say why: in its log now, to its caller as RunLockLost."""
        found: Holder | None = None
        with suppress(WarehouseError), Warehouse(self.settings) as warehouse:
            found = holder(warehouse)
        by = found.description if found else "it has ended since"
        self.lost = (
            f"Another run took the lock of {self.settings.company} while the database was out of "
            f"reach ({by}), so this one was interrupted: two would write the same tables. "
            "What was loaded is whole. Run again when the other has ended."
        )
        logger.error(self.lost)
        # `_thread.interrupt_main` would not wake it from a wait
        signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)

    def _is_woken(self, session: PsycopgConnection) -> bool:
        """Wait until the server has something to say, such as good-bye, or the lock is released."""
        return self._wake in _readable([self._wake, session.fileno()])

    def _is_there(self, session: PsycopgConnection) -> bool:
        try:
            with session.cursor() as cursor:
                cursor.execute("select 1")
        except psycopg2.Error:
            return False
        return True

    def _taken_again(self) -> PsycopgConnection | None:
        """The lock in a new session; None where it is released meanwhile.

        It does not start the server, as the run's own statements do.
        """
        while not _readable([self._wake], PAUSE_SECONDS):
            try:
                return self._locked(PATIENCE_SECONDS)
            except psycopg2.Error:
                continue  # the server is not there yet, or not yet as it was
        return None


@contextmanager
def run_lock(
    settings: Settings,
    command: str,
    run_id: str | None = None,
    patience: float = PATIENCE_SECONDS,
) -> Iterator[None]:
    """Be the one command that writes a company, whose database is prepared.

    Raises RunLockHeld where another command is, after waiting for it for `patience` seconds, and
    RunLockLost where another has taken it since.
    """
    lock = RunLock(settings, command, run_id)
    try:
        lock.take(patience)
        yield
    except (Exception, KeyboardInterrupt) as error:
        if lock.lost:
            raise RunLockLost(lock.lost) from error
        raise
    finally:
        lock.release()
    if lock.lost:
        raise RunLockLost(lock.lost)


def _readable(files: list[int], seconds: float | None = None) -> list[int]:
    """Those of the open files that can be read, once one can, or after so many seconds."""
    with selectors.DefaultSelector() as selector:
        for file in files:
            selector.register(file, selectors.EVENT_READ)
        return [key.fd for key, _ in selector.select(seconds)]


def _ms(seconds: float) -> str:
    # 0 would be for ever
    return str(max(1, round(seconds * 1000)))
