"""Files as they landed: found by name, read as they are, every row with its file and number.

All readers give the same shape: a DuckDB relation of the file's own columns (text for CSV and
JSON, typed for Parquet) plus `_file` (path below the delivery's folder) and `_row` (number of the
record, counted from 1 after the header). Records that cannot be read at all go to the table
`unreadable`, so that they are quarantined like any other bad row.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb

from sources.contract import Table
from sources.headers import Header, HeaderProblem, match_header

SPREADSHEETS = (".xlsx", ".xls", ".ods")
# What a file in contract form may end in, in any case.
SUFFIXES = (".csv", ".csv.gz", ".parquet", ".jsonl", ".ndjson", ".json", *SPREADSHEETS)

CREATE_UNREADABLE = """
create table if not exists unreadable (_file varchar, _row bigint, content varchar, reason varchar)
"""


class FileProblem(ValueError):
    """A file that cannot be used as it is. The message names the file and the way out."""


@dataclass(frozen=True)
class Landed:
    """A file of a delivery: where it lies and how messages call it."""

    path: Path
    name: str

    @property
    def suffix(self) -> str:
        """Which of SUFFIXES the name ends in; empty when it is none."""
        name = self.path.name.casefold()
        return next((suffix for suffix in SUFFIXES if name.endswith(suffix)), "")


def quoted(name: str) -> str:
    """An SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """An SQL string."""
    return "'" + text.replace("'", "''") + "'"


def one_row(con: duckdb.DuckDBPyConnection, sql: str, params: Sequence[object] = ()) -> tuple:
    """The first row of a query. DuckDB wants a result read to its end before the next query."""
    return con.execute(sql, list(params)).fetchall()[0]


def find_files(folder: Path, pattern: str) -> list[Landed]:
    """Files below `folder` that match the glob `pattern` in any case, in the order of their names.

    A CSV file may also be there compressed, as `pattern` with .gz.
    """
    patterns = [pattern, f"{pattern}.gz"] if pattern.casefold().endswith(".csv") else [pattern]
    found = {path for each in patterns for path in folder.glob(_any_case(each)) if path.is_file()}
    return [Landed(path, path.relative_to(folder).as_posix()) for path in sorted(found)]


def _any_case(pattern: str) -> str:
    return "".join(
        f"[{letter.lower()}{letter.upper()}]" if letter.isascii() and letter.isalpha() else letter
        for letter in pattern
    )


def find_table_files(folder: Path, full_name: str) -> list[Landed]:
    """Files in contract form: `schema.table.csv`, or any number in a folder `schema.table`."""
    named = [path for path in folder.iterdir() if _stem(path.name) == full_name.casefold()]
    inside = [path for parent in named if parent.is_dir() for path in parent.iterdir()]
    files = [
        Landed(path, path.relative_to(folder).as_posix())
        for path in sorted(named) + sorted(inside)
        if path.is_file()
    ]
    return [file for file in files if file.suffix]


def _stem(name: str) -> str:
    """A file's or folder's name in small letters, without the ending of a format."""
    folded = name.casefold()
    suffix = next((suffix for suffix in SUFFIXES if folded.endswith(suffix)), "")
    return folded.removesuffix(suffix)


def header_of(file: Landed, spelled: Sequence[str], expected: Table | None) -> Header:
    """The names under which a file's columns are read. Raises FileProblem naming the file."""
    try:
        return match_header(spelled, expected)
    except HeaderProblem as error:
        raise FileProblem(f"{file.name}: the header {error}") from error
