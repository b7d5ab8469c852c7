"""Training and scoring as the steps do them: what is replaced, what is appended, what stays."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pandas as pd
import pytest

from ml.models.training import TrainedModel
from ml.pipeline import Training
from ml.targets.churn import TARGET
from orchestration.defs import predictions
from orchestration.lib.new_to_learn import Champion, LearntFrom, is_nothing_new
from orchestration.lib.runs import Run
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
    account_groups int, training_rows int, bootstrap_samples int, interval_level float8,
    calibration text, drivers_per_account int, promotion_margin float8
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


LEARNT = LearntFrom("rows", [{"signal": "usage"}], [{"horizon_days": 90}])
CHAMPION = Champion("1", date(2026, 3, 1))


def test_nothing_new_is_the_same_rows_signals_policy_and_champion() -> None:
    recorded, as_of = LEARNT.digest("1"), date(2026, 3, 2)
    assert is_nothing_new(LEARNT, recorded, CHAMPION, as_of)
    for other in (
        replace(LEARNT, rows="a late change in a past week"),
        replace(LEARNT, signals=[{"signal": "tickets"}]),
        replace(LEARNT, policy=[{"horizon_days": 60}]),
    ):
        assert not is_nothing_new(other, recorded, CHAMPION, as_of)
    assert not is_nothing_new(LEARNT, recorded, replace(CHAMPION, version="2"), as_of)


def test_training_is_not_left_out_without_a_record_or_a_champion_for_the_day() -> None:
    recorded = LEARNT.digest("1")
    assert not is_nothing_new(LEARNT, None, CHAMPION, date(2026, 3, 2))
    assert not is_nothing_new(LEARNT, recorded, None, date(2026, 3, 2))
    # it knows facts of the first of March, and may have to give way to another
    assert not is_nothing_new(LEARNT, recorded, CHAMPION, date(2026, 2, 28))


def train(warehouse: Warehouse, small: Company, days_later: int, **options) -> Training | str:
    as_of = small.as_of_date + timedelta(days=days_later)
    run = Run(f"run {days_later}", as_of, datetime.now(UTC), False, options.get("anew", False))
    return predictions.train_if_new(warehouse, warehouse.settings, TARGET, as_of, run)


def test_a_day_without_a_new_label_trains_nothing_and_a_late_change_does(
    loaded: Callable[[MemoryRegistry], Warehouse], fitted: TrainedModel, small: Company
) -> None:
    registry = MemoryRegistry()
    registry.register(fitted)
    warehouse = loaded(registry)
    assert isinstance(train(warehouse, small, 0), Training)
    champion = registry.alias

    kept = train(warehouse, small, 1)
    assert isinstance(kept, str)
    assert "Version 1 goes on serving" in kept
    anew = train(warehouse, small, 1, anew=True)
    assert isinstance(anew, Training)
    assert (anew.champion_version, registry.alias) == (champion, champion)

    # a snapshot that has no label yet is nothing to learn from
    warehouse.execute("update marts.account_snapshots set usage = usage + 1 where is_latest")
    assert isinstance(train(warehouse, small, 2), str)

    warehouse.execute(
        "update marts.account_snapshots set usage = usage + 1 "
        "where snapshot_date = (select min(snapshot_date) from marts.account_snapshots)"
    )
    late = train(warehouse, small, 2)
    assert isinstance(late, Training)
    assert not late.is_reused


def test_a_champion_whose_files_are_gone_is_trained_anew(
    loaded: Callable[[MemoryRegistry], Warehouse], fitted: TrainedModel, small: Company
) -> None:
    registry = MemoryRegistry()
    registry.register(fitted)
    warehouse = loaded(registry)
    train(warehouse, small, 0)
    registry.missing.add("1")
    again = train(warehouse, small, 1)
    assert isinstance(again, Training)
    assert again.champion_version == "2"
