"""Texts as the contract's types, one by one."""

from __future__ import annotations

import duckdb
import pytest

from sources.casting import cast, has_type_error
from sources.contract import Column


def read_as(con: duckdb.DuckDBPyConnection, data_type: str, text: str) -> object:
    """What a text becomes in an optional column of a type."""
    sql = cast(Column("x", data_type, ""), "VARCHAR")
    [(value,)] = con.execute(f"select {sql} from (select ?::varchar as x)", [text]).fetchall()
    return value


@pytest.mark.parametrize("data_type", ["bigint", "numeric", "double precision"])
@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("1,200", 1200),
        ("-12,500,000", -12_500_000),
        ("0,500", None),
        ("012,500", None),
        ("1,20", None),
    ],
)
def test_a_comma_groups_thousands_after_no_leading_zero(con, data_type, text, number) -> None:
    """A half written with a comma was five hundred; a metric of 1,200 was no number."""
    assert read_as(con, data_type, text) == number


def test_a_grouped_number_may_have_decimals_where_its_column_may(con) -> None:
    assert read_as(con, "double precision", "1,200.25") == 1200.25
    assert float(str(read_as(con, "numeric", "1,200.25"))) == 1200.25
    assert read_as(con, "bigint", "1,200.25") is None


@pytest.mark.parametrize(
    ("text", "flag"),
    [("Ja", True), ("nee", False), ("Sim", True), ("NÃO", False), ("1.0", True), ("0.0", False)],
)
def test_flags_are_read_as_people_and_programs_write_them(con, text, flag) -> None:
    assert read_as(con, "boolean", text) is flag


def test_only_a_time_is_null_where_it_says_nat(con) -> None:
    """A customer called Nat lost the name."""
    assert read_as(con, "text", "Nat") == "Nat"
    assert read_as(con, "timestamptz", "NaT") is None
    sql = has_type_error(Column("x", "timestamptz", ""), "VARCHAR")
    assert con.execute(f"select {sql} from (select 'NaT' as x)").fetchall() == [(False,)]


@pytest.mark.parametrize(
    ("written", "code"),
    [
        ("Germany", "DE"),
        ("GER", "DE"),
        ("Weißrussland", "BY"),
        ("GROSSBRITANNIEN", "GB"),
        ("Kosovo", "XK"),
        ("Saint Martin", "MF"),
        ("United States of America (USA)", "US"),
        ("Österreich", "AT"),
        ("Côte d\u2019Ivoire", "CI"),
        ("united states", "US"),
        ("gbr", "GB"),
        ("fr", "FR"),
        ("Narnia", "Narnia"),
    ],
)
def test_a_country_is_read_by_its_name(written: str, code: str) -> None:
    """A CRM writes United States: the check on two-letter codes stopped the whole company."""
    sql = cast(Column("country", "text", "", is_country=True), "VARCHAR")
    con = duckdb.connect()
    assert con.execute(f"select {sql} from (select ? as country)", [written]).fetchall() == [
        (code,)
    ]
