"""What counts as no value: blanks of every kind around a text, and words that mean null. SQL."""

from __future__ import annotations

from collections.abc import Sequence

from sources.landing import literal

# Tabs, line ends, no-break and zero-width characters, as spreadsheets and web forms leave them.
BLANKS = " \t\r\n\v\f\u00a0\u2007\u202f\u200b\u200c\u200d\u200e\u200f\u2060\ufeff"

# As databases, spreadsheets and programming languages write null. Not `na`: North America.
NULL_WORDS = (
    "null", "\\n", "<null>", "(null)", "[null]", "n/a", "n.a.", "none", "nan", "nil", "undefined",
    "<na>", "<nan>", "(blank)", "(empty)", "(none)", "-", "--", "0000-00-00",
    "0000-00-00 00:00:00", "#n/a", "#ref!", "#value!", "#div/0!", "#name?", "#null!", "#num!",
)  # fmt: skip
# pandas writes NaT for no time; elsewhere it may be a name.
NULL_WORDS_OF_TIMES = (*NULL_WORDS, "nat")


def trimmed(text: str) -> str:
    """SQL: a text without blanks at its ends.

    DuckDB's trim() with a list of characters takes seven times as long as this question whether
    both ends are plain characters, which nearly always they are.
    """
    return (
        f"case when regexp_full_match({text}, '(?s)[!-~](.*[!-~])?') then {text} "
        f"else trim({text}, {literal(BLANKS)}) end"
    )


def is_blank(text: str, words: Sequence[str] = NULL_WORDS) -> str:
    """SQL: whether a text is empty or a word for null; null where the text is."""
    listed = ", ".join(literal(word) for word in ("", *words))
    return f"lower({trimmed(text)}) in ({listed})"
