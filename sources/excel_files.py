"""Spreadsheets: the first sheet that holds anything, each cell as text."""

from __future__ import annotations

import datetime as dt
import struct
import zipfile
from dataclasses import replace
from typing import Any

import duckdb
import pyarrow as pa
from python_calamine import CalamineError, CalamineWorkbook

from sources.contract import Table
from sources.headers import Header
from sources.landing import FileProblem, Landed, header_of, quoted

# A sheet's cells are held in memory, as some ten times what the file unpacks to.
MOST_UNPACKED = 2**29


def read_excel(
    con: duckdb.DuckDBPyConnection, file: Landed, relation: str, expected: Table | None
) -> Header:
    """Make a table of a sheet's rows, all text. Raises FileProblem when there is none."""
    sheets = read_sheets(file)
    filled = {name: rows for name, rows in sheets.items() if len(rows) > 1}
    if not filled:
        raise FileProblem(f"{file.name}: is without a sheet that has a header and a row")
    name, rows = next(iter(filled.items()))
    header = header_of(file, [as_text(cell) or "" for cell in rows[0]], expected)
    data = {
        column: pa.array([as_text(row[place]) for row in rows[1:]], pa.string())
        for column, place in header.read
    }
    data["_file"] = pa.array([file.name] * (len(rows) - 1), pa.string())
    data["_row"] = pa.array(range(1, len(rows)), pa.int64())
    con.register("arrow_in", pa.table(data))
    con.execute(f"create or replace table {quoted(relation)} as select * from arrow_in")
    con.unregister("arrow_in")
    others = [other for other in filled if other != name]
    if not others:
        return header
    note = f"sheet {name} is read, and not {', '.join(others)}: save each as a file of its own"
    return replace(header, notes=(*header.notes, note))


def read_sheets(file: Landed) -> dict[str, list[list[Any]]]:
    """The cells of each sheet, without empty rows and columns around them."""
    size = unpacked_size(file)
    if size > MOST_UNPACKED:
        raise FileProblem(
            f"{file.name}: unpacks to {size / 2**30:,.1f} GiB, which is more than is read of a "
            "spreadsheet; save it as CSV"
        )
    try:
        book = CalamineWorkbook.from_path(str(file.path))
        return {
            name: book.get_sheet_by_name(name).to_python(skip_empty_area=True)
            for name in book.sheet_names
        }
    except (CalamineError, OSError) as error:
        raise FileProblem(f"{file.name}: is no spreadsheet that can be read ({error})") from error


def unpacked_size(file: Landed) -> int:
    """Bytes that a workbook unpacks to, as it says itself; 0 for what is no archive, or broken."""
    try:
        with zipfile.ZipFile(file.path) as archive:
            return sum(part.file_size for part in archive.infolist())
    except (OSError, ValueError, NotImplementedError, struct.error, zipfile.BadZipFile):
        return 0


def as_text(cell: object) -> str | None:
    """A cell as a CSV file would hold it; None where it is empty."""
    match cell:
        case bool():
            return str(cell).lower()
        case float() if cell.is_integer():
            return str(int(cell))
        case dt.datetime() if cell.time() == dt.time():
            return cell.date().isoformat()
        case dt.datetime():
            return cell.isoformat(sep=" ")
        case dt.date() | dt.time():
            return cell.isoformat()
    return str(cell).strip() or None
