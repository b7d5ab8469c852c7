"""What the trust strip and the empty states say."""

from dataclasses import replace
from datetime import date

import psycopg2
import pytest

from dashboards import states, trust
from warehouse import (
    WarehouseError,
    WarehouseNotPrepared,
    WarehouseRefused,
    WarehouseUnavailable,
)

GOOD = trust.Trust(
    as_of_date=date(2026, 3, 11),
    data_age_days=2,
    last_loaded_at=None,
    checks_passed=24,
    checks_failed=0,
    rows_loaded=1_000,
    rows_quarantined=0,
    columns_suspected=0,
    model_version="3",
    passes_quality_gate=True,
    reason="Beats its baselines.",
    horizon_days=90,
)


def texts(company: trust.Trust) -> list[str]:
    return [fact.text for fact in trust.facts(company)]


def test_the_strip_tells_age_checks_quarantine_and_model() -> None:
    assert texts(GOOD) == [
        "Data to 11 Mar 2026, 2 days old",
        "24 of 24 checks passed",
        "No rows quarantined",
        "Model 3",
    ]
    assert trust.notice(GOOD) is None


def test_days_that_no_source_told_are_named_before_anything_is_believed() -> None:
    """Scores that rest on half of the signals look like a company that changed overnight."""
    outage = trust.Outage("Product events", 14, "Product events are missing for 14 days, from …")
    fact = trust.facts(replace(GOOD, outages=(outage,)))[1]
    assert (fact.text, fact.colour) == ("Product events missing for 14 days", "yellow")
    assert "unknown, not zero" in fact.story


def test_a_failed_check_is_counted_and_red() -> None:
    checks = trust.facts(replace(GOOD, checks_passed=22, checks_failed=2))[1]
    assert (checks.text, checks.colour) == ("2 of 24 checks failed", "red")


def test_a_column_that_knows_the_outcome_is_window_complete_and_none_takes_no_room() -> None:
    leaks = trust.facts(replace(GOOD, columns_suspected=1))[3]
    assert (leaks.text, leaks.colour) == ("1 column not to learn from", "yellow")
    assert texts(replace(GOOD, columns_suspected=2))[3] == "2 columns not to learn from"


def test_nothing_recorded_does_not_look_like_all_well() -> None:
    nothing = trust.Trust(*[None] * 9, passes_quality_gate=False, reason=None, horizon_days=None)
    assert {fact.colour for fact in trust.facts(nothing)} == {"gray"}
    empty = replace(GOOD, rows_loaded=0, checks_passed=0)
    assert texts(empty)[1:3] == ["No checks recorded", "Nothing loaded"]


def test_a_model_that_does_not_pass_its_quality_gate_is_named_so_with_the_reason() -> None:
    reason = "Not trusted: AUC 0.50 cannot be told from chance."
    doubtful = replace(GOOD, passes_quality_gate=False, reason=reason)
    assert trust.notice(doubtful) == (
        "This model does not pass its quality gate: AUC 0.50 cannot be told from chance. "
        "What it predicts is not shown; accounts are ranked by health score."
    )


def test_without_a_model_the_reason_is_given_and_the_score_stands_alone() -> None:
    without = replace(
        GOOD, model_version=None, passes_quality_gate=False, reason="Too few churned."
    )
    assert trust.notice(without) == ("Accounts are ranked by health score alone. Too few churned.")
    assert texts(without)[3] == "No churn model"


def caused(error: WarehouseError, cause: type[psycopg2.Error]) -> WarehouseError:
    """The error as the warehouse raises it, the driver's as its cause."""
    try:
        raise error from cause("driver's words")
    except WarehouseError as raised:
        return raised


@pytest.mark.parametrize(
    ("error", "title", "command"),
    [
        (WarehouseUnavailable("gone"), "The database cannot be reached", "tenure status"),
        (WarehouseNotPrepared("no database"), "This company has no data yet", "make run"),
        (
            WarehouseNotPrepared('relation "marts.data_trust" does not exist'),
            "The marts are not built yet",
            "make run",
        ),
        (WarehouseRefused("PostgreSQL 14"), "The warehouse refused", "tenure doctor"),
        (WarehouseError("odd\nmore"), "The warehouse did not answer", "tenure doctor"),
    ],
)
def test_each_failure_is_a_sentence_and_a_command(
    error: WarehouseError, title: str, command: str
) -> None:
    explanation = states.explain(error, "demo")
    assert (explanation.title, explanation.command) == (title, command)
    assert "\n" not in explanation.sentence


def test_a_company_of_ones_own_is_not_told_to_run_the_demonstration() -> None:
    explanation = states.explain(WarehouseNotPrepared("no database"), "acme")
    assert explanation.command == "tenure run --company acme --source SYSTEM --data FOLDER"
    assert "acme" in explanation.sentence
