"""Reading landed files into DuckDB, whatever their format."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import duckdb

from sources.contract import Table
from sources.csv_files import read_csv
from sources.excel_files import read_excel
from sources.headers import Header
from sources.json_files import NoRecords, read_json
from sources.landing import (
    CREATE_UNREADABLE,
    SPREADSHEETS,
    SUFFIXES,
    FileProblem,
    Landed,
    header_of,
    literal,
    quoted,
)

# What holds a header and rows as people see them.
SHEETS = (".csv", ".csv.gz", *SPREADSHEETS)


def read_files(
    con: duckdb.DuckDBPyConnection,
    files: Sequence[Landed],
    relation: str,
    delimiter: str = ",",
    expected: Table | None = None,
    members: Collection[str] | None = None,
) -> list[str]:
    """Make `relation` (a table, or a view over Parquet) of all rows of `files`, matched by column.

    `expected` is the contract's table, where the files are in its form; `members` are those of
    objects in JSON that are columns, None for all. Returns sentences about columns that need a
    look. Raises FileProblem for the first file that cannot be used, and where no file has records.
    """
    con.execute(CREATE_UNREADABLE)
    # a file that two mappings read in two ways has each bad line once
    con.execute(
        "delete from unreadable where list_contains(?, _file)", [[file.name for file in files]]
    )
    empty: list[NoRecords] = []
    parts: list[str] = []
    notes: list[str] = []
    for number, file in enumerate(files):
        part = f"{relation} #{number}"
        _expect_content(file)
        match file.suffix:
            case ".csv" | ".csv.gz":
                header = read_csv(con, file, part, delimiter, expected)
            case ".parquet":
                header = _read_parquet(con, file, part, expected)
            case ".json" | ".jsonl" | ".ndjson":
                try:
                    header = read_json(con, file, part, expected, members)
                except NoRecords as error:
                    empty.append(error)
                    continue
            case ".xlsx" | ".xls" | ".ods":
                header = read_excel(con, file, part, expected)
            case _:
                raise FileProblem(f"{file.name}: Tenure reads {', '.join(SUFFIXES)}, not this")
        if file.suffix in SHEETS:
            _reject_further_headers(con, file, part, header)
        columns, passed_over = _without_nul(con, file, part)
        parts.append(f"select {columns} from {quoted(part)}")
        notes += [f"{file.name}: {note}" for note in (*header.notes, *passed_over)]
    if not parts and empty:
        raise empty[0]
    notes += map(str, empty)
    con.execute(
        f"create or replace view {quoted(relation)} as " + " union all by name ".join(parts)
    )
    return notes


def _reject_further_headers(
    con: duckdb.DuckDBPyConnection, file: Landed, relation: str, header: Header
) -> None:
    """Put rows that are the header once more with the unreadable ones: files that were pasted
    together have them, and where all columns are text they were loaded."""
    if len(header.read) < 2:
        return
    is_header = " and ".join(
        f"{quoted(name)} = {literal(header.spelled[place])}" for name, place in header.read
    )
    content = ",".join(header.spelled)
    found = con.execute(
        "insert into unreadable select _file, _row, ?, ? "
        f"from {quoted(relation)} where {is_header}",
        [content, f"the header of {file.name} stands here again"],
    ).fetchall()
    if found[0][0]:
        con.execute(f"delete from {quoted(relation)} where {is_header}")


def _expect_content(file: Landed) -> None:
    """Raise FileProblem for a file that is empty, or that this user may not read."""
    try:
        with file.path.open("rb") as stream:
            if not stream.read(1):
                raise FileProblem(f"{file.name}: the file is empty")
    except OSError as error:
        raise FileProblem(f"{file.name}: cannot be opened ({error.strerror})") from error


def _without_nul(
    con: duckdb.DuckDBPyConnection, file: Landed, relation: str
) -> tuple[str, list[str]]:
    """What to select of a relation, and a sentence where that leaves NUL characters out.

    No text of PostgreSQL can hold one.
    """
    described = con.execute(f"describe {quoted(relation)}").fetchall()
    texts = [quoted(name) for name, data_type, *_ in described if data_type == "VARCHAR"]
    has_nul = " or ".join(f"contains({text}, chr(0))" for text in texts) or "false"
    try:
        [(number,)] = con.execute(
            f"select count(*) from {quoted(relation)} where {has_nul}"
        ).fetchall()
    except duckdb.Error as error:
        # Parquet is read here for the first time beyond its first row.
        first = str(error).strip().splitlines()[0]
        raise FileProblem(f"{file.name}: cannot be read to its end ({first})") from error
    if number == 0:
        return "*", []
    cleaned = ", ".join(f"replace({text}, chr(0), '') as {text}" for text in texts)
    return f"* replace ({cleaned})", [f"NUL characters in {number} rows are passed over"]


def _read_parquet(
    con: duckdb.DuckDBPyConnection, file: Landed, relation: str, expected: Table | None
) -> Header:
    read = f"read_parquet({literal(str(file.path))}, file_row_number = true)"
    try:
        described = con.execute(f"describe select * exclude (file_row_number) from {read}")
        header = header_of(file, [name for name, *_ in described.fetchall()], expected)
        columns = ", ".join(
            f"{quoted(header.spelled[place])} as {quoted(name)}" for name, place in header.read
        )
        con.execute(
            f"create or replace view {quoted(relation)} as "
            f"select {columns}, {literal(file.name)} as _file, file_row_number + 1 as _row "
            f"from {read}"
        )
        con.execute(f"select * from {quoted(relation)} limit 1").fetchall()
    except duckdb.Error as error:
        first = str(error).strip().splitlines()[0]
        raise FileProblem(f"{file.name}: not a readable Parquet file ({first})") from error
    return header
