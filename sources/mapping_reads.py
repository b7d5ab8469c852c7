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
# DuckDB's own ways to a file, of what its parser does not know: it is named when the mapping runs.
WAYS_TO_A_FILE = re.compile(
    r"\b(?:read_\w+|parquet_scan|glob|sniff_csv)\"?\s*\(|\b(?:from|join)\s+'", re.I
)
PIVOT = frozenset({"pivot", "pivot_wider"})
AFTER_A_PIVOT = frozenset(
    {"using", "group", "order", "limit", "offset", "union", "except", "intersect", ")", ";"}
)


def reads_otherwise(sql: str, files: Sequence[str], mentions: int) -> str | None:
    """What a query reads beside the files that it names in double quotes, `mentions` times in all;
    None where that is nothing."""
    trees = _trees(sql)
    if trees is None:
        found = WAYS_TO_A_FILE.search(sql)
        return found[0].strip() if found else None
    tables: list[str] = []
    for node in _nodes(trees):
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


def _trees(sql: str) -> list[object] | None:
    """The query as DuckDB parses it, and apart from it what its pivots are over; None where it does
    not parse."""
    with duckdb.connect() as con:
        whole = _tree(con, sql)
        if whole is not None:
            return [whole]
        # A pivot without a list of values has no tree, for it is two statements.
        listed, columns = with_lists(sql)
        trees = [_tree(con, text) for text in (listed, *(f"select {each}" for each in columns))]
    return None if None in trees else trees


def _tree(con: duckdb.DuckDBPyConnection, sql: str) -> object | None:
    [(text,)] = con.execute("select json_serialize_sql(?::varchar)", [sql]).fetchall()
    tree = json.loads(text)
    return None if tree["error"] else tree


def with_lists(sql: str) -> tuple[str, list[str]]:
    """A query with a list of values for each of its pivots, and what these are over.

    The last `on` of a pivot is its own; others are of joins.
    """
    places = [place for place, _ in duckdb.tokenize(sql)]
    ends = [*places[1:], len(sql)]
    words = [sql[place:end].strip().lower() for place, end in zip(places, ends, strict=True)]
    spans: list[tuple[int, int]] = []
    for pivot in (at for at, word in enumerate(words) if word in PIVOT):
        own, end = _own_on(words, pivot)
        if own is not None:
            spans.append((ends[own], places[end] if end < len(places) else len(sql)))
    listed = sql
    # from the end on, so that the places before it stay
    for start, stop in sorted(spans, reverse=True):
        listed = f"{listed[:start]} x in (0) {listed[stop:]}"
    return listed, [sql[start:stop] for start, stop in sorted(spans)]


def _own_on(words: Sequence[str], pivot: int) -> tuple[int | None, int]:
    """The places of a pivot's own `on`, None where it has none, and of what comes after it."""
    depth, own = 0, None
    for at in range(pivot + 1, len(words)):
        if depth == 0 and words[at] in AFTER_A_PIVOT:
            return own, at
        if depth == 0 and words[at] == "on":
            own = at
        depth += (words[at] == "(") - (words[at] == ")")
    return own, len(words)


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
