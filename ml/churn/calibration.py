"""From raw scores to probabilities that may be multiplied by dollars."""

import numpy as np
from sklearn.isotonic import IsotonicRegression
from sklearn.linear_model import LogisticRegression

from ml.churn.served import Calibrator

# Isotonic regression needs about 1,000 independent rows (scikit-learn's guide). Weekly snapshots
# of one account are not independent, so accounts are counted, and losses beside them: its steps
# rest on the rarer class.
ISOTONIC_ACCOUNTS = 1_000
ISOTONIC_LOSSES = 100


def fit_calibrator(
    raw: np.ndarray, churned: np.ndarray, accounts: np.ndarray, method: str
) -> Calibrator:
    """A rising map fitted on out-of-fold scores.

    Args:
        raw: scores of rows that their model never saw; NaN rows are left out.
        churned: outcomes, same length.
        accounts: account of each row, same length.
        method: "isotonic" when there is enough to fit it on, else and otherwise "sigmoid".

    Raises:
        ValueError: no row has a score.
    """
    known = ~np.isnan(raw)
    raw, churned, accounts = raw[known], churned[known].astype(bool), accounts[known]
    if not raw.size:
        raise ValueError("no scored row to calibrate on")
    enough = (
        np.unique(accounts).size >= ISOTONIC_ACCOUNTS
        and np.unique(accounts[churned]).size >= ISOTONIC_LOSSES
    )
    if method == "isotonic" and enough:
        return _isotonic(raw, churned)
    return _sigmoid(raw, churned)


def _isotonic(raw: np.ndarray, churned: np.ndarray) -> Calibrator:
    # A step at exactly 0 or 1 would claim certainty that no finite sample gives.
    edge = 1.0 / (raw.size + 2)
    model = IsotonicRegression(y_min=edge, y_max=1 - edge, out_of_bounds="clip")
    model.fit(raw, churned.astype(float))
    return Calibrator(
        "isotonic",
        knots_raw=tuple(model.X_thresholds_.tolist()),
        knots_probability=tuple(model.y_thresholds_.tolist()),
    )


def _sigmoid(raw: np.ndarray, churned: np.ndarray) -> Calibrator:
    """Platt's sigmoid with his smoothed targets, which stay finite on separable scores."""
    losses = int(churned.sum())
    target = np.where(churned, (losses + 1) / (losses + 2), 1 / (churned.size - losses + 2))
    spread = float(raw.std())
    if spread > 0:
        scaled = ((raw - raw.mean()) / spread)[:, None]
        model = LogisticRegression(C=1e6, max_iter=1000)
        model.fit(
            np.vstack([scaled, scaled]),
            np.repeat([1, 0], raw.size),
            sample_weight=np.concatenate([target, 1 - target]),
        )
        slope = float(np.ravel(model.coef_)[0]) / spread
        if slope > 0:
            return Calibrator(
                "sigmoid",
                parameters=(
                    slope,
                    float(np.ravel(model.intercept_)[0]) - slope * float(raw.mean()),
                ),
            )
    # Scores that rank the wrong way out of fold know nothing: everybody gets the base rate,
    # instead of a model turned upside down.
    rate = float(target.mean())
    return Calibrator("sigmoid", parameters=(0.0, float(np.log(rate / (1 - rate)))))
