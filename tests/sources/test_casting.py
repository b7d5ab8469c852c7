"""Texts as the contract's types, one by one."""

from __future__ import annotations

import duckdb
import pytest

from sources.casting import cast
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
