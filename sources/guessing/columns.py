"""Which column of a file is which column of a table: scored one by one, chosen together. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.optimize import linear_sum_assignment

from sources.contract import Column, Rule, Table
from sources.guessing.names import readings, spellings, words_of
from sources.guessing.periods import is_of_billing, share_of_periods
from sources.guessing.values import Profile, overlap
from sources.guessing.words import Vocabulary

# Below this a guess is more often wrong than right, and the column is named instead.
THRESHOLD = 0.6
ACCOUNT = "account_id"
# From this share of its values on, a column holds what another file lists.
SHARED = 0.5
# What loaders add to what they copy is about the copy, not about the row.
OF_LOADERS = ("_fivetran", "_airbyte", "_sdc", "_dlt", "__")
NUMBERS = ("integer", "bigint", "numeric", "double precision")


@dataclass(frozen=True)
class Customers:
    """What customers are known by in other files: their keys, or their names."""

    keys: frozenset[str] = frozenset()
    names: frozenset[str] = frozenset()


NO_CUSTOMERS = Customers()


@dataclass(frozen=True)
class Match:
    """A header that is a column of the contract, how sure that is, and why."""

    column: str
    header: str
    score: float
    reason: str


def is_of_loader(header: str) -> bool:
    """Whether a connector wrote the column for itself."""
    return header.casefold().startswith(OF_LOADERS)


def match_columns(
    table: Table,
    profiles: Sequence[Profile],
    words: Vocabulary,
    customers: Customers = NO_CUSTOMERS,
    entities: frozenset[str] = frozenset(),
) -> dict[str, Match]:
    """The best match of headers to columns, each used once; those below THRESHOLD are left out.

    `customers` are those of the folder, where they are known.
    """
    profiles = [p for p in profiles if not is_of_loader(p.header) and not p.is_nested]
    if not profiles:
        return {}
    entities = entities | words.entities(table.full_name)
    found = [
        [match(table, column, profile, words, customers, entities) for profile in profiles]
        for column in table.columns
    ]
    scores = np.array([[each.score for each in row] for row in found])
    scores[scores < THRESHOLD] = 0.0
    rows, places = linear_sum_assignment(scores, maximize=True)
    chosen = [found[row][place] for row, place in zip(rows, places, strict=True)]
    return {each.column: each for each in chosen if each.score >= THRESHOLD}


def match(
    table: Table,
    column: Column,
    profile: Profile,
    words: Vocabulary,
    customers: Customers = NO_CUSTOMERS,
    entities: frozenset[str] = frozenset(),
) -> Match:
    """How well one header and its values fit one column."""
    by_name = max(
        belief * words.score(spelling, table.full_name, column.name)
        for header, belief in readings(profile.header).items()
        for spelling in spellings(header, entities)
    )
    reason = "its name" if by_name >= THRESHOLD else ""
    if column.name == ACCOUNT and table.full_name != "crm.accounts":
        shared = overlap(profile.known, customers.keys)
        alike = overlap(profile.known, customers.names)
        if shared >= SHARED:
            by_name = max(by_name, 0.75) + 0.2 * shared
            reason = f"{shared:.0%} of its values are keys of customers"
        elif alike >= SHARED:
            by_name = max(by_name, 0.7) + 0.15 * alike
            reason = f"{alike:.0%} of its values are names of customers"
    if by_name < THRESHOLD and not speaks_for_itself(table, column):
        return Match(column.name, profile.header, 0.0, "")
    by_value, seen = value_fit(table, column, profile, words)
    if by_name < THRESHOLD and by_value > 1:
        return Match(column.name, profile.header, 0.62, seen)
    score = min(by_name * by_value, 1.2)
    return Match(column.name, profile.header, score, ", ".join(filter(None, (reason, seen))))


def speaks_for_itself(table: Table, column: Column) -> bool:
    """Whether values alone can show what a column is: addresses and codes."""
    rules = [rule.kind for rule in table.rules if column.name in rule.columns]
    return column.name == "email" or "accepted_values" in rules


def value_fit(  # noqa: PLR0911 (one return for each type)
    table: Table, column: Column, profile: Profile, words: Vocabulary
) -> tuple[float, str]:
    """A factor for the values, and what was seen: 0 where they cannot be meant, above 1 where they
    speak for themselves."""
    rules = [rule for rule in table.rules if column.name in rule.columns]
    is_key = any(rule.kind == "unique" for rule in rules)
    if profile.is_empty:
        return (0.3 if is_key or column.name == ACCOUNT else 0.85), "it has no values"
    if column.name == ACCOUNT and profile.rows >= 3 and len(profile.known) == 1:
        return 0.5, "it is the same in every row"
    if column.is_time:
        return _fit_time(profile)
    if column.data_type in NUMBERS:
        return _fit_number(column, profile)
    if column.data_type == "boolean":
        return (1.0, "true or false") if profile.booleans >= 0.8 else (0.0, "")
    if profile.dates >= 0.8 and not profile.has_plain_numbers:
        return 0.3, ""
    return _fit_text(table, column, profile, words, is_key, rules)


def _fit_time(profile: Profile) -> tuple[float, str]:
    if max(profile.dates, profile.serial_days) >= 0.8:
        return 1.0, "dates"
    if profile.month_format:
        return 0.95, "months"
    return 0.0, ""


def _fit_number(column: Column, profile: Profile) -> tuple[float, str]:
    if column.has_ranges and profile.share(lambda text: text[:1].isdigit()) >= 0.8:
        return 1.0, "numbers"
    if profile.numbers < 0.8:
        # months in words (monthly, annual) can be mapped to their number
        if (
            column.name == "billing_period_months"
            and is_of_billing(profile.header)
            and share_of_periods(profile) >= 0.8
        ):
            return 1.0, "monthly, annual"
        return 0.0, ""
    return 1.0, "numbers"


def is_of_a_place(profile: Profile, words: Vocabulary) -> bool:
    """Whether a column called State holds places: few of its values are words for a status."""
    if words_of(profile.header)[-1:] != ("state",):
        return False
    return profile.share(lambda text: re.sub(r"[\s_-]+", " ", text.lower()) in words.statuses) < 0.5


def _fit_text(  # noqa: PLR0911 (one return for each kind of text)
    table: Table,
    column: Column,
    profile: Profile,
    words: Vocabulary,
    is_key: bool,
    rules: Sequence[Rule],
) -> tuple[float, str]:
    if is_key:
        return (1.0, "each row has another") if profile.is_unique else (0.85, "it repeats")
    if any(rule.kind == "iso_currency" for rule in rules):
        codes = profile.share(lambda text: len(text) == 3 and text.isalpha())
        return (1.0, "currency codes") if codes >= 0.8 else (0.0, "")
    if column.name == "email":
        return (1.01, "e-mail addresses") if profile.emails >= 0.8 else (0.9, "")
    accepted = next((rule.values for rule in rules if rule.kind == "accepted_values"), ())
    if accepted:
        codes = {**words.codes(table.full_name, column.name), **{code: code for code in accepted}}
        known = profile.share(lambda text: text.casefold() in codes)
        if known >= 0.8 and len(profile.known) >= 3:
            return 1.05, f"{', '.join(sorted(profile.known)[:4])}"
        return (1.0, "known codes") if known >= 0.5 else (0.55, "")
    if column.name == "status" and is_of_a_place(profile, words):
        return 0.0, ""
    if column.name.endswith("_id") or not profile.has_plain_numbers:
        return 1.0, ""
    return 0.9, ""
