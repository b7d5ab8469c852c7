"""Names of other languages in English words, so that one vocabulary knows them all. Pure.

The list is `foreign_words.csv`: a word or a phrase of a language, without accents, and what it is
in English. German and Dutch words are also found where they are written as one (Vertragsende), and
names that say "of" in their order (date de création).
"""

from __future__ import annotations

import csv
import re
import unicodedata
from collections.abc import Sequence
from functools import cache
from pathlib import Path

LIST = Path(__file__).with_name("foreign_words.csv")
# Languages that write words as one, and what they put between its parts.
LINKS = {"de": ("", "s", "n", "en", "es", "er"), "nl": ("", "s", "en", "e")}
SHORTEST_PART = 4
LONGEST_WORD = 60  # of a header: what is longer is no word, and would take too many parts
# What stands between a name and what it belongs to, as the list writes it in English.
OF = "of"
TURNED = frozenset({"fr", "es", "pt", "it", "nl"})
# A key or a number goes before its owner in Romance languages, and after it in English.
BEFORE_ITS_OWNER = frozenset({"id", "number", "code", "name"})


@cache
def without_accents(text: str) -> str:
    """Small letters without accents: Priorität, priorité → prioritat, priorite."""
    folded = unicodedata.normalize("NFKD", text.casefold().replace("ß", "ss"))
    return "".join(letter for letter in folded if not unicodedata.combining(letter))


@cache
def _listed() -> dict[str, dict[tuple[str, ...], tuple[str, ...]]]:
    """English words by the words of each language."""
    listed: dict[str, dict[tuple[str, ...], tuple[str, ...]]] = {}
    with LIST.open(encoding="utf-8", newline="") as stream:
        for row in csv.DictReader(stream):
            of_language = listed.setdefault(row["language"], {})
            english = tuple(row["english"].split())
            of_language |= {tuple(words.split()): english for words in row["words"].split("|")}
    return listed


@cache
def in_english(words: tuple[str, ...]) -> tuple[str, ...]:
    """A name's words in English: those of the language that knows most of them; as they are where
    none knows a word that is not English already."""
    readings = [_translate(words, language) for language in _listed()]
    # "do" is Portuguese for "of", and alone it makes no name Portuguese
    translated, known, _ = max(readings, key=lambda reading: reading[1:])
    return translated if known else words


def _translate(words: tuple[str, ...], language: str) -> tuple[tuple[str, ...], int, int]:
    """A name's words in English, and how many of them the language gave, without "of" and with."""
    listed = _listed()[language]
    longest = max(map(len, listed))
    english: list[str] = []
    known = joining = place = 0
    while place < len(words):
        for size in range(min(longest, len(words) - place), 0, -1):
            found = listed.get(words[place : place + size])
            if found is None and size == 1 and language in LINKS:
                found = compound(words[place], language)
            if found is not None:
                english += found
                is_changed = found != words[place : place + size]
                known += size * (is_changed and found != (OF,))
                joining += size * is_changed
                place += size
                break
        else:
            english.append(words[place])
            place += 1
    translated = _in_order(english) if language in TURNED else tuple(english)
    return translated, known, joining


@cache
def compound(word: str, language: str = "de") -> tuple[str, ...] | None:
    """A word that is made of listed ones, part by part: vertragsende → contract, end."""
    if len(word) > LONGEST_WORD:
        return None
    listed = _listed()[language]
    for size in range(len(word) - SHORTEST_PART, 1, -1):
        first = listed.get((word[:size],))
        if first is None:
            continue
        for link in LINKS[language]:
            rest = word[size:].removeprefix(link) if word[size:].startswith(link) else ""
            if rest and (last := listed.get((rest,)) or compound(rest, language)):
                return (*first, *last)
    return None


def _in_order(words: Sequence[str]) -> tuple[str, ...]:
    """Name of customer → customer name; id customer → customer id."""
    parts = re.split(rf"(?: {OF})+ ", f" {' '.join(words)} ".removeprefix(f" {OF}"))
    turned = " ".join(part.strip() for part in reversed(parts)).split()
    if len(parts) == 1 and len(turned) == 2 and turned[0] in BEFORE_ITS_OWNER:
        turned.reverse()
    return tuple(turned)
