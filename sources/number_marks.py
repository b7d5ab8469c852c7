"""Dots and commas in numbers: between thousands, or before a fraction. Decided by file.

1.200 seats are a thousand and more where the same file writes 85 without a dot; in a file that
also has 12.5 they are one and a fifth. A rate of 1,085 is one where the same file has 0,91. What
nothing decides is no number. Files that know numbers from text write a dot before fractions only.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import duckdb

from sources.blanks import trimmed
from sources.contract import Column, Table
from sources.landing import SPREADSHEETS, literal, quoted

DOTTED = r"[-+]?[1-9]\d{0,2}\.\d{3}"
GROUPED = r"[-+]?[1-9]\d{0,2}(\.\d{3})+"
FRACTION = r"[-+]?\d*\.\d+"
COMMA_GROUPED = r"[-+]?[1-9]\d{0,2}(,\d{3})+"
# With other digits behind the comma than three, or thousands before it, it is a decimal mark.
COMMA_FRACTION = r"[-+]?(\d+|\d{1,3}(\.\d{3})+),\d+"
TEXT_FILE = r"\.csv(\.gz)?$"
NUMBERS = ("integer", "bigint", "numeric", "double precision")


@dataclass(frozen=True)
class Dots:
    """How many numbers of a column of a file have one dot before three digits (`rounded` of them
    zeros), more than one such dot, another fraction, and none: below a thousand, or from it on."""

    dotted: int
    rounded: int
    repeated: int
    fractions: int
    short: int
    long: int

    @property
    def reading(self) -> str:
        """`decimal`, `grouped`, `rounded` (decimal, for all fractions are .000) or `doubtful`."""
        if self.fractions or not (self.dotted or self.repeated):
            return "decimal"
        # no hand that groups thousands writes 1250 beside 1.250
        if self.long:
            return "doubtful"
        if self.repeated or self.short:
            return "grouped"
        return "rounded" if self.rounded == self.dotted else "doubtful"


def read_marks(con: duckdb.DuckDBPyConnection, table: Table, types: Mapping[str, str]) -> list[str]:
    """Write the numbers of `mapped`, a table, in one form; sentences about what was decided.

    What could be either is noted in `unread_values` and becomes null.
    """
    numbers = [
        column
        for column in table.columns
        if column.data_type in NUMBERS and types.get(column.name) == "VARCHAR"
    ]
    notes = [note for column in numbers for note in _read_commas(con, column)]
    return notes + _read_dots(con, table, types)


def _read_commas(con: duckdb.DuckDBPyConnection, column: Column) -> list[str]:
    """Make decimal commas dots where a file's numbers show that they are; else commas stand
    between thousands, if the column is of whole numbers."""
    value = trimmed(quoted(column.name))
    either = f"regexp_full_match({value}, '{COMMA_GROUPED}')"
    fraction = f"(regexp_full_match({value}, '{COMMA_FRACTION}') and not {either})"
    has_dot = f"(regexp_full_match({value}, '({COMMA_GROUPED})?{FRACTION}') "
    has_dot += f"and not {_is_grouped(value)})"
    files = con.execute(
        f"""
        select
            _file,
            count(*) filter ({fraction}) as fractions,
            count(*) filter ({has_dot} or {value} like '%,%,%') as others,
            min_by({value}, _row) filter ({either} or {fraction}) as example,
        from mapped
        group by _file
        having count(*) filter ({either} or {fraction}) > 0
        order by _file
        """
    ).fetchall()
    decimal = {
        file: example for file, fractions, others, example in files if fractions and not others
    }
    marked = f"regexp_full_match({value}, '{COMMA_FRACTION}|{GROUPED}')"
    _replace(con, column, f"replace(replace({value}, '.', ''), ',', '.')", marked, list(decimal))
    if not column.is_count:
        unclear = [file for file, fractions, others, _ in files if not (fractions or others)]
        _give_up(con, column, either, unclear)
    return [
        f"{file}: {column.name}: commas stand before fractions, {example} is "
        f"{example.replace('.', '').replace(',', '.')}"
        for file, example in decimal.items()
    ]


def _read_dots(con: duckdb.DuckDBPyConnection, table: Table, types: Mapping[str, str]) -> list[str]:
    """Take the dots between thousands out of columns of whole numbers."""
    notes: list[str] = []
    columns = [
        column
        for column in table.columns
        if column.is_count and types.get(column.name) == "VARCHAR"
    ]
    for column in columns:
        value = trimmed(quoted(column.name))
        is_grouped = _is_grouped(value)
        examples = dict(
            con.execute(
                f"select _file, min_by({value}, _row) from mapped where {is_grouped} "
                "group by _file order by _file"
            ).fetchall()
        )
        dots = _dots(con, value, list(examples))
        readings = {file: dots[file].reading for file in examples}
        for file, example in examples.items():
            if readings[file] == "grouped":
                meaning = f"{example} is {example.replace('.', '')}"
                notes.append(f"{file}: {column.name}: dots stand between thousands, {meaning}")
            elif readings[file] == "rounded":
                meaning = f"{example} is {example.partition('.')[0]}"
                notes.append(f"{file}: {column.name}: dots are taken as decimal points, {meaning}")
        grouped, doubtful = (
            [file for file, found in readings.items() if found == reading]
            for reading in ("grouped", "doubtful")
        )
        _replace(con, column, f"replace({value}, '.', '')", is_grouped, grouped)
        _give_up(con, column, is_grouped, doubtful)
    return notes


def _is_grouped(value: str) -> str:
    """SQL: whether dots of a number may stand between thousands.

    A number of a spreadsheet is never written with a zero at its end, or with two dots: a text is.
    """
    sheets = "|".join(SPREADSHEETS).replace(".", r"\.")
    is_text = (
        f"regexp_matches(_file, '({sheets})$', 'i') and regexp_matches({value}, '0$|\\..*\\.')"
    )
    return (
        f"(contains({value}, '.') and regexp_full_match({value}, '{GROUPED}') "
        f"and (regexp_matches(_file, '{TEXT_FILE}', 'i') or ({is_text})))"
    )


def _dots(con: duckdb.DuckDBPyConnection, value: str, files: Sequence[str]) -> dict[str, Dots]:
    """Of each of some files, read in one pass."""
    if not files:
        return {}
    found = con.execute(
        f"""
        with read as (
            select
                _file,
                {value} as content,
                regexp_full_match({value}, '{DOTTED}') as is_dotted,
                {_is_grouped(value)} as is_grouped,
            from mapped
            where {_of_files(files)}
        )

        select
            _file,
            count(*) filter (is_grouped and is_dotted),
            count(*) filter (is_grouped and is_dotted and content like '%.000'),
            count(*) filter (is_grouped and not is_dotted),
            count(*) filter (not is_grouped and regexp_full_match(content, '{FRACTION}')),
            count(*) filter (regexp_full_match(content, '[-+]?\\d{{1,3}}')),
            count(*) filter (regexp_full_match(content, '[-+]?\\d{{4,}}')),
        from read
        group by _file
        """
    ).fetchall()
    return {file: Dots(*counts) for file, *counts in found}


def _give_up(
    con: duckdb.DuckDBPyConnection, column: Column, where: str, files: Sequence[str]
) -> None:
    if not files:
        return
    con.execute(
        "insert into unread_values "
        f"select _file, _row, {literal(column.name)}, {quoted(column.name)}, 'marked' "
        f"from mapped where {where} and {_of_files(files)}"
    )
    _replace(con, column, "null", where, files)


def _replace(
    con: duckdb.DuckDBPyConnection, column: Column, value: str, where: str, files: Sequence[str]
) -> None:
    if files:
        con.execute(
            f"update mapped set {quoted(column.name)} = {value} "
            f"where {where} and {_of_files(files)}"
        )


def _of_files(files: Sequence[str]) -> str:
    return f"_file in ({', '.join(map(literal, files))})"
