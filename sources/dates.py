"""Which way round a file writes its dates: decided on evidence, stated, or refused.

03/04/2024 is the third of April or the fourth of March. Read the wrong way round, RavenStack's
export swaps 182 of 500 sign-up dates without one error. So each column of each file is read in
every candidate format as a whole, and a format is used only when it alone fits.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import duckdb

from sources.blanks import NULL_WORDS_OF_TIMES, is_blank, trimmed
from sources.landing import FileProblem, literal, one_row, quoted

# A column in which one format reads this share of what can be read at all is in that format,
# and the rest is quarantined. Spreadsheets that turn half of the dates round leave about 60:40.
NEARLY_ALL = 0.9

CLOCK = r"(,? +\d{1,2}:\d{2}(:\d{2})?( ?[AP]M)?)?"
# A year of two digits only where no year stands first: 24-01-31 is the 31st.
SHORT_DAY = r"\d{1,2}[/.]\d{1,2}[/.]\d{2}"
DAY = rf"(\d{{1,2}}[-/.]\d{{1,2}}[-/.]\d{{4}}|{SHORT_DAY}){CLOCK}"
ISO = r"\d{4}[-/]\d{1,2}[-/]\d{1,2}([T ]\d{1,2}:\d{2}.*)?"
WEEKDAY = r"((mon|tue|tues|wed|wednes|thu|thur|thurs|fri|sat|satur|sun)(day)?,? )"
# 31-Jan-24, Jira's 31/Jan/24
SHORT_NAMED_DAY = r"\d{1,2}(st|nd|rd|th)?[ /-][A-Z]{3,9}[ /-]\d{2}"
# Jan 31, 2024 · 31 January 2024 · Wed, 31st Jan 2024, with a clock or without
NAMED = (
    rf"{WEEKDAY}?([A-Z]{{3,9}}\.? \d{{1,2}}(st|nd|rd|th)?,? \d{{4}}"
    rf"|\d{{1,2}}(st|nd|rd|th)?[ /-][A-Z]{{3,9}}[ /-]\d{{4}}|{SHORT_NAMED_DAY}){CLOCK}"
)
# Seconds since 1970, and thousandths of them, from 2001 to 2286; programs write 1.0 for 1
EPOCH = r"\d{10}(\d{3})?(\.0+)?"
# 20240131, from 1950 to 2099
COMPACT = r"(19[5-9]|20\d)\d(0[1-9]|1[0-2])\d\d(\.0+)?"
# Days since the end of 1899, as spreadsheets keep them, from 1982 to 2064
SERIAL = r"[345]\d{4}(\.\d+)?"
SERIAL_OF_1970 = 25569
# Beyond it a day with a year of two digits may be meant otherwise.
TOO_FAR_AHEAD = "clock() + interval 1 year"
CLOCK_FORMATS = ("", " %H:%M", " %H:%M:%S", " %I:%M %p", " %I:%M:%S %p")

NEW_UNREAD_VALUES = """
create or replace table unread_values
(_file varchar, _row bigint, column_name varchar, content varchar, format varchar)
"""


def iso(text: str) -> str:
    """SQL for a timestamptz from ISO 8601 text, null when it is not; no zone means UTC."""
    return (
        f"case when regexp_full_match({text}, '{ISO}') "
        f"then try_cast(replace({text}, '/', '-') as timestamptz) end"
    )


def _slashed(text: str) -> str:
    return f"replace(replace({text}, '-', '/'), '.', '/')"


def _numbered(text: str, order: str) -> str:
    slashed = _slashed(text)
    return (
        f"case when regexp_full_match({text}, '{DAY}', 'i') "
        # two digits first: as %Y they would be a year of the first century
        f"then {_parsed(slashed, [order.replace('%Y', '%y'), order])}::timestamptz end"
    )


def _parsed(text: str, days: Sequence[str]) -> str:
    """SQL: a day in one of some formats, with a clock of 24 or of 12 hours, or with none."""
    formats = ", ".join(f"'{day}{clock}'" for day in days for clock in CLOCK_FORMATS)
    # 5:04PM and 5:04 pm, a comma before the clock, two blanks: one spelling of each
    spaced = f"regexp_replace({text}, ' ?([AaPp])[Mm]$', ' \\1M')"
    plain = f"regexp_replace(replace({spaced}, ',', ' '), ' +', ' ', 'g')"
    return f"try_strptime({plain}, [{formats}])"


def day_first(text: str) -> str:
    """SQL for a timestamptz from text such as 31/12/2024 or 31-12-2024 09:30."""
    return _numbered(text, "%d/%m/%Y")


def month_first(text: str) -> str:
    """SQL for a timestamptz from text such as 12/31/2024."""
    return _numbered(text, "%m/%d/%Y")


def named_month(text: str) -> str:
    """SQL for a timestamptz from text such as Jan 31, 2024 5:04 PM or 31-Jan-2024."""
    days = ("%d %b %y", "%d %B %y", "%b %d %Y", "%B %d %Y", "%d %b %Y", "%d %B %Y")
    return (
        f"case when regexp_full_match({text}, '{NAMED}', 'i') "
        f"then {_parsed(_spaced(text), days)}::timestamptz end"
    )


def _spaced(text: str) -> str:
    """SQL: a day with a named month in words alone, without its weekday."""
    spaced = f"replace(replace(replace({text}, '-', ' '), '/', ' '), '.', '')"
    plain = f"regexp_replace({spaced}, '^{WEEKDAY}', '', 'i')"
    return f"regexp_replace({plain}, '^(\\D*\\d+)(st|nd|rd|th)', '\\1', 'i')"


def epoch(text: str) -> str:
    """SQL for a timestamptz from seconds since 1970, or from thousandths of them."""
    # Digits to millionths of a second.
    microseconds = f"try_cast(rpad(regexp_replace({text}, '[.]0+$', ''), 16, '0') as bigint)"
    return (
        f"case when regexp_full_match({text}, '{EPOCH}') then make_timestamptz({microseconds}) end"
    )


def compact(text: str) -> str:
    """SQL for a timestamptz from eight digits such as 20240131."""
    return (
        f"case when regexp_full_match({text}, '{COMPACT}') "
        f"then try_strptime(left({text}, 8), '%Y%m%d')::timestamptz end"
    )


def serial(text: str) -> str:
    """SQL for a timestamptz from a spreadsheet's number of a day such as 45322 or 45322.5."""
    seconds = f"round((try_cast({text} as double) - {SERIAL_OF_1970}) * 86400)"
    return (
        f"case when regexp_full_match({text}, '{SERIAL}') "
        f"then make_timestamptz(({seconds} * 1000000)::bigint) end"
    )


FORMATS = {
    "iso": iso,
    "day-first": day_first,
    "month-first": month_first,
    "named-month": named_month,
    "epoch": epoch,
    "compact": compact,
    "serial": serial,
}


NUMBERED = ("day-first", "month-first")
# Of the formats that read years of two digits: what such a day is, and how it is read with its
# year first.
SHORT_YEARS = {
    **dict.fromkeys(NUMBERED, (SHORT_DAY, _slashed, ["%y/%m/%d"])),
    "named-month": (SHORT_NAMED_DAY, _spaced, ["%y %b %d", "%y %B %d"]),
}


@dataclass(frozen=True)
class Evidence:
    """How many values of a column each format reads; `readable` by any, `differing` where the
    day-first and month-first readings are two different days. `example` is one of those."""

    readable: int
    counts: Mapping[str, int]
    differing: int = 0
    example: str | None = None


@dataclass(frozen=True)
class Undecided:
    """No one format fits; `reason` completes the sentence "column x …"."""

    reason: str
    is_tie: bool


def choose_format(evidence: Evidence) -> str | Undecided:
    """The one format that reads all values that can be read, or nearly all; else why not."""
    if evidence.readable == 0:
        return "iso"
    reads_all = [name for name in FORMATS if evidence.counts[name] == evidence.readable]
    reads_most = [
        name for name in FORMATS if evidence.counts[name] >= NEARLY_ALL * evidence.readable
    ]
    fitting = reads_all or reads_most
    if len(fitting) == 1:
        return fitting[0]
    if not fitting:
        shares = ", ".join(f"{count} {name}" for name, count in evidence.counts.items() if count)
        return Undecided(
            f"mixes date formats ({shares}, of {evidence.readable} values): "
            "no one format reads nearly all of them",
            is_tie=False,
        )
    if evidence.differing == 0:
        return "day-first"
    return Undecided(
        f"can be read day-first and month-first, and {evidence.differing} values such as "
        f"{evidence.example!r} then mean two different days",
        is_tie=True,
    )


@dataclass(frozen=True)
class ShortYears:
    """How many values of a column have a year of two digits, the last of those days as it is
    written and as it is read; how many lie more than a year ahead so, and how many would if the
    year stood first."""

    count: int
    example: str = ""
    read_as: str = ""
    ahead: int = 0
    ahead_year_first: int = 0

    @property
    def note(self) -> str:
        """Completes "column x: …"."""
        return f"years of two digits are read as the last number, {self.example} as {self.read_as}"

    @property
    def is_year_first(self) -> bool:
        """Whether the year seems to stand first: only so nothing lies in the future."""
        return self.ahead > 0 and self.ahead_year_first == 0


def read_dates(
    con: duckdb.DuckDBPyConnection,
    raw: str,
    relation: str,
    stated: Mapping[str, str | None],
    advice: str,
) -> list[str]:
    """Make view `relation` of `raw` with the columns named in `stated` read as timestamps.

    `stated` gives a format by column, or None to decide by evidence; columns that `raw` does not
    have as text are left alone. Values that the format does not read become null and are noted in
    the table `unread_values`, which must be there. Returns notes worth showing. Raises FileProblem,
    ending in `advice`, when the format of a column cannot be decided.
    """
    types = dict(con.execute(f"select column_name, column_type from (describe {quoted(raw)})")
                 .fetchall())  # fmt: skip
    columns = [name for name in stated if types.get(name) == "VARCHAR"]
    files = con.execute(f"select distinct _file from {quoted(raw)} order by 1").fetchall()
    notes: list[str] = []
    chosen: dict[str, dict[str, str]] = {column: {} for column in columns}
    for (file,) in files:
        formats = _choose_for_file(con, raw, file, {name: stated[name] for name in columns}, advice)
        for column, name in formats.items():
            chosen[column][file] = name
            if name == "month-first" and stated[column] is None:
                notes.append(f"{file}: {column} is read month-first: only so all its dates exist")
            if name in SHORT_YEARS and stated[column] is None:
                short = _short_years(con, raw, file, column, name)
                if short.is_year_first:
                    raise FileProblem(
                        f"{file}: column {column}: {short.note}, years ahead; if the year stands "
                        "first, write it with four digits, else " + advice.replace("COLUMN", column)
                    )
                notes += [f"{file}: {column}: {short.note}"] if short.count else []
    replaced = []
    for column, by_file in chosen.items():
        cases = " ".join(
            f"when {literal(file)} then {FORMATS[name](f'({trimmed(quoted(column))})')}"
            for file, name in by_file.items()
        )
        parsed = f"case _file {cases} end" if cases else "null::timestamptz"
        replaced.append(f"{parsed} as {quoted(column)}")
        names = " ".join(f"when {literal(file)} then '{name}'" for file, name in by_file.items())
        if cases:
            con.execute(
                f"insert into unread_values select _file, _row, {literal(column)}, "
                f"{quoted(column)}, case _file {names} end from {quoted(raw)} "
                f"where not {is_blank(quoted(column), NULL_WORDS_OF_TIMES)} and {parsed} is null"
            )
    replace = f" replace ({', '.join(replaced)})" if replaced else ""
    con.execute(
        f"create or replace view {quoted(relation)} as select *{replace} from {quoted(raw)}"
    )
    return notes


def _choose_for_file(
    con: duckdb.DuckDBPyConnection,
    raw: str,
    file: str,
    stated: Mapping[str, str | None],
    advice: str,
) -> dict[str, str]:
    verdicts = {
        column: name or choose_format(_weigh(con, raw, file, column))
        for column, name in stated.items()
    }
    # A column with few dates may read both ways while its neighbour, written by the same hand,
    # reads one way only.
    neighbours = {name for name in verdicts.values() if name in NUMBERED}
    formats: dict[str, str] = {}
    for column, verdict in verdicts.items():
        if isinstance(verdict, str):
            formats[column] = verdict
        elif verdict.is_tie and len(neighbours) == 1:
            formats[column] = str(next(iter(neighbours)))
        else:
            way_out = advice.replace("COLUMN", column)
            raise FileProblem(f"{file}: column {column} {verdict.reason}; {way_out}")
    return formats


def _weigh(con: duckdb.DuckDBPyConnection, raw: str, file: str, column: str) -> Evidence:
    readings = ", ".join(f"{read('content')} as {quoted(name)}" for name, read in FORMATS.items())
    names = ", ".join(quoted(name) for name in FORMATS)
    counts = ", ".join(f"count({quoted(name)})" for name in FORMATS)
    row = one_row(
        con,
        f"""
        with contents as (
            select {trimmed(quoted(column))} as content from {quoted(raw)}
            where _file = ? and not {is_blank(quoted(column), NULL_WORDS_OF_TIMES)}
        ),

        read as (select content, {readings} from contents)

        select
            count(coalesce({names})),
            {counts},
            count(*) filter ("day-first" <> "month-first"),
            min(content) filter ("day-first" <> "month-first"),
        from read
        """,
        [file],
    )
    readable, *found, differing, example = row
    return Evidence(readable, dict(zip(FORMATS, found, strict=True)), differing, example)


def _short_years(
    con: duckdb.DuckDBPyConnection, raw: str, file: str, column: str, name: str
) -> ShortYears:
    """What years of two digits come to where a column of a file is read in one format."""
    content = trimmed(quoted(column))
    day, spelled, year_first = SHORT_YEARS[name]
    row = one_row(
        con,
        f"""
        with contents as (
            select {content} as content from {quoted(raw)}
            where _file = ? and regexp_full_match({content}, '{day}{CLOCK}', 'i')
        ),

        read as (
            select
                content,
                {FORMATS[name]("content")} as moment,
                {_parsed(spelled("content"), year_first)}::timestamptz as year_first,
            from contents
        )

        select
            count(moment),
            coalesce(arg_max(content, moment), ''),
            coalesce(max(moment)::date::varchar, ''),
            count(*) filter (moment > {TOO_FAR_AHEAD}),
            count(*) filter (year_first is null or year_first > {TOO_FAR_AHEAD}),
        from read
        """,
        [file],
    )
    return ShortYears(*row)


# A column's name of letters, digits and blanks, or any name in double quotes.
DIRECTIVE = re.compile(rf"""\s*("(?:[^"]|"")+"|[\w ]+?)(?:\s+({"|".join(FORMATS)}))?\s*(?:,|$)""")


def parse_dates_directive(text: str) -> dict[str, str | None]:
    """`signup_date, closed_at day-first` as formats by column; None where none is stated.

    Raises ValueError when a part cannot be understood.
    """
    stated: dict[str, str | None] = {}
    place = 0
    while place < len(text):
        match = DIRECTIVE.match(text, place)
        if not match:
            part = text[place:].strip()
            raise ValueError(f"cannot read {part!r}: a column, then {', '.join(FORMATS)}")
        name = match[1]
        stated[name[1:-1].replace('""', '"') if name.startswith('"') else name] = match[2]
        place = match.end()
    return stated
