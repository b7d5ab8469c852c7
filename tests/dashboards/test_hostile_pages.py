"""The app over marts whose every text is hostile: it is shown, and nothing comes of it."""

from __future__ import annotations

import re
from collections.abc import Callable

import pandas as pd
import pytest
from markdown_it import MarkdownIt
from streamlit.testing.v1 import AppTest

from tests.dashboards.conftest import contracts
from tests.hostile import COMMANDS, HOSTILE
from warehouse import Warehouse

PAGES = ("portfolio", "accounts_at_risk", "cohorts", "data_quality")
# Words that code looks up, and text that is JSON.
KEPT = {"colour", "trend", "segment", "pillar_scores", "scorecard", "currency", "failures", "notes"}
KEPT |= {"account_id", "period"}
MADE_BY_STREAMLIT = {"p", "strong", "em", "code", "ul", "ol", "li"}


def hostile(mart: str, frame: pd.DataFrame) -> pd.DataFrame:
    """The mart's rows with hostile texts; where it has several rows, different ones."""
    changed = frame.copy()
    for name in frame.columns:
        if name in KEPT or contracts()[mart][name]["data_type"] != "text":
            continue
        texts = [None if pd.isna(value) else f"{HOSTILE} {value}" for value in frame[name]]
        changed[name] = pd.Series(texts, index=frame.index, dtype=object)
    return changed


@pytest.mark.parametrize("name", PAGES)
def test_a_page_shows_hostile_text_and_makes_nothing_of_it(
    app: Callable[..., AppTest],
    company_with: Callable[..., Warehouse],
    made: dict[str, pd.DataFrame],
    name: str,
) -> None:
    """An image in a name calls its server; a cell of a table is downloaded as a formula."""
    first = str(made["customer_health"]["account_id"].iloc[0])
    marts = {mart: hostile(mart, frame) for mart, frame in made.items()}
    page = app(company_with(**marts), name, account=first)
    assert not page.exception
    assert not page.error
    kinds = (page.title, page.subheader, page.caption, page.markdown, page.warning, page.info)
    texts = [element.value for kind in kinds for element in kind]
    reader = MarkdownIt("gfm-like", {"html": True, "linkify": False})
    tags = {tag for text in texts for tag in re.findall(r"<(\w+)", reader.render(text))}
    assert tags - MADE_BY_STREAMLIT == set()
    assert "HYPERLINK" in "".join(texts)
    frames = [table.value for table in page.dataframe]
    cells = [
        cell
        for frame in frames
        for column in frame.columns
        for cell in frame[column]
        if isinstance(cell, str)
    ]
    assert not any(cell.startswith("=") for cell in cells)
    assert not set(COMMANDS).intersection("".join([*texts, *cells]))
