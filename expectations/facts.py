"""What the suites measure a table against: its size, what was delivered, when it last passed."""

from __future__ import annotations

import math
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from expectations.suites import Suite, TableClaims
from warehouse import Warehouse

# More than half gone is a cut export. Less happens: a year that is archived, a product sold off.
SMALLEST_SHARE_KEPT = 0.5
# One row, or so many where they are at most half of a table, are no share of it: they fail no claim
# about the rows of a delivery.
FEW_ROWS = 5
EVERYTHING = "all"

KEEPS_HISTORY = """
select exists (
    select from information_schema.columns
    where table_schema = %s and table_name = %s and column_name = '_superseded_at'
)
"""


@dataclass(frozen=True)
class TableFacts:
    """One table now.

    `rows` is the query for the rows that are judged, None where that is the whole table.
    `accepted_row_count` is its size when it last passed, None if it never has; `is_due` says that
    an empty table is wrong.
    """

    rows: str | None
    row_count: int
    is_due: bool
    accepted_row_count: int | None

    @property
    def is_applicable(self) -> bool:
        """Whether there is anything to judge: rows, or rows that should be there."""
        return self.row_count > 0 or self.is_due or bool(self.accepted_row_count)


def accepted_shrinks(text: str | None = None) -> frozenset[str]:
    """The tables (`schema.table`, or `all`) whose shrinking TENURE_ACCEPT_SHRINK accepts."""
    text = os.environ.get("TENURE_ACCEPT_SHRINK", "") if text is None else text
    return frozenset(name.strip() for name in text.split(",") if name.strip())


def read_facts(
    warehouse: Warehouse, suite: Suite, tables: Iterable[TableClaims]
) -> dict[str, TableFacts]:
    """The facts of each table, by its name.

    A size that `accepted_shrinks` names is forgotten, so that the table is judged as a new one.
    """
    chosen = list(tables)
    rows_in: dict[str, int] = {}
    accepted: dict[str, int | None] = {}
    facts: dict[str, TableFacts] = {}
    with warehouse.transaction() as connection, connection.cursor() as cursor:
        cursor.execute(
            "select table_name, sum(rows_in) from tenure.loads where source = %s group by 1",
            (suite.name,),
        )
        rows_in = dict(cursor.fetchall())
        cursor.execute(
            "select table_name, accepted_row_count from tenure.checks where suite = %s",
            (suite.name,),
        )
        accepted = dict(cursor.fetchall())
        forgotten = accepted_shrinks()
        for table in chosen:
            # one row in quarantine does not make an empty table a fault
            is_due = rows_in.get(table.loaded_from, 0) > 1
            if table.is_due is not None:
                cursor.execute(table.is_due)
                [is_due] = cursor.fetchone() or [False]
            rows = table.rows or _holding_rows(cursor, suite, table)
            # A query of the suite's own may read tables that are not there before it is due.
            is_there = table.rows is None or is_due
            row_count = _row_count(cursor, suite, table, rows) if is_there else 0
            is_forgotten = not forgotten.isdisjoint({EVERYTHING, f"{suite.name}.{table.name}"})
            before = None if is_forgotten else accepted.get(table.name)
            facts[table.name] = TableFacts(rows, row_count, is_due, before)
    return facts


def _holding_rows(cursor: Any, suite: Suite, table: TableClaims) -> str | None:
    """The query for the rows of a raw table that hold; None for a table without superseded rows."""
    cursor.execute(KEEPS_HISTORY, (suite.name, table.name))
    [keeps_history] = cursor.fetchone() or [False]
    name = f'"{suite.name}"."{table.name}"'
    return f"select * from {name} where _superseded_at is null" if keeps_history else None


def _row_count(cursor: Any, suite: Suite, table: TableClaims, rows: str | None) -> int:
    source = f"({rows}) as chosen" if rows else f'"{suite.name}"."{table.name}"'
    cursor.execute(f"select count(*) from {source}")
    [row_count] = cursor.fetchone() or [0]
    return row_count


def claim_values(
    suite: Suite, table: TableClaims, facts: TableFacts, now: datetime | None = None
) -> Mapping[str, Any]:
    """What `${name}` in a claim stands for. Great Expectations wants both ends of a range alike,
    so all times are timestamps with a zone.
    """
    now = datetime.now(UTC) if now is None else now
    return {
        "source": suite.name,
        "table": table.name,
        "loaded_from": table.loaded_from,
        "smallest_row_count": math.ceil(SMALLEST_SHARE_KEPT * (facts.accepted_row_count or 0)),
        "few_rows": FEW_ROWS,
        "long_ago": datetime(1950, 1, 1, tzinfo=UTC),
        "earliest": datetime(1990, 1, 1, tzinfo=UTC),
        # Systems disagree about time zones and clocks, never by more than this.
        "soon": now + timedelta(days=2),
        "in_a_year": now + timedelta(days=366),
        "in_two_years": now + timedelta(days=2 * 366),
        "in_five_years": now + timedelta(days=5 * 366),
        "in_twenty_years": now + timedelta(days=20 * 366),
    }
