"""The contract's rules as DuckDB SQL: every row is loaded, quarantined or an exact duplicate."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import duckdb

from sources.casting import recorded_at, row_hash, row_json, said, shown, typed_select
from sources.contract import Rule, Table
from sources.corrections import (
    UNREAD_BY_ROW,
    UNREAD_VALUES,
    broken,
    corrected_columns,
    corrections,
    is_correctable,
    strict_unread,
)
from sources.damaged_keys import keys_table, match_keys, matched_columns, replace_matched
from sources.landing import literal, one_row, quoted
from sources.total_rows import NEW_TOTAL_ROWS, RULE

# Of rows with one key, the one changed last is kept, or the one that its source recorded last,
# where the table says when that was.
CHANGED_AT = "updated_at"

# The rules that no two rows may share a key. Where a key may lack a part, a null is a value of it.
PARTLY_NULL = "unique_combination_or_null"
KEY_RULES = ("unique", "unique_combination", PARTLY_NULL)


# A row with cells that could not be used is not known to be equal to another.
NUMBERED = """
create or replace table numbered as
with placed as (
    select
        *,
        row_number() over (partition by _row_hash order by _file, _row, _n) as place,
    from corrected
)

select
    * exclude (place),
    place > 1
        and len(_type_errors) = 0 and len(_corrections) = 0 and unread_cells is null
        as _is_duplicate,
from placed
"""


class ConservationError(RuntimeError):
    """Rows were lost or made up between the files and the tables: a defect of Tenure."""


@dataclass(frozen=True)
class Counts:
    """Where the rows of a delivery went. Raises ConservationError when a row went nowhere.

    `rows_late` of those loaded arrived on a later day than they belong to; `cells_corrected` are
    cells of theirs that could not be used, and are null; `keys_matched` are rows with a key in
    another form than its parent's.
    """

    rows_in: int
    rows_loaded: int
    rows_quarantined: int
    rows_duplicate: int
    rows_late: int = 0
    cells_corrected: int = 0
    keys_matched: int = 0

    def __post_init__(self) -> None:
        if self.rows_in != self.rows_loaded + self.rows_quarantined + self.rows_duplicate:
            raise ConservationError(
                f"{self.rows_in} rows in, but {self.rows_loaded} loaded, "
                f"{self.rows_quarantined} quarantined and {self.rows_duplicate} duplicates"
            )

    @property
    def repairs(self) -> dict[str, int]:
        """How many rows, or cells, each rule repaired that repairs instead of rejecting."""
        return {
            "duplicate": self.rows_duplicate,
            "late": self.rows_late,
            "corrected": self.cells_corrected,
            "key": self.keys_matched,
        }


def violation(rule: Rule, table: Table) -> str | None:
    """SQL: the message when a row of `numbered` breaks the rule and is lost by it, else null.

    None for rules about several rows, which are checked after all others, and for those that cost
    a row one cell only.
    """
    if is_correctable(rule, table):
        return None
    name = rule.columns[0]
    column = quoted(name)
    value = f"'{name} ' || {shown(table.column(name))}"
    match rule.kind:
        case "above":
            lower = quoted(rule.columns[1])
            is_broken = f"{column} <= {lower}"
            message = f"{value} || ' is not above {rule.columns[1]} ' || {lower}::varchar"
        case "not_null":
            is_said = f"len({lost_cells(table)}) > 0"
            is_broken, message = f"{column} is null and not ({is_said})", f"'{name} is missing'"
        case "not_matching":
            is_broken = f"regexp_matches({column}::varchar, {literal(rule.pattern)})"
            message = f"{value} || {literal(f' looks like {rule.meaning}')}"
        case "relationships":
            assert rule.parent
            known = f"select key from {quoted(keys_table(rule.parent))}"
            is_broken = f"{column} is not null and {column} not in ({known})"
            message = f"{value} || ' is not in {rule.parent.full_name}'"
        case _:
            found = broken(rule, table)
            if found is None:
                return None
            is_broken, message = found
    return f"case when {is_broken} then {message} end"


def lost_cells(table: Table) -> str:
    """SQL: the strict cells of a row that cannot be used, by which the row is lost."""
    strict = ", ".join(literal(name) for name in table.strict)
    return (
        f"(list_filter(coalesce(unread_cells, []), lambda cell: {strict_unread(table)}) "
        f"|| list_filter(_type_errors, lambda cell: cell.name in ({strict})))"
    )


def violations(table: Table, rules: Sequence[Rule]) -> list[tuple[str, str]]:
    """SQL for the name and the message of each rule that a single row may break, types first."""
    own = [(f"'{rule.name}'", sql) for rule in rules if (sql := violation(rule, table))]
    cells = lost_cells(table)
    messages = f"array_to_string(list_transform({cells}, lambda cell: cell.message), '; ')"
    return [(f"{cells}[1].rule", f"nullif({messages}, '')"), *own]


def violation_list(table: Table, rules: Sequence[Rule]) -> str:
    """SQL: list of {rule, message} that a row breaks; empty for a good row."""
    each = ",\n".join(
        f"{{'rule': {name}, 'message': {message}}}" for name, message in violations(table, rules)
    )
    return f"list_filter([{each}], lambda violation: violation.message is not null)"


def enforced(table: Table, delivered: Mapping[str, bool]) -> tuple[Rule, ...]:
    """The rules that hold now: a reference counts once its parent table was delivered at all.

    Accounts always count: nothing downstream can use a row of nobody.
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
    *,
    is_whole: bool = True,
) -> Counts:
    """Sort the rows of `mapped` into the tables `accepted` and `rejected`.

    Without `is_whole` these are some rows of their files, and no key is known by its number.

    `types` are the columns of `mapped`, `unread_values` holds what `read_dates` noted. The known
    keys of parents must be in their `keys_table`, those of other systems in `claimed_keys` (rule,
    key, holder). `accepted` has the contract's columns, `attributes`, `_row_hash` and
    `_recorded_at` (null where the source says nothing of it); `rejected` has _n, _file, _row, rule
    (the first broken), message (all of them) and row_data.

    `corrections` has the cells of accepted rows that could not be used: _file, _row, column_name,
    rule, message, content. `matched_keys` has the keys that are a parent's in another form.

    Exact duplicates are dropped. Of rows that differ but share a key, the last changed stays, or
    the first in file order, and the others are quarantined: nothing is lost, and every run
    decides alike.
    """
    con.execute(UNREAD_BY_ROW)
    con.execute(
        "create or replace table typed as select * from "
        f"({typed_select(table, types, f'{recorded_at(types)} as _recorded_at,')}) "
        "left join unread_rows using (_file, _row)"
    )
    match_keys(con, "typed", rules, is_whole=is_whole)
    matched = replace_matched(con, "typed", table)
    con.execute(
        f"create or replace view judged as select *, {corrections(table, rules)} as _corrections "
        "from typed"
    )
    replaced = corrected_columns(table, rules)
    con.execute(
        f"create or replace table corrected as select *, {row_hash(table)} as _row_hash from "
        f"(select *{f' replace ({replaced})' if replaced else ''} from judged)"
    )
    con.execute(NUMBERED)
    con.execute(
        f"""
        create or replace table checked as
        select *, {violation_list(table, rules)} as _violations
        from numbered
        where not _is_duplicate
        """
    )
    # rows that wait come back without their file, and without its total
    con.execute(f"create table if not exists {NEW_TOTAL_ROWS}")
    con.execute(
        f"update checked set _violations = list_prepend({{'rule': '{RULE}', "
        "'message': total_rows.message}, _violations) from total_rows "
        "where checked._file = total_rows._file and checked._row = total_rows._row"
    )
    for rule in rules:
        if rule.kind in KEY_RULES:
            _check_unique(con, rule, table)
    row_data = f"json_merge_patch({row_json(types, 'mapped')}, {UNREAD_VALUES})"
    for name in matched_columns(con):
        # a row waits under the name that its parent would have
        key = f"json_object({literal(name)}, checked.{quoted(name)})"
        present = f"case when checked.{quoted(name)} is not null then {key} else '{{}}' end"
        row_data = f"json_merge_patch({row_data}, {present})"
    names = ", ".join(quoted(name) for name in table.column_names)
    messages = "array_to_string(list_transform(_violations, lambda each: each.message), '; ')"
    con.execute(
        f"create or replace table accepted as select {names}, attributes, _row_hash, _recorded_at "
        "from checked where len(_violations) = 0"
    )
    con.execute(
        f"""
        create or replace table rejected as
        select
            mapped._n,
            mapped._file,
            mapped._row,
            _violations[1].rule as rule,
            {said(messages)} as message,
            {row_data}::varchar as row_data,
        from checked
        inner join mapped on checked._n = mapped._n
        where len(_violations) > 0
        """
    )
    con.execute(
        "create or replace table corrections as select _file, _row, cell.name as column_name, "
        f"cell.rule as rule, {said('cell.message')} as message, cell.content as content "
        "from (select _file, _row, unnest(_corrections) as cell from checked "
        "where len(_violations) = 0)"
    )
    counted = one_row(
        con,
        "select (select count(*) from mapped), (select count(*) from accepted), "
        "(select count(*) from rejected), (select count(*) from numbered where _is_duplicate), "
        "(select count(*) from corrections)",
    )
    rows_in, loaded, quarantined, duplicate, cells = counted
    return Counts(
        rows_in, loaded, quarantined, duplicate, cells_corrected=cells, keys_matched=matched
    )


def _check_unique(con: duckdb.DuckDBPyConnection, rule: Rule, table: Table) -> None:
    columns = ", ".join(quoted(name) for name in rule.columns)
    complete = " and ".join(f"{quoted(name)} is not null" for name in rule.columns)
    if rule.kind == PARTLY_NULL:
        complete = "true"
    latest = f"{CHANGED_AT} desc nulls last, " if CHANGED_AT in table.column_names else ""
    latest += "_recorded_at desc nulls last, "
    differing = ", ".join(
        f"case when own.{quoted(name)} is distinct from kept.{quoted(name)} "
        f"then {literal(name)} end"
        for name in table.column_names
    )
    values = (f"coalesce({shown(table.column(name))}, '')" for name in rule.columns)
    key = f"'{', '.join(rule.columns)} ' || " + " || ', ' || ".join(values)
    con.execute(
        f"""
        create or replace table clashes as
        with placed as (
            select
                _n,
                {key} as said,
                {key_text(rule)} as key,
                row_number() over same_key as place,
                first_value(_file) over same_key as kept_file,
                first_value(_row) over same_key as kept_row,
                first_value(_n) over same_key as kept_n,
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
                    || coalesce(' (' || nullif(concat_ws(', ', {differing}), '') || ')', '')
            end as message,
        from placed
        inner join checked as own on placed._n = own._n
        inner join checked as kept on placed.kept_n = kept._n
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
    parts = [f"cast({quoted(name)} as varchar)" for name in rule.columns]
    if rule.kind == PARTLY_NULL:
        parts = [f"coalesce({part}, '')" for part in parts]
    return " || chr(31) || ".join(parts)
