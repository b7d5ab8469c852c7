"""Training finds what is there, nothing that is not, and says so."""

from collections.abc import Callable
from datetime import timedelta

import lightgbm as lgb
import numpy as np
import pandas as pd
import pytest

from ml.models.metrics import METRICS
from ml.models.training import train


def metric(trained, name: str, predictor: str = "lightgbm") -> pd.Series:
    table = trained.evaluations.set_index(["predictor", "metric"])
    return table.loc[(predictor, name)]


def permuted(company, seed: int):
    """Each account keeps its signals and gets the fate of another account."""
    outcomes = company.outcomes.copy()
    names = outcomes["account_id"].unique()
    fate = dict(zip(names, np.random.default_rng(seed).permutation(names), strict=True))
    known = outcomes.set_index(["account_id", "snapshot_date"])["churned_within_horizon"]
    others = pd.MultiIndex.from_arrays(
        [outcomes["account_id"].map(fate), outcomes["snapshot_date"]]
    )
    outcomes["churned_within_horizon"] = known.reindex(others).to_numpy()
    return outcomes


def test_a_known_cause_is_found_and_the_model_passes_the_quality_gate(trained) -> None:
    auc = metric(trained, "auc")
    assert auc["ci_low"] > 0.6
    assert auc["metric_value"] > metric(trained, "auc", "health_score")["metric_value"]
    assert metric(trained, "top_decile_lift")["metric_value"] > 1.5
    assert trained.gate.passes_quality_gate
    assert "Trusted" in trained.gate.reason


def test_probabilities_out_of_time_mean_what_they_say(trained) -> None:
    assert metric(trained, "ece")["metric_value"] < 0.08
    assert metric(trained, "mean_probability")["metric_value"] == pytest.approx(
        metric(trained, "base_rate")["metric_value"], abs=0.05
    )


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_permuted_labels_give_chance(company, seed: int) -> None:
    """More than chance on labels that belong to other accounts would be a leak."""
    trained = train(company.panel(outcomes=permuted(company, seed)))
    auc = metric(trained, "auc")
    sigma = (auc["ci_high"] - auc["ci_low"]) / (2 * 1.645)
    assert abs(auc["metric_value"] - 0.5) < 3 * sigma
    assert 3 * sigma < 0.25


def test_pure_chance_does_not_pass_the_quality_gate(build_company: Callable) -> None:
    trained = build_company(effect=0.0, seed=4).trained()
    assert not trained.gate.passes_quality_gate
    assert trained.gate.reason.startswith("Not trusted")


def test_every_predictor_has_every_metric_and_an_interval(trained) -> None:
    table = trained.evaluations.set_index(["predictor", "metric"])
    for predictor in ("lightgbm", "logistic", "health_score"):
        for name in METRICS:
            row = table.loc[(predictor, name)]
            assert row["ci_low"] <= row["ci_high"]
            assert np.isfinite(row["metric_value"])
    assert not table.index.duplicated().any()


def test_accounts_without_a_health_score_get_the_base_rate_and_rank_in_the_middle(company) -> None:
    unscored = company.snapshots["account_id"].isin(company.snapshots["account_id"].unique()[::2])
    snapshots = company.snapshots.assign(
        health_score=company.snapshots["health_score"].mask(unscored)
    )
    trained = train(company.panel(snapshots=snapshots))
    known = dict(zip(snapshots["account_id"], ~unscored, strict=True))
    rows = trained.out_of_time
    unknown = rows[~rows["account_id"].map(known).astype(bool)]
    base = trained.panel.labelled.groupby("snapshot_date")["label"].mean()
    assert unknown.groupby("fold")["health_score"].nunique().max() <= 5  # one per account group
    assert unknown["health_score"].between(base.min(), base.max()).all()


def test_without_any_health_score_the_score_is_not_evaluated(company) -> None:
    trained = train(company.panel(snapshots=company.snapshots.assign(health_score=np.nan)))
    assert "health_score" not in set(trained.evaluations["predictor"])
    assert trained.gate.passes_quality_gate


def test_the_same_data_give_the_same_model_to_the_bit(company, trained) -> None:
    shuffled = company.snapshots.sample(frac=1, random_state=9)
    again = train(company.panel(snapshots=shuffled))
    assert again.fingerprint == trained.fingerprint
    assert again.model.booster.model_to_string() == trained.model.booster.model_to_string()
    assert again.model.calibrator == trained.model.calibrator
    pd.testing.assert_frame_equal(again.evaluations, trained.evaluations, check_exact=True)


def test_every_prediction_keeps_to_one_thread(company, trained, monkeypatch) -> None:
    """A prediction that takes more crashes the fits that run beside it."""
    threads = set()
    predict = lgb.Booster.predict

    def counted(booster: lgb.Booster, matrix: np.ndarray, **options):
        threads.add(options.get("num_threads"))
        return predict(booster, matrix, **options)

    monkeypatch.setattr(lgb.Booster, "predict", counted)
    train(company.panel())
    trained.model.contributions(company.snapshots.head(3))
    assert threads == {1}


def test_the_fingerprint_follows_rows_outcomes_policy_and_features(company, trained) -> None:
    other_value = company.snapshots.copy()
    other_value.loc[0, "usage"] += 1
    other_outcome = company.outcomes.copy()
    other_outcome.loc[0, "churned_within_horizon"] ^= True
    data = [
        company.panel(snapshots=other_value),
        company.panel(outcomes=other_outcome),
        company.panel(snapshots=company.snapshots.drop(columns="noise_1")),
    ]
    fingerprints = {trained.fingerprint, *(found.fingerprint for found in data)}
    assert len(fingerprints) == 4


def test_facts_after_the_labelled_snapshots_change_nothing(company, trained) -> None:
    """Snapshots whose outcome is open must not reach the model in any way."""
    newest = trained.panel.labelled["snapshot_date"].max()
    poisoned = company.snapshots.copy()
    poisoned.loc[poisoned["snapshot_date"] > newest, "usage"] = 1e12
    assert company.panel(snapshots=poisoned).fingerprint == trained.fingerprint


def test_an_outcome_stated_before_its_horizon_is_over_is_refused(company) -> None:
    early = company.outcomes.copy()
    early["churned_within_horizon"] = early["churned_within_horizon"].fillna(False)
    with pytest.raises(ValueError, match="outcomes are stated before"):
        company.panel(outcomes=early)


def test_too_few_churned_accounts_give_a_reason_instead_of_a_model(build_company) -> None:
    small = build_company(accounts=20)
    data = small.panel()
    assert "accounts with a known outcome have churned, and 30 are needed" in str(
        data.blocking_reason()
    )
    with pytest.raises(ValueError, match="30 are needed"):
        train(data)


@pytest.mark.parametrize(
    ("days_known", "sentence"),
    [(30, "no snapshot has an outcome yet"), (200, "too short a history")],
)
def test_a_short_history_gives_a_reason_instead_of_a_model(
    company, days_known: int, sentence: str
) -> None:
    young = company.until(company.snapshots["snapshot_date"].min().date() + timedelta(days_known))
    assert sentence in str(young.panel().blocking_reason())


def test_no_known_signal_gives_a_reason_instead_of_a_model(company) -> None:
    silent = company.snapshots[["account_id", "snapshot_date"]]
    assert "no signal is known" in str(company.panel(snapshots=silent).blocking_reason())
