"""How good churn probabilities are, with intervals that know rows of one account are alike.

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
    "churned_dollar_recall_top_10pct",
)
TOP_SHARE = 0.1
BINS = 10


@dataclass(frozen=True)
class _Ranking:
    """Rows from riskiest to safest, tied scores together."""

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
        return np.add.reduceat(values[self.order], self.starts)


@dataclass(frozen=True)
class ChurnScores:
    """What is judged: outcomes, probabilities and dollars, one entry per row.

    `risk` is what rows are ranked by: the probability, unless the predictor has a scale of
    its own. `dollars` are the MRR of churned rows, NaN where unknown, 0 for those that stayed.
    """

    churned: np.ndarray
    probability: np.ndarray
    risk: np.ndarray
    dollars: np.ndarray

    def __post_init__(self) -> None:
        sizes = {self.churned.size, self.probability.size, self.risk.size, self.dollars.size}
        if len(sizes) != 1 or not self.churned.size:
            raise ValueError("churned, probability, risk and dollars must be of one length ≥ 1")

    def metrics(self) -> dict[str, float]:
        """Each metric of METRICS; NaN where it is undefined (one class only, no known dollar)."""
        return _metrics(self, _Ranking.of(self.risk), _Ranking.of(self.probability))

    def intervals(
        self, accounts: np.ndarray, samples: int, level: float, seed: int = 0
    ) -> dict[str, tuple[float, float]]:
        """Percentile bootstrap over accounts: (low, high) per metric, NaN if always undefined.

        Whole accounts are drawn with replacement, so four weekly rows of one customer do not
        pass for four customers.
        """
        by_risk, by_probability = _Ranking.of(self.risk), _Ranking.of(self.probability)
        _, account = np.unique(accounts, return_inverse=True)
        count = int(account.max()) + 1
        random = np.random.default_rng(seed)
        draws = np.empty((samples, len(METRICS)))
        for sample in range(samples):
            times = np.bincount(random.integers(0, count, count), minlength=count)
            drawn = _metrics(self, by_risk, by_probability, times[account].astype(float))
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
    rows: ChurnScores,
    by_risk: _Ranking,
    by_probability: _Ranking,
    weights: np.ndarray | None = None,
) -> dict[str, float]:
    weight = np.ones(rows.churned.size) if weights is None else weights
    lost = weight * rows.churned
    found: dict[str, float] = {name: float("nan") for name in METRICS}

    total, losses = float(weight.sum()), float(lost.sum())
    base = losses / total
    found["brier"] = float(weight @ (rows.probability - rows.churned) ** 2) / total
    found["ece"] = _calibration_error(
        by_probability.totals(weight),
        by_probability.totals(lost),
        by_probability.totals(weight * rows.probability),
    )
    if 0 < base < 1:
        found["brier_skill"] = 1 - found["brier"] / (base * (1 - base))
        group, group_lost = by_risk.totals(weight), by_risk.totals(lost)
        found["auc"] = _auc(group_lost, group - group_lost)
        seen, caught = np.cumsum(group), np.cumsum(group_lost)
        precision = np.divide(caught, seen, out=np.zeros_like(seen), where=seen > 0)
        found["pr_auc"] = float(group_lost @ precision) / losses
        found["top_decile_lift"] = _share_in_top(group, group_lost) / TOP_SHARE
    dollars = lost * np.nan_to_num(rows.dollars)
    if dollars.sum() > 0:
        # Rows whose loss has no known amount leave this metric, and no other.
        known = weight * ~np.isnan(rows.dollars)
        found["churned_dollar_recall_top_10pct"] = _share_in_top(
            by_risk.totals(known), by_risk.totals(dollars)
        )
    return found


def weighted_auc(churned: np.ndarray, risk: np.ndarray, weights: np.ndarray) -> float:
    """Share of the weight of (churned, stayed) pairs in which the churned row has more risk."""
    ranking = _Ranking.of(risk)
    return _auc(ranking.totals(weights * churned), ranking.totals(weights * ~churned))


def _auc(group_lost: np.ndarray, group_stayed: np.ndarray) -> float:
    """AUC from the weight of both classes per group of tied rows, riskiest first."""
    stayed = group_stayed.sum()
    safer = stayed - np.cumsum(group_stayed) + group_stayed / 2
    return float(group_lost @ safer) / float(group_lost.sum() * stayed)


def _share_in_top(group: np.ndarray, amount: np.ndarray) -> float:
    """Share of an amount that lies in the riskiest tenth of the rows."""
    seen, found = np.r_[0.0, np.cumsum(group)], np.r_[0.0, np.cumsum(amount)]
    return float(np.interp(TOP_SHARE * seen[-1], seen, found) / found[-1])


def _bin_totals(
    group: np.ndarray, lost: np.ndarray, predicted: np.ndarray
) -> tuple[float, np.ndarray, np.ndarray]:
    """Rows per bin, losses and predicted losses in bins of equal size, riskiest first."""
    seen = np.r_[0.0, np.cumsum(group)]
    edges = np.linspace(0.0, seen[-1], BINS + 1)
    observed = np.diff(np.interp(edges, seen, np.r_[0.0, np.cumsum(lost)]))
    expected = np.diff(np.interp(edges, seen, np.r_[0.0, np.cumsum(predicted)]))
    return float(seen[-1]) / BINS, observed, expected


def _calibration_error(group: np.ndarray, lost: np.ndarray, predicted: np.ndarray) -> float:
    size, observed, expected = _bin_totals(group, lost, predicted)
    return float(np.abs(observed - expected).sum()) / (size * BINS)


def calibration_curve(churned: np.ndarray, probability: np.ndarray) -> pd.DataFrame:
    """Mean predicted probability and observed churn rate in ten bins of equal size.

    Columns bin (1 = riskiest tenth), predicted, observed, rows.
    """
    ranking = _Ranking.of(probability)
    size, observed, expected = _bin_totals(
        ranking.totals(np.ones(churned.size)),
        ranking.totals(churned.astype(float)),
        ranking.totals(probability),
    )
    return pd.DataFrame(
        {
            "bin": np.arange(1, BINS + 1),
            "predicted": expected / size,
            "observed": observed / size,
            "rows": size,
        }
    )
