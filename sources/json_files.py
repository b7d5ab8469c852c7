"""JSON files: one object a line, or one list of objects."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Collection
from dataclasses import replace

import duckdb
import pyarrow as pa

from sources.contract import Table
from sources.encodings import encoding_of, note_on
from sources.headers import Header
from sources.landing import FileProblem, Landed, header_of, literal, quoted

# What a record has and an answer that lists records does not.
KEY = re.compile(r"^(?i:id|key|name|email)$|_id$|[a-z]I[dD]$")
# What systems call the list of their answer, whatever it lists.
GENERAL = frozenset({"data", "items", "records", "results", "rows", "value", "values", "entries"})
# More members of objects in objects than these are no columns but keys of somebody's own.
MOST_NESTED = 200


class NoRecords(FileProblem):
    """A file without records, such as the last page of a system's answers."""


def read_json(
    con: duckdb.DuckDBPyConnection,
    file: Landed,
    relation: str,
    expected: Table | None,
    members: Collection[str] | None = None,
) -> Header:
    """Make a table of a file's objects: each key is a column, as text; nested values stay JSON.

    `members` are those of objects in objects that are columns too, as `organization.name`; None
    for all of them. Raises FileProblem.
    """
    lines = f"{relation} lines"
    records, notes = read_records(file)
    if not records:
        raise NoRecords(f"{file.name}: holds no JSON object, one a line")
    numbers = pa.array(range(1, len(records) + 1), pa.int64())
    con.register("arrow_in", pa.table({"_row": numbers, "line": pa.array(records, pa.string())}))
    con.execute(f"create or replace table {quoted(lines)} as select * from arrow_in")
    con.unregister("arrow_in")
    is_object = "case when json_valid(line) then json_type(line) = 'OBJECT' else false end"
    con.execute(
        f"insert into unreadable select {literal(file.name)}, _row, "
        "replace(line, chr(0), chr(65533)), 'the line is not a JSON object' "
        f"from {quoted(lines)} where not {is_object}"
    )
    keys = con.execute(
        f"select distinct unnest(json_keys(line)) from {quoted(lines)} where {is_object} order by 1"
    ).fetchall()
    if not keys:
        raise FileProblem(f"{file.name}: holds no JSON object, one a line")
    pointers = {key: _pointer(key) for (key,) in keys}
    if expected is None:
        pointers |= _nested(con, lines, is_object, pointers, members)
    header = header_of(file, list(pointers), expected)
    columns = ", ".join(
        f"nullif(line ->> {literal(pointers[header.spelled[place]])}, '') as {quoted(name)}"
        for name, place in header.read
    )
    con.execute(
        f"create or replace table {quoted(relation)} as "
        f"select {columns}, {literal(file.name)} as _file, _row "
        f"from {quoted(lines)} where {is_object}"
    )
    return replace(header, notes=(*header.notes, *notes))


def _nested(
    con: duckdb.DuckDBPyConnection,
    lines: str,
    is_object: str,
    pointers: dict[str, str],
    members: Collection[str] | None,
) -> dict[str, str]:
    """Where the members of objects in objects are: `organization.name` at /organization/name.

    Only those asked for: each costs a look into every line, and what a mapping passes on with `*`
    is in the object already.
    """
    asked = None if members is None else {name.casefold() for name in members}
    outers = {
        key: pointer
        for key, pointer in pointers.items()
        if asked is None or any(name.startswith(f"{key}.".casefold()) for name in asked)
    }
    if not outers:
        return {}
    of_objects = ", ".join(
        f"bool_or(json_type(line -> {literal(pointer)}) = 'OBJECT')" for pointer in outers.values()
    )
    [flags] = con.execute(f"select {of_objects} from {quoted(lines)} where {is_object}").fetchall()
    found: dict[str, str] = {}
    for (outer, pointer), holds_objects in zip(outers.items(), flags, strict=True):
        if not holds_objects:
            continue
        inside = f"line -> {literal(pointer)}"
        keys = con.execute(
            f"select distinct unnest(json_keys({inside})) from {quoted(lines)} "
            f"where {is_object} and json_type({inside}) = 'OBJECT' order by 1"
        ).fetchall()
        found |= {f"{outer}.{key}": pointer + _pointer(key) for (key,) in keys}
    found = {
        name: place
        for name, place in found.items()
        if name not in pointers and (asked is None or name.casefold() in asked)
    }
    return found if len(found) <= MOST_NESTED else {}


def read_records(file: Landed) -> tuple[list[str], tuple[str, ...]]:
    """The records of a file as JSON texts: its lines, or the members of the list that it is. And a
    sentence where it is not UTF-8."""
    content = file.path.read_bytes()
    encoding = encoding_of(content, is_whole=True)
    text, notes = content.decode(encoding, errors="replace"), note_on(encoding)
    if file.suffix == ".json":
        try:
            document = json.loads(text)
        except (ValueError, RecursionError):
            # One object a line, under the other name; what is no object is quarantined by line.
            pass
        else:
            members = document if isinstance(document, list) else _listed(document)
            return [json.dumps(member, ensure_ascii=False) for member in members], notes
    return [line.strip() for line in io.StringIO(text) if line.strip()], notes


def _listed(document: object) -> list:
    """The objects that a system's answer lists under one name, beside their count and the like;
    else the document itself, which is one record."""
    if not isinstance(document, dict) or any(map(KEY.search, document)):
        return [document]
    lists = [
        value
        for value in document.values()
        if isinstance(value, list) and value and all(isinstance(each, dict) for each in value)
    ]
    if not lists and _is_empty_page(document):
        return []
    return lists[0] if len(lists) == 1 else [document]


def _is_empty_page(document: dict) -> bool:
    """Whether an answer lists nothing: one empty list, beside which nothing is said but counts and
    whether more follows; text speaks of a record unless the list has a general name."""
    empty = [name for name, value in document.items() if value == []]
    others = [value for value in document.values() if value != []]
    if len(empty) != 1 or any(isinstance(value, list) for value in others):
        return False
    return empty[0] in GENERAL or not any(isinstance(value, str) for value in others)


def _pointer(key: str) -> str:
    return "/" + key.replace("~", "~0").replace("/", "~1")
