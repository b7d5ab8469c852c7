"""Amounts by their currency: major units to minor units in mappings, and what is plausible."""

from __future__ import annotations

import csv
from functools import cache
from pathlib import Path

import duckdb

from sources.landing import literal

SEEDS = Path(__file__).resolve().parents[1] / "dbt_project/seeds"
MINOR_UNITS = SEEDS / "currency_minor_units.csv"
PLAUSIBLE_AMOUNTS = SEEDS / "plausible_amounts.csv"
PLAUSIBLE_RATES = SEEDS / "plausible_rates.csv"
USUAL_DIGITS = 2

# What is no number stays as it is, so that the contract's type check can name it. One argument
# would make 1,200,000 of 12,000 yen, which have no minor units.
CENTS = """
create or replace macro cents
    (amount) as error('cents(amount) needs the currency: cents(amount, currency)'),
    (amount, currency) as coalesce(
        (
            try_cast(amount as decimal(28, 6))
            * case upper(trim(currency)) {cases} else {usual} end
        )::bigint::varchar,
        amount::varchar
    )
"""


def define_cents(con: duckdb.DuckDBPyConnection) -> None:
    """Give mappings the macro `cents(amount, currency)`: minor units as text, for the contract."""
    digits = _by_currency(MINOR_UNITS, "minor_unit_digits")
    cases = " ".join(
        f"when {literal(currency)} then {10**number}" for currency, number in sorted(digits.items())
    )
    con.execute(CENTS.format(cases=cases or "when '' then 1", usual=10**USUAL_DIGITS))


@cache
def times_plausible(currency: str) -> str:
    """SQL: how many times a maximum of the contract an amount in a currency may be."""
    times = _by_currency(PLAUSIBLE_AMOUNTS, "times")
    others = times.pop("OTHER")
    cases = " ".join(f"when {literal(code)} then {number}" for code, number in times.items())
    return f"case {currency} {cases} else {others} end"


@cache
def rate_bound(currency: str, side: str) -> str:
    """SQL: the least (`low`) or most (`high`) dollars that a unit of a currency is worth."""
    with PLAUSIBLE_RATES.open(encoding="utf-8", newline="") as stream:
        bounds = {row["currency"]: row[side] for row in csv.DictReader(stream)}
    others = bounds.pop("OTHER")
    cases = " ".join(f"when {literal(code)} then {bound}" for code, bound in bounds.items())
    return f"case {currency} {cases} else {others} end"


def _by_currency(seed: Path, column: str) -> dict[str, int]:
    with seed.open(encoding="utf-8", newline="") as stream:
        return {row["currency"]: int(row[column]) for row in csv.DictReader(stream)}
