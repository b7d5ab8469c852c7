"""A PostgreSQL address taken apart. Imports none of the settings, which are read from it."""

from __future__ import annotations

from functools import lru_cache

import psycopg2
from psycopg2.extensions import parse_dsn

from warehouse.errors import WarehouseError

DEFAULT_PORT = 5432
SQLALCHEMY_SCHEMES = ("postgresql+psycopg2://", "postgresql+psycopg://", "postgres://")


def without_password(url: str) -> str:
    """The address as it may be shown."""
    parts = dict(parse_address(url))
    parts.pop("password", None)
    host = parts.get("host", "localhost")
    return f"{parts.get('user', '')}@{host}:{parts.get('port', DEFAULT_PORT)}/{parts['dbname']}"


@lru_cache(maxsize=16)
def parse_address(url: str) -> dict[str, str]:
    """libpq's own words: user, password, host, port, dbname and the rest of the query.

    Raises WarehouseError when the address cannot be read or names no database.
    """
    text = url
    for scheme in SQLALCHEMY_SCHEMES:
        if text.startswith(scheme):
            text = "postgresql://" + text.removeprefix(scheme)
    try:
        parts = parse_dsn(text)
    except psycopg2.ProgrammingError as error:
        # libpq's message may quote the address, and with it the password.
        raise WarehouseError(
            "TENURE_DATABASE_URL cannot be read as a PostgreSQL address. "
            "It should look like postgresql://user:password@host:5432/database."
        ) from error
    if not parts.get("dbname"):
        raise WarehouseError("TENURE_DATABASE_URL names no database: add `/database` at its end.")
    return parts
