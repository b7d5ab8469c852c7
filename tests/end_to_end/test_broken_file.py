"""A broken export stops at the checks: marts, predictions and the app stay as they were.

The last of the tests that look at this company: its raw tables keep what was broken.
"""

from pathlib import Path

import pandas as pd

from tests.end_to_end.conftest import SMALL, Home


def demo_files(home: Home) -> Path:
    return home.path / "companies" / "demo" / "demo" / "files"


def shown(home: Home) -> dict[str, str]:
    """Checksums of what the app, and all who read the warehouse, see."""
    checksums = home.checksums("demo")
    return {name: checksums[name] for name in checksums if name.startswith(("marts.", "ml."))}


def without_revenue(subscriptions: Path) -> None:
    """The same rows, each for nothing."""
    if subscriptions.suffix == ".csv":
        pd.read_csv(subscriptions, dtype=str).assign(mrr_cents=0).to_csv(subscriptions, index=False)
    else:
        pd.read_parquet(subscriptions).assign(mrr_cents=0).to_parquet(subscriptions, index=False)


def test_revenue_that_vanished_is_stopped_before_any_mart_moves(home: Home, demo: str) -> None:
    before = shown(home)
    [subscriptions] = demo_files(home).glob("billing.subscriptions.*")
    delivered = subscriptions.read_bytes()
    without_revenue(subscriptions)
    try:
        printed = home.tenure("run", *SMALL, expect=1)
        assert "check on billing/subscriptions" in printed
        assert shown(home) == before
    finally:
        subscriptions.write_bytes(delivered)


def test_a_missing_folder_is_refused_before_anything_is_touched(home: Home, demo: str) -> None:
    fed_from = "select systems from tenure.company"
    warehouse = home.open("demo")
    try:
        before = warehouse.read(fed_from)
        source = ("--source", "canonical", "--data", "no/such/folder")
        printed = home.tenure("run", "--company", "demo", *source, expect=2)
        assert warehouse.read(fed_from).equals(before)
    finally:
        warehouse.close()
    assert "no such folder" in printed
