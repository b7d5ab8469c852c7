"""What messages may say of a cell that can be a person's: its shape, never its value.

Messages leave the owner's schemas: they stand in marts, in Dagster's event log, in terminals. Row,
column, rule and file stay in them; the value itself stays in quarantine.
"""

from __future__ import annotations

import re

# Read alike by Python, DuckDB, PostgreSQL and dbt (`macros/impersonal.sql`). An address that was
# cut off after its @ counts, too.
ADDRESS = r'[^\s@,;:<>()"=]+@[^\s@,;:<>()"=]+'
# From the beginning of a word only: else the time grows with the square of a word's length, and
# 8,000 characters took half a second.
_ADDRESS = re.compile(r'(?<![^\s@,;:<>()"=])' + ADDRESS)

ADDRESS_SHAPE = "an e-mail-like text"
TEXT_SHAPE = "a text"


def shape(value: str) -> str:
    """What may be said of a value: of what kind it is, and how long."""
    kind = ADDRESS_SHAPE if _ADDRESS.search(value) else TEXT_SHAPE
    return f"({kind} of {len(value)} characters)"


def impersonal(text: str) -> str:
    """A sentence with the shape of each mail address in its place."""
    return _ADDRESS.sub(lambda found: shape(found.group()), text)


def shape_sql(value: str) -> str:
    """SQL: the shape of a text that is a person's."""
    return f"'({TEXT_SHAPE} of ' || length({value}) || ' characters)'"


def impersonal_sql(text: str, counted: str | None = None) -> str:
    """SQL, of DuckDB or PostgreSQL: a text without its mail addresses.

    `counted` is SQL for the first address in it, whose length is then said.
    """
    if counted is not None:
        first = f"'({ADDRESS_SHAPE} of ' || length({counted}) || ' characters)'"
        text = f"regexp_replace({text}, '{ADDRESS}', {first})"
    return f"regexp_replace({text}, '{ADDRESS}', '({ADDRESS_SHAPE})', 'g')"
