"""Keys of Salesforce: 15 characters in which case counts, or 18, the last 3 a checksum of it.

One export of a company has the short form and another the long one of the same record. A long id
whose checksum is right proves the short one, each for itself: nothing is decided by the rest of a
file, so that a row that waits finds its record by its id alone.
"""

from __future__ import annotations

import duckdb

from sources.landing import literal, quoted

LONG = "[0-9A-Za-z]{15}[A-Z0-5]{3}"
EITHER = "[0-9A-Za-z]{15}([A-Z0-5]{3})?"

ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"

# Which of the keys that were matched were matched so.
BY_CHECKSUM = "checksum"

NEW_UNPROVEN_IDS = """
create or replace table unproven_ids
(column_name varchar, parent varchar, _file varchar, delivered varchar, key varchar)
"""


def checksum(text: str) -> str:
    """SQL: the 3 characters of the case of the first 15: a bit for each capital, five to one."""
    return " || ".join(
        f"substr('{ALPHABET}', 1 + {' + '.join(_bit(text, first, bit) for bit in range(5))}, 1)"
        for first in (1, 6, 11)
    )


def _bit(text: str, first: int, bit: int) -> str:
    return f"(substr({text}, {first + bit}, 1) between 'A' and 'Z')::integer * {2**bit}"


def is_id(text: str) -> str:
    """SQL: whether a text has the form of an id, short or long."""
    return f"(strlen({text}) in (15, 18) and regexp_full_match({text}, '{EITHER}'))"


def is_proven(text: str) -> str:
    """SQL: whether an id is a long one with the right checksum."""
    return f"regexp_full_match({text}, '{LONG}') and substr({text}, 16) = {checksum(text)}"


def match_ids(
    con: duckdb.DuckDBPyConnection, relation: str, column: str, keys: str, parent: str
) -> None:
    """Note in `matched_keys` the ids of a column that are a key of `keys` in the other form, and
    in `unproven_ids` those of which it would be so if the checksum were right.

    Two ids that differ by case only are two records.
    """
    name = quoted(column)
    # other companies pay for no look at each of their rows
    if not con.execute(f"select 1 from {keys} where {is_id('key')} limit 1").fetchall():
        return
    con.execute(
        f"""
        create or replace temp table found_ids as
        with delivered as (
            select distinct _file, {name} as value
            from {quoted(relation)}
            where {is_id(name)} and {name} not in (select key from {keys})
        ),

        known as (select key from {keys} where {is_id("key")})

        select
            delivered._file,
            delivered.value,
            known.key,
            {is_proven("greatest(delivered.value, known.key)")} as is_proven,
        from delivered
        inner join known
            on
                left(delivered.value, 15) = left(known.key, 15)
                and length(delivered.value) <> length(known.key)
        """
    )
    place = f"{literal(column)}, {literal(parent)}, _file, value"
    con.execute(
        f"insert into matched_keys select {place}, key, true, {literal(BY_CHECKSUM)} "
        "from found_ids where is_proven"
    )
    con.execute(
        f"insert into unproven_ids select {place}, min(key) from found_ids "
        "group by all having not bool_or(is_proven)"
    )


def unproven_sentences(con: duckdb.DuckDBPyConnection) -> list[str]:
    """A sentence for each file and column with ids whose checksum is wrong."""
    rows = con.execute(
        "select _file, column_name, parent, count(*), min_by((delivered, key), delivered) "
        "from unproven_ids group by all order by 1, 2"
    ).fetchall()
    return [
        f"{file}: {column}: {number:,} {'ids share' if number > 1 else 'id shares'} the first 15 "
        f"characters with one in {parent}, as ids of Salesforce do, but the last 3 of the longer "
        f"are not their checksum: not matched, first {delivered} and {key}"
        for file, column, parent, number, (delivered, key) in rows
    ]
