"""Headers and file names as words, and how well they fit a phrase. Pure."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from difflib import SequenceMatcher
from functools import cache

from sources.guessing.languages import in_english, without_accents

# What connectors write before a name: HubSpot's property_hs_, Intercom's custom_.
PREFIXES = frozenset({"property", "hs", "custom", "sf"})
# What says that a name is a time's, as its last words.
OF_TIMES = frozenset({"at", "on", "date", "time", "datetime", "timestamp", "utc", "day"})
# What an amount's name adds at its end: of which currency it is, and that it is without tax.
OF_AMOUNTS = frozenset(
    {"net", "gross", "netto", "brutto", "ht", "ttc", "usd", "eur", "gbp", "chf", "cad", "aud"}
)
ONE_SPELLING = {
    "organisation": "organization", "cancelled": "canceled", "licence": "license",
    "licences": "licenses", "enrolment": "enrollment", "acct": "account", "cust": "customer",
    "started": "start", "starts": "start", "ended": "end", "ends": "end", "expires": "expire",
    "expired": "expire", "expiry": "expire", "expiration": "expire", "nr": "number",
    "no": "number", "num": "number", "identifier": "id", "uuid": "id", "guid": "id",
    "ref": "id",
}  # fmt: skip
COMPOUNDS = {
    "createdate": ("created", "at"), "createddate": ("created", "at"),
    "closedate": ("closed", "at"),
    "closeddate": ("closed", "at"), "startdate": ("start", "at"), "enddate": ("end", "at"),
    "duedate": ("due", "at"), "firstname": ("first", "name"), "lastname": ("last", "name"),
    "fullname": ("full", "name"), "jobtitle": ("job", "title"), "dealname": ("deal", "name"),
    "dealstage": ("deal", "stage"), "dealtype": ("deal", "type"), "accountid": ("account", "id"),
    "customerid": ("customer", "id"), "companyid": ("company", "id"), "userid": ("user", "id"),
    "ticketid": ("ticket", "id"), "lastmodifieddate": ("last", "modified", "at"),
    "email": ("email",),
}  # fmt: skip
# Words that many names end in: alone they mean nothing unless they are the whole name.
GENERIC = frozenset(
    {"id", "name", "type", "date", "number", "code", "key", "value", "status", "state", "title",
     "amount", "total", "count", "time", "description", "source", "reason", "role", "team", "area",
     "size", "start", "end", "kind", "owner", "account", "customer", "company", "client", "day",
     "event", "product", "plan", "unit", "units", "price", "comment", "comments", "created",
     "score", "subject", "month", "week", "period", "details", "message", "content",
     "stage", "action", "result", "limit", "term", "user", "contact", "organization", "market",
     "rating", "step", "task", "target", "actual", "topic", "module", "tier", "session"}
)  # fmt: skip
# What a file's name says beside what its rows are.
BESIDE = frozenset(
    {"data", "list", "export", "exports", "report", "all", "full", "final", "new", "latest", "copy",
     "history", "snapshot", "dump", "sheet", "table", "raw", "q1", "q2", "q3", "q4", "snowflake",
     "postgres", "databricks", "bigquery", "redshift", "master", "overview", "log", "results"}
)  # fmt: skip
MONTHS = (
    "january", "february", "march", "april", "may", "june", "july", "august", "september",
    "october", "november", "december",
)  # fmt: skip
BEFORE_DETAILS = r"(?<=\w )(?:by|for|from|per|as of|since|until|je|pro|nach|par|pour|por)\b"
# What makes another thing of a name that it stands before: the end of the current term is no end.
QUALIFIERS = frozenset(
    {"current", "next", "trial", "previous", "prior", "expected", "planned", "estimated"}
)
# An English name goes before one of another language that would be as good.
TRANSLATED = 0.98
EXACT, JOINED, AT_THE_END, AT_THE_START, ALIKE = 1.0, 0.97, 0.74, 0.66, 0.8


def own_words(name: str) -> tuple[str, ...]:
    """A header's words as they are, in small letters, without what it adds in brackets."""
    text = re.sub(r"\([^)]*\)|\[[^\]]*\]", " ", name).replace("#", " id ")
    text = re.sub(r"([a-z0-9])([A-Z])", r"\1 \2", text)
    return tuple(re.findall(r"[^\W_]+", text.casefold()))


@cache
def words_of(name: str) -> tuple[str, ...]:
    """A header's words in English and in one spelling: `property_createdate`, `Erstellt am`,
    `Created On` → created, at."""
    return _in_one_spelling(in_english(tuple(map(without_accents, own_words(name)))))


@cache
def readings(name: str) -> dict[tuple[str, ...], float]:
    """A header's words as English and in English, and how much each is believed: Tag and Reference
    may be meant in either language, and which it is their values decide."""
    return {words_of(name): TRANSLATED, english_words(name): 1.0}


@cache
def english_words(name: str) -> tuple[str, ...]:
    """The words of a name that is English, in one spelling."""
    return _in_one_spelling(tuple(map(without_accents, own_words(name))))


def _in_one_spelling(english: tuple[str, ...]) -> tuple[str, ...]:
    words: list[str] = []
    for word in english:
        words.extend(COMPOUNDS.get(word, (ONE_SPELLING.get(word, word),)))
    while len(words) > 1 and words[0] in PREFIXES:
        words.pop(0)
    if len(words) > 1 and words[-1] == "c":  # Salesforce marks its customers' own fields
        words.pop()
    while len(words) > 1 and words[-1] in OF_AMOUNTS:
        words.pop()
    if len(words) > 1 and words[-1] in OF_TIMES:
        while len(words) > 1 and words[-1] in OF_TIMES:
            words.pop()
        # Salesforce: CreateDate, CloseDate
        words[-1] = {"create": "created", "close": "closed"}.get(words[-1], words[-1])
        words.append("at")
    return tuple(words)


def file_words(file_name: str) -> tuple[str, ...]:
    """What a file's name says its rows are, each word in the singular."""
    stem = re.split(r"[\\/]", file_name)[-1].split(".")[0]
    stem = without_accents(re.sub(r"([a-z0-9])([A-Z])", r"\1 \2", stem))
    stem = re.split(BEFORE_DETAILS, stem.replace("_", " "))[0]
    english = in_english(tuple(re.findall(r"[^\W\d_]+", stem)))
    words = [word for word in english if word not in BESIDE]
    words = [word for word in words if word not in MONTHS and word not in PREFIXES]
    return tuple(singular(ONE_SPELLING.get(word, word)) for word in words)


def singular(word: str) -> str:
    """A noun without its plural: companies, boxes, tickets."""
    if len(word) > 4 and word.endswith("ies"):
        return word[:-3] + "y"
    if len(word) > 3 and word.endswith("s") and not word.endswith(("ss", "us", "is", "ps", "es")):
        return word[:-1]
    if len(word) > 4 and word.endswith("es"):
        return word[:-2] if word.endswith(("sses", "uses", "xes", "ches", "shes")) else word[:-1]
    return word


@cache
def phrase_score(words: tuple[str, ...], phrase: tuple[str, ...]) -> float:
    """How well a header's words fit a phrase, from 0 to 1."""
    joined, other = "".join(words), "".join(phrase)
    if not joined or not other:
        return 0.0
    if joined == other:
        return EXACT if words == phrase else JOINED
    return max(_part_score(words, phrase), _likeness(joined, other))


def _part_score(words: tuple[str, ...], phrase: tuple[str, ...]) -> float:
    """A phrase that a longer name ends in (billing country) or begins with (country code)."""
    is_general = phrase == ("created", "at") or (len(phrase) == 1 and phrase[0] in GENERIC)
    if is_general or len(words) <= len(phrase):
        return 0.0
    if words[-len(phrase) :] == phrase:
        return 0.0 if QUALIFIERS & set(words[: -len(phrase)]) else AT_THE_END
    return AT_THE_START if words[: len(phrase)] == phrase else 0.0


def _likeness(joined: str, other: str) -> float:
    """A name that differs by a letter or two."""
    # a slip of the pen leaves one of the ends as it is
    has_an_end = joined[0] == other[0] or joined[-1] == other[-1]
    if len(other) <= 5 or abs(len(joined) - len(other)) > 2 or not has_an_end:
        return 0.0
    alike = SequenceMatcher(None, joined, other).ratio()
    return ALIKE * alike if alike >= 0.88 else 0.0


def best_phrase(words: tuple[str, ...], phrases: Sequence[tuple[str, ...]]) -> float:
    """The best fit among phrases, of which earlier ones go before later ones."""
    return max(
        (
            phrase_score(words, phrase) - 0.01 * min(place, 25)
            for place, phrase in enumerate(phrases)
        ),
        default=0.0,
    )


def spellings(words: tuple[str, ...], entities: Collection[str]) -> list[tuple[str, ...]]:
    """A header's words, and those without what a row of its file is called: `ticket` before
    `Ticket Status` says nothing, nor does it twice. A key keeps it."""
    found = [words]
    while len(words) > 1 and singular(words[0]) in entities and words[1:] != ("id",):
        words = words[1:]
        found.append(words)
    return found


def file_score(words: Sequence[str], phrases: Sequence[Sequence[str]]) -> float:
    """How well a file's name fits what rows may be called: the last word says what they are."""
    best = 0.0
    for phrase in phrases:
        if not phrase:
            continue
        size = len(phrase)
        if tuple(words) == tuple(phrase):
            return 1.0
        if tuple(words[-size:]) == tuple(phrase):
            best = max(best, 0.75)
        elif any(
            tuple(words[at : at + size]) == tuple(phrase) for at in range(len(words) - size + 1)
        ):
            best = max(best, 0.35)
    return best
