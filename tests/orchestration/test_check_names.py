"""dbt's tests in words: what must hold, not how dbt strings its arguments together."""

from typing import Any

import pytest

from orchestration.lib.check_names import in_words, name_checks


def of_kind(kind: str, **arguments: Any) -> dict[str, Any]:
    return {
        "resource_type": "test",
        "name": f"{kind}_model_arguments",
        "attached_node": "model.tenure.m",
        "test_metadata": {"name": kind, "kwargs": arguments},
        "raw_code": "",
    }


@pytest.mark.parametrize(
    ("test", "name", "sentence"),
    [
        (of_kind("not_null", column_name="mrr"), "mrr_is_known", "mrr is never empty."),
        (
            of_kind("unique_combination", columns=["account_id", "snapshot_date", "target"]),
            "one_row_per_account_id_and_snapshot_date_and_target",
            "One row per account_id, snapshot_date and target.",
        ),
        (
            of_kind("relationships", column_name="signal", to="ref('dim_signals')", field="signal"),
            "signal_is_in_dim_signals",
            "Each signal is a signal of dim_signals.",
        ),
        (
            of_kind("holds", rule="grr <= nrr and\n  grr > 0"),
            "grr_at_most_nrr_and_grr_above_0",
            "Of every row holds: grr <= nrr and grr > 0.",
        ),
        (
            of_kind("holds", rule="start_mrr - churned_mrr = retained_mrr"),
            "rule_about_start_mrr_and_churned_mrr_and_retained_mrr",
            "Of every row holds: start_mrr - churned_mrr = retained_mrr.",
        ),
    ],
    ids=["not null", "grain", "parent", "a rule that reads as words", "arithmetic"],
)
def test_a_test_reads_as(test: dict[str, Any], name: str, sentence: str) -> None:
    assert in_words(test) == (name, sentence)


def test_a_filter_is_part_of_the_claim() -> None:
    test = of_kind("not_null", column_name="mrr") | {"config": {"where": "is_open"}}
    assert in_words(test) == ("mrr_is_known_where_is_open", "mrr is never empty, where is_open.")


def test_a_singular_test_says_its_comment() -> None:
    code = "-- Weights that do not add up\n-- describe no score.\nselect 1"
    test = of_kind("x") | {"name": "weights_sum_to_100", "test_metadata": None, "raw_code": code}
    words = "Weights that do not add up describe no score."
    assert in_words(test) == ("weights_sum_to_100", words)


def test_two_checks_of_a_model_never_share_a_name() -> None:
    """Dagster refuses to load two checks of one name."""
    same = [
        of_kind("accepted_values", column_name="kind", values=values) | {"name": f"accepted_{n}"}
        for n, values in enumerate((["a"], ["b"]))
    ]
    manifest = name_checks({"nodes": dict(enumerate(same))})
    assert len({node["name"] for node in manifest["nodes"].values()}) == 2
