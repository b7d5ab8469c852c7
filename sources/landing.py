"""Files as they landed: found by name, read as they are, every row with its file and number.

All readers give the same shape: a DuckDB relation of the file's own columns (text for CSV and
JSON lines, typed for Parquet) plus `_file` (path below the delivery's folder) and `_row` (number
of the record, counted from 1 after the header). Records that cannot be read at all go to the
table `unreadable`, so that they are quarantined like any other bad row.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pyarrow as pa

SUFFIXES = (".csv", ".parquet", ".jsonl")
DELIMITERS = {",": "a comma", ";": "a semicolon", "\t": "a tab", "|": "a bar"}
NUMBER_OR_DATE = re.compile(r"[-+]?\d[\d.,]*|\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}([ T].*)?|null", re.I)

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
    """Files below `folder` that match the glob `pattern`, in the order of their names."""
    found = (path for path in folder.glob(pattern) if path.is_file())
    return [Landed(path, path.relative_to(folder).as_posix()) for path in sorted(found)]


def find_table_files(folder: Path, full_name: str) -> list[Landed]:
    """Files in contract form: `schema.table.csv`, or any number in a folder `schema.table`."""
    found = [file for suffix in SUFFIXES for file in find_files(folder, f"{full_name}{suffix}")]
    inside = [file for suffix in SUFFIXES for file in find_files(folder, f"{full_name}/*{suffix}")]
    return found + sorted(inside, key=lambda file: file.name)


def read_files(
    con: duckdb.DuckDBPyConnection, files: Sequence[Landed], relation: str, delimiter: str = ","
) -> None:
    """Make `relation` (a table, or a view over Parquet) of all rows of `files`, matched by column.

    Raises FileProblem for the first file that cannot be used.
    """
    con.execute(CREATE_UNREADABLE)
    parts = []
    for number, file in enumerate(files):
        part = f"{relation} #{number}"
        if file.path.stat().st_size == 0:
            raise FileProblem(f"{file.name}: the file is empty")
        match file.path.suffix.lower():
            case ".csv":
                _read_csv(con, file, part, delimiter)
            case ".parquet":
                _read_parquet(con, file, part)
            case ".jsonl":
                _read_jsonl(con, file, part)
            case _:
                raise FileProblem(f"{file.name}: Tenure reads {', '.join(SUFFIXES)}, not this")
        parts.append(f"select * from {quoted(part)}")
    con.execute(
        f"create or replace view {quoted(relation)} as " + " union all by name ".join(parts)
    )


def _read_parquet(con: duckdb.DuckDBPyConnection, file: Landed, relation: str) -> None:
    try:
        con.execute(
            f"create or replace view {quoted(relation)} as "
            f"select * exclude (file_row_number), {literal(file.name)} as _file, "
            "file_row_number + 1 as _row "
            f"from read_parquet({literal(str(file.path))}, file_row_number = true)"
        )
        con.execute(f"select * from {quoted(relation)} limit 1").fetchall()
    except duckdb.Error as error:
        raise FileProblem(f"{file.name}: not a readable Parquet file ({_first(error)})") from error


def _read_csv(con: duckdb.DuckDBPyConnection, file: Landed, relation: str, delimiter: str) -> None:
    header = read_header(file, delimiter)
    types = ", ".join(f"{literal(name)}: 'varchar'" for name in header)
    columns = ", ".join(f"nullif({quoted(name)}, '') as {quoted(name)}" for name in header)
    try:
        con.execute(
            f"create or replace table {quoted(relation)} as "
            f"select {columns}, {literal(file.name)} as _file, row_number() over () as _row "
            f"from read_csv({literal(str(file.path))}, columns = {{{types}}}, header = true, "
            f"auto_detect = false, delim = {literal(delimiter)}, quote = '\"', escape = '\"', "
            "strict_mode = true)"
        )
    except duckdb.Error:
        # One bad record makes the fast reader refuse the file. The careful reader takes about
        # ten times as long, and knows exactly which records are bad: DuckDB's own reject table
        # forgot an unterminated quote when it ran on one thread (2.0.0, November 2026).
        _read_csv_carefully(con, file, relation, header, delimiter)


def read_header(file: Landed, delimiter: str = ",") -> list[str]:
    """The column names of a CSV file. Raises FileProblem if its first line cannot be a header."""
    with file.path.open("rb") as stream:
        start = stream.read(1 << 20)
    if start.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise FileProblem(f"{file.name}: is UTF-16; save it as UTF-8")
    text = start.decode("utf-8-sig", errors="replace")
    header = next(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter), [])
    header = [name.strip() for name in header]
    if not any(header):
        raise FileProblem(f"{file.name}: the first line is empty where the header should be")
    if len(header) == 1:
        for other, words in DELIMITERS.items():
            if other != delimiter and len(header[0].split(other)) > 1:
                raise FileProblem(
                    f"{file.name}: its columns are separated by {words}, not by "
                    f"{DELIMITERS.get(delimiter, repr(delimiter))}; save it with the other "
                    "delimiter, or state it in the mapping: -- delimiter: "
                    + ("tab" if other == "\t" else other)
                )
    if strange := [name for name in header if not name or NUMBER_OR_DATE.fullmatch(name)]:
        raise FileProblem(
            f"{file.name}: the header is missing: the first line holds {strange[0]!r}, "
            "which is a value and not a column's name"
        )
    if twice := sorted({name for name in header if header.count(name) > 1}):
        raise FileProblem(f"{file.name}: the header names {', '.join(twice)} twice")
    return header


def _read_csv_carefully(
    con: duckdb.DuckDBPyConnection, file: Landed, relation: str, header: list[str], delimiter: str
) -> None:
    raw = file.path.read_bytes().decode("utf-8-sig", errors="surrogateescape")
    good, bad = parse_csv(raw, len(header), delimiter)
    data = {
        name: pa.array([values[place] or None for _, values in good], pa.string())
        for place, name in enumerate(header)
    }
    data["_file"] = pa.array([file.name] * len(good), pa.string())
    data["_row"] = pa.array([number for number, _ in good], pa.int64())
    _from_arrow(con, relation, pa.table(data))
    if bad:
        con.executemany(
            "insert into unreadable values (?, ?, ?, ?)",
            [(file.name, number, content, reason) for number, content, reason in bad],
        )


def parse_csv(
    text: str, width: int, delimiter: str = ","
) -> tuple[list[tuple[int, list[str]]], list[tuple[int, str, str]]]:
    """Records after the header: good ones as (number, values), bad as (number, text, reason).

    A quote that is never closed spoils its own line only: reading goes on with the next one.
    Bytes that are not UTF-8 are expected as surrogates and shown as replacement characters.
    """
    lines = list(io.StringIO(text, newline=""))
    good: list[tuple[int, list[str]]] = []
    bad: list[tuple[int, str, str]] = []
    place = number = 0
    while place < len(lines):
        reader = csv.reader(lines[place:], delimiter=delimiter, strict=True)
        start = place
        try:
            for values in reader:
                begun, start = start, place + reader.line_num
                if not values:
                    continue
                number += 1
                if number == 1:
                    continue
                record = "".join(lines[begun:start]).rstrip("\r\n")
                if _has_surrogates(record):
                    shown = record.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
                    bad.append((number - 1, shown, "the text is not UTF-8"))
                elif len(values) != width:
                    reason = f"the row has {len(values)} fields, the header {width}"
                    bad.append((number - 1, record, reason))
                else:
                    good.append((number - 1, values))
            place = len(lines)
        except csv.Error as error:
            number += 1
            shown = lines[start].encode("utf-8", "surrogateescape").decode("utf-8", "replace")
            reason = "a quote is opened and never closed, or stands where none may be"
            bad.append((number - 1, shown.rstrip("\r\n"), f"{reason} ({error})"))
            place = start + 1
    return good, bad


def _has_surrogates(text: str) -> bool:
    return not text.isascii() and any("\udc80" <= letter <= "\udcff" for letter in text)


def _read_jsonl(con: duckdb.DuckDBPyConnection, file: Landed, relation: str) -> None:
    """Each key of each object is a column, as text; nested values stay JSON."""
    lines = f"{relation} lines"
    text = file.path.read_bytes().decode("utf-8-sig", errors="replace")
    records = [line.strip() for line in io.StringIO(text) if line.strip()]
    numbers = pa.array(range(1, len(records) + 1), pa.int64())
    _from_arrow(con, lines, pa.table({"_row": numbers, "line": pa.array(records, pa.string())}))
    is_object = "case when json_valid(line) then json_type(line) = 'OBJECT' else false end"
    con.execute(
        f"insert into unreadable select {literal(file.name)}, _row, line, "
        f"'the line is not a JSON object' from {quoted(lines)} where not {is_object}"
    )
    keys = con.execute(
        f"select distinct unnest(json_keys(line)) from {quoted(lines)} where {is_object} order by 1"
    ).fetchall()
    if not keys:
        raise FileProblem(f"{file.name}: holds no JSON object, one a line")
    columns = ", ".join(
        f"nullif(line ->> {literal('/' + key.replace('~', '~0').replace('/', '~1'))}, '') "
        f"as {quoted(key)}"
        for (key,) in keys
    )
    con.execute(
        f"create or replace table {quoted(relation)} as "
        f"select {columns}, {literal(file.name)} as _file, _row "
        f"from {quoted(lines)} where {is_object}"
    )


def _from_arrow(con: duckdb.DuckDBPyConnection, relation: str, table: pa.Table) -> None:
    con.register("arrow_in", table)
    con.execute(f"create or replace table {quoted(relation)} as select * from arrow_in")
    con.unregister("arrow_in")


def _first(error: Exception) -> str:
    return str(error).strip().splitlines()[0]
