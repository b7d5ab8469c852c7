"""What the values of a column look like. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property

from sources.blanks import BLANKS, NULL_WORDS_OF_TIMES
from sources.casting import FALSE_WORDS, TRUE_WORDS
from sources.dates import COMPACT, DAY, EPOCH, ISO, NAMED, SERIAL

LOOKED_AT = 500
# A column whose values are days but for some, such as TBD, holds days.
MOSTLY = 0.9

# Blanks that do not break a line are Unicode's.
NUMBER = re.compile(
    r"[(]?[-+]?\s*(?:[$€£¥]|[A-Z]{3}\b)?\s*[-+]?[0-9][0-9,.'\u2019\s]*(?:[$€£¥%]|[A-Z]{3}\b)?[)]?"
)
PLAIN_NUMBER = re.compile(r"[-+]?\d+(\.\d+)?([eE][-+]?\d+)?", re.A)
# With a person's name before it or without, and perhaps with others after it
EMAIL = re.compile(r"(?:[^@<>]*<)?[^@\s<>]+@[^@\s<>,;|]+\.[^@\s<>,;|]+>?(?:\s*[,;|].*)?", re.S)
WORDS_OF_TRUE = frozenset({"true", "t", "yes", "y", "1", *TRUE_WORDS})
WORDS_OF_TRUTH = WORDS_OF_TRUE | {"false", "f", "no", "n", "0", *FALSE_WORDS}
DATES = re.compile(f"(?:{ISO}|{DAY}|{NAMED}|{EPOCH}|{COMPACT})", re.I)
# How days are written: which readings there are is all that is asked here, not which is meant.
DAYS = ("%Y-%m-%d", "%Y/%m/%d", "%d/%m/%Y", "%m/%d/%Y", "%d.%m.%Y", "%d-%m-%Y", "%d-%b-%Y",
        "%Y%m%d")  # fmt: skip
# Months as exports write them, and how DuckDB reads them.
MONTHS = {
    r"\d{4}-\d{1,2}": "%Y-%m",
    r"\d{4}/\d{1,2}": "%Y/%m",
    r"\d{1,2}/\d{4}": "%m/%Y",
    r"\d{1,2}-\d{4}": "%m-%Y",
    r"20\d\d(0[1-9]|1[0-2])": "%Y%m",
    r"[A-Za-z]{3}[ -]\d{4}": "%b %Y",
    r"[A-Za-z]{4,9} \d{4}": "%B %Y",
}


@dataclass(frozen=True)
class Profile:
    """A column of a file: its header, its values (those looked at, without blanks), its rows."""

    header: str
    values: tuple[str, ...]
    rows: int
    is_time: bool = False

    @cached_property
    def known(self) -> frozenset[str]:
        return frozenset(self.values)

    @property
    def is_empty(self) -> bool:
        return not self.values

    @property
    def is_unique(self) -> bool:
        """Whether every row has a value, and each another one."""
        return len(self.values) == self.rows == len(self.known) > 0

    @cached_property
    def sample(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(self.values))[:LOOKED_AT]

    def share(self, holds: Callable[[str], bool]) -> float:
        """The share of the sample for which something holds; zero where there is none."""
        return sum(map(holds, self.sample)) / len(self.sample) if self.sample else 0.0

    @cached_property
    def dates(self) -> float:
        return 1.0 if self.is_time else self.share(lambda text: bool(DATES.fullmatch(text)))

    @cached_property
    def serial_days(self) -> float:
        """The share of numbers that a spreadsheet may keep for days."""
        return self.share(lambda text: bool(re.fullmatch(SERIAL, text)))

    @cached_property
    def month_format(self) -> str | None:
        """How its months are written; None where it does not hold months."""
        for pattern, written in MONTHS.items():
            months = {text for text in self.known if re.fullmatch(pattern, text, re.A)}
            if months and sum(text in months for text in self.values) >= MOSTLY * len(self.values):
                return written.replace(" ", "-") if "-" in min(months) else written
        return None

    @cached_property
    def months(self) -> frozenset[date]:
        """The first days of the months that it holds."""
        written = (self.month_format or "").replace("-", " ")
        read = (_read(text.replace("-", " "), written) for text in self.known)
        return frozenset(day for day in read if day)

    @cached_property
    def numbers(self) -> float:
        return self.share(lambda text: bool(NUMBER.fullmatch(text)))

    @cached_property
    def booleans(self) -> float:
        return self.share(lambda text: text.casefold() in WORDS_OF_TRUTH)

    @cached_property
    def emails(self) -> float:
        return self.share(lambda text: bool(EMAIL.fullmatch(text)))

    @cached_property
    def is_nested(self) -> bool:
        """Whether its values are objects or lists, whose members are columns of their own."""
        return bool(self.sample) and self.share(lambda text: text[0] in "{[") >= 0.8

    @cached_property
    def has_plain_numbers(self) -> bool:
        return bool(self.known) and all(map(PLAIN_NUMBER.fullmatch, self.known))

    @cached_property
    def days(self) -> tuple[frozenset[date], ...]:
        """Its days in each reading that reads all that any reading can, without their clocks; none
        where a tenth of its values are no days."""
        texts = {text: _day(text) for text in self.known}
        days = {day: {w: found for w in DAYS if (found := _read(day, w))}
                for day in set(texts.values())}  # fmt: skip
        if sum(bool(days[texts[text]]) for text in self.values) < MOSTLY * max(len(self.values), 1):
            return ()
        read = [by_reading for by_reading in days.values() if by_reading]
        fitting = [w for w in DAYS if all(w in by_reading for by_reading in read)]
        return tuple(frozenset(by_reading[w] for by_reading in read) for w in fitting)

    @cached_property
    def extent(self) -> tuple[float, float] | None:
        """The smallest and the largest of its numbers."""
        found = [float(text) for text in self.sample if PLAIN_NUMBER.fullmatch(text)]
        return (min(found), max(found)) if found else None


def _read(text: str, written: str) -> date | None:
    if written == "%Y%m%d" and len(text) != 8:  # 202411 is a month
        return None
    try:
        return datetime.strptime(text, written).date()
    except ValueError:
        return None


def _day(text: str) -> str:
    """A time without its clock."""
    return re.split(r"(?<=\d)[T ,]+(?=\d{1,2}:)", text)[0]


def without_blanks(values: Sequence[object]) -> tuple[str, ...]:
    """Values as trimmed texts, without those that mean null."""
    texts = (str(value).strip(BLANKS) for value in values if value is not None)
    return tuple(text for text in texts if text and text.casefold() not in NULL_WORDS_OF_TIMES)


def overlap(values: frozenset[str], keys: frozenset[str]) -> float:
    """The share of a column's values that are among the keys of another file."""
    return len(values & keys) / len(values) if values else 0.0
