"""Training and scoring as the steps do them: what is replaced, what is appended, what stays."""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd
import pytest

from ml.models.training import TrainedModel
from ml.targets.churn import TARGET
from orchestration.defs import predictions
from tests.ml.conftest import Company, make_company
from tests.ml.test_pipeline import MemoryRegistry
from warehouse import Warehouse

INPUTS = """
create schema if not exists seeds;
create table marts.account_snapshots (
    account_id text, snapshot_date date, usage float8, tickets float8, share float8,
    noise_1 float8, noise_2 float8, silent float8, mrr float8, is_open boolean, is_latest boolean
);
create table marts.fct_health_scores (
    account_id text, snapshot_date date, scorecard text, health_score float8
);
create table marts.fct_churn_outcomes (
    account_id text, snapshot_date date, churned_within_horizon boolean, churned_mrr float8
);
create table seeds.health_policy (default_scorecard text);
insert into seeds.health_policy values ('s');
create table marts.dim_signals (
    position integer,
    signal text, label text, phrase_low text, phrase_high text, unit text,
    is_model_feature boolean, risk_when text
);
create table seeds.leak_policy (single_feature_auc_limit float8);
insert into seeds.leak_policy values (0.9);
create table seeds.prediction_policy (
    target text, horizon_days int, minimum_positive_accounts int, time_folds int, fold_days int,
    account_groups int, bootstrap_samples int, interval_level float8, calibration text,
    drivers_per_account int, promotion_margin float8
);
insert into ml.models
select
    'expansion', '1', 'champion', 'of another target', true, '2024-01-01', 90, 1, 1, 1, 0.5, 'f',
    now();
"""
OF_THE_SCORES = ["account_id", "snapshot_date", "health_score"]


@pytest.fixture(scope="module")
def small() -> Company:
    return make_company(accounts=150, effect=2.0)


@pytest.fixture(scope="module")
def fitted(small: Company) -> TrainedModel:
    return small.trained()


@pytest.fixture
def loaded(
    warehouse: Warehouse, small: Company, monkeypatch: pytest.MonkeyPatch
) -> Callable[[MemoryRegistry], Warehouse]:
    """The company as the marts hold it; the registry in memory."""
    warehouse.execute(INPUTS)
    snapshots = small.snapshots
    is_latest = snapshots["snapshot_date"] == pd.Timestamp(small.as_of_date)
    marts = {
        "marts.account_snapshots": snapshots.drop(columns="health_score").assign(
            is_open=True, is_latest=is_latest
        ),
        "marts.fct_health_scores": snapshots[OF_THE_SCORES].assign(scorecard="s"),
        "marts.fct_churn_outcomes": small.outcomes,
        "marts.dim_signals": small.signals.assign(position=range(len(small.signals))),
        "seeds.prediction_policy": small.policy.drop(columns="single_feature_auc_limit").assign(
            target="churn"
        ),
    }
    for name, rows in marts.items():
        warehouse.bulk_load(rows, name)

    def with_registry(registry: MemoryRegistry) -> Warehouse:
        monkeypatch.setattr(predictions, "open_registry", lambda *_: registry)
        return warehouse

    return with_registry


def stored(warehouse: Warehouse, what: str = "count(*)") -> list:
    rows = warehouse.read(f"select {what} as found from ml.predictions order by 1")
    return rows["found"].tolist()


def score(warehouse: Warehouse, small: Company, run_id: str) -> predictions.Scoring:
    as_of = small.as_of_date
    return predictions.score_target(warehouse, warehouse.settings, TARGET, as_of, run_id)


def test_predictions_are_appended_by_run_and_unchanged_ones_are_not(
    loaded: Callable[[MemoryRegistry], Warehouse], fitted: TrainedModel, small: Company
) -> None:
    registry = MemoryRegistry()
    registry.promote(registry.register(fitted), "Champion.")
    warehouse = loaded(registry)
    open_accounts = len(small.latest)

    first = score(warehouse, small, "run 1")
    assert stored(warehouse) == [open_accounts]
    assert score(warehouse, small, "run 2").is_unchanged
    assert stored(warehouse, "distinct run_id") == ["run 1"]

    warehouse.execute("update marts.account_snapshots set usage = usage + 1 where is_latest")
    assert not score(warehouse, small, "run 3").is_unchanged
    assert stored(warehouse, "distinct run_id") == ["run 1", "run 3"]
    assert stored(warehouse) == [2 * open_accounts]

    # A step that was killed after its rows were written runs again under the same run.
    predictions.append_predictions(warehouse, first.predictions, "run 1")
    assert stored(warehouse) == [2 * open_accounts]


def test_training_replaces_the_rows_of_its_own_target(
    loaded: Callable[[MemoryRegistry], Warehouse], fitted: TrainedModel, small: Company
) -> None:
    registry = MemoryRegistry()
    registry.register(fitted)
    warehouse = loaded(registry)
    for _ in range(2):
        training = predictions.train_target(warehouse, warehouse.settings, TARGET, small.as_of_date)
    models = warehouse.read("select target, model_version from ml.models order by 1")
    assert models["target"].tolist() == ["churn", "expansion"]
    assert len(warehouse.read("select from ml.evaluations")) == len(training.evaluations)


def test_a_champion_without_files_leaves_its_reason_and_its_history(
    loaded: Callable[[MemoryRegistry], Warehouse], fitted: TrainedModel, small: Company
) -> None:
    registry = MemoryRegistry()
    registry.promote(registry.register(fitted), "Champion.")
    warehouse = loaded(registry)
    score(warehouse, small, "run 1")
    registry.missing.add("1")
    assert score(warehouse, small, "run 2").models is not None
    models = warehouse.read("select status, reason from ml.models where target = 'churn'")
    assert models["status"].tolist() == ["none"]
    assert "the files of version 1 are gone" in models["reason"][0]
    assert stored(warehouse) == [len(small.latest)]
