"""How rightly one predictor ranked the accounts of each date, under any weights of accounts."""

from dataclasses import dataclass
from typing import Self

import numpy as np
import pandas as pd

from ml.models.metrics import running


@dataclass(frozen=True)
class Ranking:
    """Rows date by date, each from the riskiest to the safest, equal risks together.

    `order` sorts the rows. In that order, each row's group of equal risks runs from `start` to
    before `end`, and its date from `day_start` to before `day_end`.
    """

    order: np.ndarray
    start: np.ndarray
    end: np.ndarray
    day_start: np.ndarray
    day_end: np.ndarray

    @classmethod
    def of(cls, risk: np.ndarray, day: np.ndarray) -> Self:
        """`day` numbers the dates. An unknown risk is placed in the middle of its date."""
        known = _middle_where_unknown(risk, day)
        order = np.lexsort((-known, day))
        is_new_day = np.r_[True, np.diff(day[order]) != 0]
        is_new_group = is_new_day | np.r_[True, np.diff(known[order]) != 0]
        return cls(order, *_spans(is_new_group), *_spans(is_new_day))

    def auc(self, positive: np.ndarray, negative: np.ndarray) -> float:
        """Share of the weight of pairs of one date in which the positive row ranks higher.

        Weights in the order of the rows. Ties count half; NaN where no date has both.
        """
        rows = np.flatnonzero(positive[self.order])
        return self.auc_in_order(rows, positive[self.order][rows], negative[self.order])

    def auc_in_order(self, rows: np.ndarray, positive: np.ndarray, negative: np.ndarray) -> float:
        """The same, given the places in `order` of the positive rows and their weights.

        `negative` has every row of `order`, with no weight where it is not negative.
        """
        seen = running(negative)
        last = seen[self.day_end[rows]]
        below = last - (seen[self.start[rows]] + seen[self.end[rows]]) / 2
        pairs = float(positive @ (last - seen[self.day_start[rows]]))
        return float(positive @ below) / pairs if pairs > 0 else float("nan")

    def alerts(self, share: float) -> np.ndarray:
        """Per row, how surely it is among the riskiest `share` of its date, 0 to 1.

        Rows of one risk that the budget divides have an equal chance.
        """
        budget = share * (self.day_end - self.day_start)
        before = self.start - self.day_start
        found = np.empty(self.order.size)
        found[self.order] = np.clip((budget - before) / (self.end - self.start), 0, 1)
        return found


def _spans(is_first: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Where the span of each row starts and ends, given which rows are the first of theirs."""
    starts = np.flatnonzero(is_first)
    ends = np.r_[starts[1:], is_first.size]
    sizes = ends - starts
    return np.repeat(starts, sizes), np.repeat(ends, sizes)


def _middle_where_unknown(risk: np.ndarray, day: np.ndarray) -> np.ndarray:
    if not np.isnan(risk).any():
        return risk
    middle = pd.Series(risk).groupby(day).transform("median").fillna(0).to_numpy()
    return np.where(np.isnan(risk), middle, risk)
