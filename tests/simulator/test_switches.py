"""Kinds of mess are asked for by name, and a name that there is not is refused."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from orchestration.cli import app
from simulator import ALL_SWITCHES, NO_SWITCHES, USUAL_SWITCHES, Switches
from simulator.defects import Count
from simulator.defects.counts import DROPPED, FACT
from simulator.defects.switches import DEFECTS, LIFE


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("none", []),
        ("", []),
        ("pauses,credits", ["credits", "pauses"]),
        ("usual", [name for name in LIFE if name != "pandemic-week"]),
        ("all,-life", list(DEFECTS)),
        ("defects, -late-events", [name for name in DEFECTS if name != "late-events"]),
    ],
)
def test_names_and_groups_are_added_and_taken_away(text: str, names: list[str]) -> None:
    assert list(Switches.parse(text)) == names


def test_the_usual_company_has_no_damaged_export() -> None:
    """It is the first thing that a stranger sees: nothing in it may need an excuse."""
    assert NO_SWITCHES.on < USUAL_SWITCHES.on < ALL_SWITCHES.on
    assert not USUAL_SWITCHES.on & set(DEFECTS)


def test_an_unknown_name_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    command = ["simulate", "--out", str(tmp_path / "company"), "--mess", "usual,-puases"]
    refused = CliRunner().invoke(app, command)
    assert refused.exit_code == 2
    assert "no such switch: puases" in refused.output
    assert list(tmp_path.iterdir()) == []


def test_asking_for_a_kind_that_is_none_is_an_error_and_not_a_no() -> None:
    with pytest.raises(KeyError):
        _ = "late_events" in USUAL_SWITCHES


@pytest.mark.parametrize(("switches", "fate"), [("duplicates", FACT), ("pauses", DROPPED)])
def test_a_fact_of_life_is_no_defect_and_a_defect_no_fact(switches: str, fate: str) -> None:
    """What is true must show in the figures; what is false must not."""
    with pytest.raises(ValueError, match=switches):
        Count(switches, "crm.accounts", "rows", 1, fate)
