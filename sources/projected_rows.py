"""Rows that are alike only in what a mapping passes on: the manager of each customer in their file.

No one delivered such a row twice. It is no row of the table, and is not counted as a duplicate.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import duckdb

from sources.checks import Counts
from sources.contract import Table
from sources.headers import ROW_COLUMNS
from sources.landing import Landed, literal, one_row, quoted


def without_projected(
    con: duckdb.DuckDBPyConnection,
    table: Table,
    counts: Counts,
    groups: Mapping[str, Sequence[Landed]],
) -> tuple[Counts, list[str]]:
    """The counts of `check_rows` without such rows, and a sentence that says how many they are.

    Needs `numbered`. `groups` are the files by the relation that holds their rows as they came.
    """
    number = 0
    names: list[str] = []
    for relation, files in groups.items() if counts.rows_duplicate else ():
        if found := _count(con, relation, files):
            number += found
            names.append(files[0].name if len(files) == 1 else f"{files[0].name} and others")
    if number == 0:
        return counts, []
    left = replace(
        counts, rows_in=counts.rows_in - number, rows_duplicate=counts.rows_duplicate - number
    )
    rows = f"{number:,} rows say" if number > 1 else "1 row says"
    return left, [
        f"{', '.join(names)}: {rows} of {table.full_name} what another one says, as the mapping "
        "passes few columns on; counted once"
    ]


def _count(con: duckdb.DuckDBPyConnection, relation: str, files: Sequence[Landed]) -> int:
    """Duplicates of some files that the mapping passes on as it does the row that is kept, while
    the rows as they came differ. What only repairs made alike was delivered twice."""
    listed = ", ".join(literal(file.name) for file in files)
    return one_row(
        con,
        f"""
        with repeated as (
            select
                _n,
                _file,
                _row,
                _is_duplicate,
                first_value(_n) over same as kept_n,
                first_value(_file) over same as kept_file,
                first_value(_row) over same as kept_row,
            from numbered
            window same as (partition by _row_hash order by _file, _row, _n)
        ),

        delivered as (
            select _file, _row, {_content(con, relation)} as content from {quoted(relation)}
        ),

        passed as (select _n, {_content(con, "mapped")} as content from mapped)

        select count(*)
        from repeated
        inner join delivered as own on repeated._file = own._file and repeated._row = own._row
        inner join delivered as kept
            on repeated.kept_file = kept._file and repeated.kept_row = kept._row
        inner join passed on repeated._n = passed._n
        inner join passed as kept_passed on repeated.kept_n = kept_passed._n
        where
            repeated._is_duplicate
            and repeated._file in ({listed})
            and own.content <> kept.content
            and passed.content = kept_passed.content
        """,
    )[0]


def _content(con: duckdb.DuckDBPyConnection, relation: str) -> str:
    """SQL: a hash of what a row says, wherever it stood."""
    described = con.execute(f"describe {quoted(relation)}").fetchall()
    names = [name for name, *_ in described if name not in (*ROW_COLUMNS, "_n")]
    return f"hash({', '.join(map(quoted, names))})"
