"""Rows that add up the others: a report's `Grand total` is no customer.

A row is one where its key or its name is a word for a total and its numbers are the sums of the
others of its file. The word alone is no evidence, for there is a company called Total: such a row
is loaded, and named.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
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
)  # fmt: skip

NEW_TOTAL_ROWS = "total_rows (_file varchar, _row bigint, message varchar)"

# A number with its currency or per cent, and with marks that may be either: 1.200,50 EUR
NUMERAL = r"([A-Za-z]{3} ?)?[-+(]?[$€£¥]? ?-?\d[\d.,'' ]*( ?[$€£¥%)]| ?[A-Za-z]{3})?"
DATE = r"\d{1,4}[./-]\d{1,2}[./-]\d{1,4}"
# Half a unit of each row that was rounded, but no more of the sum than this.
MOST_ROUNDED = 0.001
# Of the numbers of the row, this share are sums: a report averages its rates.
SUMS = 0.5
ARE_SUMS = "and the numbers of the row are the sums of the others"
# A report has a few. More are of groups, of which none adds up all others.
MOST_TOTALS = 100
# With one other row each number of it is its sum.
FEWEST_OTHERS = 2


@dataclass(frozen=True)
class Addend:
    """A column of a file beside a row that may be its total: the number there, the sum of the
    others and how many of them are not zero."""

    number: float | None
    sum: float | None
    others: int

    @property
    def is_sum(self) -> bool:
        if self.number is None or self.sum is None or self.others < FEWEST_OTHERS:
            return False
        rounded = min(self.others / 2, abs(self.sum) * MOST_ROUNDED)
        return abs(self.number - self.sum) <= rounded


def adds_up(columns: Sequence[Sequence[Addend]]) -> bool:
    """Whether a row is the total of the others; of each column the ways in which it may be read.

    Zeros say nothing: they are the sum of a column that is not used.
    """
    numbers = [
        readings for readings in columns if any(each.number for each in readings if each.others)
    ]
    added = [readings for readings in numbers if any(each.is_sum for each in readings)]
    if not added:
        return False
    # two rows of a column that is hardly filled make a sum by chance
    fullest = max(each.others for readings in numbers for each in readings)
    is_chance = all(each.others < fullest for readings in added for each in readings if each.is_sum)
    return not is_chance and len(added) >= SUMS * len(numbers)


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
        is_few = file in relations and len(rows) <= MOST_TOTALS
        totals = _totals(con, relations[file], file, list(rows)) if is_few else set()
        if totals:
            con.executemany(
                "insert into total_rows values (?, ?, ?)",
                [(file, row, f"{rows[row]}, {ARE_SUMS}") for row in sorted(totals)],
            )
        if others := [row for row in rows if row not in totals]:
            number = f"{len(others):,} {'rows have' if len(others) > 1 else 'row has'}"
            notes.append(
                f"{file}: {number} the name of a total, first row {others[0]}: {rows[others[0]]}; "
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
) -> dict[str, dict[int, str]]:
    """Rows of `mapped` that are called a total, by file and number, with what says so."""
    words = ", ".join(map(literal, TOTAL_WORDS))
    found: dict[str, dict[int, str]] = {}
    for name in identity(table):
        if types.get(name) != "VARCHAR":
            continue
        rows = con.execute(
            f"""
            with near as materialized (
                select _file, _row, {quoted(name)} as value
                from mapped
                where regexp_matches({quoted(name)}, '{PART_OF_EACH}') and _row is not null
            )

            select _file, _row, {trimmed("value")}
            from near
            where rtrim(lower({trimmed("value")}), ' :*') in ({words})
            order by _file, _row
            """
        ).fetchall()
        for file, row, content in rows:
            found.setdefault(file, {}).setdefault(row, f"{name} is {content}")
    return found


def _totals(
    con: duckdb.DuckDBPyConnection, relation: str, file: str, rows: Sequence[int]
) -> set[int]:
    """Which of some rows of a file are the total of all the others."""
    described = con.execute(f"describe {quoted(relation)}").fetchall()
    names = [name for name, *_ in described if name not in ("_file", "_row")]
    listed = f"list_contains([{', '.join(map(str, rows))}], _row)"
    readings = [reading for name in names for reading in _readings(name)]
    summed = ", ".join(
        f"[sum({reading}) filter (not {listed}), "
        f"count(*) filter (not {listed} and {reading} <> 0), "
        f"sum({reading}), count(*) filter ({reading} <> 0)]"
        for reading in readings
    )
    of_file = f"from {quoted(relation)} where _file = {literal(file)}"
    [sums] = con.execute(f"select {summed} {of_file}").fetchall()
    numbers = con.execute(f"select _row, {', '.join(readings)} {of_file} and {listed}").fetchall()
    totals = set()
    for row, *values in numbers:
        addends = [_addends(number, *found) for number, found in zip(values, sums, strict=True)]
        columns = list(zip(addends[::2], addends[1::2], strict=True))
        for beside in (0, 1):
            if adds_up([[plain[beside], marked[beside]] for plain, marked in columns]):
                totals.add(row)
    return totals


def _addends(
    number: float | None,
    plain_sum: float | None,
    plain: float,
    whole_sum: float | None,
    whole: float,
) -> tuple[Addend, Addend]:
    """A number beside the sum of the rows that are not called a total, and beside that of all
    others: one of these may be a customer."""
    own = number or 0
    others = None if whole_sum is None else whole_sum - own
    return (
        Addend(number, plain_sum, int(plain)),
        Addend(number, others, int(whole) - (own != 0)),
    )


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
