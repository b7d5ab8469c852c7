"""How values are written: the mistakes that would put a wrong number before a reader."""

from datetime import date

import numpy as np
import pandas as pd
import pytest

from dashboards import formatting


@pytest.mark.parametrize("missing", [None, float("nan"), np.nan, pd.NaT, pd.NA])
def test_an_unknown_value_is_a_dash_and_never_a_zero(missing: object) -> None:
    assert formatting.count(missing) == "—"
    assert formatting.money(missing, "USD") == "—"
    assert formatting.percent(missing) == "—"
    assert formatting.day(missing) == "—"


@pytest.mark.parametrize(
    ("amount", "currency", "expected"),
    [
        (950, "USD", "$950"),
        (1_234.4, "EUR", "€1.2K"),
        (999_960, "USD", "$1.0M"),
        (744_000, "USD", "$744K"),
        (12_300_000, "GBP", "£12.3M"),
        (5_000, "CHF", "CHF\u00a05.0K"),
        (5_000, None, "5.0K"),
        (-1_200, "USD", "\u2212$1.2K"),
        (-0.2, "USD", "$0"),
    ],
)
def test_money_names_its_currency_and_keeps_three_figures(
    amount: float, currency: str | None, expected: str
) -> None:
    assert formatting.money(amount, currency, compact=True) == expected


def test_one_of_a_thing_is_named_in_the_singular() -> None:
    assert [formatting.counted(number, "account") for number in (0, 1, 1_000, None)] == [
        "0 accounts",
        "1 account",
        "1,000 accounts",
        f"{formatting.UNKNOWN} accounts",
    ]


def test_a_small_share_is_not_printed_as_none() -> None:
    assert formatting.percent(0.0004) == "<0.1%"
    assert formatting.percent(0.002, digits=0) == "<1%"
    assert formatting.percent(0) == "0.0%"


def test_a_change_carries_its_sign() -> None:
    assert formatting.signed_count(3) == "+3"
    assert formatting.signed_count(-3) == "\u22123"
    assert formatting.signed_money(-1_200, "USD") == "\u2212$1.2K"


def test_a_day_cannot_be_read_month_first() -> None:
    assert formatting.day(date(2022, 12, 1)) == "1 Dec 2022"
    assert formatting.quarter(date(2026, 10, 1)) == "Q4 2026"


def test_warehouse_values_are_words() -> None:
    assert formatting.words("mid_market") == "Mid market"
    assert formatting.words("smb") == "SMB"
    assert formatting.words(None) == "Unknown"
