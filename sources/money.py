"""Amounts in mappings: major units to minor units, by what the currency's are."""

from __future__ import annotations

import csv
from pathlib import Path

import duckdb

from sources.landing import literal

MINOR_UNITS = Path(__file__).resolve().parents[1] / "dbt_project/seeds/currency_minor_units.csv"
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
    with MINOR_UNITS.open(encoding="utf-8", newline="") as stream:
        digits = {row["currency"]: int(row["minor_unit_digits"]) for row in csv.DictReader(stream)}
    cases = " ".join(
        f"when {literal(currency)} then {10**number}" for currency, number in sorted(digits.items())
    )
    con.execute(CENTS.format(cases=cases or "when '' then 1", usual=10**USUAL_DIGITS))
