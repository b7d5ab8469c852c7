"""TENURE_ACCEPT_CHECKS: a check that failed warns, and what is built on its table goes on."""

from __future__ import annotations

import dagster as dg
import pytest

from expectations import TableCheck, is_accepted
from orchestration.defs.checks import check_result
from orchestration.lib.check_names import PLAUSIBLE
from orchestration.run import failed_checks

WRONG = TableCheck("support", "tickets", 12, 30, ["support.tickets: not so: They are dated."])


@pytest.mark.parametrize(
    ("named", "is_named"),
    [
        ("", False),
        ("support.tickets", True),
        ("billing.invoices, support.tickets", True),
        ("all", True),
        ("tickets", False),
        ("support.ticket", False),
        ("billing.invoices", False),
    ],
)
def test_a_table_is_accepted_by_its_whole_name(
    monkeypatch: pytest.MonkeyPatch, named: str, is_named: bool
) -> None:
    monkeypatch.setenv("TENURE_ACCEPT_CHECKS", named)
    assert is_accepted("support", "tickets") == is_named


@pytest.mark.parametrize(
    ("accepted", "severity"),
    [("support.tickets", dg.AssetCheckSeverity.WARN), ("", dg.AssetCheckSeverity.ERROR)],
    ids=["accepted", "not accepted"],
)
def test_what_is_built_on_an_accepted_table_goes_on(
    monkeypatch: pytest.MonkeyPatch, accepted: str, severity: dg.AssetCheckSeverity
) -> None:
    """It says what is wrong all the same, and without the setting it stops there."""
    monkeypatch.setenv("TENURE_ACCEPT_CHECKS", accepted)

    @dg.asset(key=["support", "tickets"])
    def tickets() -> None: ...

    @dg.asset(deps=[tickets])
    def scores() -> None: ...

    @dg.asset_check(asset=tickets, name=PLAUSIBLE, blocking=True)
    def check() -> dg.AssetCheckResult:
        return check_result(WRONG)

    result = dg.materialize([tickets, scores, check], raise_on_error=False)
    is_accepted_here = bool(accepted)
    assert result.success == is_accepted_here
    built = {event.asset_key.path[-1] for event in result.get_asset_materialization_events()
             if event.asset_key}  # fmt: skip
    assert ("scores" in built) == is_accepted_here
    [said] = failed_checks(result.all_events, severity, PLAUSIBLE)
    assert "They are dated." in said
