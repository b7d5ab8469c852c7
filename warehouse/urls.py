"""Both forms of a database's address: libpq's for psycopg2 and ADBC, SQLAlchemy's for the rest.

SQLAlchemy 2.1 reads `postgresql://` as psycopg 3, with which dagster-postgres dies on NOTIFY; ADBC
and libpq know nothing but `postgresql://`. So nobody writes an address by hand.
"""

from __future__ import annotations

from typing import Literal, get_args
from urllib.parse import quote, urlencode

from warehouse.address import DEFAULT_PORT, parse_address
from warehouse.errors import WarehouseError
from warehouse.layout import find_cluster
from warehouse.settings import Settings

Role = Literal["owner", "reader", "scorer", "analyst"]
ROLE_NAMES: dict[Role, str] = {
    "reader": "tenure_reader",
    "scorer": "tenure_scorer",
    "analyst": "tenure_analyst",
}
OWNER = "tenure"
READER_BOUNDS = {"idle_in_transaction_session_timeout": "60s", "statement_timeout": "120s"}


def libpq_url(settings: Settings, role: Role = "owner", database: str | None = None) -> str:
    """`postgresql://…`, for libpq, psycopg2 and ADBC."""
    parts = _connection_parts(settings, role, database)
    host = parts.pop("host", None)
    place = "/"
    if host is not None and not host.startswith("/"):
        place = f"{_bracketed(host)}:{parts.pop('port', DEFAULT_PORT)}/"
    elif host is not None:
        parts = {"host": host, **parts}
    return _join("postgresql", place, parts)


def sqlalchemy_url(settings: Settings, role: Role = "owner", database: str | None = None) -> str:
    """`postgresql+psycopg2://…`, for Dagster, MLflow, Great Expectations and SQLAlchemy.

    A socket folder stands in the query, behind a host name: Great Expectations rejects an address
    without one.
    """
    parts = _connection_parts(settings, role, database)
    host = parts.pop("host", "localhost")
    if host.startswith("/"):
        parts = {"host": host, **parts}
        return _join("postgresql+psycopg2", "localhost/", parts)
    place = f"{_bracketed(host)}:{parts.pop('port', DEFAULT_PORT)}/"
    return _join("postgresql+psycopg2", place, parts)


def dbt_environment(settings: Settings) -> dict[str, str]:
    """What dbt_project/profiles.yml reads, as the owner."""
    parts = _connection_parts(settings, "owner", None)
    environment = {
        "TENURE_PG_HOST": parts.get("host", "localhost"),
        "TENURE_PG_PORT": parts.get("port", str(DEFAULT_PORT)),
        "TENURE_PG_USER": parts.get("user", ""),
        "TENURE_PG_PASSWORD": parts.get("password", ""),
        "TENURE_PG_DATABASE": parts["dbname"],
    }
    # libpq takes the rest, such as sslmode, from variables of its own.
    beyond = ("sslmode", "sslrootcert", "sslcert", "sslkey")
    return environment | {f"PG{name.upper()}": parts[name] for name in beyond if name in parts}


def _connection_parts(settings: Settings, role: Role, database: str | None) -> dict[str, str]:
    """libpq's own words: user, password, host, port, dbname and the rest of the query."""
    if role not in get_args(Role):
        raise WarehouseError(f"There is no role {role!r}: use owner, reader, scorer or analyst.")
    if settings.database_url is None:
        cluster = find_cluster(settings)
        return {
            "user": ROLE_NAMES.get(role, OWNER),
            "host": str(cluster.socket_folder),
            "port": str(cluster.port),
            "dbname": database or settings.database,
        }
    parts = dict(parse_address(settings.database_url))
    parts["dbname"] = database or parts["dbname"]
    if role == "owner" or parts.get("user") == ROLE_NAMES[role]:
        return parts
    passwords = {"reader": settings.reader_password, "scorer": settings.scorer_password}
    password = passwords.get(role)
    if password:
        return parts | {"user": ROLE_NAMES[role], "password": password}
    # Without a password of its own the role is put on after logging in as the owner: that stops
    # mistakes, not malice. `.env.example` says how to get the real thing.
    # A role that is put on does not bring its settings (bounds.sql).
    bounds = "".join(f" -c {name}={value}" for name, value in READER_BOUNDS.items())
    bounds = bounds if role in ("reader", "analyst") else ""
    options = f"{parts.get('options', '')} -c role={ROLE_NAMES[role]}{bounds}".strip()
    return parts | {"options": options}


def _join(scheme: str, place: str, parts: dict[str, str]) -> str:
    rest = dict(parts)
    user, password = rest.pop("user", ""), rest.pop("password", "")
    database = quote(rest.pop("dbname"), safe="")
    login = quote(user, safe="") + (f":{quote(password, safe='')}" if password else "")
    query = urlencode(rest, safe="/", quote_via=quote)
    return f"{scheme}://{login}{'@' if login else ''}{place}{database}" + (
        f"?{query}" if query else ""
    )


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else quote(host, safe=",")
