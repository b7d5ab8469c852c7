"""Keys that came in another form than their parent's: matched where that is certain.

`00123` became `123`, or `1001` became `1001.0`, in one of two files. Where all numbers of a file
are written in one form and nearly all keys that they refer to in another, a key is known by its
number. That is decided by a whole file: its other numbers are written in the form of the keys too,
so that a row that waits finds its key later without the file.
Digits that are lost (`1.00E+05`) are never guessed: the rule `whole_key` rejects them.

Ids of Salesforce in their short and their long form are matched one by one (`salesforce_ids`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import duckdb

from sources.blanks import trimmed
from sources.contract import Parent, Rule, Table
from sources.landing import literal, one_row, quoted
from sources.salesforce_ids import (
    BY_CHECKSUM,
    NEW_UNPROVEN_IDS,
    match_ids,
    unproven_sentences,
)

# Of the numbers of a file, this share must be found: else they may be other numbers.
MOST = 0.9
# Of the keys of a parent, this share must have one form; the others are known as they are.
NEARLY_ALL = 0.99

NUMERAL = r"\d+(\.\d+)?"
SHORTENED = r"\d([.,]\d+)?[Ee]\+\d+"

ACCOUNT = "account_id"
ACCOUNTS = Parent("crm", "accounts", ACCOUNT)
# A file that was rewritten shows it at its beginning.
LOOKED_AT = 1000

NEW_MATCHED_KEYS = """
create or replace table matched_keys
(
    column_name varchar, parent varchar, _file varchar, delivered varchar, key varchar,
    is_known boolean, proof varchar
)
"""
BY_NUMBER = "number"
HOW = {
    BY_NUMBER: "as spreadsheets rewrite numbers, and matched by {their} number",
    BY_CHECKSUM: "as Salesforce writes ids with 15 or with 18 characters, and matched by {their} "
    "checksum",
}

# The forms that keys may have, and which of `value` have it; {width} is that of padded ones.
HAS_ZERO = "(left(value, 1) = '0' and split_part(value, '.', 1) <> '0')"
FORMS = {
    "padded": "not contains(value, '.') and length(value) = {width}",
    "plain": f"not contains(value, '.') and not {HAS_ZERO}",
    "tailed": f"contains(value, '.') and not {HAS_ZERO}",
}
# How a number is written in them; {tail} is that of tailed ones.
WRITTEN = {
    "padded": "lpad({number}, {width}, '0')",
    "plain": "{number}",
    "tailed": "{number} || '.' || {tail}",
}


@dataclass(frozen=True)
class Numerals:
    """What the keys of a file or a table that are numbers look like, each counted once.

    `tailed` end in .0, `zeros` begin with a zero; `shortest` and `longest` count digits before the
    dot; `numbers` are the different whole ones.
    """

    count: int
    numbers: int
    tailed: int
    zeros: int
    shortest: int
    longest: int

    @property
    def form(self) -> str | None:
        """`tailed`, `padded` to one width or `plain`; None where no one form is all of theirs."""
        if self.count == 0 or self.numbers < self.count:
            return None
        if self.tailed == self.count and self.zeros == 0:
            return "tailed"
        if self.tailed:
            return None
        if self.zeros == 0:
            return "plain"
        return "padded" if self.shortest == self.longest else None


def is_rewritten(child: Numerals, parent: Numerals) -> bool:
    """Whether one of them is the other's numbers in another form."""
    forms = (child.form, parent.form)
    if None in forms or child.form == parent.form:
        return False
    width = {form: each.longest for form, each in zip(forms, (child, parent), strict=True)}
    return width.get("padded", max(width.values())) == max(width.values())


def keys_table(parent: Parent) -> str:
    """Name of the DuckDB table that holds the known keys of a parent, in column `key`."""
    return f"keys of {parent.full_name}.{parent.field}"


def is_shortened(column: str) -> str:
    """SQL: whether a key is a number of which a spreadsheet kept the first digits only."""
    return f"contains({column}, '+') and regexp_full_match({column}, '{SHORTENED}')"


def match_keys(
    con: duckdb.DuckDBPyConnection, relation: str, rules: Sequence[Rule], *, is_whole: bool = True
) -> None:
    """Note in `matched_keys` the keys in `relation` (with `_file`) that are those of a parent in
    another form. Needs the known keys of each parent.

    Without `is_whole` these are some rows of their files, and no key is known by its number.
    """
    _forget_matches(con)
    for rule in rules:
        if rule.parent:
            keys = quoted(keys_table(rule.parent))
            match_ids(con, relation, rule.columns[0], keys, rule.parent.full_name)
            if is_whole:
                _match_column(con, relation, rule.columns[0], keys, rule.parent.full_name)


def replace_matched(con: duckdb.DuckDBPyConnection, relation: str, table: Table) -> int:
    """Give the rows of a table in DuckDB the keys of their parents; how many have a known one."""
    number = 0
    columns = con.execute(
        "select distinct column_name, is_known from matched_keys order by all"
    ).fetchall()
    for column, is_known in columns:
        assert column in table.column_names
        found = con.execute(
            f"update {quoted(relation)} as child set {quoted(column)} = matched_keys.key "
            f"from matched_keys where matched_keys.column_name = {literal(column)} "
            f"and matched_keys.is_known = {is_known} and matched_keys._file = child._file "
            f"and matched_keys.delivered = child.{quoted(column)}"
        ).fetchall()
        number += found[0][0] if is_known else 0
    return number


def matched_columns(con: duckdb.DuckDBPyConnection) -> list[str]:
    """The columns in which keys were matched."""
    found = con.execute("select distinct column_name from matched_keys order by 1").fetchall()
    return [column for (column,) in found]


def match_event_keys(
    con: duckdb.DuckDBPyConnection,
    types: Mapping[str, str],
    whole_files: Sequence[str] | None = None,
) -> bool:
    """The same for the accounts of events in `mapped`, by their number in all files or in those
    that are whole; whether anything was noted.

    Events are many: they are read once more only where the first of them have an unknown number,
    and all of these another form than the accounts have. Ids of another form prove themselves, so
    that where the accounts have such keys all events are looked through.
    """
    _forget_matches(con)
    if ACCOUNT not in types:
        return False
    con.execute(
        "create or replace temp view event_keys as "
        f"select _file, {trimmed(f'{ACCOUNT}::varchar')} as {ACCOUNT} from mapped"
    )
    keys = quoted(keys_table(ACCOUNTS))
    match_ids(con, "event_keys", ACCOUNT, keys, ACCOUNTS.full_name)
    if whole_files != []:
        _match_event_numbers(con, keys, whole_files)
    noted = "select 1 from matched_keys union all select 1 from unproven_ids limit 1"
    return bool(con.execute(noted).fetchall())


def _match_event_numbers(
    con: duckdb.DuckDBPyConnection, keys: str, files: Sequence[str] | None
) -> None:
    of_files = f"where _file in ({', '.join(map(literal, files))})" if files else ""
    con.execute(f"create or replace temp view event_numbers as select * from event_keys {of_files}")
    con.execute(
        "create or replace temp table first_numerals as select distinct value "
        f"from (select {ACCOUNT} as value from event_numbers limit {LOOKED_AT}) "
        f"where regexp_full_match(value, '{NUMERAL}')"
    )
    [unknown] = one_row(
        con, f"select count(*) from first_numerals where value not in (select key from {keys})"
    )
    first = _numerals(con, "first_numerals")
    if unknown and is_rewritten(first, _read_parent(con, keys)):
        _match_column(con, "event_numbers", ACCOUNT, keys, ACCOUNTS.full_name)


def with_matched_accounts(sql: str) -> str:
    """SQL: the events of a mapping, with the keys of their accounts."""
    account = f"{ACCOUNT}::varchar"
    return (
        f"select mapped.* replace (coalesce(matched_keys.key, {account}) as {ACCOUNT}) "
        f"from ({sql}\n) as mapped left join matched_keys on mapped._file = matched_keys._file "
        f"and matched_keys.delivered = {trimmed(account)}"
    )


def sentences(con: duckdb.DuckDBPyConnection) -> list[str]:
    """A sentence for each file and column of which keys were matched, or ids are not proven."""
    rows = con.execute(
        "select _file, column_name, parent, proof, count(*), min_by((delivered, key), delivered) "
        "from matched_keys where is_known group by all order by 1, 2, 4"
    ).fetchall()
    matched = [
        f"{file}: {column}: {number:,} {'keys are' if number > 1 else 'key is'} written otherwise "
        f"than in {parent}, {HOW[proof].format(their='their' if number > 1 else 'its')}: "
        f"{delivered} is {key}"
        for file, column, parent, proof, number, (delivered, key) in rows
    ]
    return matched + unproven_sentences(con)


def _forget_matches(con: duckdb.DuckDBPyConnection) -> None:
    con.execute(NEW_MATCHED_KEYS)
    con.execute(NEW_UNPROVEN_IDS)


def _match_column(
    con: duckdb.DuckDBPyConnection, relation: str, column: str, keys: str, parent: str
) -> None:
    name = quoted(column)
    con.execute(
        f"""
        create or replace temp table key_numerals as
        select distinct _file, {name} as value
        from {quoted(relation)}
        where regexp_full_match({name}, '{NUMERAL}')
            and {name} not in (select delivered from matched_keys where column_name = ?)
        """,
        [column],
    )
    files = con.execute(
        f"select distinct _file from key_numerals where value not in (select key from {keys}) "
        "order by 1"
    ).fetchall()
    if not files:
        return
    of_parent = _read_parent(con, keys)
    for (file,) in files:
        child = _numerals(con, "key_numerals", f"where _file = {literal(file)}")
        if is_rewritten(child, of_parent):
            _note_matches(con, (column, parent, file), keys, child, of_parent)


def _read_parent(con: duckdb.DuckDBPyConnection, keys: str) -> Numerals:
    """Make `parent_numerals` the keys that are numbers, of one form if nearly all have one.

    A single key in another form, a test customer or one of another system, is none to match with.
    """
    con.execute(
        "create or replace temp table parent_numerals as select distinct key as value "
        f"from {keys} where regexp_full_match(key, '{NUMERAL}')"
    )
    [width] = one_row(
        con,
        "select coalesce(mode(length(value)), 0) from parent_numerals "
        f"where {HAS_ZERO} and not contains(value, '.')",
    )
    for form in FORMS.values():
        has_form = form.format(width=width)
        [share] = one_row(con, f"select avg(({has_form})::integer) from parent_numerals")
        if share is not None and share >= NEARLY_ALL:
            con.execute(f"delete from parent_numerals where not ({has_form})")
            break
    return _numerals(con, "parent_numerals")


def _numerals(con: duckdb.DuckDBPyConnection, relation: str, where: str = "") -> Numerals:
    return Numerals(
        *one_row(
            con,
            f"""
            with read as (
                select value, {_number("value")} as number, split_part(value, '.', 1) as digits
                from {relation} {where}
            )

            select
                count(*),
                count(distinct number),
                count(*) filter (contains(value, '.')),
                count(*) filter (left(digits, 1) = '0' and digits <> '0'),
                coalesce(min(length(digits)), 0),
                coalesce(max(length(digits)), 0),
            from read
            """,
        )
    )


def _note_matches(
    con: duckdb.DuckDBPyConnection,
    place: tuple[str, str, str],
    keys: str,
    child: Numerals,
    of_parent: Numerals,
) -> None:
    """Note the keys of a file's numbers, unknown ones in the form of the known. `place` is the
    column, the parent and the file."""
    assert of_parent.form
    is_key = f"child.value in (select key from {keys})"
    number = _number("child.value")
    written = WRITTEN[of_parent.form].format(
        number=number,
        width=of_parent.longest,
        tail="(select max(split_part(value, '.', 2)) from parent_numerals)",
    )
    found = con.execute(
        f"""
        select
            child.value,
            case when {is_key} then child.value else coalesce(parent_numerals.value, {written}) end,
            {is_key} or parent_numerals.value is not null as is_known,
        from key_numerals as child
        left join parent_numerals on {number} = {_number("parent_numerals.value")}
        where child._file = {literal(place[-1])}
        """
    ).fetchall()
    if sum(is_known for _, _, is_known in found) < MOST * child.count:
        return
    con.executemany(
        "insert into matched_keys values (?, ?, ?, ?, ?, ?, ?)",
        [
            (*place, value, key, is_known, BY_NUMBER)
            for value, key, is_known in found
            if value != key
        ],
    )


def _number(text: str) -> str:
    """SQL: a numeral without its tail and the zeros before it, as text of any length; null where
    it is no whole number."""
    whole = f"coalesce(nullif(ltrim(split_part({text}, '.', 1), '0'), ''), '0')"
    return f"case when rtrim(split_part({text}, '.', 2), '0') = '' then {whole} end"
