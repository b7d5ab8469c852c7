"""Spreadsheets, as Excel writes them."""

from __future__ import annotations

import datetime as dt
import random
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from xml.sax.saxutils import escape

import duckdb
import pytest

from sources.excel_files import as_text, read_excel
from sources.landing import FileProblem, Landed

CUSTOMERS = [["Customer ID", "MRR", "Since"], ["C-1", 100, "2024-01-31"], ["C-2", 12.5, ""]]
MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
RELATIONS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE = "http://schemas.openxmlformats.org/package/2006"


def write_book(path: Path, sheets: Mapping[str, Sequence[Sequence[object]]]) -> Landed:
    """The smallest file that is a workbook."""
    numbers = {name: number for number, name in enumerate(sheets, start=1)}
    listed = "".join(
        f'<sheet name="{escape(name)}" sheetId="{number}" r:id="rId{number}"/>'
        for name, number in numbers.items()
    )
    related = "".join(
        f'<Relationship Id="rId{number}" Type="{RELATIONS}/worksheet" '
        f'Target="worksheets/sheet{number}.xml"/>'
        for number in numbers.values()
    )
    with zipfile.ZipFile(path, "w") as book:
        book.writestr("[Content_Types].xml", f'<Types xmlns="{PACKAGE}/content-types"/>')
        book.writestr(
            "_rels/.rels",
            f'<Relationships xmlns="{PACKAGE}/relationships"><Relationship Id="rId1" '
            f'Type="{RELATIONS}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        )
        book.writestr(
            "xl/workbook.xml",
            f'<workbook xmlns="{MAIN}" xmlns:r="{RELATIONS}"><sheets>{listed}</sheets></workbook>',
        )
        book.writestr(
            "xl/_rels/workbook.xml.rels",
            f'<Relationships xmlns="{PACKAGE}/relationships">{related}</Relationships>',
        )
        for name, rows in sheets.items():
            body = "".join(f"<row>{''.join(map(_cell, row))}</row>" for row in rows)
            book.writestr(
                f"xl/worksheets/sheet{numbers[name]}.xml",
                f'<worksheet xmlns="{MAIN}"><sheetData>{body}</sheetData></worksheet>',
            )
    return Landed(path, path.name)


def _cell(value: object) -> str:
    if isinstance(value, (int, float)):
        return f"<c><v>{value}</v></c>"
    return f'<c t="inlineStr"><is><t>{escape(str(value))}</t></is></c>'


def test_the_first_sheet_that_holds_rows_is_read_as_text(tmp_path: Path) -> None:
    sheets = {"Notes": [["read me"]], "Customers": CUSTOMERS, "Old": CUSTOMERS}
    file = write_book(tmp_path / "customers.xlsx", sheets)
    con = duckdb.connect()
    header = read_excel(con, file, "customers", None)
    assert con.execute("select * from customers").fetchall() == [
        ("C-1", "100", "2024-01-31", "customers.xlsx", 1),
        ("C-2", "12.5", None, "customers.xlsx", 2),
    ]
    assert header.notes == ("sheet Customers is read, and not Old: save each as a file of its own",)


def test_a_book_without_rows_is_refused(tmp_path: Path) -> None:
    file = write_book(tmp_path / "customers.xlsx", {"Notes": [["read me"]]})
    with pytest.raises(FileProblem, match=r"customers\.xlsx: is without a sheet"):
        read_excel(duckdb.connect(), file, "customers", None)


def test_a_damaged_book_is_refused_with_a_reason_or_read(tmp_path: Path) -> None:
    whole = write_book(tmp_path / "customers.xlsx", {"Customers": CUSTOMERS}).path.read_bytes()
    chance = random.Random(7)
    refused = 0
    for _ in range(300):
        damaged = bytearray(whole)
        for _ in range(chance.randint(1, 12)):
            damaged[chance.randrange(len(damaged))] = chance.randrange(256)
        cut = chance.randrange(len(damaged)) if chance.random() < 0.3 else len(damaged)
        path = tmp_path / "damaged.xlsx"
        path.write_bytes(bytes(damaged[:cut]))
        try:
            read_excel(duckdb.connect(), Landed(path, path.name), "customers", None)
        except FileProblem as problem:
            assert str(problem).startswith("damaged.xlsx: ")
            refused += 1
    assert refused > 100


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


def test_a_workbook_that_unpacks_to_more_than_memory_is_refused(tmp_path: Path) -> None:
    """14 MB of Excel can be 3 GB of cells, which end the process and not the load."""
    file = write_book(tmp_path / "customers.xlsx", {"Customers": CUSTOMERS})
    with zipfile.ZipFile(file.path, "a", zipfile.ZIP_DEFLATED) as book, book.open("x", "w") as part:
        for _ in range(600):
            part.write(bytes(1 << 20))
    with pytest.raises(FileProblem, match=r"customers\.xlsx: unpacks to 0\.6 GiB.*save it as CSV"):
        read_excel(duckdb.connect(), file, "landed", None)
