"""The report on the data as one HTML page that needs nothing beside it."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from dashboards.data_report import DataReport
from warehouse.plain_text import visible

TEMPLATES = Path(__file__).parent
LONGEST_EXAMPLE = 400


def shown(value: object) -> object:
    """What the page shows of a value: nothing that turns the writing around. A macro's is ours."""
    return value if isinstance(value, Markup) else visible(value)


# What files say is text and nothing else: markup in a cell must not run in the reader's browser.
ENVIRONMENT = Environment(
    loader=FileSystemLoader(TEMPLATES), autoescape=True, undefined=StrictUndefined, finalize=shown
)


def shortened(text: object) -> str:
    """An example that a person can take in."""
    whole = str(text)
    return whole if len(whole) <= LONGEST_EXAMPLE else f"{whole[:LONGEST_EXAMPLE]} …"


def counted(number: int) -> str:
    """A whole number with thousands apart."""
    return f"{number:,}"


ENVIRONMENT.filters |= {"shortened": shortened, "counted": counted}


def data_page(report: DataReport, company: str) -> str:
    """The page's HTML."""
    template = ENVIRONMENT.get_template("data.html")
    return template.render(report=report, company=company, written_at=datetime.now(UTC))
