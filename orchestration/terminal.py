"""The terminal of every command: what comes from files is printed, and never obeyed.

Rich reads a string as markup: an account called `[/b]` ended a good run in a traceback, and
`[us-east]` was not printed at all. Here a string is text; styles are given beside it.
"""

from __future__ import annotations

from typing import Any

from rich.console import Console
from rich.text import Text

from warehouse.plain_text import visible

UNKNOWN = "unknown"


class Terminal(Console):
    """A console to which strings, also those in tables, are text without markup and commands."""

    def render_str(self, text: str, **options: Any) -> Text:
        """The text of a string, on one line: a line end in it may be a file's."""
        return super().render_str(visible(text), **{**options, "markup": False, "emoji": False})

    def print_lines(self, message: object, style: str = "") -> None:
        """Print a message of several lines, such as an error's."""
        for line in str(message).splitlines():
            self.print(line, style=style, highlight=False, soft_wrap=True)


def plain(value: object) -> Text:
    """A value as one piece of text: no markup, and nothing that moves a cursor or ends the line."""
    return Text(UNKNOWN if value is None else visible(value))


def styled(*parts: object) -> Text:
    """One line of parts, each a value or a pair of a value and its style."""
    return Text.assemble(
        *((visible(part[0]), part[1]) if isinstance(part, tuple) else plain(part) for part in parts)
    )
