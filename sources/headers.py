"""Column names as files spell them, and as they are read.

A contract column is found whatever its case, blanks, hyphens and underscores. An exact spelling
goes before another one of the same file.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

from sources.column_words import ANY_TABLE, column_words
from sources.contract import Table

# What a row carries about itself beside its content: a file's own columns of these names are read
# under others.
ROW_COLUMNS = ("_file", "_row", "_n", "_rejection_id")

# How alike two names must be for a guess, as difflib counts: end_date and ended_at are by 0.86,
# country_code and country by 0.78; custom_region and region, which are not meant, by 0.67.
ALIKE = 0.75


class HeaderProblem(ValueError):
    """Two columns of a file claim one name; the message completes "the header …"."""


@dataclass(frozen=True)
class Header:
    """A file's columns: as spelled, and as read; None for a column that is passed over."""

    spelled: tuple[str, ...]
    names: tuple[str | None, ...]
    notes: tuple[str, ...] = ()

    @property
    def read(self) -> list[tuple[str, int]]:
        """The name and the place of each column that is read."""
        return [(name, place) for place, name in enumerate(self.names) if name is not None]


def plain(name: str) -> str:
    """A name without what exports disagree on."""
    return re.sub(r"[\W_]+", "", name).casefold()


def match_header(spelled: Sequence[str], expected: Table | None = None) -> Header:
    """Name the columns of a file, `expected` being the contract's table.

    Raises HeaderProblem where two columns have one name, or could both be a contract column.
    """
    as_spelled = tuple(spelled)
    # PostgreSQL can hold a NUL character in no text.
    spelled = [name.replace("\0", "") for name in spelled]
    counted = Counter(spelled)
    if twice := sorted(name for name, number in counted.items() if name and number > 1):
        raise HeaderProblem(f"names {', '.join(twice)} twice")
    found = _contract_columns(spelled, expected.column_names if expected else ())
    names: list[str | None] = []
    notes: list[str] = []
    taken = {name.casefold() for name in found.values()}
    for number, name in enumerate(spelled, start=1):
        if not name:
            names.append(None)
            notes.append(
                f"column {number} has no name and is passed over; name it, or leave it out "
                "(pandas: to_csv(index=False))"
            )
        elif name in found:
            names.append(found[name])
        else:
            free = _free_name(name, taken)
            taken.add(free.casefold())
            names.append(free)
            if free != name and name not in ROW_COLUMNS:
                notes.append(f"column {name} differs by case only from another, and is {free}")
    guesses = _guesses(names, expected) if expected else []
    return Header(as_spelled, tuple(names), (*notes, *guesses))


def _contract_columns(spelled: Sequence[str], expected: Sequence[str]) -> dict[str, str]:
    """The contract's name by the file's."""
    found: dict[str, str] = {}
    for column in expected:
        alike = [name for name in spelled if name and plain(name) == plain(column)]
        if column in alike:
            found[column] = column
        elif len(alike) > 1:
            raise HeaderProblem(f"names {column} twice, as {' and as '.join(alike)}")
        elif alike:
            found[alike[0]] = column
    return found


def _free_name(name: str, taken: set[str]) -> str:
    """SQL knows no case: a name that differs by case alone from another is numbered."""
    if name.casefold() in ROW_COLUMNS:
        name = f"{name}_of_file"
    free, number = name, 1
    while free.casefold() in taken:
        number += 1
        free = f"{name}_{number}"
    return free


def _guesses(names: Sequence[str | None], expected: Table) -> list[str]:
    """A sentence for each column that looks like one that the contract knows and the file lacks."""
    lacking = [column for column in expected.column_names if column not in names]
    unknown = [name for name in names if name and name not in expected.column_names]
    others = {
        column: {plain(word) for word in words}
        for table in (ANY_TABLE, expected.full_name)
        for (of_table, column), words in column_words().items()
        if of_table == table
    }
    sentences = []
    for name in unknown:
        alike = {
            column: 1.0
            if plain(name) in others.get(column, ())
            else SequenceMatcher(None, plain(name), plain(column)).ratio()
            for column in lacking
        }
        best = max(alike, key=alike.__getitem__, default="")
        if best and alike[best] >= ALIKE:
            sentences.append(
                f"column {name} is not in the contract and looks like {best}, which the file "
                "lacks; rename it if it is meant"
            )
    return sentences
