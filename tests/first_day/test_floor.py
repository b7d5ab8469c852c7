"""What a company of one source delivers of the first day's scorecard, by the seeds alone."""

from __future__ import annotations

import csv
from fractions import Fraction
from pathlib import Path

import pytest
import yaml

PROJECT = Path(__file__).resolve().parents[2] / "dbt_project"
OF_ONE_METRIC = {"usage_against_past", "usage_peer_rank"}
OF_USERS_ALONE = {"active_users_against_past", "usage_peer_rank", "active_user_change_56d"}
OF_EVENTS_WITHOUT_USERS = {
    "active_use_against_past",
    "usage_peer_rank",
    "usage_change_28d",
    "days_since_last_use",
}


def rows(seed: str) -> list[dict[str, str]]:
    with (PROJECT / "seeds" / f"{seed}.csv").open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


def alternatives() -> dict[str, list[str]]:
    """Per signal that takes the place of others, these."""
    path = PROJECT / "models/marts/accounts/account_snapshots.yml"
    [model] = yaml.safe_load(path.read_text(encoding="utf-8"))["models"]
    declared = {
        column["name"]: column["config"]["meta"]["signal"]
        for column in model["columns"]
        if "signal" in column.get("config", {}).get("meta", {})
    }
    found = {
        name: signal["alternative_of"]
        for name, signal in declared.items()
        if "alternative_of" in signal
    }
    assert {other for others in found.values() for other in others} <= set(declared)
    return found


def weight(lines: dict[str, int]) -> int:
    """Of alternatives the heavier side counts, as in int_scorecard_reach."""
    lighter = [
        min(lines.get(name, 0), sum(lines.get(other, 0) for other in others))
        for name, others in alternatives().items()
    ]
    return sum(lines.values()) - sum(lighter)


@pytest.mark.parametrize("delivered", [OF_ONE_METRIC, OF_USERS_ALONE, OF_EVENTS_WITHOUT_USERS])
def test_one_kind_of_use_is_enough_for_the_first_day(delivered: set[str]) -> None:
    """With the weights of both kinds of use added up, a company of one metric fell below the floor
    (0.185), and full marks of its accounts were grey."""
    [pillar] = [
        row
        for row in rows("scorecards")
        if (row["scorecard"], row["pillar"]) == ("first_day", "Usage")
    ]
    lines = {
        row["signal"]: int(row["weight"])
        for row in rows("scorecard_signals")
        if (row["scorecard"], row["pillar"]) == ("first_day", "Usage")
    }
    assert delivered <= set(lines)
    known = {name: lines[name] for name in delivered}
    share = Fraction(weight(known), weight(lines)) * int(pillar["pillar_weight"]) / 100
    [policy] = rows("health_policy")
    assert share >= Fraction(policy["deliverable_floor"])


def test_a_signal_has_one_alternative_at_most() -> None:
    """With two, the reach would count the first of them twice."""
    named = [other for others in alternatives().values() for other in others]
    assert len(named) == len(set(named))
    assert not set(named) & set(alternatives())
