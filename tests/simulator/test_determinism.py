"""Anyone can make the same company again, to the byte."""

import hashlib
import os
import subprocess
import sys
from datetime import date
from pathlib import Path

import pytest

from simulator import write_company

PROJECT_ROOT = Path(__file__).resolve().parents[2]
SCRIPT = """
import sys
from simulator import ALL_SWITCHES, write_company
write_company(sys.argv[1], accounts=150, months=8, seed=int(sys.argv[2]), switches=ALL_SWITCHES)
"""


def fingerprints(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def written_by_a_process(folder: Path, seed: int, threads: int) -> dict[str, str]:
    environment = os.environ | {
        "PYTHONHASHSEED": str(threads),
        "OMP_NUM_THREADS": str(threads),
        "OPENBLAS_NUM_THREADS": str(threads),
        "PYTHONPATH": str(PROJECT_ROOT),
    }
    command = [sys.executable, "-c", SCRIPT, str(folder), str(seed)]
    subprocess.run(command, check=True, env=environment, cwd=folder.parent)
    return fingerprints(folder)


def test_two_processes_with_one_seed_write_the_same_bytes(tmp_path: Path) -> None:
    first = written_by_a_process(tmp_path / "first", seed=5, threads=1)
    second = written_by_a_process(tmp_path / "second", seed=5, threads=2)
    assert first == second


def test_another_seed_makes_another_company(tmp_path: Path) -> None:
    write_company(tmp_path / "a", accounts=400, months=6, seed=1)
    write_company(tmp_path / "b", accounts=400, months=6, seed=2)
    first, second = fingerprints(tmp_path / "a"), fingerprints(tmp_path / "b")
    same = [name for name in first if first[name] == second.get(name)]
    assert sorted(same) == ["product.features.csv", "truth/README.md", "truth/assumptions.json"]


def test_a_shorter_company_leaves_no_month_of_the_longer_one_behind(tmp_path: Path) -> None:
    """Months of another company in the same folder would be read as its own."""
    write_company(tmp_path / "company", accounts=30, months=5, seed=1)
    write_company(tmp_path / "company", accounts=30, months=2, seed=1)
    months = sorted(path.stem for path in (tmp_path / "company" / "product.events").iterdir())
    assert months == ["2026-09", "2026-10"]
    assert [path.name for path in tmp_path.iterdir()] == ["company"]


def test_a_folder_with_other_files_is_left_alone(tmp_path: Path) -> None:
    """The simulator replaces its folder: a typing error must not cost anyone's data."""
    precious = tmp_path / "thesis.txt"
    precious.write_text("years of work")
    with pytest.raises(FileExistsError, match="choose an empty folder"):
        write_company(tmp_path, accounts=10, months=1)
    assert precious.read_text() == "years of work"


@pytest.mark.parametrize(("accounts", "months"), [(0, 12), (10, 0)])
def test_a_company_without_accounts_or_months_is_refused(
    tmp_path: Path, accounts: int, months: int
) -> None:
    with pytest.raises(ValueError, match="needs accounts and months"):
        write_company(tmp_path / "company", accounts=accounts, months=months)


@pytest.mark.parametrize(
    ("accounts", "months", "end"),
    [(1, 1, date(2026, 2, 28)), (3, 2, date(2024, 2, 29)), (25, 14, date(2025, 6, 17))],
)
def test_a_small_company_is_written_too(
    tmp_path: Path, accounts: int, months: int, end: date
) -> None:
    """Whoever tries it out with a handful of accounts must not meet an empty-array error."""
    seen: list[float] = []
    summary = write_company(
        tmp_path / "company",
        accounts=accounts,
        months=months,
        end_date=end,
        progress=lambda step, done: seen.append(done),
    )
    assert summary.tables["crm.accounts"] == accounts
    assert summary.end_date == end
    assert seen == sorted(seen)
    assert seen[-1] == 1.0
