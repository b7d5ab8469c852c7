"""1.200 or 1,200 in a column of numbers: a thousand and more, or one and a fifth."""

from __future__ import annotations

from collections.abc import Sequence

import duckdb
import pytest

from sources import reconcile_quarantine
from sources.dates import NEW_UNREAD_VALUES
from sources.number_marks import Dots, read_marks
from tests.sources.conftest import ACCOUNTS, Loader

HEADER = "subscription_id,account_id,product,mrr_cents,currency,started_at,quantity\n"


def map_quantities(con: duckdb.DuckDBPyConnection, rows: Sequence[tuple[str, str]]) -> None:
    """What a mapping gives, of files and their numbers."""
    con.execute(NEW_UNREAD_VALUES)
    con.execute("create table mapped (_file varchar, _row bigint, quantity varchar)")
    con.executemany(
        "insert into mapped values (?, ?, ?)",
        [(file, place, quantity) for place, (file, quantity) in enumerate(rows)],
    )


@pytest.mark.parametrize(
    ("dots", "reading"),
    [
        (Dots(1, 0, 0, 0, 5, 0), "grouped"),
        (Dots(1, 0, 1, 0, 0, 0), "grouped"),
        (Dots(1, 0, 0, 1, 5, 0), "decimal"),
        (Dots(1, 0, 0, 0, 5, 1), "doubtful"),
        (Dots(3, 0, 0, 0, 0, 0), "doubtful"),
        (Dots(3, 3, 0, 0, 0, 0), "rounded"),
        (Dots(0, 0, 0, 0, 5, 5), "decimal"),
    ],
    ids=[
        "beside small numbers",
        "beside a million",
        "beside a fraction",
        "beside a thousand without a dot",
        "alone",
        "alone and rounded",
        "no dot",
    ],
)
def test_other_numbers_of_the_file_decide(dots: Dots, reading: str) -> None:
    assert dots.reading == reading


@pytest.mark.parametrize(
    ("quantities", "expected", "sentence"),
    [
        (("1.200", "85"), ("1200", "85"), ["stand between thousands, 1.200 is 1200"]),
        (("1.200", "12.5", "85"), ("1.200", "12.5", "85"), []),
        (("10.000", "3.000"), ("10.000", "3.000"), ["are taken as decimal points, 10.000 is 10"]),
        (("1.200", "1.350"), (None, None), []),
        (("1.200", "1350", "85"), (None, "1350", "85"), []),
    ],
)
def test_seats_are_read_by_the_file(con, contract, quantities, expected, sentence) -> None:
    """1.2 seats for 1,200: a share of seats in use a thousand times too high, without a word."""
    map_quantities(con, [("a.csv", quantity) for quantity in quantities])
    notes = read_marks(con, contract.table("billing.subscriptions"), {"quantity": "VARCHAR"})
    found = con.execute("select quantity from mapped order by _row").fetchall()
    assert tuple(quantity for (quantity,) in found) == expected
    assert [note.removeprefix("a.csv: quantity: dots ") for note in notes] == sentence
    unread = con.execute("select content from unread_values order by _row").fetchall()
    assert len(unread) == expected.count(None)


@pytest.mark.parametrize(
    ("file", "quantities", "expected"),
    [
        ("a.json", ("1.125", "85"), ("1.125", "85")),
        ("a.parquet", ("1.200", "85"), ("1.200", "85")),
        ("a.xlsx", ("1.125", "85"), ("1.125", "85")),
        ("a.xlsx", ("1.200", "85"), ("1200", "85")),
        ("a.xlsx", ("1.200", "1.125", "85"), ("1.200", "1.125", "85")),
        ("a.CSV.gz", ("1.125", "85"), ("1125", "85")),
    ],
)
def test_a_number_that_is_none_of_text_is_left_as_it_is(
    con, contract, file, quantities, expected
) -> None:
    """A dot in it is never between thousands; a text in a sheet may end in a zero, a number not."""
    map_quantities(con, [(file, quantity) for quantity in quantities])
    read_marks(con, contract.table("billing.subscriptions"), {"quantity": "VARCHAR"})
    found = con.execute("select quantity from mapped order by _row").fetchall()
    assert tuple(quantity for (quantity,) in found) == expected


def test_each_file_is_read_by_its_own_numbers(con, contract) -> None:
    rows = [("a.csv", "1.200"), ("b.csv", "1.200"), ("a.csv", "85"), ("b.csv", "12.5")]
    map_quantities(con, [*rows, ("c.csv", "1.350")])
    read_marks(con, contract.table("billing.subscriptions"), {"quantity": "VARCHAR"})
    found = con.execute("select quantity from mapped order by _row").fetchall()
    assert [quantity for (quantity,) in found] == ["1200", "1.200", "85", "12.5", None]


@pytest.mark.parametrize(
    ("rates", "expected", "sentence"),
    [
        (("1,085", "0,91", "155"), ("1.085", "0.91", "155"), ["1,085 is 1.085"]),
        (("1.085,5", "1.200", "1,5"), ("1085.5", "1200", "1.5"), ["1.085,5 is 1085.5"]),
        (("1,085", "1,271"), (None, None), []),
        (("1,085.5", "1,271"), ("1,085.5", "1,271"), []),
        (("1,085", "0.91"), ("1,085", "0.91"), []),
        (("1,085,000", "1,271"), ("1,085,000", "1,271"), []),
    ],
    ids=["fractions", "both marks", "alone", "dots for fractions", "a dot elsewhere", "a million"],
)
def test_commas_of_rates_are_read_by_the_file(con, contract, rates, expected, sentence) -> None:
    """A euro of 1,085 dollars was worth a thousand."""
    con.execute(NEW_UNREAD_VALUES)
    con.execute(
        "create table mapped as select 'a.csv' as _file, row_number() over () as _row, usd_per_unit"
        " from (select unnest(?::varchar[]) as usd_per_unit)",
        [list(rates)],
    )
    table = contract.table("finance.exchange_rates")
    notes = read_marks(con, table, {"usd_per_unit": "VARCHAR"})
    found = con.execute("select usd_per_unit from mapped order by _row").fetchall()
    assert tuple(rate for (rate,) in found) == expected
    assert [note.rpartition("fractions, ")[2] for note in notes] == sentence


def test_what_could_be_either_is_unknown_and_named(loader: Loader) -> None:
    """10.000 minor units were read as 10."""
    loads = loader.deliver(
        {
            "crm.accounts.csv": ACCOUNTS,
            "billing.invoices.csv": "invoice_id,account_id,issued_at,amount_cents,currency\n"
            "I-1,A-1,2024-01-01,12.000,EUR\nI-2,A-1,2024-01-01,12500,EUR\n",
            "billing.subscriptions.csv": HEADER
            + "S-1,A-1,p,100,USD,2024-01-01,1.200\nS-2,A-1,p,100,USD,2024-01-01,2.350\n",
        }
    )
    assert loader.rows("select amount_cents from billing.invoices") == [(12500,)]
    [(*_, rule, message)] = loader.rejections()
    assert rule == "type(amount_cents)"
    assert "could be 12000, or a fraction" in message
    assert loader.rows("select quantity from billing.subscriptions") == [(None,), (None,)]
    assert "quantity 1.200 could be 1200" in loads["billing.subscriptions"].problems[0]


def test_rows_that_waited_keep_what_their_file_decided(loader: Loader) -> None:
    """1.2 seats came back as 1,200 where the row with 12.5 did not wait."""
    seats = {"S-1": "1.200", "S-2": "85", "S-3": "12.5", "S-4": "1.125"}
    places = {"S-1": "A-9", "S-2": "A-9", "S-3": "A-1", "S-4": "A-2"}
    rows = [f"{key},{places[key]},p,100,USD,2024-01-01,{seats[key]}\n" for key in seats]
    unclear = "S-5,A-9,p,100,USD,2024-01-01,1.200\nS-6,A-9,p,100,USD,2024-01-01,1.350\n"
    files = {
        "crm.accounts.csv": ACCOUNTS,
        "billing.subscriptions/a.csv": "".join([HEADER, *rows]),
        "billing.subscriptions/b.csv": HEADER + unclear,
    }
    loader.deliver(files)
    # one more that was loaded: its customer leaves, and comes back with the one that was awaited
    header, first, _ = ACCOUNTS.splitlines(keepends=True)
    loader.deliver({"crm.accounts.csv": header + first})
    reconcile_quarantine(loader.warehouse, loader.contract)
    assert len(loader.rejections()) == 5
    loader.deliver({"crm.accounts.csv": ACCOUNTS + "A-9,Nine,2024-01-01\n"})
    assert reconcile_quarantine(loader.warehouse, loader.contract) == 5
    found = loader.rows(
        "select subscription_id, quantity from billing.subscriptions "
        "where _superseded_at is null order by 1"
    )
    assert [(key, quantity and float(quantity)) for key, quantity in found] == [
        *((key, float(number)) for key, number in seats.items()),
        ("S-5", None),
        ("S-6", None),
    ]
