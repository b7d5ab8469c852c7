"""The vocabularies of exports, read from the lists beside this module and from a seed."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from sources.column_words import ANY_TABLE, column_words
from sources.guessing.names import best_phrase, english_words, file_words

FOLDER = Path(__file__).resolve().parent
STATUS_WORDS = FOLDER.parents[1] / "dbt_project/seeds/status_words.csv"
Phrases = Sequence[tuple[str, ...]]


@dataclass(frozen=True, eq=False)
class Vocabulary:
    """What tables, columns and values may be called, the likelier first; `statuses` are the words
    that the seed status_words reads."""

    tables: dict[str, Phrases]
    columns: dict[tuple[str, str], Phrases]
    values: dict[tuple[str, str], dict[str, str]]
    statuses: frozenset[str]

    def of_column(self, table: str, column: str) -> Phrases:
        """What a column of a table may be called; its own name goes first."""
        own = self.columns.get((table, column)) or self.columns.get((ANY_TABLE, column)) or ()
        return (
            english_words(column),
            *(phrase for phrase in own if phrase != english_words(column)),
        )

    @cache  # noqa: B019 (there is one vocabulary, which lives as long as the process)
    def score(self, words: tuple[str, ...], table: str, column: str) -> float:
        """How well a header's words fit a column's name."""
        return best_phrase(words, self.of_column(table, column))

    def of_table(self, table: str) -> Phrases:
        """What the file of a table may be called."""
        return (file_words(table.split(".")[1]), *self.tables.get(table, ()))

    def entities(self, table: str) -> frozenset[str]:
        """What a row of a table is called, in one word."""
        return frozenset(phrase[0] for phrase in self.of_table(table) if len(phrase) == 1)

    def codes(self, table: str, column: str) -> dict[str, str]:
        """The contract's code by the word that an export writes, in small letters."""
        return self.values.get((table, column), {})


@cache
def vocabulary() -> Vocabulary:
    """The lists as shipped."""
    return Vocabulary(
        tables={
            row["table"]: [file_words(words) for words in row["words"].split("|")]
            for row in _rows(FOLDER / "table_words.csv")
        },
        columns={
            place: [english_words(words) for words in called]
            for place, called in column_words().items()
        },
        values=_codes(),
        statuses=_statuses(),
    )


@cache
def known_words() -> frozenset[str]:
    """Each word that is part of what some column may be called."""
    of_columns = vocabulary().columns.values()
    return frozenset(word for phrases in of_columns for phrase in phrases for word in phrase)


def _codes() -> dict[tuple[str, str], dict[str, str]]:
    codes: dict[tuple[str, str], dict[str, str]] = {}
    for row in _rows(FOLDER / "value_words.csv"):
        of_column = codes.setdefault((row["table"], row["column"]), {})
        of_column |= dict.fromkeys(row["words"].split("|"), row["value"])
    return codes


def _statuses() -> frozenset[str]:
    return frozenset(row["word"] for row in _rows(STATUS_WORDS))


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))
