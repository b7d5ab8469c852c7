"""Probabilities that are multiplied by dollars must mean what they say."""

import numpy as np
import pytest

from ml.models.calibration import fit_calibrator


def draw(rows: int, seed: int = 0, slope: float = 1.5, intercept: float = -2.0):
    random = np.random.default_rng(seed)
    raw = random.normal(size=rows)
    label = random.random(rows) < 1 / (1 + np.exp(-(slope * raw + intercept)))
    return raw, label, np.arange(rows)


def test_the_sigmoid_finds_the_slope_and_intercept_behind_the_data() -> None:
    slope, intercept = fit_calibrator(*draw(50_000), "sigmoid").parameters
    assert slope == pytest.approx(1.5, abs=0.05)
    assert intercept == pytest.approx(-2, abs=0.05)


def test_scores_that_rank_the_wrong_way_give_everybody_the_base_rate() -> None:
    """A model turned upside down would look as if it knew something."""
    raw, label, accounts = draw(5_000)
    calibrator = fit_calibrator(-raw, label, accounts, "sigmoid")
    assert calibrator.probabilities(raw) == pytest.approx(label.mean(), abs=0.001)


def test_scores_that_separate_perfectly_stay_short_of_certainty() -> None:
    raw = np.r_[np.full(30, -1.0), np.full(5, 1.0)]
    found = fit_calibrator(raw, raw > 0, np.arange(35), "isotonic").probabilities(raw)
    assert 0.01 < found.min() < found.max() < 0.99


def test_isotonic_needs_a_thousand_accounts_not_a_thousand_weekly_rows() -> None:
    raw, label, accounts = draw(4_000)
    assert fit_calibrator(raw, label, accounts, "isotonic").method == "isotonic"
    assert fit_calibrator(raw, label, accounts // 8, "isotonic").method == "sigmoid"
    assert fit_calibrator(raw, label, accounts, "sigmoid").method == "sigmoid"


def test_isotonic_rises_and_never_claims_certainty() -> None:
    raw, label, accounts = draw(4_000)
    calibrator = fit_calibrator(raw, label, accounts, "isotonic")
    found = calibrator.probabilities(np.linspace(-10, 10, 500))
    assert (np.diff(found) >= 0).all()
    assert 0 < found.min() < found.max() < 1


def test_rows_without_a_score_do_not_bend_the_map() -> None:
    raw, label, accounts = draw(500)
    with_unknown = fit_calibrator(
        np.r_[raw, np.nan], np.r_[label, True], np.r_[accounts, 500], "sigmoid"
    )
    assert with_unknown == fit_calibrator(raw, label, accounts, "sigmoid")
    with pytest.raises(ValueError, match="no scored row"):
        fit_calibrator(np.array([np.nan]), np.array([True]), np.array([0]), "sigmoid")
