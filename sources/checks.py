"""The contract's rules as DuckDB SQL: every row is loaded, quarantined or an exact duplicate."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import duckdb

from sources.casting import TYPE_WORDS, row_json, typed_select
from sources.contract import Parent, Rule, Table
from sources.landing import literal, one_row, quoted

# Of rows with one key, the one changed last is kept where the table says when that was.
CHANGED_AT = "updated_at"


UNREAD_BY_ROW = """
create or replace table unread_rows as
select
    _file,
    _row,
    min(column_name) as unread_column,
    string_agg(
        column_name || ' ' || content || ' is no date ('
        || case format when 'iso' then 'read as ISO, 2024-12-31' else 'read ' || format end || ')',
        '; ' order by column_name
    ) as unread_message,
    json_group_object(column_name, content) as unread_values,
from unread_dates
group by _file, _row
"""

NUMBERED = """
create or replace table numbered as
with placed as (
    select
        *,
        row_number() over (partition by _row_hash order by _file, _row, _n) as place,
    from typed
    left join unread_rows using (_file, _row)
)

select
    * exclude (place),
    -- rows with values that could not be read are not known to be equal
    place > 1 and len(_type_errors) = 0 and unread_message is null as _is_duplicate,
from placed
"""


class ConservationError(RuntimeError):
    """Rows were lost or made up between the files and the tables: a defect of Tenure."""


@dataclass(frozen=True)
class Counts:
    """Where the rows of a delivery went. Raises ConservationError when a row went nowhere.

    `rows_late` of those loaded arrived on a later day than they belong to.
    """

    rows_in: int
    rows_loaded: int
    rows_quarantined: int
    rows_duplicate: int
    rows_late: int = 0

    def __post_init__(self) -> None:
        if self.rows_in != self.rows_loaded + self.rows_quarantined + self.rows_duplicate:
            raise ConservationError(
                f"{self.rows_in} rows in, but {self.rows_loaded} loaded, "
                f"{self.rows_quarantined} quarantined and {self.rows_duplicate} duplicates"
            )

    @property
    def repairs(self) -> dict[str, int]:
        """How many rows each rule corrected that corrects rows instead of rejecting them."""
        return {"duplicate": self.rows_duplicate, "late": self.rows_late}


def keys_table(parent: Parent) -> str:
    """Name of the DuckDB table that holds the known keys of a parent, in column `key`."""
    return f"keys of {parent.full_name}.{parent.field}"


def violation(rule: Rule, table: Table) -> str | None:
    """SQL: the message when a row of `typed` breaks the rule, else null.

    None for rules about several rows, which are checked after all others.
    """
    types = {column.name: column.data_type for column in table.columns}
    name = rule.columns[0]
    column = quoted(name)
    said = f"'{name} ' || {column}::varchar"
    match rule.kind:
        case "not_null":
            is_unread = (
                f"unread_message is not null or list_contains(_type_errors, {literal(name)})"
            )
            broken, message = f"{column} is null and not ({is_unread})", f"'{name} is missing'"
        case "accepted_values":
            values = ", ".join(literal(value) for value in rule.values)
            broken = f"{column}::varchar not in ({values})"
            message = f"{said} || {literal(' is none of ' + ', '.join(rule.values))}"
        case "at_least":
            shown = f"{column}::double" if types[name] == "numeric" else column
            broken = f"{column} < {rule.minimum}"
            message = f"'{name} is ' || {shown}::varchar || ', the least allowed is {rule.minimum}'"
        case "iso_currency":
            broken = f"not regexp_full_match({column}, '[A-Z]{{3}}')"
            message = f"{said} || ' is no ISO 4217 code such as USD'"
        case "not_matching":
            broken = f"regexp_matches({column}::varchar, {literal(rule.pattern)})"
            message = f"{said} || {literal(f' looks like {rule.meaning}')}"
        case "not_before":
            earlier = quoted(rule.columns[1])
            broken = f"{column} < {earlier}"
            message = f"{said} || ' lies before {rule.columns[1]} ' || {earlier}::varchar"
        case "relationships":
            assert rule.parent
            known = f"select key from {quoted(keys_table(rule.parent))}"
            broken = f"{column} is not null and {column} not in ({known})"
            message = f"{said} || ' is not in {rule.parent.full_name}'"
        case _:
            return None
    return f"case when {broken} then {message} end"


def type_violation(table: Table) -> str:
    """SQL: the message when values of a row do not fit their columns' types, else null."""
    words = " ".join(
        f"when {literal(column.name)} then {literal(TYPE_WORDS[column.data_type])}"
        for column in table.columns
        if column.data_type in TYPE_WORDS
    )
    if not words:
        return "null::varchar"
    each = (
        "list_transform(list_zip(_type_errors, _unfit_texts), "
        "lambda pair: pair[1] || ' ' || coalesce(pair[2], '') || ' is no ' || "
        f"case pair[1] {words} end)"
    )
    return f"case when len(_type_errors) > 0 then array_to_string({each}, '; ') end"


def violations(table: Table, rules: Sequence[Rule]) -> list[tuple[str, str]]:
    """SQL for the name and the message of each rule that a single row may break, types first."""
    own = [(f"'{rule.name}'", sql) for rule in rules if (sql := violation(rule, table))]
    return [
        ("'type(' || unread_column || ')'", "unread_message"),
        ("'type(' || _type_errors[1] || ')'", type_violation(table)),
        *own,
    ]


def violation_list(table: Table, rules: Sequence[Rule]) -> str:
    """SQL: list of {rule, message} that a row breaks; empty for a good row."""
    each = ",\n".join(
        f"{{'rule': {name}, 'message': {message}}}" for name, message in violations(table, rules)
    )
    return f"list_filter([{each}], lambda violation: violation.message is not null)"


def enforced(table: Table, delivered: Mapping[str, bool]) -> tuple[Rule, ...]:
    """The rules that hold now: a reference counts once its parent table was delivered at all.

    Accounts always count: nothing downstream can use a row of no account.
    """
    return tuple(
        rule
        for rule in table.rules
        if rule.parent is None
        or rule.parent.full_name == "crm.accounts"
        or delivered.get(rule.parent.full_name, False)
    )


def check_rows(
    con: duckdb.DuckDBPyConnection,
    table: Table,
    types: Mapping[str, str],
    rules: Sequence[Rule],
) -> Counts:
    """Sort the rows of `mapped` into the tables `accepted` and `rejected`.

    `types` are the columns of `mapped`, `unread_dates` holds what `read_dates` noted. The known
    keys of parents must be in their `keys_table`, those of other systems in `claimed_keys` (rule,
    key, holder). `accepted` has the contract's columns, `attributes` and `_row_hash`; `rejected`
    has _n, _file, _row, rule (the first broken), message (all of them) and row_data.

    Exact duplicates are dropped. Of rows that differ but share a key, the last changed stays, or
    the first in file order, and the others are quarantined: nothing is lost, and every run
    decides alike.
    """
    con.execute(UNREAD_BY_ROW)
    con.execute(f"create or replace table typed as {typed_select(table, types)}")
    con.execute(NUMBERED)
    con.execute(
        f"""
        create or replace table checked as
        select *, {violation_list(table, rules)} as _violations
        from numbered
        where not _is_duplicate
        """
    )
    for rule in rules:
        if rule.kind in ("unique", "unique_combination"):
            _check_unique(con, rule, table)
    names = ", ".join(quoted(name) for name in table.column_names)
    con.execute(
        f"create or replace table accepted as select {names}, attributes, _row_hash "
        "from checked where len(_violations) = 0"
    )
    con.execute(
        f"""
        create or replace table rejected as
        with broken as (
            select
                _n,
                _violations[1].rule as rule,
                array_to_string(
                    list_transform(_violations, lambda violation: violation.message), '; '
                ) as message,
                coalesce(unread_values, '{{}}') as unread_values,
            from checked
            where len(_violations) > 0
        )

        select
            mapped._n,
            mapped._file,
            mapped._row,
            broken.rule,
            broken.message,
            json_merge_patch({row_json(types, "mapped")}, broken.unread_values)::varchar
                as row_data,
        from broken
        inner join mapped on broken._n = mapped._n
        """
    )
    counted = one_row(
        con,
        "select (select count(*) from mapped), (select count(*) from accepted), "
        "(select count(*) from rejected), (select count(*) from numbered where _is_duplicate)",
    )
    return Counts(*counted)


def _check_unique(con: duckdb.DuckDBPyConnection, rule: Rule, table: Table) -> None:
    columns = ", ".join(quoted(name) for name in rule.columns)
    complete = " and ".join(f"{quoted(name)} is not null" for name in rule.columns)
    latest = f"{CHANGED_AT} desc nulls last, " if CHANGED_AT in table.column_names else ""
    shown = " || ', ' || ".join(f"{quoted(name)}::varchar" for name in rule.columns)
    said = f"'{', '.join(rule.columns)} ' || {shown}"
    con.execute(
        f"""
        create or replace table clashes as
        with placed as (
            select
                _n,
                {said} as said,
                {key_text(rule)} as key,
                row_number() over same_key as place,
                first_value(_file) over same_key as kept_file,
                first_value(_row) over same_key as kept_row,
            from checked
            where len(_violations) = 0 and {complete}
            window same_key as (partition by {columns} order by {latest}_file, _row, _n)
        )

        select
            placed._n,
            placed.said || case
                when claimed_keys.key is not null
                    then ' was delivered by the system ' || claimed_keys.holder
                else ' stands in ' || placed.kept_file || ' row ' || placed.kept_row
                    || ' with other content'
            end as message,
        from placed
        left join claimed_keys
            on placed.key = claimed_keys.key and claimed_keys.rule = {literal(rule.name)}
        where placed.place > 1 or claimed_keys.key is not null
        """
    )
    con.execute(
        f"update checked set _violations = [{{'rule': '{rule.name}', 'message': clashes.message}}] "
        "from clashes where checked._n = clashes._n"
    )


def key_text(rule: Rule) -> str:
    """SQL: a row's key as one text, the same in DuckDB and in PostgreSQL."""
    return " || chr(31) || ".join(f"cast({quoted(name)} as varchar)" for name in rule.columns)
