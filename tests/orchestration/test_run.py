"""What `tenure run` refuses before it starts."""

from pathlib import Path

import pytest

from orchestration.run import RunRefused, check_sources, only_run_of
from warehouse import load_settings


def test_two_runs_of_one_company_do_not_write_the_same_tables_at_once() -> None:
    settings = load_settings("twice")
    with only_run_of(settings):
        with pytest.raises(RunRefused, match="Another run of twice"), only_run_of(settings):
            pass
        with only_run_of(load_settings("another")):
            pass
    with only_run_of(settings):
        pass


def test_an_unmapped_system_is_refused_with_the_known_ones(tmp_path: Path) -> None:
    with pytest.raises(RunRefused, match="canonical, fightchurn, ravenstack"):
        check_sources({"nosuch": tmp_path})


def test_a_missing_and_an_empty_folder_are_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(RunRefused, match="no such folder"):
        check_sources({"canonical": tmp_path / "gone"})
    with pytest.raises(RunRefused, match=r"no files|is empty"):
        check_sources({"canonical": tmp_path})
