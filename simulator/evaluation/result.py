"""The result of evaluating predictions: how good, and how near to the best that can be."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from simulator.evaluation import metrics
from simulator.evaluation.errors import EvaluationError
from simulator.evaluation.predictions import PROBABILITY, check_predictions, match
from simulator.evaluation.truth import Truth

LEVEL = 0.95
SAMPLES = 1000
_SEED = 90


@dataclass(frozen=True)
class Estimate:
    """A value with its 95 % interval; NaN where it is not defined."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Calibration:
    """How far probabilities can be taken at their word.

    `ratio`: mean predicted over observed. `slope`, `intercept`: see `metrics.recalibration`.
    `ece`: mean distance of predicted and observed in ten bins of equal size.
    """

    brier: float
    predicted: float
    observed: float
    ratio: float
    slope: float
    intercept: float
    ece: float


@dataclass(frozen=True)
class EvaluationResult:
    """Predictions beside the oracle, on the same rows.

    `losses`: rows followed by a loss; `lost_accounts`: customers they are of. `coverage`: judged
    rows over all that could have been judged on the same days. `share` is AUC / oracle's AUC,
    `skill_share` is (AUC - 0.5) / (oracle's AUC - 0.5). `calibration` is None for a health score.
    `left_out`: rows not judged, by reason.
    """

    horizon_days: int
    rows: int
    accounts: int
    days: int
    losses: int
    lost_accounts: int
    coverage: float
    left_out: dict[str, int]
    auc: Estimate
    oracle_auc: Estimate
    share: Estimate
    skill_share: Estimate
    lift: Estimate
    oracle_lift: Estimate
    calibration: Calibration | None
    oracle_calibration: Calibration


def score_predictions(
    predictions: pd.DataFrame,
    folder: Path,
    horizon_days: int = 90,
    name: str = "predictions",
    samples: int = SAMPLES,
) -> EvaluationResult:
    """Evaluate predictions for a simulated company against what then happened, and its oracle.

    Args:
        predictions: account_id, as_of_date (a Sunday; the prediction is made at its end), and
            probability (0 to 1) of leaving within the horizon, or health_score (any scale, more
            is better), which is ranked only.
        folder: what `tenure simulate` wrote.
        horizon_days: 30, 60, 90 or 180.
        name: what messages call the predictions.
        samples: resamples of whole accounts behind the intervals.

    Raises:
        EvaluationError: a folder without truth, a row that breaks a rule, or nothing to evaluate.
    """
    truth = Truth.read(folder, horizon_days)
    checked, evaluated = check_predictions(predictions, truth, name)
    rows, left_out = match(checked, truth)
    if rows.empty:
        reasons = ", ".join(f"{count:,} {reason}" for reason, count in left_out.items() if count)
        raise EvaluationError(f"{name}: nothing can be judged: {reasons}")
    if rows["left"].all() or not rows["left"].any():
        raise EvaluationError(
            f"{name}: of {len(rows):,} rows {int(rows['left'].sum()):,} were followed by a loss "
            f"within {horizon_days} days; ranking needs some that were and some that were not"
        )
    left = rows["left"].to_numpy()
    oracle = rows["oracle"].to_numpy()
    risk = rows[evaluated].to_numpy() * (1.0 if evaluated == PROBABILITY else -1.0)
    accounts = rows["account_id"].to_numpy()
    on_these_days = truth.weeks["week_end"].isin(rows["as_of_date"].unique())
    return EvaluationResult(
        horizon_days=horizon_days,
        rows=len(rows),
        accounts=rows["account_id"].nunique(),
        days=rows["as_of_date"].nunique(),
        losses=int(left.sum()),
        lost_accounts=int(rows.loc[left, "account_id"].nunique()),
        coverage=len(rows) / int(on_these_days.sum()),
        left_out=left_out,
        **compare(left, risk, oracle, accounts, samples),
        calibration=calibrate(left, risk) if evaluated == PROBABILITY else None,
        oracle_calibration=calibrate(left, oracle),
    )


def compare(
    left: np.ndarray, risk: np.ndarray, oracle: np.ndarray, accounts: np.ndarray, samples: int
) -> dict[str, Estimate]:
    """Ranking of a score and of the oracle, each with its interval.

    Whole accounts are drawn with replacement, the same for both: weeks of one account are alike,
    and a company with easy customers is easy for both.
    """
    _, account = np.unique(accounts, return_inverse=True)
    count = int(account.max()) + 1
    random = np.random.default_rng(_SEED)
    sides = [
        (ranking, account[ranking.order], left[ranking.order].astype(float))
        for ranking in (metrics.Ranking.of(risk), metrics.Ranking.of(oracle))
    ]

    def measured(times: np.ndarray) -> list[float]:
        found = []
        for ranking, account_in_order, left_in_order in sides:
            weight = times[account_in_order]
            group, lost = ranking.grouped(weight), ranking.grouped(weight * left_in_order)
            found += [metrics.area_under_curve(group, lost), metrics.top_decile_lift(group, lost)]
        auc, lift, oracle_auc, oracle_lift = found
        skill = (auc - 0.5) / (oracle_auc - 0.5) if oracle_auc != 0.5 else float("nan")
        return [auc, oracle_auc, auc / oracle_auc, skill, lift, oracle_lift]

    draws = np.array(
        [
            measured(np.bincount(random.integers(count, size=count), minlength=count) * 1.0)
            for _ in range(samples)
        ]
    )
    low, high = np.nanquantile(draws, [(1 - LEVEL) / 2, (1 + LEVEL) / 2], axis=0)
    names = ["auc", "oracle_auc", "share", "skill_share", "lift", "oracle_lift"]
    values = measured(np.ones(count))
    return {
        name: Estimate(value, float(low[place]), float(high[place]))
        for place, (name, value) in enumerate(zip(names, values, strict=True))
    }


def calibrate(left: np.ndarray, probability: np.ndarray) -> Calibration:
    """Every measure of calibration at once."""
    slope, intercept = metrics.recalibration(left, probability)
    predicted, observed = float(probability.mean()), float(left.mean())
    return Calibration(
        brier=metrics.brier(left, probability),
        predicted=predicted,
        observed=observed,
        ratio=predicted / observed if observed else float("nan"),
        slope=slope,
        intercept=intercept,
        ece=metrics.expected_calibration_error(left, probability),
    )
