"""One company's warehouse: reading, writing, and making it ready.

Connections are kept for the next statement until the warehouse is closed: a new one costs the
server 7 ms of processor time, and a run makes 500 transactions. One that was lost with its server
is found out before anything is sent.
"""

from __future__ import annotations

import contextlib
import re
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any, TypeVar

import numpy as np
import pandas as pd
import psycopg2
import pyarrow as pa
from adbc_driver_postgresql import dbapi as adbc
from psycopg2 import errorcodes
from psycopg2.extensions import connection as PsycopgConnection
from psycopg2.extensions import cursor as PsycopgCursor
from psycopg2.sql import SQL, Identifier

from warehouse import loading, preparing, server
from warehouse.blocking import busy_in_words
from warehouse.errors import (
    WarehouseBusy,
    WarehouseError,
    WarehouseNotPrepared,
    WarehouseUnavailable,
)
from warehouse.loading import Rows
from warehouse.migrations import CREATE_LEDGER
from warehouse.quoting import with_literals
from warehouse.settings import Settings
from warehouse.urls import Role, libpq_url, sqlalchemy_url

Parameters = Mapping[str, Any] | None
Connection = TypeVar("Connection")

OPEN_TO_ALL = """
select datname from pg_database
where
    datname = any (%s)
    and has_database_privilege('public', datname, 'connect')
    and pg_has_role(current_user, datdba, 'usage')
"""
# ADBC reads through COPY, which takes nothing else: `show` and `explain` need the slower protocol.
COPYABLE = re.compile(r"\s*(select|with|values|table)\b", re.IGNORECASE)
CONNECTION_LOST = ("08", "57P")
NOT_THERE = (
    errorcodes.UNDEFINED_TABLE,
    errorcodes.INVALID_SCHEMA_NAME,
    errorcodes.INVALID_CATALOG_NAME,
)


class Warehouse:
    """One company's database, seen as one role. Open it with `Warehouse.open`."""

    def __init__(self, settings: Settings, role: Role = "owner") -> None:
        self.settings = settings
        self.role: Role = role
        self._url = libpq_url(settings, role)
        # A deque's pop and append are safe between threads.
        self._idle_readers: deque[adbc.Connection] = deque()
        self._idle_writers: deque[PsycopgConnection] = deque()

    def close(self) -> None:
        """Let go of the server. The warehouse can still be used, and connects again."""
        for idle in (self._idle_readers, self._idle_writers):
            while idle:
                idle.pop().close()

    def __enter__(self) -> Warehouse:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @classmethod
    def open(cls, settings: Settings, role: Role = "owner", prepare: bool = True) -> Warehouse:
        """The company's warehouse, its server running; as the owner, also made ready.

        Raises WarehouseUnavailable when no server answers, WarehouseNotPrepared when a reader or
        scorer comes before the first owner, WarehouseRefused for a server older than 15 or a
        database that holds another company.
        """
        if settings.is_embedded:
            server.start(settings)
        warehouse = cls(settings, role)
        if role == "owner" and prepare:
            if settings.is_embedded:
                warehouse.ensure_database(settings.database)
            warehouse._prepare()
        else:
            warehouse.execute("select 1")
        return warehouse

    def read(self, sql: str, params: Parameters = None) -> pd.DataFrame:
        """The rows of a query; `%(name)s` in it stands for a parameter.

        Numeric columns are float64, dates and times datetime64, JSON is text.
        """
        # Arrow's threads take longer to begin than they save: of 12 columns 1.3 against 0.7 ms for
        # a thousand rows, 5.2 against 4.2 for a hundred thousand.
        return self.read_arrow(sql, params).to_pandas(date_as_object=False, use_threads=False)

    def read_arrow(self, sql: str, params: Parameters = None) -> pa.Table:
        """The rows of a query as Arrow; numeric columns are float64, JSON is text."""
        if params is not None:
            sql = with_literals(sql, params)
        while self._idle_readers:
            try:
                return self._read_with(self._idle_readers.pop(), sql)
            except WarehouseUnavailable:
                continue  # the server was restarted since; nothing was read yet
            except IndexError:
                break  # another thread took it
        return self._read_with(self._connected(partial(adbc.connect, autocommit=True)), sql)

    def execute(self, sql: str, params: Parameters = None) -> int:
        """Run statements in one transaction; the number of rows the last one touched."""
        with self.transaction() as connection, connection.cursor() as cursor:
            cursor.execute(sql, _plain(params))
            return cursor.rowcount

    @contextlib.contextmanager
    def answer(self, query: str) -> Iterator[PsycopgCursor]:
        """A cursor over the rows of one query that a person wrote, which can only read.

        What it may read is the role's; a role that is no superuser reaches no file and no program.
        psycopg2 would send several statements at once, of which one may end the transaction that
        reads only: so the server is asked first, by the protocol that takes one alone.
        """
        with self._adbc_cursor() as cursor:
            cursor.adbc_execute_schema(query)
        with self.transaction() as connection, connection.cursor() as cursor:
            cursor.execute("set transaction read only")
            cursor.execute(query)
            yield cursor

    @contextlib.contextmanager
    def transaction(self) -> Iterator[PsycopgConnection]:
        """A psycopg2 connection, committed at the end, rolled back when anything is raised."""
        connection = self._writer()
        is_committed = False
        try:
            yield connection
            connection.commit()
            is_committed = True
        except psycopg2.Error as error:
            raise self._explained(error, is_lost=connection.closed != 0) from error
        finally:
            if is_committed:
                self._idle_writers.append(connection)
            else:
                # Closing rolls back what was not committed.
                connection.close()

    def bulk_load(self, table: Rows, name: str) -> int:
        """Append rows to `schema.table`; their number. Missing columns take their default."""
        with self._adbc_cursor() as cursor:
            return loading.put_rows(cursor, name, table)

    def append_stream(self, rows: pa.RecordBatchReader, schema: str, table: str) -> None:
        """Append a stream to a table whose columns have its very types, by one COPY.

        Columns that it lacks take their default. Nothing is held in memory or written twice.
        """
        with self._adbc_cursor() as cursor:
            cursor.adbc_ingest(table, rows, mode="append", db_schema_name=schema)

    def replace_table(self, name: str, table: Rows) -> int:
        """Put these rows in the place of all rows of `schema.table`; their number.

        One transaction: readers see the old rows or the new ones. Views on it stay.
        """
        return self.replace_tables({name: table})[name]

    def replace_tables(
        self, tables: Mapping[str, Rows], where: Mapping[str, Any] | None = None
    ) -> dict[str, int]:
        """Replace several tables in one transaction: all of them, or none.

        With `where`, only their rows whose columns equal it make room for the new ones.
        """
        with self._adbc_cursor() as cursor:
            return {name: self._replace(cursor, name, rows, where) for name, rows in tables.items()}

    def replace_rows(self, name: str, table: Rows, where: Mapping[str, Any]) -> int:
        """Put these rows in the place of those whose columns equal `where`; their number."""
        with self._adbc_cursor() as cursor:
            return self._replace(cursor, name, table, where)

    def ensure_database(self, name: str) -> str:
        """Create a database beside the company's if there is none; its SQLAlchemy address.

        Only those may connect to it who were granted that.
        For Dagster's and MLflow's storage: `settings.dagster_database`, `settings.mlflow_database`.
        """
        with self._beside() as cursor:
            cursor.execute("select from pg_database where datname = %s", (name,))
            if cursor.fetchone() is None:
                # another process may be faster
                with contextlib.suppress(
                    psycopg2.errors.DuplicateDatabase, psycopg2.errors.UniqueViolation
                ):
                    cursor.execute(SQL("create database {}").format(Identifier(name)))
            # A session in template1 keeps the next database from being made.
            ours = [name, "postgres", "template1"] if self.settings.is_embedded else [name]
            cursor.execute(OPEN_TO_ALL, (ours,))
            for (found,) in cursor.fetchall():
                with contextlib.suppress(psycopg2.errors.InternalError_):  # another was faster
                    closing = SQL("revoke connect, temporary on database {} from public")
                    cursor.execute(closing.format(Identifier(found)))
        return sqlalchemy_url(self.settings, database=name)

    def drop_database(self, name: str) -> None:
        """Drop a database beside the company's, whatever still reads it."""
        with self._beside() as cursor:
            cursor.execute(SQL("drop database if exists {} with (force)").format(Identifier(name)))

    @contextlib.contextmanager
    def _beside(self) -> Iterator[PsycopgCursor]:
        """A cursor from which databases are made and dropped, which no transaction can do."""
        found = "postgres" if self.settings.is_embedded else None
        url = libpq_url(self.settings, "owner", found)
        connection = self._connected(psycopg2.connect, url)
        connection.autocommit = True
        try:
            with connection.cursor() as cursor:
                yield cursor
        except psycopg2.Error as error:
            raise self._explained(error, is_lost=connection.closed != 0) from error
        finally:
            connection.close()

    def _writer(self) -> PsycopgConnection:
        """A connection without a trace of what it served before."""
        while self._idle_writers:
            try:
                connection = self._idle_writers.pop()
            except IndexError:
                break  # another thread took it
            try:
                connection.reset()
            except psycopg2.Error:
                connection.close()  # the server was restarted since
            else:
                return connection
        return self._connected(psycopg2.connect)

    def _read_with(self, connection: adbc.Connection, sql: str) -> pa.Table:
        try:
            with connection.cursor() as cursor:
                if COPYABLE.match(sql) is None:
                    cursor.adbc_statement.set_options(**{"adbc.postgresql.use_copy": "false"})
                cursor.execute(sql)
                table = loading.plain_columns(cursor.fetch_arrow_table())
        except adbc.Error as error:
            connection.close()
            raise self._explained(error) from error
        except BaseException:
            connection.close()
            raise
        self._idle_readers.append(connection)
        return table

    def _prepare(self) -> None:
        with self.transaction() as connection, connection.cursor() as cursor:
            preparing.refuse_old_server(connection.server_version)
            self._create_ledger()
            preparing.prepare(cursor, self.settings)
        # The time zone of the database is that of connections made from now on.
        self.close()

    def _create_ledger(self) -> None:
        """Make what can be locked; another process may be faster, and that is as good."""
        try:
            self.execute(CREATE_LEDGER)
        except WarehouseError as error:
            if not isinstance(error.__cause__, psycopg2.errors.UniqueViolation):
                raise

    def _explained(
        self, error: psycopg2.Error | adbc.Error, is_lost: bool = False
    ) -> WarehouseError:
        """The error in Tenure's own words; of a lock that was not given, with who has it."""
        if _code(error) == errorcodes.LOCK_NOT_AVAILABLE:
            return WarehouseBusy(busy_in_words(self._url, str(error).strip()))
        return explained(error, is_lost)

    def _replace(
        self, cursor: Any, name: str, rows: Rows, where: Mapping[str, Any] | None = None
    ) -> int:
        loading.empty_table(cursor, name, where)
        count = loading.put_rows(cursor, name, rows)
        loading.analyze(cursor, name)
        return count

    @contextlib.contextmanager
    def _adbc_cursor(self) -> Iterator[Any]:
        connection = self._connected(adbc.connect)
        try:
            with connection.cursor() as cursor:
                yield cursor
            connection.commit()
        except adbc.Error as error:
            raise self._explained(error) from error
        finally:
            connection.close()

    def _connected(
        self, connect: Callable[[str], Connection], url: str | None = None
    ) -> Connection:
        try:
            return connect(url or self._url)
        except (psycopg2.OperationalError, adbc.OperationalError) as error:
            problem = self._explained(error, is_lost=True)
            if not isinstance(problem, WarehouseUnavailable) or not self.settings.is_embedded:
                raise problem from error
        # Nothing has been sent yet, so nothing can happen twice.
        server.start(self.settings)
        try:
            return connect(url or self._url)
        except (psycopg2.OperationalError, adbc.OperationalError) as error:
            raise self._explained(error, is_lost=True) from error


def _plain(params: Parameters) -> Parameters:
    # psycopg2 writes numpy's float64 by its repr, `np.float64(1.0)`, and refuses its integers.
    return params and {
        name: value.item() if isinstance(value, np.generic) else value
        for name, value in params.items()
    }


def explained(error: psycopg2.Error | adbc.Error, is_lost: bool = False) -> WarehouseError:
    """The error in Tenure's own words; the driver's stays as its cause."""
    code = _code(error)
    text = str(error).strip()
    # At connecting, libpq hands over the server's message without its code.
    is_missing = not code and "FATAL" in text and "does not exist" in text
    if code in NOT_THERE or is_missing:
        return WarehouseNotPrepared(f"The warehouse has no such thing yet. {text}")
    lost_by_driver = isinstance(error, adbc.OperationalError) and not code
    if is_lost or lost_by_driver or code.startswith(CONNECTION_LOST):
        return WarehouseUnavailable(f"The database cannot be reached. {text}")
    return WarehouseError(text)


def _code(error: psycopg2.Error | adbc.Error) -> str:
    return getattr(error, "pgcode", None) or getattr(error, "sqlstate", None) or ""
