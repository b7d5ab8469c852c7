"""From what a file says to what the contract asks: types, left-over attributes, a hash per row."""

from __future__ import annotations

from collections.abc import Mapping

from sources.contract import Column, Table
from sources.dates import iso
from sources.landing import literal, quoted

# What a mapped row carries about itself, beside its content.
ROW_COLUMNS = ("_file", "_row", "_n", "_rejection_id")

TYPE_WORDS = {
    "integer": "whole number",
    "bigint": "whole number",
    "numeric": "number",
    "double precision": "number",
    "boolean": "boolean (true or false)",
    "date": "ISO date such as 2024-12-31",
    "timestamptz": "ISO time such as 2024-12-31 09:30",
}


def present(column: str, duckdb_type: str) -> str:
    """SQL: whether a value is there at all; blank text is not."""
    name = quoted(column)
    return (
        f"coalesce(trim({name}), '') <> ''" if duckdb_type == "VARCHAR" else f"{name} is not null"
    )


def cast(column: Column, duckdb_type: str | None) -> str:
    """SQL: a mapped column as the contract's type, null when it is blank or does not fit.

    `duckdb_type` is the type the mapping gave, None when it gave no such column.
    """
    if duckdb_type is None:
        return f"null::{column.duckdb_type}"
    is_text = duckdb_type == "VARCHAR"
    value = f"trim({quoted(column.name)})" if is_text else quoted(column.name)
    match column.data_type:
        case "text":
            # PostgreSQL's text cannot hold the character zero.
            clean = f"nullif(trim(replace({quoted(column.name)}, chr(0), '')), '')"
            typed = clean if is_text else f"{value}::varchar"
        case "integer" | "bigint":
            # A plain cast rounds 27.5 to 28 without a word.
            exact = f"try_cast({value} as decimal(38, 9))"
            typed = f"case when {exact} % 1 = 0 then try_cast({exact} as {column.duckdb_type}) end"
        case "double precision":
            number = f"try_cast({value} as double)"
            typed = f"case when isfinite({number}) then {number} end"
        case "date" | "timestamptz":
            if duckdb_type == "TIMESTAMP":
                # Without a zone it is UTC. DuckDB's own cast asks its calendar about each value:
                # 1.5 s of 8 M events, this 0.3 s. Infinity has no microseconds and becomes null.
                time = f"make_timestamptz(epoch_us({value}))"
            else:
                time = iso(value) if is_text else f"try_cast({value} as timestamptz)"
            finite = f"case when isfinite({time}) then {time} end"
            typed = f"({finite})::date" if column.data_type == "date" else finite
        case _:
            typed = f"try_cast({value} as {column.duckdb_type})"
    return typed


def attributes(table: Table, types: Mapping[str, str]) -> str:
    """SQL: JSON text of the non-null columns that the contract does not know, null if none."""
    extras = [name for name in types if name not in (*table.column_names, *ROW_COLUMNS)]
    if not extras:
        return "null::varchar"
    pairs = ", ".join(f"{literal(name)}, {quoted(name)}" for name in extras)
    return f"nullif(json_merge_patch('{{}}', json_object({pairs}))::varchar, '{{}}')"


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


def can_differ(column: Column, duckdb_type: str) -> bool:
    """Whether a value of this DuckDB type may fail to become the contract's type."""
    is_moment = duckdb_type == "DATE" or duckdb_type.startswith("TIMESTAMP")
    return column.data_type != "text" and not (column.is_time and is_moment)


def type_errors(table: Table, types: Mapping[str, str]) -> str:
    """SQL: list of the contract columns whose value is there but is not of the column's type."""
    broken = [
        f"case when {present(column.name, types[column.name])} "
        f"and {cast(column, types[column.name])} is null then {literal(column.name)} end"
        for column in table.columns
        if column.name in types and can_differ(column, types[column.name])
    ]
    if not broken:
        return "[]::varchar[]"
    return f"list_filter([{', '.join(broken)}]::varchar[], lambda name: name is not null)"


def typed_select(table: Table, types: Mapping[str, str], extra: str = "") -> str:
    """SQL: `mapped` in the contract's types, with `attributes`, `_row_hash`, the row's own place,
    `_type_errors` and the texts of the columns that do not fit (`_unfit_texts`). `extra` is a
    further column, with its comma."""
    columns = ",\n    ".join(
        f"{cast(column, types.get(column.name))} as {quoted(column.name)}"
        for column in table.columns
    )
    texts = " ".join(
        f"when {literal(column.name)} then {quoted(column.name)}::varchar"
        for column in table.columns
        if column.name in types and can_differ(column, types[column.name])
    )
    text = f"case name {texts} end" if texts else "null::varchar"
    return f"""
with typed as (
    select
    {columns},
    {attributes(table, types)} as attributes,
    _file,
    _row,
    _n,
    {type_errors(table, types)} as _type_errors,
    list_transform(_type_errors, lambda name: {text}) as _unfit_texts,
    {extra}
    from mapped
)

select *, {row_hash(table)} as _row_hash from typed
"""
