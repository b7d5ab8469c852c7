"""What the values of a column look like. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property

from sources.blanks import BLANKS, NULL_WORDS
from sources.dates import DAY, EPOCH, ISO, NAMED

LOOKED_AT = 500

NUMBER = re.compile(r"[(]?[-+]?\s*[$€£¥]?\s*[-+]?\d[\d,.' ]*\s*[$€£¥%]?[)]?", re.A)
PLAIN_NUMBER = re.compile(r"[-+]?\d+(\.\d+)?([eE][-+]?\d+)?", re.A)
COMMA_DECIMALS = re.compile(r"\D*\d{1,3}(\.\d{3})*,\d{1,2}\D*|\D*\d+,\d{1,2}\D*", re.A)
DOTTED = re.compile(r"[-+]?[1-9]\d{0,2}(\.\d{3})+", re.A)
EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
WORDS_OF_TRUTH = frozenset({"true", "false", "t", "f", "yes", "no", "y", "n", "0", "1"})
DATES = re.compile(f"(?:{ISO}|{DAY}|{NAMED}|{EPOCH})", re.I)
# How days are written: which readings there are is all that is asked here, not which is meant.
DAYS = ("%Y-%m-%d", "%Y/%m/%d", "%d/%m/%Y", "%m/%d/%Y", "%d.%m.%Y", "%d-%m-%Y", "%d-%b-%Y")
# Months as exports write them, and how DuckDB reads them.
MONTHS = {
    r"\d{4}-\d{1,2}": "%Y-%m",
    r"\d{4}/\d{1,2}": "%Y/%m",
    r"\d{1,2}/\d{4}": "%m/%Y",
    r"\d{1,2}-\d{4}": "%m-%Y",
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
    def month_format(self) -> str | None:
        """How its months are written; None where it does not hold months."""
        for pattern, written in MONTHS.items():
            if self.share(lambda text, p=pattern: bool(re.fullmatch(p, text, re.A))) >= 0.9:
                return written.replace(" ", "-") if "-" in self.sample[0] else written
        return None

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
    def has_plain_numbers(self) -> bool:
        return self.share(lambda text: bool(PLAIN_NUMBER.fullmatch(text))) == 1.0

    @cached_property
    def has_comma_decimals(self) -> bool:
        """Whether 1.234,50 is how it writes amounts: only where one value can be nothing else."""
        commas = [text for text in self.sample if "," in text]
        return bool(commas) and all(COMMA_DECIMALS.fullmatch(text) for text in commas)

    @cached_property
    def has_dotted_thousands(self) -> bool:
        """Whether 1.234 may be how it writes a thousand and more: each dot is before three digits,
        and no number of more than three digits is without one."""
        dotted = [text for text in self.sample if "." in text]
        others = [text for text in self.sample if "." not in text]
        return (
            bool(dotted)
            and all(DOTTED.fullmatch(text) for text in dotted)
            and all(len(re.findall(r"\d", text)) <= 3 for text in others)
        )

    @property
    def is_sure_of_its_dots(self) -> bool:
        """Whether its dots cannot be decimal points: some numbers have two, or some have none."""
        return any(text.count(".") != 1 for text in self.sample)

    @cached_property
    def days(self) -> tuple[tuple[date, ...], ...]:
        """Its days in each reading that reads them all; a clock is passed over."""
        readings = []
        for written in DAYS:
            try:
                found = [datetime.strptime(_day(text), written).date() for text in self.sample]
            except ValueError:
                continue
            readings.append(tuple(found))
        return tuple(readings) if self.sample else ()

    @cached_property
    def extent(self) -> tuple[float, float] | None:
        """The smallest and the largest of its numbers."""
        found = [float(text) for text in self.sample if PLAIN_NUMBER.fullmatch(text)]
        return (min(found), max(found)) if found else None


def _day(text: str) -> str:
    """A time without its clock."""
    return re.split(r"(?<=\d)[T ,]+(?=\d{1,2}:)", text)[0]


def without_blanks(values: Sequence[object]) -> tuple[str, ...]:
    """Values as trimmed texts, without those that mean null."""
    texts = (str(value).strip(BLANKS) for value in values if value is not None)
    return tuple(text for text in texts if text and text.casefold() not in NULL_WORDS)


def overlap(values: frozenset[str], keys: frozenset[str]) -> float:
    """The share of a column's values that are among the keys of another file."""
    return len(values & keys) / len(values) if values else 0.0
