"""Mappings: one DuckDB `select` per contract table, over the files of one system.

`<system>/<schema>.<table>.sql`, in the company's own folder of mappings or in `sources/mappings`,
reads files by name (`from "subscription.csv"`; a name may hold `*`) and gives the contract's
columns. What else it gives goes to `attributes`.
`_file` and `_row` come with each file and must be passed on. Comments steer the reading:

    -- dates: start_date, end_date day-first    these columns are dates (format stated, or found)
    -- delimiter: ;                             the CSV files are not separated by commas
    -- delimiter of "clients.csv": tab          of several files, this one is separated otherwise
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Collection, Sequence
from collections.abc import Mapping as Dict
from dataclasses import dataclass, field
from pathlib import Path

import duckdb

from sources.contract import Table
from sources.dates import FORMATS, NEW_UNREAD_VALUES, parse_dates_directive, read_dates
from sources.encodings import encoding_of
from sources.headers import ROW_COLUMNS
from sources.landing import FileProblem, Landed, find_files, find_table_files, quoted
from sources.mapping_reads import reads_otherwise
from sources.reading import read_files
from warehouse.personal import impersonal

MAPPINGS = Path(__file__).resolve().parent / "mappings"
CANONICAL = "canonical"

FILE_NAME = re.compile(
    r'"([^"\n]+\.(?:csv(?:\.gz)?|parquet|jsonl|ndjson|json|xlsx|xls|ods))"', re.I
)
JSON = re.compile(r"\.(?:jsonl|ndjson|json)$", re.I)
QUOTED = re.compile(r'"((?:[^"\n]|"")+)"')
COMMENT = re.compile(r"""('(?:[^']|'')*'|"(?:[^"]|"")*")|--[^\n]*|/\*.*?\*/""", re.S)
DIRECTIVE = re.compile(
    r'^[ \t]*--[ \t]*(?:(dates)|delimiter(?: of "([^"\n]+)")?):[ \t]*(.*?)[ \t]*$', re.M
)
# A remark may begin with these words too: it is meant to steer with a colon after them, or where it
# ends in the order of a date or in a mark.
LIKE_A_DIRECTIVE = re.compile(
    r"^[ \t]*--[ \t]*(?:"
    r"(?:delimiters?(?: of [^:\n]*)?|dates?)[ \t]*:.*|"
    rf"dates?\b[^\n]*[ \t](?:{'|'.join(FORMATS)})[ \t]*|"
    r"delimiters?[ \t]+(?:of [^:\n]*[ \t])?(?:[^\w\s]|tab)[ \t]*)$",
    re.M | re.I,
)


class MappingError(ValueError):
    """A mapping file that cannot be used; the message names it."""


# What may make a row of the result depend on more than one row of a file.
ACROSS_ROWS = re.compile(
    r"\b(group\s+by|distinct|over|qualify|limit|order\s+by|union(?!\s+all\b)|intersect|except|"
    r"right|full|sample|(?:count|sum|min|max|avg|any_value|first|last|list|string_agg|array_agg|"
    r"arg_min|arg_max|min_by|max_by)\s*\()",
    re.I,
)


@dataclass(frozen=True)
class Mapping:
    """A mapping as written: its SQL, the file names it reads, its date columns, its delimiter and
    those of single files."""

    name: str
    sql: str
    files: tuple[str, ...]
    dates: Dict[str, str | None]
    delimiter: str = ","
    delimiters: Dict[str, str] = field(default_factory=dict)

    def delimiter_of(self, file: str) -> str:
        """What separates the columns of a file that the mapping names."""
        return self.delimiters.get(file, self.delimiter)

    @property
    def members(self) -> frozenset[str]:
        """What it names that may be a member of an object in JSON: `organization.name`."""
        return frozenset(
            name.replace('""', '"')
            for name in QUOTED.findall(without_comments(self.sql))
            if "." in name and not FILE_NAME.fullmatch(f'"{name}"')
        )

    @property
    def is_row_by_row(self) -> bool:
        """Whether each row comes of one row of one file, so that files can be mapped one by one.

        In doubt it is not, which costs time and never a row.
        """
        text = without_comments(self.sql)
        return not ACROSS_ROWS.search(text) and len(FILE_NAME.findall(text)) == len(self.files)


def without_comments(sql: str) -> str:
    """SQL without its comments; dashes in a text or a name begin none."""
    return COMMENT.sub(lambda found: found[1] or " ", sql)


def parse_mapping(name: str, text: str) -> Mapping:
    """Read a mapping's text. Raises MappingError when it reads no file, or misstates a date or a
    delimiter."""
    dates: dict[str, str | None] = {}
    delimiters: dict[str, str] = {}
    for line in LIKE_A_DIRECTIVE.findall(text):
        if not DIRECTIVE.fullmatch(line):
            raise MappingError(
                f"{name}: cannot read {line.strip()!r}: write -- dates: start, end or "
                '-- delimiter: ; or, of one file, -- delimiter of "clients.csv": tab; begin a '
                "remark with another word"
            )
    for is_dates, file, value in DIRECTIVE.findall(text):
        try:
            if is_dates:
                dates |= parse_dates_directive(value)
            else:
                delimiters[file] = _delimiter(value)
        except ValueError as error:
            raise MappingError(f"{name}: {error}") from error
    sql = text.strip().rstrip(";")
    bare = without_comments(sql)
    files = tuple(dict.fromkeys(FILE_NAME.findall(bare)))
    _expect_files_of_the_folder(name, sql, files)
    if not files:
        raise MappingError(f'{name}: reads no file; name one as in: from "subscription.csv"')
    of_all = delimiters.pop("", ",")
    if unknown := set(delimiters) - set(files):
        raise MappingError(
            f"{name}: states the delimiter of {min(unknown)}, which it does not read"
        )
    return Mapping(name, sql, files, dates, of_all, delimiters)


def _expect_files_of_the_folder(name: str, sql: str, files: Sequence[str]) -> None:
    """Raise MappingError for what reads past the delivery's folder: its rows would be in no count
    of what came."""
    mentions = len(FILE_NAME.findall(without_comments(sql)))
    if found := reads_otherwise(sql, files, mentions):
        raise MappingError(
            f"{name}: {found} reads what is not counted; name a file of the folder in "
            'double quotes, as in: from "subscription.csv"'
        )
    for file in files:
        if re.match(r"[/\\]|[A-Za-z]:", file) or ".." in re.split(r"[/\\]", file):
            raise MappingError(f"{name}: {file} lies outside of the folder that is delivered")


def _delimiter(value: str) -> str:
    if value == "tab":
        return "\t"
    if len(value) != 1 or value == '"':
        raise ValueError(f"a delimiter is one character, or tab, not {value!r}")
    return value


def find_mappings(system: str, folders: Sequence[Path]) -> Path:
    """The first of some folders that has mappings of a system: the company's own go first.

    Raises MappingError for a system that none of them has, naming those that they have.
    """
    for folder in folders:
        if system == CANONICAL or has_mappings(system, folder):
            return folder
    known = sorted(
        {
            path.name
            for folder in folders
            if folder.is_dir()
            for path in folder.iterdir()
            if has_mappings(path.name, folder)
        }
    )
    raise MappingError(
        f"no mapping for {system!r}: write {folders[0]}/{system}/<schema>.<table>.sql, or let "
        f"tenure map write one; known are {', '.join([CANONICAL, *known])}"
    )


def has_mappings(system: str, folder: Path) -> bool:
    """Whether a folder of mappings holds those of a system."""
    return any((folder / system).glob("*.sql"))


def load_mappings(system: str, folder: Path = MAPPINGS) -> dict[str, Mapping]:
    """The mappings of a system by contract table (`schema.table`, or `product.events`).

    Empty for `canonical`, whose files are in contract form. Raises MappingError for a system that
    has none, naming those that are.
    """
    if system == CANONICAL:
        return {}
    files = sorted((find_mappings(system, [folder]) / system).glob("*.sql"))
    return {
        file.stem: parse_mapping(f"mappings/{system}/{file.name}", mapping_text(file))
        for file in files
    }


def mapping_text(file: Path) -> str:
    """The text of a mapping, in UTF-8 or as a Windows editor saved it. Raises MappingError."""
    try:
        content = file.read_bytes()
        return content.decode(encoding_of(content))
    except (OSError, UnicodeDecodeError) as error:
        raise MappingError(f"{file}: cannot be read as text ({error})") from error


def drafts(system: str, folder: Path) -> list[str]:
    """A sentence for each mapping of a system that is not read since it lacks something."""
    names = sorted(path.name for path in (folder / system).glob("*.sql.draft"))
    return [
        f"{name}: is a draft and is not read; add what its second line names, then rename it to "
        "end in .sql"
        for name in names
        if not (folder / system / name.removesuffix(".draft")).is_file()
    ]


@dataclass(frozen=True)
class Delivery:
    """What a system delivered for one table, and the select over it.

    `groups` are the files by the relation that holds their rows as they came.
    """

    name: str
    groups: Dict[str, tuple[Landed, ...]]
    sql: str
    notes: tuple[str, ...]

    @property
    def files(self) -> tuple[str, ...]:
        return tuple(file.name for files in self.groups.values() for file in files)


class Reader:
    """Reads one delivery folder, but for the files that are `withdrawn`; one that two mappings use
    is read once."""

    def __init__(
        self, con: duckdb.DuckDBPyConnection, folder: Path, withdrawn: Collection[str] = ()
    ) -> None:
        self.con = con
        self.folder = folder
        self.withdrawn = withdrawn
        self._read: dict[str, list[str]] = {}

    def find_table(self, full_name: str) -> list[Landed]:
        """The files in contract form that were delivered for a table, unread."""
        return self._not_withdrawn(find_table_files(self.folder, full_name))

    def find_mapped(self, mapping: Mapping) -> dict[str, list[Landed]]:
        """The files that a mapping names, unread, by the pattern that finds them."""
        return {
            pattern: self._not_withdrawn(find_files(self.folder, pattern))
            for pattern in mapping.files
        }

    def open_mapped(self, mapping: Mapping, only: Landed | None = None) -> Delivery | None:
        """Make each file that `mapping` names a view; None when none of them was delivered.

        With `only`, that file alone stands for all that its pattern finds. Raises FileProblem when
        only some were delivered, or when a file cannot be used.
        """
        found = self.find_mapped(mapping)
        if not any(found.values()):
            return None
        if missing := [pattern for pattern, files in found.items() if not files]:
            raise FileProblem(f"{missing[0]}: not in the folder, and {mapping.name} needs it")
        notes: list[str] = []
        groups: dict[str, tuple[Landed, ...]] = {}
        self.con.execute(NEW_UNREAD_VALUES)
        advice = f"state the format in {mapping.name}: -- dates: COLUMN day-first"
        for pattern, all_files in found.items():
            is_alone = only in all_files
            files = [only] if only and is_alone else all_files
            name = f"{only.name} alone" if only and is_alone else pattern
            delimiter = mapping.delimiter_of(pattern)
            raw = f"{name} read with {delimiter}"
            members = mapping.members if JSON.search(pattern) else frozenset()
            if members:
                raw += f" and {', '.join(sorted(members))}"
            notes += self._read_once(files, raw, delimiter, members=members)
            notes += read_dates(self.con, raw, pattern, mapping.dates, advice)
            groups[raw] = tuple(files)
        return Delivery(mapping.name, groups, mapping.sql, tuple(notes))

    def open_canonical(self, table: Table, only: Landed | None = None) -> Delivery | None:
        """Make the files in contract form a view named as the table; None when there are none.

        With `only`, that file alone stands for all of them.
        """
        files = [only] if only else self.find_table(table.full_name)
        if not files:
            return None
        raw = f"{only.name} alone read" if only else f"{table.full_name} read"
        self.con.execute(NEW_UNREAD_VALUES)
        notes = self._read_once(files, raw, ",", table)
        self._check_header(table, raw, files)
        times = [column.name for column in table.columns if column.is_time]
        advice = "write dates as 2024-12-31, or add a mapping that states the format"
        notes = notes + read_dates(self.con, raw, table.full_name, dict.fromkeys(times), advice)
        sql = f"select * from {quoted(table.full_name)}"
        return Delivery(table.full_name, {raw: tuple(files)}, sql, tuple(notes))

    def forget(self, delivery: Delivery, file: Landed) -> None:
        """Let go of the rows of a file that was opened alone: CSV is kept in memory."""
        for raw in [raw for raw, files in delivery.groups.items() if files == (file,)]:
            drop(self.con, f"{raw} #0")
            self._read.pop(raw, None)

    def _not_withdrawn(self, files: list[Landed]) -> list[Landed]:
        return [file for file in files if file.name not in self.withdrawn]

    def _read_once(
        self,
        files: list[Landed],
        raw: str,
        delimiter: str,
        expected: Table | None = None,
        members: Collection[str] = (),
    ) -> list[str]:
        if raw not in self._read:
            self._read[raw] = read_files(self.con, files, raw, delimiter, expected, members)
        return self._read[raw]

    def _check_header(self, table: Table, raw: str, files: list[Landed]) -> None:
        present = [name for name in columns_of(self.con, raw) if name not in ROW_COLUMNS]
        if missing := [name for name in table.required if name not in present]:
            raise FileProblem(
                f"{files[0].name}: the header lacks {', '.join(missing)}, which {table.full_name} "
                f"requires; it has {', '.join(present[:8])}"
            )


def run_mapping(reader: Reader, delivery: Delivery, kind: str) -> dict[str, str]:
    """Make `mapped`, a "table" or a "view", of what a delivery gives; its columns and types.

    A table numbers its rows in `_n`. Raises FileProblem in words when files and SQL do not fit.
    """
    number = "row_number() over ()" if kind == "table" else "0"
    drop_mapped(reader.con)
    try:
        # a bracket too many would end the one that is put around it
        reader.con.extract_statements(delivery.sql)
        reader.con.execute(
            f"create {kind} mapped as select *, {number} as _n from ({delivery.sql}\n)"
        )
    except duckdb.Error as error:
        raise FileProblem(f"{delivery.name}: {explain(error)}") from error
    types = columns_of(reader.con, "mapped")
    if missing := {"_file", "_row"} - set(types):
        raise FileProblem(f"{delivery.name}: must pass on {' and '.join(sorted(missing))}")
    return types


def drop_mapped(con: duckdb.DuckDBPyConnection) -> None:
    """Forget the last mapping's rows."""
    drop(con, "mapped")


def drop(con: duckdb.DuckDBPyConnection, relation: str) -> None:
    """Drop a relation, whichever kind it is of."""
    for kind in ("table", "view"):
        # DuckDB refuses to drop a table as a view, and the other way round, even `if exists`.
        with contextlib.suppress(duckdb.CatalogException):
            con.execute(f"drop {kind} if exists {quoted(relation)}")


def columns_of(con: duckdb.DuckDBPyConnection, relation: str) -> dict[str, str]:
    """Column names and DuckDB types of a relation."""
    rows = con.execute(
        f"select column_name, column_type from (describe {quoted(relation)})"
    ).fetchall()
    return dict(rows)


def explain(error: duckdb.Error) -> str:
    """DuckDB's own words, on one line, without the picture of the statement and mail addresses."""
    lines = [line.strip() for line in str(error).splitlines()]
    kept = [line for line in lines if line and not line.startswith(("LINE ", "^"))]
    return impersonal(" ".join(kept))
