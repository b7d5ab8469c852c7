"""From what a file says to what the contract asks: types, left-over attributes, a hash per row."""

from __future__ import annotations

from collections.abc import Mapping

from sources.blanks import NULL_WORDS, NULL_WORDS_OF_TIMES, is_blank, trimmed
from sources.contract import Column, Rule, Table
from sources.countries import country_code
from sources.dates import iso
from sources.headers import ROW_COLUMNS
from sources.landing import literal, quoted
from warehouse.personal import ADDRESS, impersonal_sql, shape_sql

# Beyond it a number is a key, or a unit gone wrong; sums of such whole numbers end a run.
LARGEST = 10**15
# Of what was measured and added up: a customer's month of bytes passes 10^15.
LARGEST_MEASURE = 10**18

TYPE_WORDS = {
    "integer": "whole number",
    "bigint": "whole number of at most 15 digits",
    "numeric": "number below 10^15",
    "double precision": "number below 10^18",
    "boolean": "boolean (true or false)",
    "date": "ISO date such as 2024-12-31",
    "timestamptz": "ISO time such as 2024-12-31 09:30",
}

SHOWN_CHARACTERS = 100

# What DuckDB reads is not here; 1.0 is how pandas writes a flag of a column with gaps.
TRUE_WORDS = ("x", "✓", "on", "1.0", "ja", "wahr", "oui", "vrai", "sí", "sim")
FALSE_WORDS = ("off", "0.0", "nein", "falsch", "non", "faux", "não", "nee")

# A mapping may say itself when its source recorded a row.
RECORDED_AT = Column("recorded_at", "timestamptz", "When the source recorded the row.")

# A cell that cannot be used: its column, the rule, a sentence, and what stood in it.
CELL = "struct(name varchar, rule varchar, message varchar, content varchar)"

# 1,200 and 1,200.50 are numbers; 1,2 and 1,20 are something else, and 0,500 is a half.
THOUSANDS = r"[-+]?[1-9]\d{0,2}(,\d{3})+(\.\d+)?"
# 51-200, 51 to 200, 10,001+
RANGE = r"(\d[\d,]*)\s*(\+|(-|–|to)\s*\d[\d,]*)"


def given(column: Column, duckdb_type: str) -> str:
    """SQL: a mapped value as given, null where there is none: blank, or a word for null.

    A required text is left as it is: a customer may be called None.
    """
    name = quoted(column.name)
    if duckdb_type != "VARCHAR":
        return name
    if column.data_type == "text" and column.is_strict:
        return f"nullif({trimmed(name)}, '')"
    words = NULL_WORDS_OF_TIMES if column.is_time else NULL_WORDS
    return f"case when {is_blank(name, words)} then null else {trimmed(name)} end"


def cast(column: Column, duckdb_type: str | None, rules: tuple[Rule, ...] = ()) -> str:
    """SQL: a mapped column as the contract's type, null when there is none or it does not fit.

    `duckdb_type` is the type the mapping gave, None when it gave no such column. `rules` are the
    table's: codes are read in any spelling.
    """
    if duckdb_type is None:
        return f"null::{column.duckdb_type}"
    is_text = duckdb_type == "VARCHAR"
    value = given(column, duckdb_type)
    match column.data_type:
        case "text":
            return _code(value if is_text else f"{value}::varchar", column, rules)
        case "integer" | "bigint":
            number = _plain_number(value, column) if is_text else value
            # A plain cast rounds 27.5 to 28 without a word.
            exact = f"try_cast({number} as decimal(38, 9))"
            is_usable = f"{exact} % 1 = 0 and abs({exact}) < {LARGEST}"
            return f"case when {is_usable} then try_cast({exact} as {column.duckdb_type}) end"
        case "double precision":
            plain = _plain_number(value, column) if is_text else value
            number = f"try_cast({plain} as double)"
            is_usable = f"isfinite({number}) and abs({number}) < {LARGEST_MEASURE}"
            return f"case when {is_usable} then {number} end"
        case "date" | "timestamptz":
            if duckdb_type == "TIMESTAMP":
                # Without a zone it is UTC. DuckDB's own cast asks its calendar about each value:
                # 1.5 s of 8 M events, this 0.3 s. Infinity has no microseconds and becomes null.
                time = f"make_timestamptz(epoch_us({value}))"
            else:
                time = iso(value) if is_text else f"try_cast({value} as timestamptz)"
            finite = f"case when isfinite({time}) then {time} end"
            return f"({finite})::date" if column.data_type == "date" else finite
        case _:
            is_number = column.data_type == "numeric"
            if is_text:
                value = _plain_number(value, column) if is_number else _flag(value)
            typed = f"try_cast({value} as {column.duckdb_type})"
            return f"case when abs({typed}) < {LARGEST} then {typed} end" if is_number else typed


def _plain_number(value: str, column: Column) -> str:
    plain = f"replace({value}, ',', '')"
    cases = [f"when regexp_full_match({value}, '{THOUSANDS}') then {plain}"]
    if column.has_ranges:
        lower = f"regexp_extract({plain}, '^\\d+')"
        cases.append(f"when regexp_full_match({value}, '{RANGE}', 'i') then {lower}")
    return f"case {' '.join(cases)} else {value} end"


def _flag(value: str) -> str:
    """Yes and no as people tick and write them; any other word stays for DuckDB to read."""
    true, false = (", ".join(map(literal, words)) for words in (TRUE_WORDS, FALSE_WORDS))
    return (
        f"case when lower({value}) in ({true}) then 'true' "
        f"when lower({value}) in ({false}) then 'false' else {value} end"
    )


def _code(value: str, column: Column, rules: tuple[Rule, ...]) -> str:
    """Codes in the contract's spelling, whatever their case, blanks and hyphens."""
    if column.is_country:
        return country_code(value)
    for rule in rules:
        if rule.columns != (column.name,):
            continue
        if rule.kind == "iso_currency":
            return f"upper({value})"
        if rule.kind == "accepted_values":
            folded = f"replace(replace(lower({value}), ' ', '_'), '-', '_')"
            cases = " ".join(
                f"when {literal(code.lower().replace(' ', '_').replace('-', '_'))} "
                f"then {literal(code)}"
                for code in rule.values
            )
            return f"case {folded} {cases} else {value} end"
    return value


def attributes(table: Table, types: Mapping[str, str]) -> str:
    """SQL: JSON text of the non-null columns that the contract does not know, null if none."""
    own = (*table.column_names, *ROW_COLUMNS, RECORDED_AT.name)
    extras = [name for name in types if name not in own]
    if not extras:
        return "null::varchar"
    pairs = ", ".join(f"{literal(name)}, {quoted(name)}" for name in extras)
    return f"nullif(json_merge_patch('{{}}', json_object({pairs}))::varchar, '{{}}')"


def recorded_at(types: Mapping[str, str]) -> str:
    """SQL: when the source itself recorded a row, where it says so and that has been; else null."""
    if RECORDED_AT.name not in types:
        return "null::timestamptz"
    moment = cast(RECORDED_AT, types[RECORDED_AT.name])
    return f"case when {moment} < clock() then {moment} end"


def row_json(types: Mapping[str, str], row: str) -> str:
    """SQL: JSON of a mapped row as it came, without its nulls; `row` names the row's relation."""
    names = [name for name in types if name not in ROW_COLUMNS]
    pairs = ", ".join(f"{literal(name)}, {row}.{quoted(name)}" for name in names)
    return f"json_merge_patch('{{}}', json_object({pairs}))"


def row_hash(table: Table) -> str:
    """SQL: a hash of a row's content. Nulls do not count, so that a column added to the contract
    leaves the hash of rows without it alone, and with it the time Tenure first knew them."""
    parts = [
        f"coalesce({literal(column.name + '=')} || {quoted(column.name)}::varchar || chr(31), '')"
        for column in table.columns
    ]
    return f"md5({' || '.join(parts)} || coalesce(attributes, ''))"


def shown(column: Column) -> str:
    """SQL: a cell as messages quote it: of what is a person's the shape; a megabyte in a sentence
    helps no reader."""
    value = f"{quoted(column.name)}::varchar"
    return shape_sql(value) if column.is_personal else f"left({value}, {SHOWN_CHARACTERS})"


def said(message: str) -> str:
    """SQL: a message as it is kept: addresses are looked for in messages, not in all cells."""
    return impersonal_sql(message, counted=f"regexp_extract({message}, '{ADDRESS}')")


def can_differ(column: Column, duckdb_type: str) -> bool:
    """Whether a value of this DuckDB type may fail to become the contract's type."""
    is_moment = duckdb_type == "DATE" or duckdb_type.startswith("TIMESTAMP")
    return column.data_type != "text" and not (column.is_time and is_moment)


def has_type_error(column: Column, duckdb_type: str) -> str:
    """SQL: whether a value is there and is not of its column's type."""
    return f"{given(column, duckdb_type)} is not null and {cast(column, duckdb_type)} is null"


def type_errors(table: Table, types: Mapping[str, str]) -> str:
    """SQL: list of CELL of the values that are there and not of their column's type."""
    broken = [
        f"case when {has_type_error(column, types[column.name])} then "
        f"{{'name': {literal(column.name)}, "
        f"'rule': {literal(f'type({column.name})')}, 'message': {literal(column.name + ' ')} || "
        f"{shown(column)} || {literal(' is no ' + TYPE_WORDS[column.data_type])}, "
        f"'content': {quoted(column.name)}::varchar}} end"
        for column in table.columns
        if column.name in types and can_differ(column, types[column.name])
    ]
    if not broken:
        return f"[]::{CELL}[]"
    return f"list_filter([{', '.join(broken)}], lambda cell: cell is not null)"


def typed_select(table: Table, types: Mapping[str, str], extra: str = "") -> str:
    """SQL: `mapped` in the contract's types, with `attributes`, the row's own place and the cells
    that do not fit (`_type_errors`). `extra` is a further column, with its comma."""
    columns = ",\n    ".join(
        f"{cast(column, types.get(column.name), table.rules)} as {quoted(column.name)}"
        for column in table.columns
    )
    return f"""
    select
    {columns},
    {attributes(table, types)} as attributes,
    _file,
    _row,
    _n,
    {type_errors(table, types)} as _type_errors,
    {extra}
    from mapped
    """
