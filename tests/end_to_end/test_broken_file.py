"""A broken export stops at the checks: marts, predictions and the app stay as they were."""

import shutil
from pathlib import Path

import pandas as pd

from tests.end_to_end.conftest import SMALL, Home


def demo_files(home: Home) -> Path:
    return home.path / "companies" / "demo" / "demo" / "files"


def test_revenue_that_vanished_is_stopped_before_any_mart_moves(
    home: Home, demo: str, tmp_path: Path
) -> None:
    files = tmp_path / "files"
    shutil.copytree(demo_files(home), files)
    home.tenure("run", "--company", "broken", "--source", "canonical", "--data", str(files))
    before = home.checksums("broken")

    [subscriptions] = files.glob("billing.subscriptions.*")
    is_csv = subscriptions.suffix == ".csv"
    frame = pd.read_csv(subscriptions, dtype=str) if is_csv else pd.read_parquet(subscriptions)
    frame["mrr_cents"] = 0
    if is_csv:
        frame.to_csv(subscriptions, index=False)
    else:
        frame.to_parquet(subscriptions, index=False)
    printed = home.tenure("run", "--company", "broken", expect=1)

    assert "check on billing/subscriptions" in printed
    after = home.checksums("broken")
    assert {table: after[table] for table in after if table.startswith(("marts.", "ml."))} == {
        table: before[table] for table in before if table.startswith(("marts.", "ml."))
    }


def test_a_missing_folder_is_refused_before_anything_is_touched(home: Home, demo: str) -> None:
    printed = home.tenure(
        "run", "--company", "demo", "--source", "canonical", "--data", "no/such/folder", expect=2
    )
    assert "no such folder" in printed
    home.tenure("run", *SMALL)
