"""How good probabilities are, with intervals that know rows of one account are alike.

All metrics accept row weights (the bootstrap's multiplicities) and share tied scores fairly:
rows with one score count as if they stood in random order.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

METRICS = (
    "auc",
    "pr_auc",
    "top_decile_lift",
    "brier",
    "brier_skill",
    "ece",
    "money_recall_top_10pct",
)
TOP_SHARE = 0.1
BINS = 10
CALIBRATION_COLUMNS = ["bin", "predicted", "observed", "rows"]


@dataclass(frozen=True)
class _Ranking:
    """Rows from the highest score to the lowest, tied scores together."""

    order: np.ndarray
    starts: np.ndarray

    @classmethod
    def of(cls, scores: np.ndarray) -> "_Ranking":
        order = np.argsort(-scores, kind="stable")
        ranked = scores[order]
        starts = np.flatnonzero(np.r_[True, ranked[1:] != ranked[:-1]])
        return cls(order, starts)

    def totals(self, values: np.ndarray) -> np.ndarray:
        """Sum per group of tied rows."""
        ranked = values[self.order]
        return ranked if self.starts.size == ranked.size else np.add.reduceat(ranked, self.starts)


@dataclass(frozen=True)
class ScoredRows:
    """What is evaluated: labels, probabilities and amounts, one entry per row.

    `rank_score` is what rows are ranked by: the probability, unless the predictor has a scale of
    its own. `amount` is the money of positive rows, NaN where unknown, 0 for the others.
    """

    label: np.ndarray
    probability: np.ndarray
    rank_score: np.ndarray
    amount: np.ndarray

    def __post_init__(self) -> None:
        sizes = {self.label.size, self.probability.size, self.rank_score.size, self.amount.size}
        if len(sizes) != 1 or not self.label.size:
            raise ValueError("label, probability, rank_score and amount must be of one length ≥ 1")

    def metrics(self) -> dict[str, float]:
        """Each metric of METRICS; NaN where it is undefined (one class only, no known amount)."""
        return _metrics(self, _Ranking.of(self.rank_score), _Ranking.of(self.probability))

    def intervals(
        self, accounts: np.ndarray, samples: int, level: float, seed: int = 0
    ) -> dict[str, tuple[float, float]]:
        """Percentile bootstrap over accounts: (low, high) per metric, NaN if always undefined.

        Whole accounts are drawn with replacement, so four weekly rows of one customer do not
        pass for four customers.
        """
        by_rank, by_probability = _Ranking.of(self.rank_score), _Ranking.of(self.probability)
        _, account = np.unique(accounts, return_inverse=True)
        count = int(account.max()) + 1
        random = np.random.default_rng(seed)
        draws = np.empty((samples, len(METRICS)))
        for sample in range(samples):
            times = np.bincount(random.integers(0, count, count), minlength=count)
            drawn = _metrics(self, by_rank, by_probability, times[account].astype(float))
            draws[sample] = [drawn[name] for name in METRICS]
        tail = (1 - level) / 2
        found = {}
        for position, name in enumerate(METRICS):
            values = draws[:, position]
            values = values[~np.isnan(values)]
            bounds = np.quantile(values, [tail, 1 - tail]) if values.size else [np.nan, np.nan]
            found[name] = (float(bounds[0]), float(bounds[1]))
        return found


def _metrics(
    rows: ScoredRows,
    by_rank: _Ranking,
    by_probability: _Ranking,
    weights: np.ndarray | None = None,
) -> dict[str, float]:
    weight = np.ones(rows.label.size) if weights is None else weights
    positive = weight * rows.label
    found: dict[str, float] = {name: float("nan") for name in METRICS}

    total, positives = float(weight.sum()), float(positive.sum())
    base = positives / total
    found["brier"] = float(weight @ (rows.probability - rows.label) ** 2) / total
    found["ece"] = _calibration_error(
        by_probability.totals(weight),
        by_probability.totals(positive),
        by_probability.totals(weight * rows.probability),
    )
    if 0 < base < 1:
        found["brier_skill"] = 1 - found["brier"] / (base * (1 - base))
        group, group_positive = by_rank.totals(weight), by_rank.totals(positive)
        found["auc"] = _auc(group_positive, group - group_positive)
        seen, caught = np.cumsum(group), np.cumsum(group_positive)
        precision = np.divide(caught, seen, out=np.zeros_like(seen), where=seen > 0)
        found["pr_auc"] = float(group_positive @ precision) / positives
        found["top_decile_lift"] = _share_in_top(group, group_positive) / TOP_SHARE
    amount = positive * np.nan_to_num(rows.amount)
    if amount.sum() > 0:
        # Positive rows without a known amount leave this metric, and no other.
        known = weight * ~np.isnan(rows.amount)
        found["money_recall_top_10pct"] = _share_in_top(
            by_rank.totals(known), by_rank.totals(amount)
        )
    return found


def weighted_auc(label: np.ndarray, rank_score: np.ndarray, weights: np.ndarray) -> float:
    """Share of the weight of (positive, negative) pairs in which the positive row ranks higher."""
    ranking = _Ranking.of(rank_score)
    return _auc(ranking.totals(weights * label), ranking.totals(weights * ~label))


def _auc(group_positive: np.ndarray, group_negative: np.ndarray) -> float:
    """AUC from the weight of both classes per group of tied rows, highest first."""
    negative = group_negative.sum()
    below = negative - np.cumsum(group_negative) + group_negative / 2
    return float(group_positive @ below) / float(group_positive.sum() * negative)


def _share_in_top(group: np.ndarray, amount: np.ndarray) -> float:
    """Share of an amount that lies in the highest tenth of the rows."""
    seen, found = np.r_[0.0, np.cumsum(group)], np.r_[0.0, np.cumsum(amount)]
    return float(np.interp(TOP_SHARE * seen[-1], seen, found) / found[-1])


def _bin_totals(
    group: np.ndarray, positive: np.ndarray, predicted: np.ndarray
) -> tuple[float, np.ndarray, np.ndarray]:
    """Rows per bin, positives and predicted positives in bins of equal size, highest first."""
    seen = np.r_[0.0, np.cumsum(group)]
    edges = np.linspace(0.0, seen[-1], BINS + 1)
    observed = np.diff(np.interp(edges, seen, np.r_[0.0, np.cumsum(positive)]))
    expected = np.diff(np.interp(edges, seen, np.r_[0.0, np.cumsum(predicted)]))
    return float(seen[-1]) / BINS, observed, expected


def _calibration_error(group: np.ndarray, positive: np.ndarray, predicted: np.ndarray) -> float:
    size, observed, expected = _bin_totals(group, positive, predicted)
    return float(np.abs(observed - expected).sum()) / (size * BINS)


def calibration_curve(label: np.ndarray, probability: np.ndarray) -> pd.DataFrame:
    """Mean predicted probability and observed rate in ten bins of equal size.

    Columns bin (1 = highest tenth), predicted, observed, rows.
    """
    ranking = _Ranking.of(probability)
    size, observed, expected = _bin_totals(
        ranking.totals(np.ones(label.size)),
        ranking.totals(label.astype(float)),
        ranking.totals(probability),
    )
    columns = [np.arange(1, BINS + 1), expected / size, observed / size, size]
    return pd.DataFrame(dict(zip(CALIBRATION_COLUMNS, columns, strict=True)))
