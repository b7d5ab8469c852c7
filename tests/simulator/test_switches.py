"""Kinds of mess are asked for by name, and a name that there is not is refused."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from orchestration.cli import app
from simulator import EVERY_MESS, NO_MESS, USUAL_MESS, Mess
from simulator.mess import Count
from simulator.mess.counts import DROPPED, FACT
from simulator.mess.switches import DEFECTS, LIFE


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
    assert list(Mess.parse(text)) == names


def test_the_usual_company_has_no_damaged_export() -> None:
    """It is the first thing that a stranger sees: nothing in it may need an excuse."""
    assert NO_MESS.on < USUAL_MESS.on < EVERY_MESS.on
    assert not USUAL_MESS.on & set(DEFECTS)


def test_an_unknown_name_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    command = ["simulate", "--out", str(tmp_path / "company"), "--mess", "usual,-puases"]
    refused = CliRunner().invoke(app, command)
    assert refused.exit_code == 2
    assert "no such mess: puases" in refused.output
    assert list(tmp_path.iterdir()) == []


def test_asking_for_a_kind_that_is_none_is_an_error_and_not_a_no() -> None:
    with pytest.raises(KeyError):
        _ = "late_events" in USUAL_MESS


@pytest.mark.parametrize(("mess", "fate"), [("duplicates", FACT), ("pauses", DROPPED)])
def test_a_fact_of_life_is_no_defect_and_a_defect_no_fact(mess: str, fate: str) -> None:
    """What is true must show in the figures; what is false must not."""
    with pytest.raises(ValueError, match=mess):
        Count(mess, "crm.accounts", "rows", 1, fate)
