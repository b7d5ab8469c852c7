"""Amounts for each period of billing, and what else a column's values say of its meaning."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import duckdb
import pytest

from sources import Contract
from sources.guessing.columns import match_columns
from sources.guessing.derived import Line
from sources.guessing.periods import times_a_year
from sources.guessing.plans import plan
from sources.guessing.tables import FileLook, TableGuess
from sources.guessing.values import Profile
from sources.guessing.words import vocabulary
from sources.landing import literal, quoted
from sources.money import define_cents

SUBSCRIPTIONS = "billing.subscriptions"


def look(columns: Mapping[str, Sequence[str]]) -> FileLook:
    profiles = tuple(
        Profile(name, tuple(filter(None, texts)), len(texts)) for name, texts in columns.items()
    )
    return FileLook("subs.csv", ("subs.csv",), profiles)


def lines_of(contract: Contract, columns: Mapping[str, Sequence[str]]) -> dict[str, Line]:
    """What `tenure map` makes of a file of subscriptions."""
    file = look(columns)
    table = contract.table(SUBSCRIPTIONS)
    matches = match_columns(table, file.profiles, vocabulary())
    guess = TableGuess(SUBSCRIPTIONS, file, 1.0, matches)
    return {line.column: line for line in plan(table, guess, None).lines}


def read(sql: str, columns: Mapping[str, Sequence[str]]) -> list[str | None]:
    """The values of a line over the file's rows."""
    con = duckdb.connect()
    define_cents(con)
    rows = ", ".join(
        f"({', '.join(literal(text) if text else 'null' for text in row)})"
        for row in zip(*columns.values(), strict=True)
    )
    names = ", ".join(map(quoted, columns))
    found = con.execute(f"select ({sql})::varchar from (values {rows}) as a({names})")
    return [text for (text,) in found.fetchall()]


def test_an_amount_is_that_of_a_month_whatever_its_interval(contract: Contract) -> None:
    """Stripe's Amount of a yearly plan counted twelve times."""
    columns = {
        "id": ["s1", "s2", "s3", "s4", "s5", "s6", "s7"],
        "Customer ID": ["a", "b", "c", "d", "e", "f", "g"],
        "Amount": ["1200", "300", "100", "12", "10", "1200", "600"],
        "Currency": ["usd"] * 7,
        "Interval": ["year", "quarter", "month", "week", "day", "year", "month"],
        "Interval Count": ["1", "1", "1", "1", "1", "2", "6"],
        "Start date": ["2024-01-01"] * 7,
    }
    lines = lines_of(contract, columns)
    assert read(lines["mrr_cents"].sql, columns) == [
        "10000", "10000", "10000", "5200", "30417", "5000", "10000",
    ]  # fmt: skip
    assert lines["mrr_cents"].is_assumed
    assert 'an amount for each "Interval"' in lines["mrr_cents"].why
    assert read(lines["billing_period_months"].sql, columns)[:3] == ["12", "3", "1"]


def test_periods_of_other_languages_and_of_a_unit_beside_its_number(contract: Contract) -> None:
    columns = {
        "Kunde": ["a", "b", "c"],
        "Betrag": ["1200", "300", "100"],
        "Billing period unit": ["jährlich", "vierteljährlich", "Monat"],
        "Billing period": ["1", "1", "2"],
    }
    assert read(lines_of(contract, columns)["mrr_cents"].sql, columns) == [
        "10000", "10000", "5000",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("words", "often"),
    [
        ("monatlich|Monatliche|pro Monat|je Monat|mensuel|tous les mois|par mois", 12),
        ("mensual|cada mes|al mes|mensal|ao mês|mensile|ogni mese|maandelijks|/month", 12),
        ("jährlich|Jahr|pro Jahr|annuel|annuelle|par an|année|anual|año|cada año", 1),
        ("ao ano|annuale|all'anno|ogni anno|jaarlijks|per jaar|12 Monate|12-month", 1),
        ("vierteljährlich|Quartal|trimestre|trimestriel|trimestral|trimestrale|kwartaal", 4),
        ("alle 3 Monate|3 mois|cada 3 meses|3 mesi|elke 3 maanden|dreimonatlich", 4),
        ("halbjährlich|semestriel|semestral|semestrale|halfjaarlijks|6 months", 2),
        ("wöchentlich|hebdomadaire|semanal|settimanale|wekelijks", 52),
        ("zweijährlich|bienal|biennale|tweejaarlijks|24 mois", 0.5),
        ("36 Monate|3 ans", 1 / 3),
    ],
)
def test_a_period_is_known_in_six_languages(words: str, often: float) -> None:
    """Yearly amounts of other languages counted twelve times, or no row had an amount."""
    assert {times_a_year(word) for word in words.split("|")} == {often}


@pytest.mark.parametrize(
    "word",
    [
        *("einmalig", "lifetime", "0 Monate", "3", "visa", "des", "a"),
        # four times a year, not once in four
        *("4 per year", "4 pro Jahr", "12 par an", "2 a month"),
    ],
)
def test_another_word_is_no_period(word: str) -> None:
    assert times_a_year(word) is None


@pytest.mark.parametrize(
    "header",
    ["Abrechnungszeitraum", "Zahlungsrhythmus", "Turnus", "Périodicité", "Fréquence de facturation",
     "Ciclo de facturación", "Frecuencia de pago", "Periodicidade", "Frequência de cobrança",
     "Frequenza di fatturazione", "Periodicità", "Facturatiefrequentie", "Factuurperiode"],
)  # fmt: skip
def test_an_interval_is_known_by_its_header_in_six_languages(
    contract: Contract, header: str
) -> None:
    columns = {
        "Customer ID": ["a", "b", "c"],
        "Amount": ["1200", "300", "7200"],
        header: ["annuel", "alle 3 Monate", "36 mesi"],
    }
    lines = lines_of(contract, columns)
    assert read(lines["mrr_cents"].sql, columns) == ["10000", "10000", "20000"]
    assert read(lines["billing_period_months"].sql, columns) == ["12", "3", "36"]


def test_an_amount_of_an_unknown_period_is_no_number(contract: Contract) -> None:
    """The contract names the row: a month's amount would be a guess."""
    columns = {
        "Customer ID": ["a", "b", "c", "d", "e", "f"],
        "Amount": ["1200", "300", "100", "100", "100", "50"],
        "Interval": ["year", "month", "month", "week", "month", "lifetime"],
    }
    assert read(lines_of(contract, columns)["mrr_cents"].sql, columns)[-1] == "50 per lifetime"


@pytest.mark.parametrize("header", ["MRR", "Monthly fee"])
def test_a_months_amount_stays_one_whatever_is_billed(contract: Contract, header: str) -> None:
    columns = {
        "Customer ID": ["a", "b"],
        header: ["100", "50"],
        "Billing frequency": ["annual", "annual"],
    }
    assert read(lines_of(contract, columns)["mrr_cents"].sql, columns) == ["10000", "5000"]


@pytest.mark.parametrize(
    "header", ["Trial period", "Meeting cadence", "Review frequency", "Reporting cycle"]
)
def test_other_intervals_are_not_how_amounts_are_billed(contract: Contract, header: str) -> None:
    """Quarterly meetings divided amounts by three, and were how long a period of billing is."""
    columns = {"Customer ID": ["a", "b"], "Amount": ["100", "50"], header: ["quarterly"] * 2}
    lines = lines_of(contract, columns)
    assert read(lines["mrr_cents"].sql, columns) == ["10000", "5000"]
    assert "billing_period_months" not in lines


def test_a_whole_contracts_amount_is_divided_by_its_term(contract: Contract) -> None:
    """36,000 for 36 months, paid each quarter, were 12,000 a month."""
    columns = {
        "Customer ID": ["a", "b"],
        "Contract value": ["36000", "1200"],
        "Payment frequency": ["quarterly", "monthly"],
        "Contract term (months)": ["36", "12"],
    }
    line = lines_of(contract, columns)["mrr_cents"]
    assert (read(line.sql, columns), line.is_assumed) == (["100000", "10000"], True)
    del columns["Contract term (months)"]
    line = lines_of(contract, columns)["mrr_cents"]
    assert (read(line.sql, columns), line.is_assumed) == (["3600000", "120000"], True)


def test_a_period_is_its_unit_as_often_as_its_count_says(contract: Contract) -> None:
    """Stripe's interval_count: three months were one, beside an amount divided by three; a blank
    count is one, and a count that is no number leaves the row to the contract."""
    columns = {
        "Customer ID": ["a", "b", "c", "d", "e", "f", "g"],
        "Amount": ["300", "1200", "50", "70", "30", "60", "60"],
        "interval": ["month", "year", "monthly", "lifetime", "Monat", "quarter", "months"],
        "interval_count": ["3", "1", "", "1", "x", "2", "6"],
    }
    lines = lines_of(contract, columns)
    assert read(lines["billing_period_months"].sql, columns) == [
        "3", "12", "1", "lifetime", "Monat", "6", "6",
    ]  # fmt: skip
    amounts = ["10000", "10000", "5000", "70 per lifetime", "30 per monat", "1000", "1000"]
    assert read(lines["mrr_cents"].sql, columns) == amounts


def test_an_amount_in_minor_units_keeps_its_unknown_period(contract: Contract) -> None:
    """It was null, and the row was named for an amount that it has."""
    columns = {
        "Customer ID": ["a", "b", "c"],
        "Amount": ["1200", "700", "600"],
        "interval": ["year", "lifetime", "month"],
        "livemode": ["true"] * 3,
    }
    found = read(lines_of(contract, columns)["mrr_cents"].sql, columns)
    assert found == ["100", "700 per lifetime", "600"]


@pytest.mark.parametrize(
    ("states", "is_status"),
    [
        (("California", "Texas", "Ohio"), False),
        (("CA", "TX", "OH"), False),
        (("Bayern", "Hessen", "Sachsen"), False),
        (("active", "past_due", "canceled"), True),
    ],
)
def test_a_state_may_be_a_place(
    contract: Contract, states: tuple[str, ...], is_status: bool
) -> None:
    columns = {"Customer ID": ["a", "b", "c"], "MRR": ["1", "2", "3"], "State": states}
    assert ("status" in lines_of(contract, columns)) is is_status


@pytest.mark.parametrize("texts", [("20240131", "20240215"), ("45322", "45337")])
def test_days_without_marks_are_looked_for(contract: Contract, texts: tuple[str, ...]) -> None:
    """They lay in attributes, and the subscriptions had no start."""
    columns = {"Customer ID": ["a", "b"], "MRR": ["1", "2"], "Start date": texts}
    guess = TableGuess(
        SUBSCRIPTIONS,
        look(columns),
        1.0,
        match_columns(contract.table(SUBSCRIPTIONS), look(columns).profiles, vocabulary()),
    )
    assert plan(contract.table(SUBSCRIPTIONS), guess, None).dates == ("Start date",)


def test_a_header_start_is_guessed_where_steps_begin(contract: Contract) -> None:
    columns = {
        "Customer ID": ["a", "b"],
        "Template": ["x", "y"],
        "Step": ["one", "two"],
        "Start": ["2024-01-01", "2024-02-01"],
    }
    table = contract.table("success.onboarding_steps")
    matches = match_columns(table, look(columns).profiles, vocabulary())
    assert matches["started_at"].header == "Start"
