"""1.200 or 1,200 in a column of numbers: a thousand and more, or one and a fifth."""

from __future__ import annotations

import pytest

from sources.dates import NEW_UNREAD_VALUES
from sources.number_marks import Dots, read_marks
from tests.sources.conftest import ACCOUNTS, Loader

HEADER = "subscription_id,account_id,product,mrr_cents,currency,started_at,quantity\n"


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
    con.execute(NEW_UNREAD_VALUES)
    con.execute(
        "create table mapped as select 'a.csv' as _file, row_number() over () as _row, quantity "
        "from (select unnest(?::varchar[]) as quantity)",
        [list(quantities)],
    )
    notes = read_marks(con, contract.table("billing.subscriptions"), {"quantity": "VARCHAR"})
    found = con.execute("select quantity from mapped order by _row").fetchall()
    assert tuple(quantity for (quantity,) in found) == expected
    assert [note.removeprefix("a.csv: quantity: dots ") for note in notes] == sentence
    unread = con.execute("select content from unread_values order by _row").fetchall()
    assert len(unread) == expected.count(None)


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
