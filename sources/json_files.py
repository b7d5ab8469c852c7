"""JSON files: one object a line, or one list of objects."""

from __future__ import annotations

import io
import json

import duckdb
import pyarrow as pa

from sources.contract import Table
from sources.headers import Header
from sources.landing import FileProblem, Landed, header_of, literal, quoted


def read_json(
    con: duckdb.DuckDBPyConnection, file: Landed, relation: str, expected: Table | None
) -> Header:
    """Make a table of a file's objects: each key is a column, as text; nested values stay JSON."""
    lines = f"{relation} lines"
    records = read_records(file)
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
    header = header_of(file, [key for (key,) in keys], expected)
    columns = ", ".join(
        f"nullif(line ->> {literal(_pointer(header.spelled[place]))}, '') as {quoted(name)}"
        for name, place in header.read
    )
    con.execute(
        f"create or replace table {quoted(relation)} as "
        f"select {columns}, {literal(file.name)} as _file, _row "
        f"from {quoted(lines)} where {is_object}"
    )
    return header


def read_records(file: Landed) -> list[str]:
    """The records of a file as JSON texts: its lines, or the members of the list that it is."""
    text = file.path.read_bytes().decode("utf-8-sig", errors="replace")
    if file.suffix == ".json":
        try:
            document = json.loads(text)
        except (ValueError, RecursionError):
            # One object a line, under the other name; what is no object is quarantined by line.
            pass
        else:
            members = document if isinstance(document, list) else [document]
            return [json.dumps(member, ensure_ascii=False) for member in members]
    return [line.strip() for line in io.StringIO(text) if line.strip()]


def _pointer(key: str) -> str:
    return "/" + key.replace("~", "~0").replace("/", "~1")
