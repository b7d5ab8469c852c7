"""What `tenure run` refuses before it starts, and that it can be interrupted."""

import signal
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest
from typer.testing import CliRunner

from orchestration import run, withdrawal
from orchestration.cli import app
from orchestration.lib.company import CompanySources
from orchestration.run import RunRefused, check_sources
from warehouse import Settings


def check_folder(system: str, folder: Path) -> None:
    check_sources(Settings(folder, "refused"), CompanySources({system: folder}, None))


def test_an_unmapped_system_is_refused_with_the_known_ones(tmp_path: Path) -> None:
    with pytest.raises(RunRefused, match="canonical, fightchurn, ravenstack"):
        check_folder("nosuch", tmp_path)


def test_a_missing_and_an_empty_folder_are_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(RunRefused, match="no such folder"):
        check_sources(
            Settings(tmp_path, "refused"), CompanySources({"canonical": tmp_path / "gone"}, None)
        )
    with pytest.raises(RunRefused, match=r"no files|is empty"):
        check_sources(Settings(tmp_path, "refused"), CompanySources({"canonical": tmp_path}, None))


def test_a_folder_of_mappings_without_those_of_its_system_is_refused(tmp_path: Path) -> None:
    """Else the mappings that come with Tenure would be used in place of those that were meant."""
    named = CompanySources({"ravenstack": tmp_path}, None, {"ravenstack": tmp_path / "maps"})
    with pytest.raises(RunRefused, match="holds no mapping of ravenstack"):
        check_sources(Settings(tmp_path, "refused"), named)


@pytest.fixture
def kept_signals() -> Iterator[None]:
    """What signals do is the process's, which tests share."""
    kept = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    yield
    for number, handler in kept.items():
        signal.signal(number, handler)


@pytest.mark.usefixtures("kept_signals")
@pytest.mark.parametrize(
    ("module", "does", "arguments"),
    [
        (run, "run_company", ["run", "--source", "canonical", "--data", "."]),
        (withdrawal, "withdraw_files", ["withdraw", "a.csv"]),
    ],
    ids=["run", "withdraw"],
)
def test_a_command_in_a_scripts_background_can_be_interrupted(
    monkeypatch: pytest.MonkeyPatch, module: ModuleType, does: str, arguments: list[str]
) -> None:
    """There SIGINT is ignored: a run that lost its lock would have gone on writing."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)

    def interrupted(*_: object) -> None:
        signal.raise_signal(signal.SIGINT)
        raise AssertionError("it goes on")

    monkeypatch.setattr(module, does, interrupted)
    ended = CliRunner().invoke(app, [*arguments, "--company", "acme"])
    assert isinstance(ended.exception, SystemExit), ended.exception
