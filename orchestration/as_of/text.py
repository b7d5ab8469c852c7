"""Values for a terminal. What comes from files may hold anything, also what commands terminals."""

from rich.text import Text

UNKNOWN = "unknown"


def plain(value: object) -> Text:
    """A value as text: no markup, and nothing that moves a cursor or turns the writing around."""
    text = UNKNOWN if value is None else str(value)
    return Text("".join(letter if letter.isprintable() else _code(letter) for letter in text))


def number(value: float | None) -> Text:
    """A signal's value; a count without decimals."""
    if value is None:
        return Text(UNKNOWN)
    return Text(f"{value:,.0f}" if float(value).is_integer() else f"{value:,.3f}")


def points(value: float | None) -> Text:
    """Points of a score, to the millionth that they are kept in."""
    return Text(UNKNOWN if value is None else f"{value:,.6f}")


def _code(letter: str) -> str:
    return f"\\x{ord(letter):02x}" if ord(letter) < 256 else f"\\u{ord(letter):04x}"
