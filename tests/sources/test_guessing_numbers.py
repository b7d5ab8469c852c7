"""How columns write their numbers, and what becomes of them in a mapping."""

from __future__ import annotations

import duckdb
import pytest

from sources import Contract
from sources.guessing.columns import Match
from sources.guessing.derived import currency, durations
from sources.guessing.plans import plan
from sources.guessing.tables import FileLook, TableGuess
from sources.guessing.values import Profile
from sources.guessing.written_numbers import decimal_mark, number_form, plain_number
from sources.landing import literal


@pytest.mark.parametrize(
    ("number", "mark"),
    [
        ("1.234,50", ","),
        ("1,234.50", "."),
        ("1.250.000", ","),
        ("1,250,000", "."),
        ("0.125", "."),
        ("1250.000", "."),
        ("12,5", ","),
        ("1.250", None),
        ("1,250", None),
        ("100", None),
    ],
)
def test_a_number_shows_its_decimal_mark_or_does_not(number: str, mark: str | None) -> None:
    assert decimal_mark(number) == mark


@pytest.mark.parametrize(
    ("values", "delimiter", "decimal", "is_sure"),
    [
        (("1.250", "12.500", "100"), ",", ".", False),
        (("1.250", "12.500", "100"), ";", ",", False),
        (("1.250", "1.250.000"), ",", ",", True),
        (("1.250", "12.5"), ";", ".", True),
        (("1.250", "1250"), ";", ".", False),
        (("1.250", "12.500", "980", "1000"), ";", ".", False),
        (("1,200", "2,500", "3,750", "9,000") * 20 + ("1,50",), ",", ",", False),
        (("1,200", "2,500", "3,750", "9,000") * 20 + ("1,50",) * 8, ",", ",", True),
        (("1,200", "2,500", "3,750", "9,000") * 20 + ("12.50",), ",", ".", True),
        (("1,250", "100"), ",", ".", True),
        (("1,250", "100"), ";", ".", False),
        (("1,250", "12,5"), ",", ",", True),
        (("12,50", "12.50"), ",", None, False),
        (("€1.250", "CHF 1.250,00"), ",", ",", True),
        ((), ",", ".", True),
    ],
)
def test_one_sure_number_decides_for_its_column(
    values: tuple[str, ...], delimiter: str, decimal: str | None, is_sure: bool
) -> None:
    """Amounts are not made a thousand times as large without a word."""
    form = number_form(values, delimiter)
    assert (form.decimal, not form.doubt) == (decimal, is_sure)


@pytest.mark.parametrize(
    ("values", "read"),
    [
        (("1.234,50", "12,5"), ["1234.50", "12.5"]),
        (("1,234.50", "12"), ["1234.50", "12"]),
        (("$1,234.50", "(12.00)"), ["1234.50", "-12.00"]),
        (("1 234,50 €", "1\u202f000,00 €"), ["1234.50", "1000.00"]),
        (("CHF 1'234.50", "12 CHF"), ["1234.50", "12"]),
        (("$12", "5 of 12", "open"), ["12", "5of12", "open"]),
        (("$12", "12k", "1.2M", "100.00 CR"), ["12", "12k", "1.2M", "100.00CR"]),
        (("EUR 12.50", "Rs. 1,200", "80 kr", "USD"), ["12.50", "1200", "80", "USD"]),
        (("12,50", "12.50"), ["12,50", "12.50"]),
    ],
)
def test_numbers_are_read_as_their_column_writes_them(
    values: tuple[str, ...], read: list[str]
) -> None:
    """What is no number reaches the contract, which names it."""
    sql = plain_number("x", Profile("x", values, len(values)), number_form(values, ","))
    rows = ", ".join(f"({literal(text)})" for text in values)
    found = duckdb.connect().execute(f"select {sql} from (values {rows}) as column_of(x)")
    assert [text for (text,) in found.fetchall()] == read


def test_what_decides_alone_is_named() -> None:
    """One slip of the pen divided a whole column by a thousand without a word."""
    form = number_form(("1,200", "2,500", "3,750", "9,000") * 20 + ("1,50",), ",")
    assert form.doubt == "one number alone decides that the comma is the decimal mark"


def test_two_currencies_in_one_column_are_read_row_by_row() -> None:
    """Euros became dollars, since a dollar sign stood in another row."""
    amounts = ("$500", "€400", "300 CHF", "200")
    file = FileLook("a.csv", ("a.csv",), (Profile("Value", amounts, 4),))
    line = currency(file, {"mrr_cents": Match("mrr_cents", "Value", 1.0, "")})
    rows = ", ".join(f"({literal(text)})" for text in amounts)
    found = duckdb.connect().execute(f'select {line.sql} from (values {rows}) as a("Value")')
    assert [code for (code,) in found.fetchall()] == ["USD", "EUR", "CHF", None]


def test_a_duration_says_how_its_numbers_are_taken(contract: Contract) -> None:
    """Hours of 1.250 in a file of semicolons became 1250 and were on no list."""
    profiles = (
        Profile("Opened", ("2024-01-01", "2024-01-02"), 2),
        Profile("Resolution time (hours)", ("1.250", "2.500"), 2),
    )
    file = FileLook("tickets.csv", ("tickets.csv",), profiles, ";")
    matches = {"created_at": Match("created_at", "Opened", 1.0, "")}
    [line] = durations(contract.table("support.tickets"), file, matches)
    assert (line.column, line.is_assumed) == ("solved_at", True)
    assert line.why == "hours after it was opened; the dot groups thousands"


def test_every_number_of_a_mapping_is_read_so_and_what_is_unsure_is_marked(
    contract: Contract,
) -> None:
    file = FileLook(
        "contracts.csv",
        ("contracts.csv",),
        (
            Profile("Customer", ("C-1", "C-2"), 2),
            Profile("MRR", ("1.250", "100"), 2),
            Profile("Seats", ("1.250.000", "12"), 2),
        ),
    )
    headers = {"account_id": "Customer", "mrr_cents": "MRR", "quantity": "Seats"}
    matches = {column: Match(column, header, 1.0, "") for column, header in headers.items()}
    guess = TableGuess("billing.subscriptions", file, 1.0, matches)
    lines = {line.column: line for line in plan(contract.table(guess.table), guess, None).lines}
    assert lines["mrr_cents"].sql == "cents(\"MRR\", 'USD')"
    assert lines["mrr_cents"].is_assumed
    assert "replace" in lines["quantity"].sql
    assert not lines["quantity"].is_assumed
