"""Numbers of a score, for a terminal."""

from rich.text import Text

from orchestration.terminal import UNKNOWN


def number(value: float | None) -> Text:
    """A signal's value; a count without decimals."""
    if value is None:
        return Text(UNKNOWN)
    return Text(f"{value:,.0f}" if float(value).is_integer() else f"{value:,.3f}")


def points(value: float | None) -> Text:
    """Points of a score, to the millionth that they are kept in."""
    return Text(UNKNOWN if value is None else f"{value:,.6f}")
