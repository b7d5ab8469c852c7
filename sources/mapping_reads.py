"""What a mapping's SQL reads, as DuckDB's own parser finds it. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence

import duckdb

# Functions in `from` that read no file.
HARMLESS = frozenset({"unnest", "range", "generate_series", "json_each", "json_tree"})
# A name without these is a table of the query's own: DuckDB opens no file of such a name.
OF_PATHS = re.compile(r"[./\\:*?\[\]]")
# DuckDB's own ways to a file, where its parser gives no tree: of a `pivot` without values.
WAYS_TO_A_FILE = re.compile(
    r"\b(?:read_\w+|parquet_scan|glob|sniff_csv)\"?\s*\(|\b(?:from|join)\s+'", re.I
)


def reads_otherwise(sql: str, files: Sequence[str], mentions: int) -> str | None:
    """What a query reads beside the files that it names in double quotes, `mentions` times in all;
    None where that is nothing."""
    with duckdb.connect() as con:
        [(text,)] = con.execute("select json_serialize_sql(?::varchar)", [sql]).fetchall()
    tree = json.loads(text)
    if tree["error"]:
        # what does not parse is named when the mapping runs
        found = WAYS_TO_A_FILE.search(sql)
        return found[0].strip() if found else None
    tables: list[str] = []
    for node in _nodes(tree):
        if node.get("type") == "TABLE_FUNCTION":
            function = node["function"]["function_name"]
            if function.casefold() not in HARMLESS:
                return function
        if node.get("type") == "BASE_TABLE" and OF_PATHS.search(node["table_name"]):
            tables.append(node["table_name"])
    if others := [name for name in tables if name not in files]:
        return repr(others[0])
    # a file in single quotes that is named in double quotes elsewhere
    return repr(tables[-1]) if len(tables) > mentions else None


def _nodes(tree: object) -> Iterator[dict]:
    """Each object of a tree."""
    open_nodes = [tree]
    while open_nodes:
        node = open_nodes.pop()
        if isinstance(node, dict):
            yield node
            open_nodes += node.values()
        elif isinstance(node, list):
            open_nodes += node
