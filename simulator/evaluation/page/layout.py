"""Where panels stand: rows of slots, measured in inches from the top of the page."""

import textwrap
from collections.abc import Callable
from dataclasses import dataclass

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from simulator.evaluation.page.style import FAINT, INK, MUTED, Words

WIDTH = 14.0
_MARGIN = 0.35
_HEADER, _FOOTER = 1.15, 0.5
_HEADING, _GAP, _BELOW = 0.56, 0.2, 0.62
# Sizes in points, and how wide a letter and high a line of each is in inches.
_FINDING, _NOTE = 10.5, 8.0
_LETTER = {_FINDING: 0.0905, _NOTE: 0.0655}
_LINE = {_FINDING: 0.185, _NOTE: 0.145}


@dataclass(frozen=True)
class Panel:
    """A drawing and its slot.

    `begins`, `ends`: shares of the page's width. `left`, `right`: inches within the slot that
    are kept for labels beside the axes.
    """

    draw: Callable[[Axes], Words]
    begins: float
    ends: float
    left: float = 0.5
    right: float = 0.9

    def span(self) -> tuple[float, float]:
        """Where the slot begins and ends, in inches."""
        usable = WIDTH - 2 * _MARGIN
        return _MARGIN + self.begins * usable, _MARGIN + self.ends * usable


@dataclass(frozen=True)
class Row:
    """Panels side by side under a heading; `height` is that of their axes in inches."""

    heading: str
    height: float
    panels: tuple[Panel, ...]


@dataclass(frozen=True)
class _Drawn:
    """A row with its axes, their wrapped words, and the inches that the words take."""

    row: Row
    axes: list[Axes]
    words: list[tuple[list[str], list[str]]]
    titles: float

    @property
    def height(self) -> float:
        return _HEADING + self.titles + _GAP + self.row.height + _BELOW


def lay_out(title: str, facts: str, footer: str, rows: list[Row]) -> Figure:
    """The page with all panels drawn; its height follows from what they have to say."""
    figure = Figure(figsize=(WIDTH, WIDTH), facecolor="white")
    drawn = [_draw(figure, row) for row in rows]
    height = _HEADER + sum(row.height for row in drawn) + _FOOTER
    figure.set_size_inches(WIDTH, height)
    _write(figure, _MARGIN, 0.32, title, fontsize=22, fontweight="bold")
    _write(figure, _MARGIN, 0.80, facts, fontsize=10.5, color=MUTED)
    top = _HEADER
    for row in drawn:
        _place(figure, row, top)
        top += row.height
    _write(figure, _MARGIN, top + 0.1, footer, fontsize=8, color=MUTED)
    return figure


def _draw(figure: Figure, row: Row) -> _Drawn:
    axes, words = [], []
    for panel in row.panels:
        # Their places are known once all have said how many lines they need.
        axes.append(figure.add_axes((0, 0, 1, 1), label=f"{row.heading} {panel.begins}"))
        begins, ends = panel.span()
        finding, note = panel.draw(axes[-1])
        inches = ends - begins - 0.25
        words.append((_wrapped(finding, inches, _FINDING), _wrapped(note, inches, _NOTE)))
    titles = max(
        len(finding) * _LINE[_FINDING] + len(note) * _LINE[_NOTE] for finding, note in words
    )
    return _Drawn(row, axes, words, titles)


def _wrapped(text: str, inches: float, size: float) -> list[str]:
    return textwrap.wrap(text, int(inches / _LETTER[size]))


def _place(figure: Figure, drawn: _Drawn, top: float) -> None:
    height = figure.get_figheight()
    line = 1 - (top + 0.12) / height
    figure.add_artist(
        Line2D([_MARGIN / WIDTH, 1 - _MARGIN / WIDTH], [line, line], color=FAINT, linewidth=1)
    )
    _write(figure, _MARGIN, top + 0.2, drawn.row.heading, fontsize=11, color=MUTED)
    bottom = top + _HEADING + drawn.titles + _GAP + drawn.row.height
    for panel, axes, (finding, note) in zip(drawn.row.panels, drawn.axes, drawn.words, strict=True):
        begins, ends = panel.span()
        width = ends - panel.right - begins - panel.left
        axes.set_position(
            (
                (begins + panel.left) / WIDTH,
                1 - bottom / height,
                width / WIDTH,
                drawn.row.height / height,
            )
        )
        y = top + _HEADING
        for lines, size, look in (
            (finding, _FINDING, {"fontweight": "bold"}),
            (note, _NOTE, {"color": MUTED}),
        ):
            for text in lines:
                _write(figure, begins, y, text, fontsize=size, **look)
                y += _LINE[size]


def _write(figure: Figure, x: float, y: float, text: str, **look: object) -> None:
    """Text whose upper left corner is so many inches from the page's."""
    settings = {"color": INK, "va": "top"} | look
    figure.text(x / WIDTH, 1 - y / figure.get_figheight(), text, **settings)  # pyright: ignore[reportArgumentType]
