"""The open benchmark from the outside: predictions out, a result in, and nothing easy to beat."""

from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest

from simulator.evaluation import read_predictions, score_predictions
from simulator.evaluation.observables import score_observables
from simulator.evaluation.truth import Truth
from sources import ingest, load_contract, newest_fact_date
from tests.dbt.builds import ONLY_MODELS, PROJECT, Builder
from tests.end_to_end.conftest import Home

# What one observable alone may reach of what all knowledge reaches.
MOST = 0.85
UNSEEN_SEED = 20261122
LARGE = ("--accounts", "600", "--months", "18", "--seed", str(UNSEEN_SEED))
SIGNALS = ("--select", "+account_snapshots", "+dim_signals", *ONLY_MODELS)


@pytest.fixture(scope="module")
def files(home: Home, demo: str) -> Path:
    """The demonstration company's files, its truth beside them."""
    return home.path / "companies" / "demo" / "demo" / "files"


@pytest.fixture(scope="module")
def ours(home: Home, files: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Our own predictions, by the model that is the default."""
    out = tmp_path_factory.mktemp("predictions") / "ours.csv"
    printed = home.tenure("benchmark", "predictions", "--out", str(out), "--company", "demo")
    assert f"{len(pd.read_csv(out)):,} predictions" in printed
    return out


def test_our_own_predictions_get_a_share_of_the_oracle(home: Home, files: Path, ours: Path) -> None:
    printed = home.tenure("benchmark", "score", str(ours), "--company-folder", str(files))
    assert "Share of the oracle's AUC" in printed
    assert "Calibration slope" in printed
    result = score_predictions(read_predictions(ours), files)
    assert result.coverage > 0.99
    assert 0.5 < result.share.value < 1


def test_the_health_score_is_evaluated_on_the_same_rows(
    home: Home, files: Path, ours: Path, tmp_path: Path
) -> None:
    out = tmp_path / "health_score.parquet"
    home.tenure(
        "benchmark", "predictions", "--out", str(out), "--company", "demo",
        "--predictor", "health_score",
    )  # fmt: skip
    by_score = score_predictions(read_predictions(out), files, samples=20)
    by_model = score_predictions(read_predictions(ours), files, samples=20)
    assert by_score.calibration is None
    assert by_score.rows == pytest.approx(by_model.rows, rel=0.05)


def test_outcomes_of_the_mart_are_the_simulators(home: Home, files: Path) -> None:
    """A label that differs from the truth would teach and answer another question."""
    weeks = Truth.read(files).evaluated_weeks()
    warehouse = home.open("demo")
    try:
        outcomes = warehouse.read(
            "select account_id, snapshot_date as week_end, churned_within_horizon as churned "
            "from marts.fct_churn_outcomes where churned_within_horizon is not null"
        )
    finally:
        warehouse.close()
    outcomes["week_end"] = outcomes["week_end"].astype(weeks["week_end"].dtype)
    both = weeks.merge(outcomes, on=["account_id", "week_end"], how="left")
    assert both["churned"].notna().all()
    assert (both["left"] == both["churned"].astype(bool)).all()


def test_what_cannot_be_evaluated_is_a_sentence_and_exit_2(
    home: Home, files: Path, tmp_path: Path
) -> None:
    broken = tmp_path / "broken.csv"
    broken.write_text("account_id,as_of_date,probability\nacct_000001,2026-03-02,0.1\n")
    score = ("benchmark", "score", str(broken), "--company-folder")
    printed = home.tenure(*score, str(files), expect=2)
    assert "broken.csv, row 1: as_of_date '2026-03-02' is no Sunday" in " ".join(printed.split())
    assert "holds no simulated company" in home.tenure(*score, str(tmp_path), expect=2)
    assert "Traceback" not in printed


def test_the_page_is_drawn(home: Home, files: Path, tmp_path: Path) -> None:
    out = tmp_path / "page.html"
    home.tenure("benchmark", "page", "--company-folder", str(files), "--out", str(out))
    assert "<svg" in out.read_text()


@pytest.fixture(scope="module")
def observed(home: Home, tmp_path_factory: pytest.TempPathFactory) -> Iterator[pd.DataFrame]:
    """Account-weeks of a large company: every signal, the true risk, and the outcome.

    In a small company one lucky signal among fifty would pass for a good one. Loaded and built as
    far as the signals: scores and marts would double the time.
    """
    folder = tmp_path_factory.mktemp("large") / "company"
    home.tenure("simulate", *LARGE, "--out", str(folder))
    warehouse = home.open("large")
    try:
        ingest(warehouse, warehouse.settings, load_contract(), "canonical", folder)
        as_of_date = newest_fact_date(warehouse).isoformat()
        Builder(PROJECT, folder.parent / "dbt").build(warehouse, as_of_date, *SIGNALS)
        snapshots = warehouse.read("select * from marts.account_snapshots where is_open")
        signals = warehouse.read("select signal, risk_when from marts.dim_signals")
    finally:
        warehouse.close()
    weeks = Truth.read(folder).evaluated_weeks()
    snapshots["week_end"] = snapshots["snapshot_date"].astype(weeks["week_end"].dtype)
    rows = weeks.merge(snapshots, on=["account_id", "week_end"], how="left")
    assert rows["is_open"].notna().all()
    rows.attrs["risk_when"] = dict(zip(signals["signal"], signals["risk_when"], strict=True))
    yield rows


def test_no_single_observable_comes_near_the_oracle(observed: pd.DataFrame) -> None:
    """A benchmark that one column solves would measure nothing, and so would mere noise."""
    table = score_observables(observed, observed.attrs["risk_when"])
    assert table["skill_share"].max() < MOST
    assert table["lift_share"].max() < MOST
    assert table["skill_share"].max() > 0.2
