"""Messages say the shape of what may be a person's."""

from __future__ import annotations

import re

import duckdb
import pytest

from tests.conftest import PROJECT_ROOT
from warehouse.personal import ADDRESS, impersonal, impersonal_sql, shape, shape_sql


@pytest.mark.parametrize(
    ("sentence", "said"),
    [
        (
            "contact_id jane.doe+crm@mail.example.com is not in crm.contacts",
            "contact_id (an e-mail-like text of 29 characters) is not in crm.contacts",
        ),
        (
            "Key (email)=(jane@x.de) exists.",
            "Key (email)=((an e-mail-like text of 9 characters)) exists.",
        ),
        ('{"to": "jane@x.de"}', '{"to": "(an e-mail-like text of 9 characters)"}'),
        ("cut off: jane.doe@exam", "cut off: (an e-mail-like text of 13 characters)"),
        ("mrr_cents -5 is below 0 @ A-1", "mrr_cents -5 is below 0 @ A-1"),
    ],
)
def test_a_sentence_shows_no_mail_address(sentence: str, said: str) -> None:
    assert impersonal(sentence) == said
    assert impersonal(said) == said


def test_an_address_begins_a_word() -> None:
    """Else each of 100,000 characters was tried as its beginning."""
    long = "a" * 100_000
    assert shape(long) == "(a text of 100000 characters)"
    assert shape(f"{long}@x.de") == "(an e-mail-like text of 100005 characters)"
    assert impersonal('<jane@x.de>,"joan@x.de"').count("an e-mail-like text of 9") == 2


def test_sql_shows_the_same_shapes() -> None:
    """The messages of ingestion are made by DuckDB, the rows behind a signal by PostgreSQL."""
    text = "account_id jane@x.de; contact_id joan.doe@x.de is not in crm.contacts"
    counted = impersonal_sql("text", counted=f"regexp_extract(text, '{ADDRESS}')")
    [found] = duckdb.execute(
        f"select {counted}, {impersonal_sql('text')}, {shape_sql('text')} from (select ? as text)",
        [text],
    ).fetchall()
    assert found == (
        "account_id (an e-mail-like text of 9 characters); contact_id (an e-mail-like text) "
        "is not in crm.contacts",
        "account_id (an e-mail-like text); contact_id (an e-mail-like text) is not in crm.contacts",
        "(a text of 69 characters)",
    )
    assert shape("jane@x.de") == "(an e-mail-like text of 9 characters)"
    assert shape("Jane Doe") == "(a text of 8 characters)"


def test_dbt_knows_an_address_by_the_same_pattern() -> None:
    macro = PROJECT_ROOT / "dbt_project" / "macros" / "impersonal.sql"
    assert re.findall(r"'(\S*@\S*)', '\(", macro.read_text(encoding="utf-8")) == [ADDRESS]
