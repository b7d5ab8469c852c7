"""Cells that cannot be used, in columns that a row can do without. SQL over one typed row.

Such a cell becomes null and is counted; its row stays. In a strict column it is the row that is
quarantined (`sources/checks.py`).
"""

from __future__ import annotations

from collections.abc import Sequence

from sources.casting import CELL, shown
from sources.contract import Rule, Table
from sources.damaged_keys import is_shortened
from sources.landing import literal, quoted
from sources.money import rate_bound, times_plausible

# What a single cell can break. The others are about keys.
CELL_RULES = (
    "accepted_values",
    "at_least",
    "iso_currency",
    "longest",
    "not_before",
    "open_ended",
    "plausible_amount",
    "plausible_rate",
    "plausible_time",
    "possible_time",
    "whole_key",
    "within",
)

# Dates and numbers that could not be read, by the row of the file. A row that waits comes back
# without its file: a number that the rest of the file did not decide stays one that no cast reads.
UNREAD_BY_ROW = """
create or replace table unread_rows as
select
    _file,
    _row,
    list({
        'name': column_name,
        'rule': 'type(' || column_name || ')',
        'message': column_name || ' ' || content || case format
            when 'iso' then ' is no date (read as ISO, 2024-12-31)'
            when 'marked' then ' could be ' || regexp_replace(content, '[.,]', '', 'g')
                || ', or a fraction: write it without a mark between thousands'
            else ' is no date (read ' || format || ')'
        end,
        'content': content
    } order by column_name) as unread_cells,
    to_json(map(
        list(column_name order by column_name),
        list(content || case format when 'marked' then ' (?)' else '' end order by column_name)
    )) as unread_data,
from unread_values
group by _file, _row
"""

# The unread values of a row as JSON, under the names that the file gave them.
UNREAD_VALUES = "coalesce(unread_data, '{}')"


EARLIEST = "'1990-01-01'::timestamptz"
# People are older than the systems that tell of them.
EARLIEST_POSSIBLE = "'1900-01-01'::timestamptz"
# The zero of databases, spreadsheets and Unix, where an export has no end; the last of them
# is still the day before where the clock is ahead of UTC.
ZERO_DAYS = ("0001-01-01", "1753-01-01", "1899-12-30", "1899-12-31", "1900-01-01", "1969-12-31",
             "1970-01-01")  # fmt: skip
# Twenty years, as in the `plausible_time` of ends: what lies beyond either is read as no end.
LATEST_POSSIBLE = "clock() + interval 7305 day"


def is_correctable(rule: Rule, table: Table) -> bool:
    """Whether a row that breaks the rule only loses a cell.

    An end in the year 9999 says that there is none: null is what it means, in strict columns too.
    """
    if rule.kind == "open_ended":
        return True
    return rule.kind in CELL_RULES and rule.columns[0] not in table.strict


def broken(rule: Rule, table: Table) -> tuple[str, str] | None:
    """SQL: whether a typed row breaks the rule, and the message that says so.

    None for rules about several rows, about keys or about missing values.
    """
    types = {column.name: column.data_type for column in table.columns}
    name = rule.columns[0]
    column = quoted(name)
    value = f"'{name} ' || {shown(table.column(name))}"
    match rule.kind:
        case "longest":
            is_broken = f"strlen({column}) > {rule.maximum}"
            # Not what it says: a cell as long as that holds what belongs in others, people too.
            message = f"'{name} is ' || strlen({column}) || ' bytes long, more than {rule.maximum}'"
        case "whole_key":
            is_broken = is_shortened(column)
            message = (
                f"{value} || ' is a number that a spreadsheet shortened, and its digits are lost: "
                "export the column as text'"
            )
        case "open_ended":
            zeros = ", ".join(f"{literal(day)}::date" for day in ZERO_DAYS)
            is_broken = f"({column} > {LATEST_POSSIBLE} or {column}::date in ({zeros}))"
            message = f"{value} || ' is no day on which anything ends: read as no end'"
        case "possible_time":
            is_broken = f"{column} not between {EARLIEST_POSSIBLE} and {LATEST_POSSIBLE}"
            message = f"{value} || ' lies before 1900, or more than twenty years ahead'"
        case "plausible_amount" | "plausible_rate":
            is_broken, message = IMPLAUSIBLE[rule.kind](rule)
        case "accepted_values":
            codes = ", ".join(literal(code) for code in rule.values)
            is_broken = f"{column}::varchar not in ({codes})"
            message = f"{value} || {literal(' is none of ' + ', '.join(rule.values))}"
        case "at_least":
            number = f"{column}::double" if types[name] == "numeric" else column
            is_broken = f"{column} < {rule.minimum}"
            message = (
                f"'{name} is ' || {number}::varchar || ', the least allowed is {rule.minimum}'"
            )
        case "iso_currency":
            is_broken = f"not regexp_full_match({column}, '[A-Z]{{3}}')"
            message = f"{value} || ' is no ISO 4217 code such as USD'"
        case "not_before":
            earlier = quoted(rule.columns[1])
            is_broken = f"{column} < {earlier}"
            message = f"{value} || ' lies before {rule.columns[1]} ' || {earlier}::varchar"
        case "within":
            low, high = (_bound(bound) for bound in rule.bounds)
            is_broken = f"{column} not between {low} and {high}"
            message = (
                f"'{name} is ' || {column}::double::varchar || ', outside ' "
                f"|| {low}::double::varchar || ' to ' || {high}::double::varchar"
            )
        case "plausible_time":
            latest = f"clock() + interval {rule.days_ahead} day"
            is_broken = f"{column} not between {EARLIEST} and {latest}"
            message = f"{value} || ' lies before 1990, or too far in the future'"
        case _:
            return None
    return is_broken, message


def _implausible_amount(rule: Rule) -> tuple[str, str]:
    column, currency = (quoted(name) for name in rule.columns)
    return (
        f"abs({column}) > {rule.maximum} * {times_plausible(currency)}",
        f"'{rule.columns[0]} is ' || {column} || ' minor units of ' || coalesce({currency}, "
        f"'an unknown currency') || ', more than is plausible'",
    )


def _implausible_rate(rule: Rule) -> tuple[str, str]:
    column, currency = (quoted(name) for name in rule.columns)
    low, high = (f"({rate_bound(currency, side)})::double" for side in ("low", "high"))
    return (
        f"{column} not between {low} and {high}",
        f"'{rule.columns[0]} is ' || {column}::double::varchar || ' for a unit of ' || coalesce("
        f"{currency}, 'an unknown currency') || ', outside ' || {low}::varchar || ' to ' "
        f"|| {high}::varchar || ': it may be turned round, or per hundred units'",
    )


# By the kind of rule.
IMPLAUSIBLE = {"plausible_amount": _implausible_amount, "plausible_rate": _implausible_rate}


def _bound(bound: str | float) -> str:
    return quoted(bound) if isinstance(bound, str) else f"({bound})"


def corrections(table: Table, rules: Sequence[Rule]) -> str:
    """SQL: list of CELL of the cells of a typed row that are to become null.

    Needs `_type_errors`, and `unread_cells` of the row.
    """
    strict = ", ".join(literal(name) for name in table.strict)
    of_rules = []
    for rule in rules:
        if is_correctable(rule, table) and (found := broken(rule, table)):
            is_broken, message = found
            of_rules.append(
                f"case when {is_broken} then {{'name': {literal(rule.columns[0])}, "
                f"'rule': {literal(rule.name)}, 'message': {message}, "
                f"'content': {quoted(rule.columns[0])}::varchar}} end"
            )
    rule_cells = f"list_filter([{', '.join(of_rules)}], lambda cell: cell is not null)"
    lists = [
        f"list_filter(_type_errors, lambda cell: cell.name not in ({strict}))",
        f"list_filter(coalesce(unread_cells, []), lambda cell: not {strict_unread(table)})"
        f"::{CELL}[]",
        f"{rule_cells if of_rules else '[]'}::{CELL}[]",
    ]
    return " || ".join(f"({each})" for each in lists)


def strict_unread(table: Table) -> str:
    """SQL: whether a date `cell` that could not be read costs its row.

    A mapping reads columns of the file, which may be called otherwise than the contract's: then
    the row is lost when a strict time of it is unknown.
    """
    own = ", ".join(literal(name) for name in table.column_names)
    strict = ", ".join(literal(name) for name in table.strict)
    times = [column.name for column in table.columns if column.is_time and column.is_strict]
    unknown = " or ".join(f"{quoted(name)} is null" for name in times) or "false"
    return f"(cell.name in ({strict}) or (cell.name not in ({own}) and ({unknown})))"


def corrected_columns(table: Table, rules: Sequence[Rule]) -> str:
    """SQL: for `select * replace (…)`, the columns whose value a rule takes away; may be empty."""
    names = dict.fromkeys(rule.columns[0] for rule in rules if is_correctable(rule, table))
    return ", ".join(
        "case when not list_contains(list_transform(_corrections, lambda cell: cell.name), "
        f"{literal(name)}) then {quoted(name)} end as {quoted(name)}"
        for name in names
    )
