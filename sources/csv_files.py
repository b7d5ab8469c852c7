"""CSV files: their header, their rows, and exactly which of their records are bad."""

from __future__ import annotations

import csv
import gzip
import io
import re
import zlib
from dataclasses import replace

import duckdb
import pyarrow as pa

from sources.contract import Table
from sources.encodings import UTF_8, UTF_16, encoding_of, note_on
from sources.headers import Header
from sources.landing import FileProblem, Landed, header_of, literal, quoted

DELIMITERS = {",": "a comma", ";": "a semicolon", "\t": "a tab", "|": "a bar"}
NUMBER_OR_DATE = re.compile(r"[-+]?\d[\d.,]*|\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}([ T].*)?|null", re.I)
HEADER_BYTES = 1 << 20
# The careful reader holds a file in memory, as some ten times its size.
MOST_READ_CAREFULLY = 1 << 30
# A log pasted into a ticket is longer than the 131,072 characters that the module allows a cell.
csv.field_size_limit(2**27)


def read_csv(
    con: duckdb.DuckDBPyConnection,
    file: Landed,
    relation: str,
    delimiter: str,
    expected: Table | None,
) -> Header:
    """Make a table of a CSV file's rows, all text. Raises FileProblem when it has no header."""
    header = header_of(file, read_header(file, delimiter), expected)
    reason = "it is not UTF-8"
    if encoding_of(_read_bytes(file, HEADER_BYTES)) == UTF_8:
        try:
            _read_fast(con, file, relation, header, delimiter)
            return header
        except duckdb.Error as error:
            reason = str(error).splitlines()[0]
            # One bad record makes the fast reader refuse the file. The careful reader takes about
            # ten times as long, and knows exactly which records are bad: DuckDB's own reject table
            # forgot an unterminated quote when it ran on one thread (2.0.0, November 2026).
    content = _read_bytes(file, MOST_READ_CAREFULLY + 1)
    if len(content) > MOST_READ_CAREFULLY:
        raise FileProblem(
            f"{file.name}: has a record that cannot be read ({reason}), and is too large to be "
            "searched for such records one by one; split it into files below 1 GiB"
        )
    encoding = encoding_of(content, is_whole=True)
    text = content.decode(encoding, "replace" if encoding == UTF_16 else "surrogateescape")
    _read_carefully(con, file, relation, header, delimiter, text)
    return replace(header, notes=(*header.notes, *note_on(encoding)))


def _read_fast(
    con: duckdb.DuckDBPyConnection, file: Landed, relation: str, header: Header, delimiter: str
) -> None:
    types = ", ".join(f"'column {place}': 'varchar'" for place in range(len(header.names)))
    # Blank cells are null by `nullstr`: DuckDB 2.0.0 takes time by the square of the number of
    # columns where each is a function's, 2.1 s of 2,000 and 0.5 s without.
    columns = ", ".join(
        f"{quoted(f'column {place}')} as {quoted(name)}" for name, place in header.read
    )
    con.execute(
        f"create or replace table {quoted(relation)} as "
        f"select {columns}, {literal(file.name)} as _file, row_number() over () as _row "
        f"from read_csv({literal(str(file.path))}, columns = {{{types}}}, header = true, "
        f"auto_detect = false, delim = {literal(delimiter)}, quote = '\"', escape = '\"', "
        "nullstr = '', strict_mode = true)"
    )


def read_header(file: Landed, delimiter: str = ",") -> list[str]:
    """The column names of a CSV file as spelled, trimmed; a column without a name is empty.

    Raises FileProblem if its first line cannot be a header.
    """
    start = _read_bytes(file, HEADER_BYTES)
    text = start.decode(encoding_of(start), errors="replace")
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
    if strange := [name for name in header if NUMBER_OR_DATE.fullmatch(name)]:
        raise FileProblem(
            f"{file.name}: the header is missing: the first line holds {strange[0]!r}, "
            "which is a value and not a column's name"
        )
    return header


def _read_bytes(file: Landed, size: int = -1) -> bytes:
    if file.suffix != ".csv.gz":
        with file.path.open("rb") as stream:
            return stream.read(size)
    try:
        with gzip.open(file.path) as stream:
            return stream.read(size)
    except (OSError, EOFError, zlib.error) as error:
        raise FileProblem(f"{file.name}: not a readable gzip file ({error})") from error


def _read_carefully(
    con: duckdb.DuckDBPyConnection,
    file: Landed,
    relation: str,
    header: Header,
    delimiter: str,
    text: str,
) -> None:
    good, bad = parse_csv(text, len(header.names), delimiter)
    data = {
        name: pa.array([values[place] or None for _, values in good], pa.string())
        for name, place in header.read
    }
    data["_file"] = pa.array([file.name] * len(good), pa.string())
    data["_row"] = pa.array([number for number, _ in good], pa.int64())
    con.register("arrow_in", pa.table(data))
    con.execute(f"create or replace table {quoted(relation)} as select * from arrow_in")
    con.unregister("arrow_in")
    if bad:
        con.executemany(
            "insert into unreadable values (?, ?, ?, ?)",
            [
                (file.name, number, content.replace("\0", "\ufffd"), reason)
                for number, content, reason in bad
            ],
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
                    fields = "1 field" if len(values) == 1 else f"{len(values)} fields"
                    reason = f"the row has {fields}, the header {width}"
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
