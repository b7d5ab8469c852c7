"""The schema in which `tenure score` and `tenure diff` build one account, one command at a time."""

from psycopg2.errors import LockNotAvailable
from psycopg2.extensions import cursor as Cursor

from warehouse import Warehouse

SCHEMA = "scratch"


class ScratchLocked(Exception):
    """Another command is building an account."""


def lock_scratch(cursor: Cursor) -> None:
    """Keep the schema from other commands until the transaction ends. Raises ScratchLocked."""
    try:
        cursor.execute("lock table tenure.scratch_lock in exclusive mode nowait")
    except LockNotAvailable as error:
        raise ScratchLocked from error


def drop_abandoned_scratch(warehouse: Warehouse) -> None:
    """Drop what a command left behind that was killed."""
    try:
        with warehouse.transaction() as connection, connection.cursor() as cursor:
            lock_scratch(cursor)
            cursor.execute(f"drop schema if exists {SCHEMA} cascade")
    except ScratchLocked:
        return  # in use
