"""How panels look: colours that colour-blind readers tell apart, sentences for titles."""

from collections.abc import Iterable
from typing import Any, NamedTuple

import numpy as np
from matplotlib.axes import Axes

INK, MUTED, FAINT, BAND = "#1a1a1a", "#5f6670", "#d9d9d9", "#e9eef3"
# Paul Tol's schemes "high contrast" and "vibrant", darkened where they are used for text.
SEGMENT_COLOURS = {"smb": "#b07f00", "mid_market": "#bb5566", "enterprise": "#004488"}
SEGMENT_NAMES = {"smb": "SMB", "mid_market": "mid-market", "enterprise": "enterprise"}
REGION_COLOURS = {"AMER": "#0077bb", "EMEA": "#cc4a00", "APAC": "#00796b"}
GOOD, BAD, NEUTRAL = "#0077bb", "#cc3311", "#9aa5b1"
MINUS = "\N{MINUS SIGN}"

SETTINGS: dict[Any, Any] = {
    "font.family": "DejaVu Sans",
    "font.size": 8.5,
    "text.color": INK,
    # A dollar is a dollar here, not the beginning of a formula.
    "text.parse_math": False,
    "axes.edgecolor": FAINT,
    "axes.labelcolor": MUTED,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "xtick.color": MUTED,
    "ytick.color": MUTED,
    "xtick.labelsize": 8,
    "ytick.labelsize": 8,
    "xtick.major.size": 0,
    "ytick.major.size": 0,
    "axes.axisbelow": True,
    "svg.fonttype": "path",
    # Names of clipping paths in an SVG come from here: the same company gives the same bytes.
    "svg.hashsalt": "tenure",
}


class Words(NamedTuple):
    """A panel's finding, with its number, and how to read the panel."""

    finding: str
    note: str


def rule(axes: Axes, axis: str = "y") -> None:
    """Faint lines along one axis (x, y or both), no box."""
    axes.grid(axis=axis, color=FAINT, linewidth=0.6)  # pyright: ignore[reportArgumentType]
    axes.spines[["left", "bottom"]].set_visible(False)


def bare(axes: Axes, *kept: str) -> None:
    """No box but for the sides that are kept."""
    gone = [side for side in ("left", "bottom") if side not in kept]
    axes.spines[gone].set_visible(False)


def label(axes: Axes, x: Any, y: Any, text: str, colour: str = INK, **options: Any) -> None:
    """A direct label beside a point, in the colour of what it names."""
    settings = {"xytext": (5, 0), "va": "center", "fontsize": 8.5} | options
    # Unclipped: a label that was moved from another may stand beyond the axes' end.
    axes.annotate(
        text, (x, y), textcoords="offset points", color=colour, annotation_clip=False, **settings
    )


def apart(values: Iterable[float], least: float) -> np.ndarray:
    """The values, moved as little as needed for labels at them to be `least` apart."""
    placed = np.array(list(values), dtype=float)
    order = np.argsort(placed)
    for _ in range(100):
        short = least - np.diff(placed[order])
        close = np.flatnonzero(short > 1e-9)
        if not len(close):
            break
        for place in close:
            push = max(least - (placed[order[place + 1]] - placed[order[place]]), 0.0) / 2
            placed[order[place]] -= push
            placed[order[place + 1]] += push
    return placed


def money(amount: float) -> str:
    """Dollars, short."""
    sign, size = (MINUS if amount < 0 else ""), abs(amount)
    for unit, name in ((1e9, "bn"), (1e6, "m"), (1e3, "k")):
        if size >= unit:
            return f"{sign}${size / unit:.{1 if size < 10 * unit else 0}f}{name}"
    return f"{sign}${size:.0f}"


def percent(share: float, digits: int = 0) -> str:
    """A share in percent."""
    return f"{share:.{digits}%}".replace("-", MINUS)


def points(value: float, digits: int = 1) -> str:
    """Percentage points with their sign."""
    shown = f"{value:+.{digits}f}".replace("-", MINUS)
    return shown if shown.strip(f"+{MINUS}0.") else shown[1:]


def capitalised(text: str) -> str:
    """The text with its first letter large; the others keep theirs."""
    return text[:1].upper() + text[1:]
