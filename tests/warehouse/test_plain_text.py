"""Text of files is shown as it is, wherever it is shown, and does nothing there."""

from __future__ import annotations

import html
import io
import re

import pandas as pd
import pytest
from markdown_it import MarkdownIt

from tests.hostile import COMMANDS, HOSTILE
from warehouse.plain_text import (
    log_line,
    markdown,
    plotly,
    spreadsheet,
    spreadsheet_cell,
    visible,
)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[2J", "\\x1b[2J"),
        ("\u202eevil\u2069", "\\u202eevil\\u2069"),
        ("one\ntwo", "one\\x0atwo"),
        ("in\u200bvisible", "in\\u200bvisible"),
        ("\U000e0041", "\\U000e0041"),
        (float("nan"), "nan"),
    ],
)
def test_what_commands_a_screen_is_shown_as_its_escape(text: object, shown: str) -> None:
    """A name with an escape code clears the screen; one with U+202E is read from its end."""
    assert visible(text) == log_line(text) == shown
    assert visible(visible(text)) == shown


@pytest.mark.parametrize(
    "name",
    ["Müller & Söhne", "نرم\u200cافزار", "株式会社\u3000例", "👩\u200d💻", "L\u2019Été\u00a0SA"],  # noqa: RUF001
)
def test_names_keep_their_letters(name: str) -> None:
    """Joiners and wide blanks are no commands: without them Persian is misspelt."""
    assert visible(name) == name
    assert spreadsheet_cell(name) == name


def test_markdown_shows_text_and_makes_nothing_of_it() -> None:
    """An image in an account's name calls its server; a link goes where its author wants."""
    made = MarkdownIt("gfm-like", {"html": True, "linkify": False}).render(markdown(HOSTILE))
    assert set(re.findall(r"<(\w+)", made)) == {"p"}
    read = html.unescape(made.removeprefix("<p>").removesuffix("</p>\n"))
    assert read.replace("\u2060", "") == visible(HOSTILE)


@pytest.mark.parametrize("address", ["https://evil.example", "http://e", "www.evil.example"])
def test_no_address_becomes_a_link(address: str) -> None:
    """GitHub's Markdown finds bare addresses after escapes are resolved (mdast-util-gfm)."""
    found = re.compile(r"(https?://|www(?=\.))([-.\w]+)", re.IGNORECASE | re.ASCII)
    assert found.search(address)
    assert not found.search(markdown(address).replace("\\", ""))


def test_plotly_shows_tags_and_templates_as_text() -> None:
    """Plotly reads <a href> in a label as a link, and %{y} in a hover text as the bar's value."""
    label = plotly(HOSTILE)
    assert not set("<>$%").intersection(label)
    assert html.unescape(label) == visible(HOSTILE)


@pytest.mark.parametrize(
    ("cell", "safe"),
    [
        ("=HYPERLINK(1)", "'=HYPERLINK(1)"),
        ("  @SUM(A1)", "'  @SUM(A1)"),
        ("+49 30 1234", "'+49 30 1234"),
        ("\uff1d1+1", "'\uff1d1+1"),
        ("Acme;=1+1", "Acme;'=1+1"),
        ("\t=1+1", "\\x09=1+1"),
        ("Acme = good; better", "Acme = good; better"),
    ],
)
def test_no_cell_is_run_as_a_formula(cell: str, safe: str) -> None:
    assert spreadsheet_cell(cell) == safe


def test_a_download_keeps_its_numbers_and_what_is_unknown() -> None:
    frame = pd.DataFrame({"account_name": ["=1+1", "Plain", None], "=mrr": [-1.0, 2, 3]})
    frame["mixed"] = ["=2", 3, None]
    safe = spreadsheet(frame)
    assert list(safe["account_name"].iloc[:2]) == ["'=1+1", "Plain"]
    assert safe["account_name"].isna().tolist() == [False, False, True]
    assert list(safe["'=mrr"]) == [-1.0, 2, 3]
    assert list(safe["mixed"].iloc[:2]) == ["'=2", 3]
    assert spreadsheet(frame.iloc[:0, :0]).empty


def test_a_hostile_row_stays_one_row_of_a_download() -> None:
    """A line end within a cell is a row of its own to all who read line by line."""
    text = spreadsheet(pd.DataFrame({"name": [HOSTILE], "note": [HOSTILE]})).to_csv(index=False)
    assert not set(COMMANDS).intersection(text)
    assert text.count("\n") == 2
    assert pd.read_csv(io.StringIO(text))["name"].str.startswith("'=HYPERLINK").all()
