"""dbt's tests as Dagster shows them: a name that says what must hold, and a sentence."""

import re
from collections.abc import Mapping
from typing import Any

# The check of a raw table by its suite of expectations.
PLAUSIBLE = "is_plausible_as_a_whole"
# Under this name of its metadata stands what it found, a sentence each.
SENTENCES = "sentences"

COMPARISONS = {"<=": "at_most", ">=": "at_least", "!=": "is_not", "<": "below", ">": "above"}
# A generic test's name and sentence; the fields are those of `_fields`.
GENERIC = {
    "not_null": ("{column}_is_known", "{column} is never empty."),
    "unique": ("{column}_is_unique", "No two rows have the same {column}."),
    "unique_combination": ("one_row_per_{columns_joined}", "One row per {columns}."),
    "unique_combination_or_null": (
        "one_row_per_{columns_joined}",
        "One row per {columns}; some of them may be empty.",
    ),
    "accepted_values": ("{column}_is_an_accepted_value", "{column} is one of: {values}."),
    "relationships": ("{column}_is_in_{parent}", "Each {column} is a {field} of {parent}."),
    "at_least": ("{column}_is_at_least_{minimum}", "{column} is never below {minimum}."),
    "not_before": ("{later}_not_before_{earlier}", "{later} is never before {earlier}."),
    "iso_currency": ("{column}_is_an_iso_currency", "{column} is a currency's three letters."),
    "holds": ("{rule_name}", "Of every row holds: {rule}."),
}
PLAIN_RULE = re.compile(r"[a-z][\w\s<>=!.]{0,80}")
REFERENCE = re.compile(r"(?:ref|source)\((.+)\)")


def name_checks(manifest: dict[str, Any]) -> dict[str, Any]:
    """The manifest with readable names and descriptions of its tests, which dagster-dbt takes over.

    dbt's own names join arguments by underscores and are cut off by a hash. Where two tests of one
    model would be called the same, the later one keeps its own.
    """
    used: set[tuple[object, str]] = set()
    for node in manifest["nodes"].values():
        if node["resource_type"] != "test":
            continue
        name, sentence = in_words(node)
        if (node.get("attached_node"), name) in used:
            name = node["name"]
        used.add((node.get("attached_node"), name))
        node["name"] = name
        node["meta"] = {**node.get("meta", {}), "description": sentence}
    return manifest


def in_words(node: Mapping[str, Any]) -> tuple[str, str]:
    """Name and sentence of a test. A singular test is named well; its sentence is its comment."""
    asked = node.get("test_metadata")
    if not asked:
        return node["name"], node.get("description") or _first_comment(node["raw_code"])
    kind = asked["name"]
    if kind not in GENERIC:
        return node["name"], node.get("description") or kind.replace("_", " ")
    fields = _fields(asked["kwargs"])
    name, sentence = (template.format_map(fields) for template in GENERIC[kind])
    if not node["name"].startswith(kind):
        # it was given a name in its YAML
        return node["name"], node.get("description") or sentence
    where = (node.get("config") or {}).get("where")
    if where:
        name, sentence = f"{name}_where_{where}", f"{sentence.removesuffix('.')}, where {where}."
    return _identifier(name), node.get("description") or sentence


def _fields(given: Mapping[str, Any]) -> dict[str, Any]:
    """A test's arguments as the templates name them."""
    columns, rule = given.get("columns", []), " ".join(given.get("rule", "").split())
    return {
        **given,
        "column": given.get("column_name"),
        "columns": _listed(columns),
        "columns_joined": "_and_".join(columns),
        "values": ", ".join(map(str, given.get("values", []))),
        "parent": _referenced(given.get("to", "")),
        "rule": rule,
        "rule_name": _rule_name(rule),
    }


def _rule_name(rule: str) -> str:
    """The rule itself while it reads as words; else what it is about."""
    if PLAIN_RULE.fullmatch(rule):
        return rule
    subjects = [word for word in re.findall(r"[a-z_]{3,}", rule) if "_" in word]
    return "rule_about_" + "_and_".join(list(dict.fromkeys(subjects))[:3])


def _identifier(text: str) -> str:
    for sign, word in COMPARISONS.items():
        text = text.replace(sign, f" {word} ")
    return re.sub(r"\W+", "_", text.replace("=", " is ")).strip("_")


def _listed(names: list[str]) -> str:
    return " and ".join(filter(None, [", ".join(names[:-1]), *names[-1:]]))


def _referenced(text: str) -> str:
    found = REFERENCE.search(text)
    return found.group(1).split(",")[-1].strip(" '\"") if found else text


def _first_comment(sql: str) -> str:
    lines = []
    for line in sql.splitlines():
        if not line.startswith("--"):
            break
        lines.append(line.removeprefix("--").strip())
    return " ".join(lines)
