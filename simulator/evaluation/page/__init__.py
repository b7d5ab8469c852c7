"""One page on which a reader can see whether the company looks like one."""

from pathlib import Path

import matplotlib
from matplotlib.figure import Figure

from simulator.evaluation.errors import EvaluationError
from simulator.evaluation.page import style
from simulator.evaluation.page.company import Company
from simulator.evaluation.page.contents import contents, facts_in_words
from simulator.evaluation.page.layout import lay_out

SUFFIXES = (".html", ".svg", ".pdf", ".png")
TITLE = "A company whose truth is known"
# 1400 pixels wide; who wants it sharper takes .svg or .html.
_PNG_DPI = 100
_HTML = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>{title}</title>
<style>body {{ margin: 0 auto; max-width: 1400px }} svg {{ width: 100%; height: auto }}</style>
{picture}
</html>
"""


def write_page(folder: Path, out: Path) -> None:
    """Measure a simulated company and draw it to an .html, .svg, .pdf or .png file.

    Raises EvaluationError for another kind of file and for a folder without a simulated company.
    """
    if out.suffix not in SUFFIXES:
        raise EvaluationError(f"{out} ends in none of {', '.join(SUFFIXES)}")
    company = Company.open(folder)
    with matplotlib.rc_context(style.SETTINGS):
        figure = draw_page(company)
        if out.suffix == ".html":
            write_html(figure, out)
        else:
            figure.savefig(out, dpi=_PNG_DPI, metadata=undated(out.suffix))


def draw_page(company: Company) -> Figure:
    """The page as a figure."""
    return lay_out(TITLE, *facts_in_words(company), contents(company))


def undated(suffix: str) -> dict[str, None]:
    """Metadata without a date: the same company gives the same file."""
    return {".png": {}, ".pdf": {"CreationDate": None}}.get(suffix, {"Date": None})


def write_html(figure: Figure, out: Path) -> None:
    """The picture as a vector drawing inside a page, nothing beside it to be lost."""
    drawn = out.with_suffix(".part")
    figure.savefig(drawn, format="svg", metadata=undated(".svg"))
    picture = drawn.read_text(encoding="utf-8")
    drawn.unlink()
    picture = picture[picture.index("<svg") :]
    out.write_text(_HTML.format(title=TITLE, picture=picture), encoding="utf-8")
