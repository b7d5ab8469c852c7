"""Rows that add up the others: a report's `Grand total` is no customer.

A row is one where its key or its name is a word for a total and its numbers are the sums of the
others of its file; or begins or ends with one, as `EMEA total`, and they are the sums of the rows
above it, down from the last such row. The word alone is no evidence, for there is a company called
Total: such a row is loaded, and named.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import duckdb

from sources.blanks import trimmed
from sources.contract import Table
from sources.landing import Landed, literal, quoted

RULE = "total_row"

# What each of the words has in it: to look for it first takes a third of the time of all of them.
PART_OF_EACH = "(?i)tot|sum|som|gesamt"

TOTAL_WORDS = (
    "total", "totals", "grand total", "grand totals", "overall total", "sum",
    "summe", "gesamt", "gesamtsumme", "gesamtbetrag", "endsumme", "insgesamt",
    "gesamtergebnis", "totale complessivo", "total général", "total general", "totaux",
    "somme", "suma", "totales",
    "total geral", "totais", "soma", "totale", "totali", "totale generale", "somma",
    "totaal", "totalen", "eindtotaal", "som",
    "subtotal", "subtotals", "sub-total", "sub total", "zwischensumme", "teilsumme", "sous-total",
    "subtotaal", "subtotale",
)  # fmt: skip

NEW_TOTAL_ROWS = "total_rows (_file varchar, _row bigint, message varchar)"

# A number with its currency or per cent, and with marks that may be either: 1.200,50 EUR
BLANK = r"[ \x{A0}\x{202F}]"
NUMERAL = (
    rf"([A-Za-z]{{3}}{BLANK}?)?[-+(]?[$€£¥]?{BLANK}?-?\d[\d.,'' \x{{A0}}\x{{2019}}\x{{202F}}]*"
    rf"({BLANK}?[$€£¥%)]|{BLANK}?[A-Za-z]{{3}})?"
)
DATE = r"\d{1,4}[./-]\d{1,2}[./-]\d{1,4}"
# Half a unit of each row that was rounded, but no more of the sum than this.
MOST_ROUNDED = 0.001
# Of the numbers of the row, this share are sums: a report averages its rates.
SUMS = 0.5
ARE_SUMS = "and the numbers of the row are the sums of the others"
ADD_UP_A_GROUP = "and the numbers of the row are the sums of the rows above it"
# A report has a few: each is looked for in every row.
MOST_TOTALS = 100
# With one other row each number of it is its sum.
FEWEST_OTHERS = 2
# A name that only begins or ends with the word may be a company's, whose one number is the sum of
# two others above it by chance: keys are numbers, too.
FEWEST_OTHERS_OF_ONE_COLUMN = 3


@dataclass(frozen=True)
class Candidate:
    """What a row says of itself, as `account_name is Total`; whether that is all that it says, or
    it is of a group, as `Total EMEA`."""

    content: str
    is_of_all: bool


@dataclass(frozen=True)
class Addend:
    """A column of a file beside a row that may be its total: the number there, the sum of the
    others and how many of them are not zero."""

    number: float | None
    sum: float
    others: int

    @property
    def is_sum(self) -> bool:
        if self.number is None or self.others < FEWEST_OTHERS:
            return False
        rounded = min(self.others / 2, abs(self.sum) * MOST_ROUNDED)
        return abs(self.number - self.sum) <= rounded


# Of each reading of each column the sum of some rows, and how many of them are not zero.
Sums = list[tuple[float, int]]


def adds_up(columns: Sequence[Sequence[Addend]]) -> bool:
    """Whether a row is the total of the others; of each column the ways in which it may be read.

    Zeros say nothing: they are the sum of a column that is not used.
    """
    numbers = _numbers(columns)
    added = _added_columns(columns)
    if not added:
        return False
    # two rows of a column that is hardly filled make a sum by chance
    fullest = max(each.others for readings in numbers for each in readings)
    is_chance = all(each.others < fullest for readings in added for each in readings if each.is_sum)
    return not is_chance and len(added) >= SUMS * len(numbers)


def is_no_chance(columns: Sequence[Sequence[Addend]]) -> bool:
    """Whether sums say so much that the name need not."""
    added = _added_columns(columns)
    most = max((each.others for readings in added for each in readings if each.is_sum), default=0)
    return len(added) > 1 or most >= FEWEST_OTHERS_OF_ONE_COLUMN


def _numbers(columns: Sequence[Sequence[Addend]]) -> list[Sequence[Addend]]:
    return [
        readings for readings in columns if any(each.number for each in readings if each.others)
    ]


def _added_columns(columns: Sequence[Sequence[Addend]]) -> list[Sequence[Addend]]:
    return [readings for readings in _numbers(columns) if any(each.is_sum for each in readings)]


def find_totals(
    con: duckdb.DuckDBPyConnection,
    table: Table,
    types: Mapping[str, str],
    groups: Mapping[str, Sequence[Landed]],
) -> list[str]:
    """Note in `total_rows` the rows of `mapped` that add up the others of their file; a sentence
    for each file with some that only have the name of one. `groups` are the files by the relation
    of their rows."""
    con.execute(f"create or replace table {NEW_TOTAL_ROWS}")
    relations = {file.name: raw for raw, files in groups.items() for file in files}
    notes: list[str] = []
    for file, rows in _candidates(con, table, types).items():
        sought = rows
        if len(sought) > MOST_TOTALS:
            sought = {row: found for row, found in rows.items() if found.is_of_all}
        is_few = file in relations and 0 < len(sought) <= MOST_TOTALS
        totals = _totals(con, relations[file], file, sought) if is_few else {}
        if totals:
            con.executemany(
                "insert into total_rows values (?, ?, ?)",
                [(file, row, f"{rows[row].content}, {why}") for row, why in sorted(totals.items())],
            )
        if others := [row for row in rows if rows[row].is_of_all and row not in totals]:
            number = f"{len(others):,} {'rows have' if len(others) > 1 else 'row has'}"
            notes.append(
                f"{file}: {number} the name of a total, first row {others[0]}: "
                f"{rows[others[0]].content}; "
                "its numbers are not the sums of the others, so it is read as any other row"
            )
    return notes


def identity(table: Table) -> list[str]:
    """The columns that name what a row is about: its own key and its name."""
    references = {rule.columns[0] for rule in table.rules if rule.parent}
    return [
        column.name
        for column in table.columns
        if column.is_strict
        and column.data_type == "text"
        and column.name.endswith(("_id", "_name"))
        and column.name not in references
    ]


def _candidates(
    con: duckdb.DuckDBPyConnection, table: Table, types: Mapping[str, str]
) -> dict[str, dict[int, Candidate]]:
    """Rows of `mapped` that are called a total, by file and number, with what says so."""
    words = "|".join(TOTAL_WORDS)
    found: dict[str, dict[int, Candidate]] = {}
    for name in identity(table):
        if types.get(name) != "VARCHAR":
            continue
        rows = con.execute(
            f"""
            with near as materialized (
                select _file, _row, {quoted(name)} as value
                from mapped
                where regexp_matches({quoted(name)}, '{PART_OF_EACH}') and _row is not null
            ),

            called as (
                select
                    *,
                    {trimmed("value")} as content,
                    rtrim(lower({trimmed("value")}), ' :*') as word
                from near
            )

            select _file, _row, content, regexp_full_match(word, '{words}')
            from called
            where regexp_matches(word, '^({words})($|\\W)|(^|\\W)({words})$')
            order by _file, _row
            """
        ).fetchall()
        for file, row, content, is_of_all in rows:
            candidate = Candidate(f"{name} is {content}", is_of_all)
            found.setdefault(file, {}).setdefault(row, candidate)
    return found


def _totals(
    con: duckdb.DuckDBPyConnection, relation: str, file: str, rows: Mapping[int, Candidate]
) -> dict[int, str]:
    """Which of some rows of a file add up others, and which others: of a group or all."""
    described = con.execute(f"describe {quoted(relation)}").fetchall()
    names = [name for name, *_ in described if name not in ("_file", "_row")]
    readings = [reading for name in names for reading in _readings(name)]
    of_file = f"(from {quoted(relation)} where _file = {literal(file)})"
    numbers = {
        row: values
        for row, *values in con.execute(
            f"select _row, {', '.join(readings)} from {of_file} where {_listed(rows)}"
        ).fetchall()
    }
    nothing: Sums = [(0, 0)] * len(readings)
    of_groups = _totals_of_groups(
        rows, numbers, _sums_of_groups(con, of_file, readings, rows), nothing
    )
    totals = dict.fromkeys(of_groups, ADD_UP_A_GROUP)
    of_all = [row for row in rows if rows[row].is_of_all]
    if not of_all:
        return totals
    whole = _sums(con, of_file, readings, "true")
    without_totals = _sums(con, of_file, readings, f"not {_listed({*of_all, *of_groups})}")
    without_any = _sums(con, of_file, readings, f"not {_listed(rows)}")
    for row in of_all:
        if _adds_up(numbers[row], without_any):
            # None of them is a customer, be it the total of a group of one.
            for other in rows:
                if any(numbers[other]):
                    totals.setdefault(other, ADD_UP_A_GROUP)
            totals[row] = ARE_SUMS
        # one of those that are called a total may be a customer
        others = _added(whole, [(-number, -count) for number, count in _of_one(numbers[row])])
        if _adds_up(numbers[row], without_totals) or _adds_up(numbers[row], others):
            totals[row] = ARE_SUMS
    return totals


def _totals_of_groups(
    rows: Mapping[int, Candidate],
    numbers: Mapping[int, Sequence[float | None]],
    groups: Mapping[int, Sums],
    nothing: Sums,
) -> list[int]:
    """The rows that add up those above them; one that does not is a customer of the next group."""
    found = []
    above = nothing
    for row in sorted(rows):
        since_last = groups.get(row, nothing)
        above = _added(above, since_last)
        if any(
            _adds_up(numbers[row], sums)
            and (rows[row].is_of_all or is_no_chance(_columns(numbers[row], sums)))
            for sums in (above, since_last)
        ):
            found.append(row)
            above = nothing
        else:
            above = _added(above, _of_one(numbers[row]))
    return found


def _added(one: Sums, other: Sums) -> Sums:
    return [(a + c, b + d) for (a, b), (c, d) in zip(one, other, strict=True)]


def _of_one(numbers: Sequence[float | None]) -> Sums:
    return [(number or 0, int(bool(number))) for number in numbers]


def _columns(numbers: Sequence[float | None], sums: Sums) -> list[tuple[Addend, Addend]]:
    addends = [Addend(number, *found) for number, found in zip(numbers, sums, strict=True)]
    return list(zip(addends[::2], addends[1::2], strict=True))


def _adds_up(numbers: Sequence[float | None], sums: Sums) -> bool:
    return adds_up(_columns(numbers, sums))


def _listed(rows: Iterable[int]) -> str:
    return f"list_contains([{', '.join(map(str, rows))}], _row)"


def _summed(readings: Sequence[str], where: str) -> str:
    """SQL: of each reading the sum of some rows, and how many of them are not zero."""
    return ", ".join(
        f"coalesce(sum({reading}) filter ({where}), 0), "
        f"count(*) filter ({where} and {reading} <> 0)"
        for reading in readings
    )


def _sums(
    con: duckdb.DuckDBPyConnection, of_file: str, readings: Sequence[str], where: str
) -> Sums:
    [found] = con.execute(f"select {_summed(readings, where)} from {of_file}").fetchall()
    return list(zip(found[::2], found[1::2], strict=True))


def _sums_of_groups(
    con: duckdb.DuckDBPyConnection, of_file: str, readings: Sequence[str], rows: Iterable[int]
) -> dict[int, Sums]:
    """By row of `rows`: of the rows above it, down from the one of `rows` before it."""
    groups = con.execute(
        f"""
        with marked as (select *, {_listed(rows)} as is_listed from {of_file}),

        grouped as (
            select
                *,
                min(_row) filter (is_listed)
                    over (order by _row rows between current row and unbounded following) as ends_at
            from marked
        )

        select ends_at, {_summed(readings, "not is_listed")}
        from grouped
        where ends_at is not null
        group by ends_at
        """
    ).fetchall()
    return {row: list(zip(found[::2], found[1::2], strict=True)) for row, *found in groups}


def _readings(name: str) -> tuple[str, str]:
    """SQL: the two ways to read a cell as a number: as programs write it, and with a mark before
    one or two digits at its end alone."""
    value = f"{quoted(name)}::varchar"
    is_finite = f"isfinite(try_cast({value} as double))"
    is_number = f"regexp_full_match({value}, '{NUMERAL}') "
    is_number += f"and not regexp_full_match({value}, '{DATE}')"
    digits = f"regexp_replace({value}, '[^0-9.,]', '', 'g')"
    fraction = f"regexp_extract({digits}, '[.,](\\d{{1,2}})$', 1)"
    whole = f"regexp_replace(regexp_replace({digits}, '[.,]\\d{{1,2}}$', ''), '[.,]', '', 'g')"
    sign = f"case when regexp_matches({value}, '[-(]') then -1 else 1 end"
    written = f"try_cast({whole} || '.' || {fraction} || '0' as double) * {sign}"
    plain = f"case when {is_finite} then try_cast({value} as double) end"
    return plain, f"case when {is_number} then {written} end"
