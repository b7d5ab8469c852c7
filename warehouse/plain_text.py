"""Text from files on its way to people: one function per place that would obey what it is given.

An account may be called `[/b]`, `<img src=…>` or `=HYPERLINK(…)`, or hold an escape code. Each
function leaves the letters as they are and takes their power from those that the place would act
upon. The terminal's are in `orchestration/terminal.py`; pages of HTML escape what they show by
Jinja's autoescape; SQL literals are made in `warehouse/quoting.py`.
"""

from __future__ import annotations

import re

import pandas as pd

# Control characters, line separators, what turns the direction of writing around or is not seen at
# all, halves of characters, and the tags in which text can be hidden. The joiners (200C and 200D)
# stay: Persian names and emoji are spelt with them.
_COMMANDS = re.compile(
    "[\x00-\x1f\x7f-\x9f\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"
    "\ud800-\udfff\U000e0000-\U000e007f]"
)
# Streamlit's Markdown also reads $LaTeX$ and :colour[…].
_MARKDOWN = re.compile(r"([\\`*_{}\[\]()#+\-.!|<>~$:&])")
# GitHub's Markdown makes links of bare addresses, and finds them after escapes are resolved. What
# splits them has no width.
_ADDRESS = re.compile(r"(https?://|www)(?=\S)", re.IGNORECASE)
_WORD_JOINER = "\u2060"
# Plotly reads tags and entities, $TeX$ where MathJax is loaded, and %{names} in templates.
_PLOTLY = {
    ord("&"): "&amp;",
    ord("<"): "&lt;",
    ord(">"): "&gt;",
    ord("$"): "&#36;",
    ord("%"): "&#37;",
}
# A spreadsheet runs a cell that starts with one of these as a formula; where a semicolon parts
# columns (Excel in most of Europe), also what follows one.
_FORMULA = re.compile(r"(^|;)(\s*[=+\-@\uff1d\uff0b\uff0d\uff20])")


def visible(value: object) -> str:
    """A value in which each character that commands a screen is shown as its escape."""
    return _COMMANDS.sub(_escape, str(value))


def log_line(value: object) -> str:
    """A value as one line of a log: no line end of it can pass for an entry of its own."""
    return visible(value)


def markdown(value: object) -> str:
    """A value that Markdown, the HTML in it and LaTeX leave as it is; no address becomes a link."""
    split = _ADDRESS.sub(rf"\1{_WORD_JOINER}", visible(value))
    return _MARKDOWN.sub(r"\\\1", split)


def plotly(value: object) -> str:
    """A value as a label, name or hover text of a Plotly figure."""
    return visible(value).translate(_PLOTLY)


def spreadsheet_cell(value: object) -> str:
    """A value that no spreadsheet runs as a formula."""
    return _FORMULA.sub(r"\1'\2", visible(value))


def spreadsheet(frame: pd.DataFrame) -> pd.DataFrame:
    """A copy with names and text cells that no spreadsheet runs; numbers and dates stay theirs.

    Also of a frame that the app shows as a table: its tool bar downloads it.
    """
    safe = frame.rename(columns=spreadsheet_cell)
    for column in safe.columns:
        # a column of texts and numbers, or with a gap, is one of objects
        if safe[column].dtype == object or pd.api.types.is_string_dtype(safe[column]):
            safe[column] = safe[column].map(_cell)
    return safe


def _cell(cell: object) -> object:
    return spreadsheet_cell(cell) if isinstance(cell, str) else cell


def _escape(found: re.Match[str]) -> str:
    code = ord(found.group())
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
