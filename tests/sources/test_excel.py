"""Excel files, with the library that reads them put in place of by a few sheets."""

from __future__ import annotations

import datetime as dt
import sys
from pathlib import Path
from types import SimpleNamespace

import duckdb
import pytest

from sources.excel_files import as_text, read_excel
from sources.landing import FileProblem, Landed

CUSTOMERS = [
    ["Customer ID", "MRR", "Since"],
    ["C-1", 100.0, dt.date(2024, 1, 31)],
    ["C-2", 12.5, ""],
]


def put_library(monkeypatch: pytest.MonkeyPatch, sheets: dict[str, list[list[object]]]) -> None:
    def sheet(name: str) -> SimpleNamespace:
        return SimpleNamespace(to_python=lambda skip_empty_area: sheets[name])

    book = SimpleNamespace(sheet_names=list(sheets), get_sheet_by_name=sheet)
    workbook = SimpleNamespace(from_path=lambda path: book)
    library = SimpleNamespace(CalamineWorkbook=workbook)
    monkeypatch.setitem(sys.modules, "python_calamine", library)


@pytest.fixture
def file(tmp_path: Path) -> Landed:
    (tmp_path / "customers.xlsx").write_bytes(b"PK")
    return Landed(tmp_path / "customers.xlsx", "customers.xlsx")


def test_the_first_sheet_that_holds_rows_is_read_as_text(
    monkeypatch: pytest.MonkeyPatch, file: Landed
) -> None:
    put_library(monkeypatch, {"Notes": [["read me"]], "Customers": CUSTOMERS, "Old": CUSTOMERS})
    con = duckdb.connect()
    header = read_excel(con, file, "customers", ())
    assert con.execute("select * from customers").fetchall() == [
        ("C-1", "100", "2024-01-31", "customers.xlsx", 1),
        ("C-2", "12.5", None, "customers.xlsx", 2),
    ]
    assert header.notes == ("sheet Customers is read, and not Old: save each as a file of its own",)


def test_a_book_without_rows_is_refused(monkeypatch: pytest.MonkeyPatch, file: Landed) -> None:
    put_library(monkeypatch, {"Notes": [["read me"]]})
    with pytest.raises(FileProblem, match=r"customers\.xlsx: is without a sheet"):
        read_excel(duckdb.connect(), file, "customers", ())


def test_without_the_library_the_way_out_is_named(
    monkeypatch: pytest.MonkeyPatch, file: Landed
) -> None:
    monkeypatch.setitem(sys.modules, "python_calamine", None)
    with pytest.raises(FileProblem, match="save each sheet as CSV"):
        read_excel(duckdb.connect(), file, "customers", ())


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        (True, "true"),
        (3.0, "3"),
        (0.25, "0.25"),
        (dt.datetime(2024, 1, 31), "2024-01-31"),
        (dt.datetime(2024, 1, 31, 9, 30), "2024-01-31 09:30:00"),
        (" x ", "x"),
        ("", None),
    ],
)
def test_a_cell_is_as_a_csv_file_would_hold_it(cell: object, text: str | None) -> None:
    assert as_text(cell) == text
