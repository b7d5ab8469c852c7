"""Countries by their names: exports write Germany where the contract asks for DE."""

from __future__ import annotations

import csv
from functools import cache
from pathlib import Path

from sources.landing import literal

# Names in six languages without accents and with ss for ß, and codes of three letters.
LIST = Path(__file__).with_name("country_words.csv")


def country_code(value: str) -> str:
    """SQL: the code of a country in any case, or of one of its names; what is neither stays."""
    plain = f"lower(strip_accents(replace({value}, chr(8217), '''')))"
    name = f"replace({plain}, 'ß', 'ss')"
    code = f"case when regexp_full_match({value}, '[A-Za-z]{{2}}') then upper({value}) end"
    return f"coalesce({_codes()}[{name}], {code}, {value})"


@cache
def _codes() -> str:
    """SQL: a map from each name to its code."""
    with LIST.open(encoding="utf-8", newline="") as stream:
        codes = {
            name: row["country"]
            for row in csv.DictReader(stream)
            for name in row["words"].split("|")
        }
    return f"map {{{', '.join(f'{literal(n)}: {literal(code)}' for n, code in codes.items())}}}"
