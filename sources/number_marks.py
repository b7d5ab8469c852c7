"""Dots and commas in numbers: between thousands, or before a fraction. Decided by file.

1.200 seats are a thousand and more where the same file writes 85 without a dot; in a file that
also has 12.5 they are one and a fifth. A rate of 1,085 is one where the same file has 0,91. What
nothing decides is no number.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import duckdb

from sources.blanks import trimmed
from sources.contract import Column, Table
from sources.landing import literal, one_row, quoted

DOTTED = r"[-+]?[1-9]\d{0,2}\.\d{3}"
GROUPED = r"[-+]?[1-9]\d{0,2}(\.\d{3})+"
FRACTION = r"[-+]?\d*\.\d+"
COMMA_GROUPED = r"[-+]?[1-9]\d{0,2}(,\d{3})+"
# With other digits behind the comma than three, or thousands before it, it is a decimal mark.
COMMA_FRACTION = r"[-+]?(\d+|\d{1,3}(\.\d{3})+),\d+"
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
    has_dot += f"and not regexp_full_match({value}, '{GROUPED}'))"
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
    notes = []
    for file, fractions, others, example in files:
        of_file = f"_file = {literal(file)}"
        if fractions and not others:
            marked = f"regexp_full_match({value}, '{COMMA_FRACTION}|{GROUPED}')"
            plain = f"replace(replace({value}, '.', ''), ',', '.')"
            _replace(con, column, plain, f"{of_file} and {marked}")
            meaning = f"{example} is {example.replace('.', '').replace(',', '.')}"
            notes.append(f"{file}: {column.name}: commas stand before fractions, {meaning}")
        elif not (fractions or others or column.is_count):
            _give_up(con, column, f"{of_file} and {either}")
    return notes


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
        is_dotted = f"regexp_full_match({value}, '{GROUPED}')"
        files = con.execute(
            f"select _file, min_by({value}, _row) from mapped where {is_dotted} "
            "group by _file order by _file"
        ).fetchall()
        for file, example in files:
            reading = _dots(con, value, file).reading
            of_file = f"_file = {literal(file)} and {is_dotted}"
            if reading == "grouped":
                _replace(con, column, f"replace({value}, '.', '')", of_file)
                meaning = f"{example} is {example.replace('.', '')}"
                notes.append(f"{file}: {column.name}: dots stand between thousands, {meaning}")
            elif reading == "rounded":
                meaning = f"{example} is {example.partition('.')[0]}"
                notes.append(f"{file}: {column.name}: dots are taken as decimal points, {meaning}")
            elif reading == "doubtful":
                _give_up(con, column, of_file)
    return notes


def _dots(con: duckdb.DuckDBPyConnection, value: str, file: str) -> Dots:
    return Dots(
        *one_row(
            con,
            f"""
            with read as (
                select
                    {value} as content,
                    regexp_full_match({value}, '{DOTTED}') as is_dotted,
                    regexp_full_match({value}, '{GROUPED}') as is_grouped,
                from mapped
                where _file = {literal(file)}
            )

            select
                count(*) filter (is_dotted),
                count(*) filter (is_dotted and content like '%.000'),
                count(*) filter (is_grouped and not is_dotted),
                count(*) filter (not is_grouped and regexp_full_match(content, '{FRACTION}')),
                count(*) filter (regexp_full_match(content, '[-+]?\\d{{1,3}}')),
                count(*) filter (regexp_full_match(content, '[-+]?\\d{{4,}}')),
            from read
            """,
        )
    )


def _give_up(con: duckdb.DuckDBPyConnection, column: Column, where: str) -> None:
    con.execute(
        "insert into unread_values "
        f"select _file, _row, {literal(column.name)}, {quoted(column.name)}, 'marked' "
        f"from mapped where {where}"
    )
    _replace(con, column, "null", where)


def _replace(con: duckdb.DuckDBPyConnection, column: Column, value: str, where: str) -> None:
    con.execute(f"update mapped set {quoted(column.name)} = {value} where {where}")
