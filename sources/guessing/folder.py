"""A folder of exports, looked at and guessed as a whole: no table twice, keys across files."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb

from sources.contract import Contract, Table
from sources.csv_files import DELIMITERS, read_header
from sources.events import EVENTS
from sources.folder import DATA_SUFFIXES
from sources.guessing.columns import NO_CUSTOMERS, Customers
from sources.guessing.names import words_of
from sources.guessing.tables import ACCOUNTS, TABLE_THRESHOLD, FileLook, TableGuess, best_guesses
from sources.guessing.usage import METRICS
from sources.guessing.values import Profile, without_blanks
from sources.guessing.words import Vocabulary, known_words, vocabulary
from sources.headers import ROW_COLUMNS
from sources.landing import FileProblem, Landed, find_files, quoted
from sources.mapping import columns_of
from sources.reading import read_files

ROWS_LOOKED_AT = 20_000
# Of a file with more columns, those are looked at whose names hold a word that is known: 5,000
# columns took over five minutes, and the widest export of a CRM has some 800.
COLUMNS_LOOKED_AT = 400
# Filled by Tenure itself from events.
ROLLED_UP = ("product.account_days", "product.account_feature_days", "product.users_seen")
# Of these a company often has several exports that differ in form: one mapping reads them all.
MANY = (METRICS, "survey.responses", "crm.activities")


@dataclass(frozen=True)
class FolderGuess:
    """What the files of a folder are: guesses by table, and files without one, with the reason."""

    folder: Path
    files: tuple[FileLook, ...]
    tables: dict[str, tuple[TableGuess, ...]]
    unmapped: dict[str, str]


def guess_folder(con: duckdb.DuckDBPyConnection, contract: Contract, folder: Path) -> FolderGuess:
    """Look at each file of a folder and guess what it is."""
    files, unmapped = look(con, folder)
    tables = [table for table in (*contract.tables, EVENTS) if table.full_name not in ROLLED_UP]
    chosen, without = choose(tables, files, vocabulary())
    return FolderGuess(folder, tuple(files), chosen, {**unmapped, **without})


def choose(
    tables: Sequence[Table], files: Sequence[FileLook], words: Vocabulary
) -> tuple[dict[str, tuple[TableGuess, ...]], dict[str, str]]:
    """Guesses by table, and a reason for each file that has none.

    The customers come first: with their keys and names, they are recognised in other files.
    """
    pairs = [file for file in files if file.is_of_pairs]
    files = [file for file in files if not file.is_of_pairs]
    first = [best_guesses(tables, file, words, NO_CUSTOMERS)[0] for file in files]
    of_accounts = [guess for guess in first if guess.table == ACCOUNTS]
    best = max(
        of_accounts,
        key=lambda guess: (references(guess.file, files), guess.score),
        default=None,
    )
    customers = customers_of(best)
    again = [best_guesses(tables, file, words, customers)[0] for file in files]
    guesses = sorted(
        # only one file is the customers
        (best if best and guess.file == best.file else guess for guess in again),
        # of two that fit alike, the fuller and then the one with the shorter name
        key=lambda guess: (
            guess is not best,
            -round(guess.score, 3),
            len(guess.file.name),
            guess.file.name,
        ),
    )
    chosen: dict[str, tuple[TableGuess, ...]] = {}
    without = {
        file.name: "pairs keys of other files, which look customers up in it" for file in pairs
    }
    for guess in guesses:
        others = chosen.get(guess.table, ())
        if guess.score < TABLE_THRESHOLD:
            without[guess.file.name] = "resembles no table of the contract"
        elif others and guess.table not in MANY:
            without[guess.file.name] = f"{guess.table} is read from {others[0].file.name}"
        else:
            chosen[guess.table] = (*others, guess)
    return chosen, without


def references(file: FileLook, files: Sequence[FileLook]) -> int:
    """How many other files name a row of this one: customer_id, beside customers."""
    reference = (*file.words[-1:], "id")
    return sum(
        any(words_of(header) == reference for header in other.headers)
        for other in files
        if other is not file
    )


def customers_of(guess: TableGuess | None) -> Customers:
    """The keys and names of the customers in their file."""
    if guess is None:
        return NO_CUSTOMERS
    keys, names = (
        guess.file.profile(guess.matches[column].header).known
        if column in guess.matches
        else frozenset[str]()
        for column in ("account_id", "account_name")
    )
    return Customers(keys, names)


def look(con: duckdb.DuckDBPyConnection, folder: Path) -> tuple[list[FileLook], dict[str, str]]:
    """The readable files of a folder, those of one form as one, and why others cannot be read."""
    looks: list[FileLook] = []
    unread: dict[str, str] = {}
    paths = [path for path in sorted(folder.rglob("*")) if path.is_file()]
    for path in paths:
        name = path.relative_to(folder).as_posix()
        if not name.casefold().endswith(DATA_SUFFIXES) or path.name.startswith("."):
            continue
        if Landed(path, name).suffix == "" or re.search(r"[*?\[\]\"\r\n]", name):
            unread[name] = unreadable_name(name)
            continue
        try:
            looks.append(look_at(con, Landed(path, name)))
        except FileProblem as problem:
            unread[name] = str(problem).removeprefix(f"{name}: ")
    return group_alike(folder, looks), unread


def unreadable_name(name: str) -> str:
    """Why a mapping cannot read a file of this name, and the way out."""
    if re.search(r"[*?\[\]\"\r\n]", name):
        return "has a character in its name that stands for others: rename it"
    return "is in a format that is not read: export it as CSV, Excel, Parquet or JSON"


def look_at(con: duckdb.DuckDBPyConnection, file: Landed) -> FileLook:
    """One file's columns, with the values of its first rows. Raises FileProblem."""
    delimiter = find_delimiter(file) if file.suffix in (".csv", ".csv.gz") else ","
    relation = f"look at {file.name}"
    read_files(con, [file], relation, delimiter)
    types = {
        name: kind for name, kind in columns_of(con, relation).items() if name not in ROW_COLUMNS
    }
    if len(types) > COLUMNS_LOOKED_AT:
        likely = [name for name in types if known_words() & set(words_of(name))]
        types = {name: types[name] for name in likely[:COLUMNS_LOOKED_AT]}
    if not types:
        raise FileProblem(f"{file.name}: no column has a name that is known")
    listed = ", ".join(f"{quoted(name)}::varchar" for name in types)
    rows = con.execute(f"select {listed} from {quoted(relation)} limit {ROWS_LOOKED_AT}").fetchall()
    profiles = tuple(
        Profile(name, without_blanks([row[place] for row in rows]), len(rows), _is_time(kind))
        for place, (name, kind) in enumerate(types.items())
    )
    return FileLook(file.name, (file.name,), profiles, delimiter)


def find_delimiter(file: Landed) -> str:
    """What separates the columns of a CSV file: what gives the most of them."""
    widths = {}
    for delimiter in DELIMITERS:
        try:
            widths[delimiter] = len(read_header(file, delimiter))
        except FileProblem:
            continue
    return max(widths, key=widths.__getitem__, default=",")


def _is_time(kind: str) -> bool:
    return kind == "DATE" or kind.startswith("TIMESTAMP")


def group_alike(folder: Path, looks: Sequence[FileLook]) -> list[FileLook]:
    """Files that have the same columns and differ in the digits of their names, as one."""
    groups: dict[tuple, list[FileLook]] = {}
    for each in looks:
        pattern = re.sub(r"\d+", "*", each.name)
        groups.setdefault((pattern, each.headers, each.delimiter), []).append(each)
    grouped: list[FileLook] = []
    for (pattern, _, delimiter), members in groups.items():
        names = tuple(member.name for member in members)
        found = {file.name for file in find_files(folder, pattern)} if len(names) > 1 else set()
        if found == set(names):
            grouped.append(FileLook(pattern, names, _joined(members), delimiter))
        else:
            grouped.extend(members)
    return grouped


def _joined(members: Sequence[FileLook]) -> tuple[Profile, ...]:
    return tuple(
        Profile(
            columns[0].header,
            tuple(value for column in columns for value in column.values)[:ROWS_LOOKED_AT],
            min(sum(column.rows for column in columns), ROWS_LOOKED_AT),
            columns[0].is_time,
        )
        for columns in zip(*(member.profiles for member in members), strict=True)
    )
