"""What a failed check stops, and TENURE_ACCEPT_CHECKS, by which its table is used as it is."""

from __future__ import annotations

import dagster as dg
import pytest

from expectations import TableCheck, is_accepted
from orchestration.defs.checks import check_result, stops_steps
from orchestration.lib.check_names import PLAUSIBLE
from orchestration.run import failures_in_words, warnings_in_words

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


@pytest.mark.parametrize("accepted", ["support.tickets", ""], ids=["accepted", "not accepted"])
def test_a_failed_check_of_a_raw_table_stops_no_step(
    monkeypatch: pytest.MonkeyPatch, accepted: str
) -> None:
    """What does not need the table goes on; the build leaves out what does, unless accepted."""
    monkeypatch.setenv("TENURE_ACCEPT_CHECKS", accepted)

    @dg.asset(key=["support", "tickets"])
    def tickets() -> None: ...

    @dg.asset(deps=[tickets])
    def scores() -> None: ...

    @dg.asset_check(asset=tickets, name=PLAUSIBLE, blocking=True)
    def check() -> dg.AssetCheckResult:
        return check_result(WRONG)

    result = dg.materialize([tickets, scores, check], raise_on_error=False)
    assert result.success
    built = {event.asset_key.path[-1] for event in result.get_asset_materialization_events()
             if event.asset_key}  # fmt: skip
    assert "scores" in built
    warned, failed = warnings_in_words(result.all_events), failures_in_words(result.all_events)
    [said] = warned if accepted else failed
    assert len(warned) + len(failed) == 1
    assert "They are dated." in said
    assert ("What needs support.tickets is held back" in said) == (not accepted)


@pytest.mark.parametrize(
    ("table", "severity"),
    [
        # rows of other sources look its keys up while they load
        ("crm.accounts", dg.AssetCheckSeverity.ERROR),
        ("ml.predictions", dg.AssetCheckSeverity.ERROR),
        # its children lie in its own source, and are loaded by then
        ("billing.invoices", dg.AssetCheckSeverity.WARN),
        ("survey.responses", dg.AssetCheckSeverity.WARN),
    ],
)
def test_what_other_steps_cannot_do_without_stops_them(
    table: str, severity: dg.AssetCheckSeverity
) -> None:
    suite, name = table.split(".")
    assert check_result(TableCheck(suite, name, 12, 30, ["wrong"])).severity == severity
    assert stops_steps(suite, name) == (severity == dg.AssetCheckSeverity.ERROR)
