"""Rows that add up the others are no customers; a customer called Total is one."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from sources.contract import Contract
from sources.mapping import Reader, load_mappings, run_mapping
from sources.total_rows import (
    PART_OF_EACH,
    TOTAL_WORDS,
    Addend,
    adds_up,
    find_totals,
    identity,
)
from tests.sources.conftest import Loader, write_files

HEADER = "account_id,account_name,signed_at,employee_count,revenue"


def accounts(*rows: str) -> str:
    return "\n".join([HEADER, *rows, ""])


def found(con, contract: Contract, folder: Path, content: str) -> tuple[list, list[str]]:
    """The rows that are totals, and the notes, of a file of customers."""
    write_files(folder, {"crm.accounts.csv": content})
    table = contract.table("crm.accounts")
    reader = Reader(con, folder)
    delivery = reader.open_canonical(table)
    assert delivery
    types = run_mapping(reader, delivery, "table")
    notes = find_totals(con, table, types, delivery.groups)
    return con.execute("select _row, message from total_rows").fetchall(), notes


@pytest.mark.parametrize(
    "rows",
    [
        ("A-1,One,2024-01-01,10,100", "A-2,Two,2024-01-01,32,50", "Total,,2024-01-01,42,150"),
        ("A-1,One,2024-01-01,10,", "A-2,Two,2024-01-01,32,", "T,Grand Total,2024-01-01,42,"),
        (
            'A-1,Eins,2024-01-01,10,"1.200,50 €"',
            'A-2,Zwei,2024-01-01,32,"99,50 €"',
            'SUMME:,Summe,2024-01-01,42,"1.300,00 €"',
        ),
        (
            *("A-1,Un,2024-01-01,10,1\u202f200", "A-2,Deux,2024-01-01,32,2\u00a0300\u00a0€"),
            "Total,Total,2024-01-01,42,3\u2019500",
        ),
        ("A-1,One,24.02.2024,10,9.996", "A-2,B,24.02.2024,4,9.996", "Total,x,24.02.2024,14,19.99"),
    ],
    ids=["total", "by name", "german", "marks between thousands", "rounded"],
)
def test_a_row_of_sums_is_found(con, contract, tmp_path: Path, rows) -> None:
    """The total of all was the largest customer."""
    [(row, message)], notes = found(con, contract, tmp_path, accounts(*rows))
    assert (row, notes) == (3, [])
    assert message.endswith("and the numbers of the row are the sums of the others")


@pytest.mark.parametrize(
    "rows",
    [
        ("A-1,One,2024-01-01,10,100", "A-2,Two,2024-01-01,32,50", "A-3,Total,2024-01-01,900,7"),
        ("A-1,One,2024-01-01,10,100", "A-3,Total,2024-01-01,10,100"),
        ("A-1,One,2024-01-01,,", "A-2,Two,2024-01-01,,", "A-3,TOTAL,2024-01-01,,"),
        ("A-1,One,2024-01-01,0,0", "A-2,Two,2024-01-01,0,0", "A-3,Total,2024-01-01,0,0"),
        (
            *("A-1,One,2024-01-01,10,1", "A-2,Two,2024-01-01,32,1", "A-3,Three,2024-01-01,7,"),
            "A-4,Total,2024-01-01,40,2",
        ),
    ],
    ids=["other numbers", "one other row", "no numbers", "zeros", "a sum by chance"],
)
def test_the_word_alone_is_named_and_no_more(con, contract, tmp_path: Path, rows) -> None:
    """TotalEnergies was Total until 2021."""
    totals, [note] = found(con, contract, tmp_path, accounts(*rows))
    assert totals == []
    assert f"1 row has the name of a total, first row {len(rows)}: account_name is T" in note
    assert note.endswith("it is read as any other row")


def test_a_total_is_no_addend_of_another(con, contract, tmp_path: Path) -> None:
    rows = ("A-1,One,2024-01-01,10,1", "A-2,Two,2024-01-01,32,2", "Total,x,2024-01-01,42,3")
    """Nor is a customer that is called so left out of the sums."""
    totals, notes = found(con, contract, tmp_path, accounts(*rows, "Grand Total,x,2024-01-01,42,3"))
    assert ([row for row, _ in totals], notes) == ([3, 4], [])
    rows = ("A-1,One,2024-01-01,10,1", "A-2,Sum,2024-01-01,32,2", "Total,x,2024-01-01,42,3")
    totals, [note] = found(con, contract, tmp_path, accounts(*rows))
    assert [row for row, _ in totals] == [3]
    assert "account_name is Sum" in note


def test_a_row_that_adds_up_a_group_is_found(con, contract, tmp_path: Path) -> None:
    """A company whose name begins with the word is none, and belongs to its group."""
    rows = (
        *("A-1,One,2024-01-01,10,1", "A-2,Two,2024-01-01,32,2", ",EMEA total,,42,3"),
        *("A-3,Three,2024-01-01,6,1", "A-4,Total Wine,2024-01-01,5,5", "A-5,Five,2024-01-01,1,4"),
        *("x,Subtotal,,12,10", ",Grand Total,,54,13"),
    )
    totals, notes = found(con, contract, tmp_path, accounts(*rows))
    assert [(row, message.rpartition("sums of the ")[2]) for row, message in totals] == [
        (3, "rows above it"),
        (7, "rows above it"),
        (8, "others"),
    ]
    assert notes == []


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        (("1,Acme,,50,", "2,Beta,,75,", "3,Total Wine,,900,", "4,D,,10,"), []),
        (("a,Acme,,5,", "b,Beta,,5,", "c,Total Wine,,10,"), []),
        (
            (
                "a,A,,10,",
                "b,B,,20,",
                ",EMEA total,,30,",
                "c,C,,5,",
                ",APAC total,,5,",
                "d,D,,7,",
                "e,E,,8,",
                ",AM total,,15,",
                ",Grand total,,50,",
            ),
            [3, 5, 8, 9],
        ),
        (("a,A,,10,", "b,B,,20,", "t,Total,,30,", *(f"s{n},Suma {n},,," for n in range(101))), [3]),
    ],
    ids=["keys that add up", "two numbers that add up", "a group of one", "a hundred names"],
)
def test_groups_are_no_chance_and_hide_no_grand_total(
    con, contract, tmp_path: Path, rows, expected
) -> None:
    totals, _ = found(con, contract, tmp_path, accounts(*rows))
    assert [row for row, _ in totals] == expected


def test_no_word_is_passed_over() -> None:
    assert [word for word in TOTAL_WORDS if not re.search(PART_OF_EACH, word)] == []


def test_a_rate_beside_the_sums_is_no_objection() -> None:
    total = [Addend(150, 150, 2)]
    average = [Addend(5, 10, 2)]
    assert adds_up([total, average])
    assert not adds_up([total, average, average])
    assert not adds_up([])


def test_what_refers_to_another_row_does_not_say_what_a_row_is(contract: Contract) -> None:
    assert identity(contract.table("crm.accounts")) == ["account_id", "account_name"]
    assert identity(contract.table("billing.invoices")) == ["invoice_id"]


def test_a_mapped_file_is_added_up_as_it_came(con, contract, tmp_path: Path) -> None:
    """The mapping passes no revenue on, by which the total is known."""
    sql = (
        "select id as account_id, id as account_name, '2024-01-01' as signed_at, _file, _row "
        'from "customers.csv"'
    )
    maps = write_files(tmp_path / "maps", {"acme/crm.accounts.sql": sql})
    folder = write_files(
        tmp_path / "in", {"customers.csv": "id,revenue\nOne,1.5\nTwo,2\nTotal,3.5\n"}
    )
    reader = Reader(con, folder)
    delivery = reader.open_mapped(load_mappings("acme", maps)["crm.accounts"])
    assert delivery
    types = run_mapping(reader, delivery, "table")
    assert find_totals(con, contract.table("crm.accounts"), types, delivery.groups) == []
    assert con.execute("select _row from total_rows").fetchall() == [(3,)]


def test_a_total_waits_in_quarantine_and_a_name_is_loaded(loader: Loader) -> None:
    rows = ("A-1,One,2024-01-01,10,100", "A-2,Sum,2024-01-01,32,50")
    loads = loader.deliver({"crm.accounts.csv": accounts(*rows, "Total,x,2024-01-01,42,150")})
    [(_, file, row, rule, message)] = loader.rejections()
    assert (file, row, rule) == ("crm.accounts.csv", 3, "total_row")
    assert message.startswith("account_id is Total, and the numbers")
    assert loader.rows("select account_id from crm.accounts order by 1") == [("A-1",), ("A-2",)]
    assert any(
        "first row 2: account_name is Sum" in note for note in loads["crm.accounts"].problems
    )
