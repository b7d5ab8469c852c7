"""Values as SQL literals, without a connection.

Reads go by ADBC, whose COPY takes no parameters; a connection of psycopg2 merely to quote them took
most of a short query's time. The spelling is safe whatever the server's
`standard_conforming_strings`: a backslash is only written in a string that says so.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import numpy as np


def with_literals(sql: str, params: Mapping[str, Any]) -> str:
    """The query with each `%(name)s` replaced by its value; `%%` stands for a percent sign.

    Raises TypeError for a value of a kind that has no literal, ValueError for text that PostgreSQL
    cannot hold.
    """
    return sql % {name: literal(value) for name, value in params.items()}


def literal(value: Any) -> str:
    """One value as an SQL literal. An empty list is an array of the type that is asked for."""
    match value:
        case np.generic():
            sql = literal(value.item())
        case None:
            sql = "null"
        case bool():
            sql = str(value).lower()
        case int() | float() if math.isfinite(value):
            # In brackets: `-1` behind a minus would begin a comment.
            sql = f"({value!r})"
        case float():
            sql = f"'{value}'::double precision"
        case Decimal():
            sql = f"'{value}'::numeric"
        case str():
            sql = _text(value)
        case dt.datetime():
            kind = "timestamptz" if value.tzinfo else "timestamp"
            sql = f"'{value.isoformat()}'::{kind}"
        case dt.date():
            sql = f"'{value.isoformat()}'::date"
        case list():
            sql = f"array[{', '.join(map(literal, value))}]" if value else "'{}'"
        case _:
            raise TypeError(f"{type(value).__name__} has no SQL literal")
    return sql


def _text(value: str) -> str:
    if "\0" in value:
        raise ValueError("PostgreSQL's text cannot hold the character zero")
    quoted = "'" + value.replace("'", "''").replace("\\", "\\\\") + "'"
    # The blank keeps the letter apart from a word before it.
    return f" E{quoted}" if "\\" in value else quoted
