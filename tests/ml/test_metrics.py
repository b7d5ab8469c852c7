"""Metrics against hand values and scikit-learn."""

import numpy as np
import pytest
from sklearn.metrics import average_precision_score, brier_score_loss, roc_auc_score

from ml.models.metrics import ScoredRows, calibration_curve


def scored(label, probability, amounts=None) -> ScoredRows:
    label, probability = np.asarray(label, float), np.asarray(probability, float)
    return ScoredRows(
        label,
        probability,
        probability,
        label if amounts is None else np.asarray(amounts, float),
    )


@pytest.fixture(scope="module")
def many() -> ScoredRows:
    random = np.random.default_rng(5)
    probability = random.beta(1, 6, 5000).round(2)  # rounded, so that many rows tie
    return scored(random.random(5000) < probability, probability)


def test_auc_average_precision_and_brier_equal_scikit_learn_with_ties(many) -> None:
    found = many.metrics()
    assert found["auc"] == pytest.approx(roc_auc_score(many.label, many.probability), abs=1e-12)
    assert found["pr_auc"] == pytest.approx(
        average_precision_score(many.label, many.probability), abs=1e-12
    )
    assert found["brier"] == pytest.approx(
        brier_score_loss(many.label, many.probability), abs=1e-12
    )


def test_hand_values_of_ten_rows() -> None:
    """One of the two losses is ranked first: lift 5 × base, half the losses, 90 of 100 dollars."""
    probability = [0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3, 0.2, 0.1, 0.05]
    label = [1, 0, 0, 0, 1, 0, 0, 0, 0, 0]
    amounts = [90, 0, 0, 0, 10, 0, 0, 0, 0, 0]
    found = scored(label, probability, amounts).metrics()
    assert found["top_decile_lift"] == pytest.approx(5)
    assert found["money_recall_top_10pct"] == pytest.approx(0.9)
    assert found["auc"] == pytest.approx(13 / 16)
    # ten bins of one row: the mean distance between probability and outcome
    assert found["ece"] == pytest.approx(np.abs(np.subtract(probability, label)).mean())
    assert found["brier_skill"] == pytest.approx(1 - found["brier"] / (0.2 * 0.8))


def test_tied_rows_share_the_top_decile_fairly() -> None:
    """Whoever the file lists first must not decide who counts as top decile."""
    first, last = [1] + [0] * 19, [0] * 19 + [1]
    for label in (first, last):
        found = scored(label, [0.3] * 20, label).metrics()
        assert found["top_decile_lift"] == pytest.approx(1)
        assert found["money_recall_top_10pct"] == pytest.approx(0.1)
        assert found["auc"] == pytest.approx(0.5)


def test_perfect_calibration_has_no_error_and_a_shift_has_exactly_its_size() -> None:
    probability = np.repeat([0.1, 0.3, 0.5, 0.7], 1000)
    label = np.concatenate([np.arange(1000) < 1000 * p for p in (0.1, 0.3, 0.5, 0.7)])
    shuffled = np.random.default_rng(0).permutation(4000)
    assert scored(label[shuffled], probability[shuffled]).metrics()["ece"] < 1e-12
    shifted = scored(label[shuffled], probability[shuffled] + 0.07).metrics()["ece"]
    assert shifted == pytest.approx(0.07)


def test_one_class_only_leaves_ranking_metrics_undefined_instead_of_perfect() -> None:
    found = scored([0, 0, 0], [0.1, 0.2, 0.3]).metrics()
    assert np.isnan([found["auc"], found["pr_auc"], found["top_decile_lift"]]).all()
    assert found["brier"] > 0


def test_a_loss_of_unknown_amount_leaves_the_amounts_and_no_other_metric() -> None:
    known = scored([1, 0] * 10, np.linspace(0.9, 0.1, 20), [5, 0] * 10).metrics()
    amounts = np.array([5.0, 0] * 10)
    amounts[2] = np.nan
    found = scored([1, 0] * 10, np.linspace(0.9, 0.1, 20), amounts).metrics()
    assert found["auc"] == known["auc"]
    assert found["money_recall_top_10pct"] == pytest.approx((1 + 0.0) / 9, abs=0.02)


def test_an_interval_knows_that_rows_of_one_account_are_copies() -> None:
    random = np.random.default_rng(2)
    probability = random.random(100)
    label = random.random(100) < probability
    single = scored(label, probability).intervals(np.arange(100), 400, 0.9)["auc"]
    copied = scored(np.repeat(label, 8), np.repeat(probability, 8))
    clustered = copied.intervals(np.repeat(np.arange(100), 8), 400, 0.9)["auc"]
    naive = copied.intervals(np.arange(800), 400, 0.9)["auc"]
    assert clustered == pytest.approx(single, abs=1e-12)
    assert naive[1] - naive[0] < 0.6 * (clustered[1] - clustered[0])


def test_a_ninety_percent_interval_covers_the_truth_about_ninety_times_in_a_hundred() -> None:
    random = np.random.default_rng(11)
    truth, covered = 0.7602, 0  # Phi(1 / sqrt 2): two normals, one standard deviation apart
    for _ in range(100):
        label = random.random(300) < 0.3
        rank_score = random.normal(size=300) + label
        scores = ScoredRows(label.astype(float), np.full(300, 0.3), rank_score, np.zeros(300))
        low, high = scores.intervals(np.arange(300), 200, 0.9)["auc"]
        covered += low <= truth <= high
    assert 82 <= covered <= 97


def test_the_bootstrap_is_the_same_each_time(many) -> None:
    accounts = np.arange(5000) // 4
    assert many.intervals(accounts, 20, 0.9) == many.intervals(accounts, 20, 0.9)


def test_the_calibration_curve_shares_rows_evenly_and_keeps_their_sums(many) -> None:
    curve = calibration_curve(many.label, many.probability)
    assert (curve["rows"] == 500).all()
    assert curve["observed"].mean() == pytest.approx(many.label.mean())
    assert curve["predicted"].mean() == pytest.approx(many.probability.mean())
    assert curve["predicted"].is_monotonic_decreasing


def test_lengths_that_differ_are_refused() -> None:
    with pytest.raises(ValueError, match="one length"):
        ScoredRows(np.zeros(2), np.zeros(3), np.zeros(3), np.zeros(3))
