"""What `tenure run` refuses before it starts."""

from pathlib import Path

import pytest

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
