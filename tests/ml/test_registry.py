"""Versions in MLflow: whole or not there, and usable by a stranger."""

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pandas as pd
import pytest
from mlflow import MlflowClient

from ml.pipeline import ModelFilesMissing, score, train
from ml.serving.open_runs import end_open_runs
from ml.serving.registry import ModelRegistry
from ml.targets.churn import TARGET as CHURN

Store = Callable[[Path], str]

STRANGER = """
import sys, mlflow, pandas as pd
mlflow.set_tracking_uri(sys.argv[1])
model = mlflow.pyfunc.load_model("models:/churn-acme@champion")
rows = pd.read_parquet(sys.argv[2])
print(model.predict(rows)["probability"].to_json(orient="values", double_precision=15))
assert not any(name == "ml" or name.startswith("ml.") for name in sys.modules)
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("ml flow")


@pytest.fixture(scope="module")
def tracking_uri(folder: Path, new_store: Store) -> str:
    return new_store(folder)


@pytest.fixture(scope="module")
def registry(tracking_uri: str, folder: Path) -> ModelRegistry:
    return ModelRegistry(CHURN, "acme", tracking_uri, folder / "artifacts")


@pytest.fixture(scope="module")
def registered(registry: ModelRegistry, company, trained) -> ModelRegistry:
    """A version as a run leaves it that was killed before the promotion."""
    registry.register(trained)
    return registry


@pytest.fixture(scope="module")
def served(registered: ModelRegistry, company):
    return train(CHURN, registered, *company.frames)


def test_a_model_lies_in_the_folder_that_was_named_and_nowhere_else(
    trained, tmp_path: Path, new_store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """MLflow's default experiment would put it into `mlruns` below the current folder."""
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    registry = ModelRegistry(CHURN, "apart", new_store(tmp_path), tmp_path / "artifacts")
    registry.register(trained)
    assert list(elsewhere.iterdir()) == []
    assert list((tmp_path / "artifacts").rglob("booster.txt"))


def test_a_version_registered_before_a_kill_is_found_and_promoted(served) -> None:
    assert served.is_reused
    assert served.champion_version == "1"
    assert served.models["status"].tolist() == ["champion"]
    assert "no other version serves" in served.summary


def test_what_was_stored_is_what_was_trained_to_the_bit(served, registered, trained) -> None:
    stored = registered.load("1")
    rows = trained.panel.labelled
    assert (stored.model.probabilities(rows) == trained.model.probabilities(rows)).all()
    pd.testing.assert_frame_equal(stored.out_of_time, trained.out_of_time, check_exact=True)
    pd.testing.assert_frame_equal(
        registered.evaluations("1"), trained.evaluations, check_exact=True
    )


def test_the_records_match_the_training(served, trained) -> None:
    row = served.models.iloc[0]
    assert row["fingerprint"] == trained.fingerprint
    assert row["positive_account_count"] == trained.panel.positive_account_count
    assert row["base_rate"] == trained.panel.base_rate
    assert row["trained_as_of_date"] == trained.panel.as_of_date
    assert bool(row["passes_quality_gate"]) == trained.gate.passes_quality_gate


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
    ours = score(CHURN, registered, *company.latest_frames).predictions
    assert json.loads(printed.splitlines()[-1]) == pytest.approx(
        ours["probability"].tolist(), abs=1e-12
    )


def test_a_reader_of_mlflow_finds_parameters_metrics_and_tables(
    served, registered, tracking_uri: str
) -> None:
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


def test_clearing_leaves_no_champion_and_may_be_repeated(served, registered: ModelRegistry) -> None:
    registered.clear_champion()
    registered.clear_champion()
    assert registered.champion() is None
    assert [record.status for record in registered.records()] == ["retired"]


def test_opening_the_registry_again_finds_the_same_versions(
    registered: ModelRegistry, tracking_uri: str, folder: Path, trained
) -> None:
    again = ModelRegistry(CHURN, "acme", tracking_uri, folder / "artifacts")
    assert again.find(trained.fingerprint, trained.panel.as_of_date) == "1"
    day_before = trained.panel.as_of_date - timedelta(days=1)
    assert again.find(trained.fingerprint, day_before) is None
    assert again.find("unheard of", trained.panel.as_of_date) is None


@pytest.mark.parametrize("place", ["booster.txt", "out_of_time.parquet", "evaluation.json"])
def test_a_version_whose_files_are_gone_says_so_and_is_not_found_again(
    place: str, trained, tmp_path: Path, new_store: Store
) -> None:
    registry = ModelRegistry(CHURN, "lost", new_store(tmp_path), tmp_path / "files")
    version = registry.register(trained)
    registry.promote(version, "Champion.")
    [file] = (tmp_path / "files").rglob(place)
    shutil.rmtree(file.parent)
    with pytest.raises(ModelFilesMissing):
        registry.load(version)
    registry.mark_files_missing(version, "Its files are gone.")
    assert registry.find(trained.fingerprint, trained.panel.as_of_date) is None
    registry.clear_champion()
    assert [record.status for record in registry.records()] == ["retired"]
    assert registry.register(trained) == "2"
    assert registry.find(trained.fingerprint, trained.panel.as_of_date) == "2"


def test_a_champion_of_an_earlier_release_stays_and_is_read_under_todays_names(
    trained, company, tmp_path: Path, new_store: Store
) -> None:
    """Homes made before models had a target must keep their champion and show its figures."""
    address = new_store(tmp_path)
    registry = ModelRegistry(CHURN, "acme", address, tmp_path / "files")
    version = registry.register(trained)
    registry.promote(version, "Champion: the first model of this company.")
    as_earlier_releases_stored_it(address, tmp_path / "files")

    registry = ModelRegistry(CHURN, "acme", address, tmp_path / "files")
    [record] = registry.records()
    assert (record.status, record.passes_quality_gate) == ("champion", True)
    assert record.positive_account_count == trained.panel.positive_account_count
    assert list(registry.load("1").out_of_time) == list(trained.out_of_time)
    pd.testing.assert_frame_equal(registry.evaluations("1"), trained.evaluations, check_exact=True)
    training = train(CHURN, registry, *company.frames)
    assert (training.champion_version, training.challenger_version) == ("1", "2")
    assert set(training.models["status"]) == {"champion", "challenger"}
    scored = score(CHURN, registry, *company.latest_frames).predictions
    assert set(scored["model_version"]) == {"1"}


def as_earlier_releases_stored_it(address: str, files: Path) -> None:
    """Give version 1 the names that it had before models had a target, and another fingerprint."""
    client = MlflowClient(address)
    version = client.get_model_version("churn-acme", "1")
    facts = json.loads(version.tags["facts"])
    facts["churned_account_count"] = facts.pop("positive_account_count")
    tags = {
        "facts": json.dumps(facts),
        "has_earned_trust": version.tags["passes_quality_gate"],
        "fingerprint": "of other code",
    }
    client.delete_model_version_tag("churn-acme", "1", "passes_quality_gate")
    for name, value in tags.items():
        client.set_model_version_tag("churn-acme", "1", name, value)
    former = {today: name for name, today in CHURN.former_names.items()}
    [table] = files.rglob("out_of_time.parquet")
    pd.read_parquet(table).rename(columns=former).to_parquet(table, index=False)
    [evaluations] = files.rglob("evaluation.json")
    rows = json.loads(evaluations.read_text())
    renamed = [row | {"metric": former.get(row["metric"], row["metric"])} for row in rows]
    evaluations.write_text(json.dumps(renamed))


def test_what_a_killed_training_left_open_is_ended_for_its_company_alone(
    tmp_path: Path, new_store: Store
) -> None:
    uri = new_store(tmp_path)
    client = MlflowClient(uri)
    opened = {}
    for name in ("churn-acme", "churn-my_acme"):
        experiment = client.create_experiment(name)
        client.set_terminated(client.create_run(experiment).info.run_id)
        opened[name] = client.create_run(experiment).info.run_id
    assert end_open_runs(uri, "acme") == [opened["churn-acme"]]
    assert client.get_run(opened["churn-acme"]).info.status == "KILLED"
    assert client.get_run(opened["churn-my_acme"]).info.status == "RUNNING"
    assert end_open_runs(uri, "acme") == []
