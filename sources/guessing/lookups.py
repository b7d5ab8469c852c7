"""How a file finds its customers that does not hold their key. Pure.

By their name; by a file that pairs its own keys, or its people, with customers; by a list of
customers in a column; or by the domain of an e-mail address. What is ambiguous is said in a note.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from sources.domains import domain_of
from sources.guessing.columns import ACCOUNT, SHARED, Customers
from sources.guessing.derived import Line, is_quotable, shown
from sources.guessing.folder import FolderGuess, customers_of
from sources.guessing.names import words_of
from sources.guessing.plan import Plan
from sources.guessing.tables import ACCOUNTS, FileLook, TableGuess
from sources.guessing.values import WORDS_OF_TRUE, Profile, overlap
from sources.landing import literal, quoted

OF_PEOPLE = frozenset({"contact", "person", "requester", "user", "lead", "who"})
ADDRESSES = frozenset({"website", "domain", "url", "homepage", "web", "site"})
# Where the first customer of a list stands, in what an interface gives.
PLACES = ("$[0]", "$[0].id", "$[0].company_id", "$.data[0].id", "$.data[0].company_id",
          "$.companies[0].id", "$.companies.data[0].id", "$.id", "$.company_id")  # fmt: skip
SEPARATORS = (";", ",", "|")


@dataclass(frozen=True)
class Lookup:
    """SQL that gives a row's customer, which headers it uses, why, and what to say of it."""

    sql: str
    headers: tuple[str, ...]
    why: str
    score: float
    file: FileLook | None = None
    notes: tuple[str, ...] = ()


def with_lookups(
    plans: dict[str, tuple[Plan, ...]], guess: FolderGuess
) -> dict[str, tuple[Plan, ...]]:
    """Let each file that lacks its customers' key find them another way, where there is one."""
    of_accounts = next(iter(guess.tables.get(ACCOUNTS, ())), None)
    known = customers_of(of_accounts)
    if of_accounts is None or not known.keys:
        return plans
    return {
        table: of_table
        if table == ACCOUNTS
        else tuple(_with_lookup(each, of_accounts, known, guess.files) for each in of_table)
        for table, of_table in plans.items()
    }


def _with_lookup(
    each: Plan, of_accounts: TableGuess, known: Customers, files: Sequence[FileLook]
) -> Plan:
    line = next((line for line in each.lines if line.column == ACCOUNT), None)
    if each.file == of_accounts.file or (line is None and ACCOUNT not in each.missing):
        return each
    values = each.file.profile(line.headers[0]).known if line else frozenset()
    if overlap(values, known.keys) >= SHARED:
        return each
    found = _best_lookup(each, line, of_accounts, known, files)
    if found is None:
        if not line or not values:
            return each
        note = f"few values of {shown(line.headers[0])} are keys of customers"
        return replace(each, notes=(*each.notes, note))
    given = Line(ACCOUNT, found.sql, found.why, found.headers)
    return replace(
        each,
        lines=(given, *(other for other in each.lines if other is not line)),
        missing=tuple(name for name in each.missing if name != ACCOUNT),
        notes=(*each.notes, *found.notes),
        alias=" as export",
        looked_up=found.file,
    )


def _best_lookup(
    each: Plan,
    line: Line | None,
    of_accounts: TableGuess,
    known: Customers,
    files: Sequence[FileLook],
) -> Lookup | None:
    if line and overlap(each.file.profile(line.headers[0]).known, known.names) >= SHARED:
        return by_name(each, line, of_accounts)
    paired = [
        found for other in files if other != each.file for found in by_pairs(each, other, known)
    ]
    found = [*paired, *by_lists(each.file, known), *by_domain(each.file, of_accounts)]
    return max(found, key=lambda lookup: lookup.score, default=None)


def can_be_looked_up(header: str) -> bool:
    """Whether a line of a mapping can hold a header beside a file's name: after two hyphens, which
    begin a comment, no file is looked for."""
    return is_quotable(header) and "--" not in header


def by_name(each: Plan, line: Line, of_accounts: TableGuess) -> Lookup | None:
    """Where a file names customers; a name that is no customer's, or that several have, stays, so
    that it is named."""
    headers = tuple(of_accounts.matches[column].header for column in (ACCOUNT, "account_name"))
    if not all(map(can_be_looked_up, headers)):
        return None
    key, name = map(quoted, headers)
    sql = (
        f"(select case when count(distinct customers.{key}) = 1 then min(customers.{key}) end "
        f"from {quoted(of_accounts.file.name)} as customers "
        f"where customers.{name} = export.{quoted(line.headers[0])})"
    )
    notes = _notes_of_names(each.file.profile(line.headers[0]), of_accounts)
    sql = f"coalesce({sql}, {line.sql})"
    return Lookup(sql, line.headers, line.why, 2, of_accounts.file, notes)


def _notes_of_names(own: Profile, of_accounts: TableGuess) -> tuple[str, ...]:
    """What finds no customer by its name: two customers that share one."""
    keys, names = (
        of_accounts.file.profile(of_accounts.matches[column].header)
        for column in (ACCOUNT, "account_name")
    )
    # values are without blanks: only where there are none do they stand beside one another
    is_full = len(keys.values) == len(names.values) == names.rows
    pairs = set(zip(keys.values, names.values, strict=True)) if is_full else None
    counts = Counter([name for _, name in pairs] if pairs else names.values)
    return tuple(_note_of_shared(name for name in own.known if counts[name] > 1))


def _note_of_shared(names: Iterable[str]) -> Iterator[str]:
    """A sentence on names or domains of several customers, where there are any."""
    if shared := sorted(names):
        listed = ", ".join(map(shown, shared[:5])) + (" and more" if len(shared) > 5 else "")
        yield f"several customers share {listed}: rows of it find no customer"


def by_pairs(each: Plan, other: FileLook, known: Customers) -> Iterator[Lookup]:
    """Where another file pairs a column of this one with customers: contacts with companies."""
    for account in other.profiles:
        if overlap(account.known, known.keys) < SHARED or not can_be_looked_up(account.header):
            continue
        for pair in other.profiles:
            # what stands beside many customers, as a manager does, names none of them
            is_key = 2 * len(pair.known) >= len(pair.values) > 0
            if pair is account or not is_key or not can_be_looked_up(pair.header):
                continue
            for own in each.file.profiles:
                if not can_be_looked_up(own.header):
                    continue
                shared = overlap(own.known, pair.known)
                is_named = is_called_alike(each, own, pair)
                if shared < SHARED or not (is_named or speaks_for_itself(own)):
                    continue
                score = shared + 0.5 * is_named + 0.1 * own.is_unique
                yield _pairs(own, pair, account, other, score, shared)


def is_called_alike(each: Plan, own: Profile, pair: Profile) -> bool:
    """Whether two headers name one key: id of a file of tickets, and ticket_id; or people."""
    mine, theirs = words_of(own.header), words_of(pair.header)
    entity = each.file.words[-1:]
    is_own_key = mine in (("id",), ("record", "id"), (*entity, "id"))
    if is_own_key:
        return theirs in ((*entity, "id"), entity, (*entity, "number"))
    people = [bool(OF_PEOPLE & set(words)) for words in (mine, theirs)]
    return mine == theirs or (all(people) and mine[-1:] == theirs[-1:] == ("id",))


def speaks_for_itself(own: Profile) -> bool:
    """Whether a column's values are no numbers that any other column might hold as well."""
    return own.emails >= 0.8 or (own.share(lambda text: len(text) >= 6) >= 0.8 and own.dates < 0.5)


def _pairs(
    own: Profile, pair: Profile, account: Profile, other: FileLook, score: float, shared: float
) -> Lookup:
    name = f"pairs.{quoted(account.header)}"
    first = f"min({name})"
    notes: tuple[str, ...] = ()
    if len(pair.known) < len(pair.values):
        which = "the first by key is taken"
        if condition := _is_primary(other):
            first = f"coalesce(min({name}) filter (where {condition}), {first})"
            which = "the primary one is taken, else the first by key"
        notes = (f"{other.name} gives several customers for one {shown(pair.header)}: {which}",)
    mine, theirs = f"export.{quoted(own.header)}", f"pairs.{quoted(pair.header)}"
    # A word for null is no key, though both files may have it.
    sql = (
        f"(select {first} from {quoted(other.name)} as pairs where {theirs}::varchar = "
        f"{mine}::varchar and lower({mine}::varchar) not in ('', '-', 'n/a', 'none', 'null'))"
    )
    why = f"{shared:.0%} of {shown(own.header)} are in {shown(other.name)}, with their customer"
    return Lookup(sql, (), why, score, other, notes)


def _is_primary(other: FileLook) -> str | None:
    """SQL: whether a pair is the primary one; None where the file does not say so."""
    for profile in other.profiles:
        name = f"pairs.{quoted(profile.header)}"
        if not can_be_looked_up(profile.header):
            continue
        if "primary" in words_of(profile.header) and profile.booleans >= 0.8:
            words = ", ".join(map(literal, sorted(WORDS_OF_TRUE)))
            return f"lower({name}::varchar) in ({words})"
        if profile.share(lambda text: "primary" in text.casefold()) > 0:
            return f"contains(lower({name}::varchar), 'primary')"
    return None


def by_lists(file: FileLook, known: Customers) -> Iterator[Lookup]:
    """Where a column lists customers: as JSON, or with separators."""
    for profile in file.profiles:
        if not can_be_looked_up(profile.header):
            continue
        name = f"export.{quoted(profile.header)}"
        several = f"where {shown(profile.header)} lists several customers, the first is taken"
        for place in PLACES:
            if (shared := overlap(_members(profile, place), known.keys)) >= SHARED:
                member = f"json_extract_string({name}, {literal(place)})"
                sql = f"case when json_valid({name}) then {member} end"
                why = f"{shared:.0%} of the first in its lists are keys of customers"
                yield Lookup(sql, (), why, 1 + shared, None, (several,))
        for separator in SEPARATORS:
            if profile.share(lambda text, s=separator: s in text) == 0:
                continue
            first = frozenset(text.split(separator)[0].strip() for text in profile.known)
            if (shared := overlap(first, known.keys)) >= SHARED:
                sql = f"trim(split_part({name}, {literal(separator)}, 1))"
                why = f"{shared:.0%} of the first in its lists are keys of customers"
                yield Lookup(sql, (), why, 1 + shared, None, (several,))


def _members(profile: Profile, place: str) -> frozenset[str]:
    """What stands at a place of a column's JSON values."""
    found = set()
    for text in profile.sample:
        if text[:1] not in ("[", "{"):
            return frozenset()
        try:
            value = json.loads(text)
            for step in place.removeprefix("$").replace("[0]", ".0").split(".")[1:]:
                value = value[int(step)] if step == "0" and isinstance(value, list) else value[step]
        except (ValueError, KeyError, IndexError, TypeError, RecursionError):
            continue
        found |= {str(value)} if isinstance(value, (str, int)) else set()
    return frozenset(found)


def by_domain(file: FileLook, of_accounts: TableGuess) -> Iterator[Lookup]:
    """Where rows hold an e-mail address or a website, and customers one of the same domain."""
    key = of_accounts.matches[ACCOUNT].header
    for customers in of_accounts.file.profiles:
        owners = domains(customers)
        if not owners or not all(map(can_be_looked_up, (key, customers.header))):
            continue
        for own in file.profiles:
            found = domains(own)
            # One that several customers have is the company's own, or names none of them.
            shared = overlap(
                frozenset(found), frozenset(name for name, count in owners.items() if count == 1)
            )
            if shared < SHARED or not can_be_looked_up(own.header):
                continue
            sql = (
                f"(select case when count(distinct customers.{quoted(key)}) = 1 "
                f"then min(customers.{quoted(key)}) end "
                f"from {quoted(of_accounts.file.name)} as customers "
                f"where domain_of(customers.{quoted(customers.header)}) "
                f"= domain_of(export.{quoted(own.header)}))"
            )
            why = f"{shared:.0%} of the domains of {shown(own.header)} are customers'"
            notes = _notes_of_domains(own, found, owners)
            yield Lookup(sql, (), why, shared, of_accounts.file, notes)


def domains(profile: Profile) -> dict[str, int]:
    """How many values of a column are of each company's domain; none where it is no address."""
    is_named = bool(ADDRESSES & set(words_of(profile.header)))
    if profile.emails < 0.8 and not is_named:
        return {}
    counts: dict[str, int] = {}
    for text in profile.values:
        if domain := domain_of(text):
            counts[domain] = counts.get(domain, 0) + 1
    return counts


def _notes_of_domains(
    own: Profile, found: dict[str, int], owners: dict[str, int]
) -> tuple[str, ...]:
    """What finds no customer by its domain: two customers that share one, and addresses of none."""
    notes = [*_note_of_shared(name for name in found if owners.get(name, 0) > 1)]
    if several := sum(text.count("@") > 1 for text in own.values):
        notes.append(
            f"{several:,} values of {shown(own.header)} hold several addresses: the first is taken"
        )
    free = len(own.values) - sum(found.values())
    if free:
        notes.append(
            f"{free:,} of {len(own.values):,} values of {shown(own.header)} are of no company's "
            "domain (of free e-mail, or no address): they find no customer"
        )
    return tuple(notes)
