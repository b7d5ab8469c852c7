"""What each colour means, everywhere in the app.

Green, yellow, red and grey say health and nothing else; blue is money that came, plum is money
that went. A tier is never told by colour alone: it carries a symbol and its name.
"""

from collections.abc import Iterable
from dataclasses import dataclass

INK = "#1f2a37"
QUIET = "#5b6776"
GRID = "#e9edf2"
ACCENT = "#2f5d8a"


@dataclass(frozen=True)
class Look:
    """How one health colour is drawn: fills, the symbol beside its name, and its badge colour.

    A scorecard may give two tiers one colour (Excellent and Good are both green): the better one
    takes `fill`, the next `lighter`. `text` is dark enough to be read on white.
    """

    fill: str
    lighter: str
    text: str
    symbol: str


# Fills chosen so that all pairs stay apart for viewers without red or green cones;
# tests/dashboards/test_palette.py measures it.
HEALTH = {
    "green": Look("#14745a", "#54b492", "#14745a", "●"),
    "yellow": Look("#e9b949", "#f3d58d", "#876000", "▲"),
    "red": Look("#bf4330", "#dc8676", "#b23a28", "◆"),
    "grey": Look("#b3bbc5", "#d0d6dd", "#5b6776", "○"),
}
COLOURS = tuple(HEALTH)

MOVEMENTS = {
    "new": "#2f5d8a",
    "expansion": "#6c9bc6",
    "reactivation": "#b4cde4",
    "contraction": "#c39bbb",
    "churn": "#7a3b69",
}

# Light to dark: more kept is darker. The first step is not white, which means "not yet known".
RETAINED = ((0.0, "#f3dfd3"), (0.5, "#9dbfdc"), (1.0, "#1f4a75"))


def look(colour: str | None) -> Look:
    """The look of a colour of the warehouse; an unknown one is grey, never green."""
    return HEALTH.get(str(colour), HEALTH["grey"])


def tier_fills(tiers: Iterable[tuple[str, str]]) -> dict[tuple[str, str], str]:
    """The fill of each (tier, colour), given best first: same colour, the lesser tier lighter."""
    fills: dict[tuple[str, str], str] = {}
    seen: set[str] = set()
    for tier, colour in tiers:
        fills[(tier, colour)] = look(colour).lighter if colour in seen else look(colour).fill
        seen.add(colour)
    return fills
