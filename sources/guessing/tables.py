"""Which table a file is: by its name, by what the table requires, by what it explains. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from sources.contract import Table
from sources.guessing.columns import ACCOUNT, Customers, Match, is_of_loader, match_columns
from sources.guessing.names import file_score, file_words, words_of
from sources.guessing.usage import METRICS, Wide, find_wide
from sources.guessing.values import Profile
from sources.guessing.words import Vocabulary

ACCOUNTS = "crm.accounts"
# Below this a file is named and not mapped.
TABLE_THRESHOLD = 0.5
# What can be given without a column of the file, so that its lack says nothing about the table.
GIVEN = frozenset(
    {"product", "currency", "survey_type", "scale_min", "scale_max", "opportunity_type",
     "activity_type", "account_name", "signed_at", "csm_name", "submitted_at", "response_id",
     "metric", "grain", "task_type", "subscription_id"}
)  # fmt: skip


# What a file says of a pair of keys beside them.
OF_PAIRS = frozenset(
    {"type", "label", "category", "primary", "role", "roles", "is", "active", "direct", "deleted",
     "association"}
)  # fmt: skip
# What it may say besides where its name says what it is: an event has a key and a time as well.
OF_ROWS = frozenset({"at", "created", "updated", "start", "end", "modified", "last", "id"})
NAMES_OF_PAIRS = frozenset({"association", "relation", "relationship", "role", "membership"})


@dataclass(frozen=True)
class FileLook:
    """A file as seen: its name as a mapping reads it, its columns, and how it is delimited.

    `names` are the files that the pattern `name` stands for.
    """

    name: str
    names: tuple[str, ...]
    profiles: tuple[Profile, ...]
    delimiter: str = ","

    @property
    def words(self) -> tuple[str, ...]:
        return file_words(self.names[0])

    @property
    def headers(self) -> tuple[str, ...]:
        return tuple(profile.header for profile in self.profiles)

    @property
    def is_of_pairs(self) -> bool:
        """Whether it holds keys of other files and nothing of its own: contacts with companies."""
        named = [words_of(header) for header in self.headers if not is_of_loader(header)]
        keys = [words for words in named if len(words) > 1 and words[-1] == "id"]
        others = {word for words in named if words not in keys for word in words}
        is_named_so = len(
            {words[-2] for words in keys} & set(self.words)
        ) > 1 or not NAMES_OF_PAIRS.isdisjoint(self.words)
        has_own_key = (*self.words[-1:], "id") in keys
        possible = OF_PAIRS | OF_ROWS if is_named_so else OF_PAIRS
        return len(set(keys)) > 1 and others <= possible and (is_named_so or not has_own_key)

    def profile(self, header: str) -> Profile:
        return next(profile for profile in self.profiles if profile.header == header)


@dataclass(frozen=True)
class TableGuess:
    """That a file is a table, and how: its score, its columns, and how usage is laid out."""

    table: str
    file: FileLook
    score: float
    matches: dict[str, Match] = field(default_factory=dict)
    wide: Wide | None = None


def guess_table(
    table: Table, file: FileLook, words: Vocabulary, customers: Customers
) -> TableGuess:
    """How well one file fits one table."""
    phrases = words.of_table(table.full_name)
    named = file_score(file.words, phrases)
    entities = frozenset(file.words[-1:])
    matches = match_columns(table, file.profiles, words, customers, entities)
    if table.full_name == ACCOUNTS:
        matches = _with_a_key(file, matches)
    wide = None
    if table.full_name == METRICS:
        wide = find_wide(file.profiles, matches, file.words)
        if wide is None and not {"value", "period_start"} <= set(matches):
            return TableGuess(table.full_name, file, 0.0)
    required = [name for name in table.required if name not in GIVEN]
    if wide:
        required = [ACCOUNT]
    held = sum(min(matches[name].score, 1) for name in required if name in matches)
    explained = len(matches) + (len(wide.values) if wide else 0)
    columns = sum(not is_of_loader(header) for header in file.headers)
    # A file of a hundred columns is explained as well by the eight that matter.
    share = min(explained / max(min(columns, 8), 1), 1.0)
    score = 0.4 * named + 0.35 * held / max(len(required), 1) + 0.25 * share
    return TableGuess(table.full_name, file, score, matches, wide)


def _with_a_key(file: FileLook, matches: dict[str, Match]) -> dict[str, Match]:
    """Customers without a key are known by their names, where each has another."""
    name = matches.get("account_name")
    if ACCOUNT in matches or name is None or not file.profile(name.header).is_unique:
        return matches
    return {**matches, ACCOUNT: replace(name, column=ACCOUNT, score=0.7, reason="no key: the name")}


def best_guesses(
    tables: Sequence[Table], file: FileLook, words: Vocabulary, customers: Customers
) -> list[TableGuess]:
    """All tables for one file, the likeliest first."""
    guesses = [guess_table(table, file, words, customers) for table in tables]
    return sorted(guesses, key=lambda guess: -guess.score)
