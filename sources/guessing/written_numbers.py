"""How a column writes its numbers: which mark is the decimal one, and where that is unsure. Pure.

1.250 is a thousand and more, or one and a quarter. One number of the column that can be nothing
else decides for all of them; without one, the file's delimiter does, and the guess is marked.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from sources.guessing.values import Profile
from sources.landing import literal

SEPARATORS = ",."
GROUPED = re.compile(r"-?[\d,]+(\.\d+)?", re.A)
# Signs, codes of currencies and blanks. Other letters stay: 12k is no 12, 100.00 CR is owed the
# other way, and 5 of 12 is no 512.
CODE = r"(?:[A-Z]{3}|Rs|[Kk]r|S?Fr)\.?"
BESIDE_NUMBERS = rf"^\s*{CODE}|{CODE}\s*$|[$€£¥%+\s\x{{00A0}}\x{{202F}}'\x{{2019}}]"
# One mark before three digits, after one to three that do not begin with zero.
EITHER = re.compile(r"[1-9]\d{0,2}[.,]\d{3}", re.A)
# Where fewer decide, of those that could be either, they may be slips.
ENOUGH_DECIDE = 0.1
MARKS = {".": "dot", ",": "comma"}


@dataclass(frozen=True)
class NumberForm:
    """A decimal mark, or none where numbers contradict one another; `doubt` completes a sentence
    about a column whose numbers could be meant otherwise."""

    decimal: str | None = "."
    doubt: str = ""


def number_form(texts: Iterable[str], delimiter: str) -> NumberForm:
    """How numbers are written, by those that can be read in one way only. `texts` are all values of
    the column, each as often as it is there."""
    numbers = Counter(re.sub(r"[^\d.,]", "", text, flags=re.A).strip(SEPARATORS) for text in texts)
    deciding = {number: mark for number in numbers if (mark := decimal_mark(number))}
    either = {number for number in numbers if EITHER.fullmatch(number)}
    decimals = set(deciding.values())
    unsure = {mark for number in either for mark in SEPARATORS if mark in number}
    if len(decimals) > 1 or (not decimals and len(unsure) > 1):
        return NumberForm(None, "commas and dots contradict one another")
    otherwise = _undecided_form(unsure, numbers, delimiter)
    if not decimals:
        return otherwise
    decimal = decimals.pop()
    decide = sum(numbers[number] for number in deciding)
    are_few = decide < ENOUGH_DECIDE * sum(numbers[number] for number in either)
    if not are_few or decimal == otherwise.decimal:
        return NumberForm(decimal)
    many = "one number alone decides" if decide == 1 else f"{decide} numbers alone decide"
    return NumberForm(decimal, f"{many} that the {MARKS[decimal]} is the decimal mark")


def _undecided_form(unsure: set[str], numbers: Iterable[str], delimiter: str) -> NumberForm:
    """How numbers are taken of which each could be meant in two ways; `unsure` are their marks."""
    if unsure == {"."}:
        # no hand that groups thousands writes 1250 beside 1.250
        is_ungrouped = any(number.isdigit() and len(number) > 3 for number in numbers)
        if delimiter == ";" and not is_ungrouped:
            return NumberForm(",", "the dot groups thousands")
        return NumberForm(".", "the dot is taken as a decimal point")
    if unsure and delimiter == ";":
        return NumberForm(".", "the comma is taken to group thousands")
    return NumberForm()


def decimal_mark(number: str) -> str | None:
    """The decimal mark of one number; None where it has none or could have either."""
    marks = [letter for letter in number if letter in SEPARATORS]
    if not marks or EITHER.fullmatch(number):
        return None
    last = marks[-1]
    other = SEPARATORS[SEPARATORS.index(last) - 1]
    # a mark that comes twice groups thousands
    return other if len(marks) > 1 and marks.count(last) == len(marks) else last


def plain_number(name: str, profile: Profile, form: NumberForm) -> str:
    """SQL: a number without signs and separators of thousands. What is none stays as it is, so that
    the contract names it, and so do all where nothing says how they are meant."""
    if (
        profile.is_empty
        or form.decimal is None
        or (profile.has_plain_numbers and form.decimal == ".")
    ):
        return name
    if form.decimal == "." and all(map(GROUPED.fullmatch, profile.known)):
        return f"replace({name}, ',', '')"
    bare = f"regexp_replace({name}, {literal(BESIDE_NUMBERS)}, '', 'g')"
    if form.decimal == ",":
        bare = f"replace(replace({bare}, '.', ''), ',', '.')"
    else:
        bare = f"replace({bare}, ',', '')"
    return f"coalesce(nullif(replace(replace({bare}, '(', '-'), ')', ''), ''), {name})"
