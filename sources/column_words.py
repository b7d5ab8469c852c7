"""What exports call the contract's columns: the list `guessing/column_words.csv`."""

from __future__ import annotations

import csv
from functools import cache
from pathlib import Path

LIST = Path(__file__).resolve().parent / "guessing/column_words.csv"
# A column of this name in any table that has it.
ANY_TABLE = "*"


@cache
def column_words() -> dict[tuple[str, str], tuple[str, ...]]:
    """By table and column of the contract, the names that exports give it, the likelier first."""
    with LIST.open(encoding="utf-8", newline="") as stream:
        return {
            (row["table"], row["column"]): tuple(row["words"].split("|"))
            for row in csv.DictReader(stream)
        }
