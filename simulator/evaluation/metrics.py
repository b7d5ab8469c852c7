"""How well a score ranks and a probability is calibrated. Rows with one score share their fate."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from sklearn.linear_model import LogisticRegression

BINS = 10
TOP_SHARE = 0.1
# Probabilities of exactly 0 and 1 have no log-odds; the truth is written to six decimals.
_LEAST = 1e-6


@dataclass(frozen=True)
class Ranking:
    """Rows from the riskiest to the safest.

    `order`: row numbers; `starts`: where in that order each group of equal scores begins.
    """

    order: np.ndarray
    starts: np.ndarray

    @classmethod
    def of(cls, risk: np.ndarray) -> "Ranking":
        order = np.argsort(-risk, kind="stable")
        ranked = risk[order]
        return cls(order, np.flatnonzero(np.r_[True, ranked[1:] != ranked[:-1]]))

    def grouped(self, in_order: np.ndarray) -> np.ndarray:
        """Sums over groups of equal scores, of values that are in the ranking's order."""
        return np.add.reduceat(in_order, self.starts)


def area_under_curve(group: np.ndarray, lost: np.ndarray) -> float:
    """Chance that a row that was lost ranks above one that stayed; ties count half.

    Takes rows and losses per group of equal scores, riskiest first, both weighted at will.
    NaN where there are no losses, or nothing else.
    """
    stayed = group - lost
    below = stayed.sum() - np.cumsum(stayed) + stayed / 2
    pairs = lost.sum() * stayed.sum()
    return float(lost @ below / pairs) if pairs > 0 else float("nan")


def top_decile_lift(group: np.ndarray, lost: np.ndarray) -> float:
    """Loss rate among the riskiest tenth of rows, over that of all rows."""
    if lost.sum() == 0:
        return float("nan")
    seen, found = np.r_[0.0, np.cumsum(group)], np.r_[0.0, np.cumsum(lost)]
    return float(np.interp(TOP_SHARE * seen[-1], seen, found) / found[-1] / TOP_SHARE)


def reliability(left: np.ndarray, probability: np.ndarray) -> pd.DataFrame:
    """Columns predicted and observed: mean probability and loss rate in ten bins of equal size.

    Riskiest bin first. Rows of one probability that a bin's edge divides are divided as if they
    stood in random order.
    """
    ranking = Ranking.of(probability)
    seen = np.r_[0.0, np.cumsum(ranking.grouped(np.ones(len(left))))]
    edges = np.linspace(0.0, seen[-1], BINS + 1)
    return pd.DataFrame(
        {
            name: np.diff(np.interp(edges, seen, np.r_[0.0, np.cumsum(sums)])) * BINS / len(left)
            for name, sums in (
                ("predicted", ranking.grouped(probability[ranking.order])),
                ("observed", ranking.grouped(left[ranking.order].astype(float))),
            )
        }
    )


def expected_calibration_error(left: np.ndarray, probability: np.ndarray) -> float:
    """Mean distance of predicted and observed over the bins of `reliability`."""
    bins = reliability(left, probability)
    return float((bins["predicted"] - bins["observed"]).abs().mean())


def brier(left: np.ndarray, probability: np.ndarray) -> float:
    """Mean squared distance of probability and outcome."""
    return float(np.mean((probability - left) ** 2))


def recalibration(left: np.ndarray, probability: np.ndarray) -> tuple[float, float]:
    """Slope and intercept of calibration, 1 and 0 when nothing is to be mended.

    Slope: of the logistic regression of outcomes on the log-odds. Intercept: what must be added
    to the log-odds, their slope kept at 1, for as many losses to be expected as happened. NaN
    where all rows were lost or none, and the slope where all probabilities are alike.
    """
    if left.all() or not left.any():
        return float("nan"), float("nan")
    held = np.clip(probability, _LEAST, 1 - _LEAST)
    log_odds = np.log(held / (1 - held))
    slope = float("nan")
    if np.ptp(log_odds) > 0:
        fitted = LogisticRegression(C=np.inf, tol=1e-8, max_iter=1000).fit(log_odds[:, None], left)
        slope = float(fitted.coef_[0, 0])
    return slope, _intercept(left.mean(), log_odds)


def _intercept(rate: float, log_odds: np.ndarray) -> float:
    """Bisection: the expected rate rises with the intercept."""
    low, high = -30.0, 30.0
    for _ in range(60):
        middle = (low + high) / 2
        expected = np.mean(1 / (1 + np.exp(-(log_odds + middle))))
        low, high = (middle, high) if expected < rate else (low, middle)
    return (low + high) / 2
