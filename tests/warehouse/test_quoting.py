"""Literals come back from the server as the values that they were, and never as SQL."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from warehouse import Warehouse
from warehouse.quoting import literal, with_literals

TEXTS = [
    "",
    "O'Hara",
    "50 %",
    "%(name)s",
    "a\\",
    "\\'; drop table x; --",
    "$1",
    "\u202e",
    "日本\n",
    "'",
]


@pytest.mark.parametrize("text", TEXTS)
@pytest.mark.parametrize("conforming", ["on", "off"])
def test_hostile_text_is_a_value(warehouse: Warehouse, text: str, conforming: str) -> None:
    """Text from files must not end a literal, whatever the server takes a backslash for."""
    with warehouse.transaction() as connection, connection.cursor() as cursor:
        cursor.execute(f"set standard_conforming_strings = {conforming}")
        cursor.execute(with_literals("select %(text)s::text, '%%'", {"text": text}))
        assert cursor.fetchone() == (text, "%")


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.lists(st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]))))
def test_any_texts_are_read_as_they_are(warehouse: Warehouse, texts: list[str]) -> None:
    frame = warehouse.read("select unnest(%(texts)s::text[]) as text", {"texts": texts})
    assert frame["text"].tolist() == texts


@pytest.mark.parametrize(
    ("value", "as_read"),
    [
        (-1, -1),
        (np.int64(3), 3),
        (1e-300, 1e-300),
        (Decimal("1.50"), 1.5),
        (True, True),
        (dt.date(2026, 3, 2), dt.date(2026, 3, 2)),
        (
            dt.datetime(2026, 3, 2, 1, tzinfo=dt.timezone(dt.timedelta(hours=1))),
            dt.datetime(2026, 3, 2, tzinfo=dt.UTC),
        ),
        ([1, 2], [1, 2]),
        (None, None),
    ],
)
def test_each_kind_of_value_keeps_its_type(
    warehouse: Warehouse, value: object, as_read: object
) -> None:
    read = warehouse.read_arrow(
        "select 5 -%(v)s as v" if value == -1 else "select %(v)s as v", {"v": value}
    )["v"][0].as_py()
    assert read == (6 if value == -1 else as_read)


def test_no_connection_is_opened_to_quote(
    warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It took 44 to 116 ms per query on a busy machine, where the query takes less than 5."""
    warehouse.read("select 1 as one")

    def connected(*_: object) -> None:
        raise AssertionError("a connection was opened")

    monkeypatch.setattr(warehouse, "_connected", connected)
    assert warehouse.read("select %(v)s as v", {"v": "x"})["v"].tolist() == ["x"]


@pytest.mark.parametrize(("value", "error"), [("a\0b", ValueError), ({"a": 1}, TypeError)])
def test_what_has_no_literal_is_refused(value: object, error: type[Exception]) -> None:
    with pytest.raises(error):
        literal(value)
