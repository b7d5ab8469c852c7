"""Versions in MLflow: whole or not there, and usable by a stranger."""

import json
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from ml.churn import score_company, train_company
from ml.registry import ChurnRegistry

STRANGER = """
import sys, mlflow, pandas as pd
mlflow.set_tracking_uri(sys.argv[1])
model = mlflow.pyfunc.load_model("models:/churn-acme@champion")
rows = pd.read_parquet(sys.argv[2])
print(model.predict(rows)["churn_probability"].to_json(orient="values", double_precision=15))
assert not any(name == "ml" or name.startswith("ml.") for name in sys.modules)
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("ml flow")


@pytest.fixture(scope="module")
def tracking_uri(folder: Path) -> str:
    return f"sqlite:///{folder}/mlflow.db"


@pytest.fixture(scope="module")
def registry(tracking_uri: str, folder: Path) -> ChurnRegistry:
    return ChurnRegistry("acme", tracking_uri, folder / "artifacts")


@pytest.fixture(scope="module")
def registered(registry: ChurnRegistry, company, trained) -> ChurnRegistry:
    """A version as a run leaves it that was killed before the promotion."""
    registry.register(trained)
    return registry


@pytest.fixture(scope="module")
def served(registered: ChurnRegistry, company):
    return train_company(
        registered,
        company.snapshots,
        company.outcomes,
        company.signals,
        company.policy,
        company.as_of_date,
    )


def test_a_model_lies_in_the_folder_that_was_named_and_nowhere_else(
    trained, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """MLflow's default experiment would put it into `mlruns` below the current folder."""
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    registry = ChurnRegistry("apart", f"sqlite:///{tmp_path}/mlflow.db", tmp_path / "artifacts")
    registry.register(trained)
    assert list(elsewhere.iterdir()) == []
    assert list((tmp_path / "artifacts").rglob("booster.txt"))


def test_a_version_registered_before_a_kill_is_found_and_promoted(served) -> None:
    assert served.is_reused
    assert served.champion_version == "1"
    assert served.models["status"].tolist() == ["champion"]
    assert "first model" in served.summary


def test_what_was_stored_is_what_was_trained_to_the_bit(served, registered, trained) -> None:
    stored = registered.load("1")
    rows = trained.data.labelled
    assert (stored.model.probabilities(rows) == trained.model.probabilities(rows)).all()
    pd.testing.assert_frame_equal(stored.out_of_time, trained.out_of_time, check_exact=True)
    pd.testing.assert_frame_equal(
        registered.evaluations("1"), trained.evaluations, check_exact=True
    )


def test_the_records_match_the_training(served, trained) -> None:
    row = served.models.iloc[0]
    assert row["fingerprint"] == trained.fingerprint
    assert row["churned_account_count"] == trained.data.churned_account_count
    assert row["base_rate"] == trained.data.base_rate
    assert row["trained_as_of_date"] == trained.data.as_of_date
    assert bool(row["has_earned_trust"]) == trained.trust.has_earned_trust


def test_a_stranger_without_tenure_gets_the_same_probabilities(
    served, registered, company, tracking_uri: str, folder: Path
) -> None:
    """The model must not need our package, our folder or a pickle of our classes."""
    features = registered.load("1").model.features
    rows = company.latest.sort_values("account_id")[list(features)].astype(float)
    rows.to_parquet(folder / "rows.parquet")
    printed = subprocess.run(
        [sys.executable, "-I", "-c", STRANGER, tracking_uri, str(folder / "rows.parquet")],
        capture_output=True,
        text=True,
        check=True,
        cwd=folder,
    ).stdout
    ours = score_company(
        registered, company.latest, company.signals, company.policy, company.as_of_date
    )
    assert json.loads(printed.splitlines()[-1]) == pytest.approx(
        ours["churn_probability"].tolist(), abs=1e-12
    )


def test_a_reader_of_mlflow_finds_parameters_metrics_and_tables(
    served, registered, tracking_uri: str
) -> None:
    from mlflow import MlflowClient

    client = MlflowClient(tracking_uri)
    version = client.get_model_version_by_alias("churn-acme", "champion")
    run = client.get_run(str(version.run_id))
    assert run.info.status == "FINISHED"
    assert run.data.params["horizon_days"] == "90"
    assert {"lightgbm.auc", "lightgbm.auc.low", "health_score.brier"} <= set(run.data.metrics)
    assert {file.path for file in client.list_artifacts(str(version.run_id))} == {
        "calibration_curve.csv",
        "evaluation.json",
        "features.json",
        "out_of_time.parquet",
    }


def test_standing_down_leaves_no_champion_and_may_be_repeated(
    served, registered: ChurnRegistry
) -> None:
    registered.stand_down()
    registered.stand_down()
    assert registered.champion() is None
    assert [record.status for record in registered.records()] == ["retired"]


def test_opening_the_registry_again_finds_the_same_versions(
    registered: ChurnRegistry, tracking_uri: str, folder: Path, trained
) -> None:
    again = ChurnRegistry("acme", tracking_uri, folder / "artifacts")
    assert again.find(trained.fingerprint) == "1"
    assert again.find("unheard of") is None
