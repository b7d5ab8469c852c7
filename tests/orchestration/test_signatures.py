"""What must be built again after a change, and what must not."""

from datetime import date
from typing import Any

import pytest

from orchestration.lib.dbt_runner import NodeEnd
from orchestration.lib.dbt_state import (
    Variables,
    built_well,
    dated_macros,
    held_back,
    project_nodes,
    stale,
)
from orchestration.lib.signatures import Node, signatures

GRAPH = {
    "crm/accounts": Node("1", is_source=True),
    "crm/csms": Node("1", is_source=True),
    "staging/accounts": Node("a", ("crm/accounts",)),
    "staging/csms": Node("c", ("crm/csms",)),
    "marts/dim": Node("d", ("staging/accounts",)),
    "marts/health": Node("h", ("marts/dim", "staging/csms")),
}
BUILT = [name for name, node in GRAPH.items() if not node.is_source]
THERE = [name.replace("/", ".") for name in BUILT]


def due_after(changed: dict[str, Node], there: list[str] = THERE) -> list[str]:
    now = {**GRAPH, **changed}
    return stale(now, signatures(now), signatures(GRAPH), there)


def test_nothing_is_built_again_after_nothing_has_changed() -> None:
    assert due_after({}) == []


def test_a_changed_raw_table_makes_all_that_reads_it_stale_and_nothing_else() -> None:
    changed = {"crm/csms": Node("2", is_source=True)}
    assert due_after(changed) == ["staging/csms", "marts/health"]


def test_a_changed_model_makes_what_depends_on_it_stale() -> None:
    assert due_after({"marts/dim": Node("other", ("staging/accounts",))}) == [
        "marts/dim",
        "marts/health",
    ]


def test_a_relation_that_is_gone_is_built_with_what_depends_on_it() -> None:
    """A table that is built anew takes the views on it along."""
    there = [name for name in THERE if name != "staging.accounts"]
    assert due_after({}, there) == ["staging/accounts", "marts/dim", "marts/health"]


def test_an_unknown_parent_is_an_error() -> None:
    with pytest.raises(KeyError):
        signatures({"marts/dim": Node("d", ("staging/none",))})


MANIFEST = {
    "nodes": {
        f"model.tenure.{name}": {
            "resource_type": "model",
            "fqn": ["tenure", "marts", name],
            "name": name,
        }
        for name in ("dim", "health")
    }
    | {
        "test.tenure.unique": {
            "resource_type": "test",
            "depends_on": {"nodes": ["model.tenure.dim"]},
        }
    }
}


@pytest.mark.parametrize(
    ("unique", "good"),
    [("pass", {"marts/dim", "marts/health"}), ("warn", {"marts/dim", "marts/health"})]
    + [(bad, {"marts/health"}) for bad in ("fail", "error", "skipped")],
)
def test_a_model_that_its_test_found_wrong_is_not_current(unique: str, good: set[str]) -> None:
    """Else the next run would take it for built, and never ask again."""
    statuses = {
        "model.tenure.dim": "success",
        "model.tenure.health": "success",
        "test.tenure.unique": unique,
    }
    found = [NodeEnd(key, status) for key, status in statuses.items()]
    assert built_well(found, MANIFEST) == good


def test_what_must_be_asked_again_before_a_table_is_written_is_built_with_it() -> None:
    """Which weeks are due is no parent of the signals' SQL, and yet wrong once that was edited."""
    graph = {
        "staging/facts": Node("f"),
        "intermediate/due": Node("d", ("staging/facts",), built_before=("intermediate/weeks",)),
        "intermediate/signals": Node("s", ("intermediate/due",)),
        "intermediate/survey": Node("v", ("staging/facts",)),
        "intermediate/weeks": Node("w", ("intermediate/signals", "intermediate/survey")),
    }
    there = [name.replace("/", ".") for name in graph]
    edited = {**graph, "intermediate/survey": Node("edited", ("staging/facts",))}
    due = stale(edited, signatures(edited), signatures(graph), there)
    assert set(due) == set(graph) - {"staging/facts"}
    assert due.index("intermediate/due") < due.index("intermediate/weeks")
    gone = stale(graph, signatures(graph), signatures(graph), there[:-1])
    assert {"intermediate/due", "intermediate/weeks"} <= set(gone)


def test_what_needs_a_table_whose_check_failed_is_held_back_and_nothing_else() -> None:
    graph = {
        "survey/responses": Node("r", is_source=True),
        "billing/subscriptions": Node("s", is_source=True),
        "staging/responses": Node("v", ("survey/responses",)),
        "staging/terms": Node("t", ("billing/subscriptions",)),
        "marts/revenue": Node("m", ("staging/terms",)),
        "marts/health": Node("h", ("staging/terms", "staging/responses")),
        "marts/shown": Node("w", ("marts/health",)),
    }
    order = signatures(graph)
    held = held_back(graph, order, ["survey/responses"])
    assert held == ["staging/responses", "marts/health", "marts/shown"]
    assert held_back(graph, order, []) == []
    assert held_back(graph, order, ["no/such"]) == []


def test_another_day_makes_stale_what_names_it_and_what_depends_on_that() -> None:
    """By a macro, or in a test alone: a check that compares with the day is asked again."""

    def model(name: str, sql: str, *parents: str) -> dict[str, Any]:
        return {
            "resource_type": "model",
            "fqn": ["tenure", "marts", name],
            "name": name,
            "raw_code": sql,
            "depends_on": {"nodes": [f"model.tenure.{parent}" for parent in parents]},
        }

    models = [
        model("terms", "select 1"),
        model("due", "select\n{{ week_of() }}"),
        model("at_line_start", "select\nas_of_date()"),
        model("after_tab", "select\tas_of_date()"),
        model("reader", "select * from {{ ref('due') }}", "due"),
        model("checked", "select 2"),
    ]
    on_checked = {"nodes": ["model.tenure.checked"]}
    rule = {"kwargs": {"rule": "begins_at <= {{ as_of_date() }}"}}
    tests = {
        "test.tenure.holds": {
            "resource_type": "test",
            "depends_on": on_checked,
            "test_metadata": rule,
        }
    }
    macros = [
        {"name": "as_of_date", "macro_sql": "env_var('TENURE_AS_OF_DATE')"},
        {"name": "week_of", "macro_sql": "{% if is_incremental() %}{{ as_of_date() }}{% endif %}"},
    ]
    manifest = {
        "metadata": {"project_name": "tenure"},
        "macros": {macro["name"]: {**macro, "package_name": "tenure"} for macro in macros},
        "nodes": {f"model.tenure.{each['name']}": each for each in models} | tests,
        "sources": {},
    }
    days = (Variables(date(2026, 3, 1), None), Variables(date(2026, 3, 2), None))
    one, other = (signatures(project_nodes(manifest, day, {}, {})) for day in days)
    assert {name for name in one if one[name] != other[name]} == {
        "marts/due",
        "marts/at_line_start",
        "marts/after_tab",
        "marts/reader",
        "marts/checked",
    }


def test_a_macro_of_a_name_that_two_packages_have_is_dated_by_either() -> None:
    """dbt's own generate_schema_name and ours: the one that was read last hid the other."""
    dated = {"name": "cut", "macro_sql": "as_of_date()"}
    plain = {"name": "cut", "macro_sql": "today"}
    for macros in ([dated, plain], [plain, dated]):
        assert "cut" in dated_macros(macros)
