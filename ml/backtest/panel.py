"""The rows of the trial: accounts on dates, what followed, and the risk each predictor gave."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any, Self

import numpy as np
import pandas as pd

from ml.serving.served import as_floats
from ml.targets.target import KEYS

HISTORY = "history"
OUT_OF_TIME = "out_of_time"
MODEL = "churn_model"
LAST_TIER = "last_tier"
RENEWAL_ONLY = "renewal_date_only"
SLOPE_ONLY = "usage_slope_only"


@dataclass(frozen=True)
class BacktestPolicy:
    """The seed `backtest_policy`, beside the horizon of the outcomes."""

    horizon_days: int
    months_back: int
    alert_share: float
    days_early: int
    minimum_outcomes: int
    bootstrap_samples: int
    interval_level: float

    @classmethod
    def from_frame(cls, frame: pd.DataFrame) -> Self:
        """The policy of a one-row frame; further columns are ignored.

        Raises:
            ValueError: there is not exactly one row.
        """
        if len(frame) != 1:
            raise ValueError(f"backtest_policy must have one row, it has {len(frame)}")
        kinds = {"int": int, "float": float}
        values: dict[str, Any] = {
            field.name: kinds[getattr(field.type, "__name__", "")](frame.iloc[0][field.name])
            for field in fields(cls)
        }
        return cls(**values)


@dataclass(frozen=True)
class BacktestRows:
    """One row per account and date, the same for all predictors.

    `risks` holds a column per predictor, higher is riskier, NaN where it does not know the
    account; `kinds` says of each whether it is a scorecard, the model or a baseline.
    `days_to_churn` is NaN for rows that no churn followed within the horizon.
    """

    name: str
    account: np.ndarray
    date: np.ndarray
    days_to_churn: np.ndarray
    mrr: np.ndarray
    risks: pd.DataFrame
    kinds: dict[str, str]

    @property
    def churned(self) -> np.ndarray:
        """Whether a churn followed within the horizon."""
        return ~np.isnan(self.days_to_churn)


def assemble(
    outcomes: pd.DataFrame,
    scores: pd.DataFrame,
    predictions: pd.DataFrame,
    scorecards: Sequence[str],
) -> list[BacktestRows]:
    """All predictors but the model over the whole past, and all of them where the model has spoken.

    A model is judged by what it predicted out of time alone, which it did of the newest weeks.

    Args:
        outcomes: account_id, snapshot_date, churned (known), churn_date, mrr, days_to_renewal and
            usage_slope, one row per account and date.
        scores: account_id, snapshot_date, scorecard, health_score (null where it is not shown) and
            tier_bound, the lower bound of the tier on show (null but for the scorecard on show).
        predictions: account_id, snapshot_date and probability, out of time; may be empty.
        scorecards: all there are, those without a single score as well.
    """
    frame = _dated(outcomes).sort_values(KEYS, ignore_index=True)
    wide = _dated(scores).pivot(index=KEYS, columns="scorecard", values="health_score")
    tiers = _dated(scores).dropna(subset="tier_bound").set_index(KEYS)["tier_bound"]
    keys = pd.MultiIndex.from_frame(frame[KEYS])
    wide = wide.reindex(index=keys, columns=list(scorecards))
    risks = pd.DataFrame({name: -as_floats(wide[name]) for name in scorecards})
    kinds = dict.fromkeys(scorecards, "scorecard")
    risks[RENEWAL_ONLY] = -as_floats(frame["days_to_renewal"])
    risks[SLOPE_ONLY] = -as_floats(frame["usage_slope"])
    risks[LAST_TIER] = -as_floats(tiers.reindex(keys))
    kinds |= dict.fromkeys((RENEWAL_ONLY, SLOPE_ONLY, LAST_TIER), "baseline")
    history = _rows(HISTORY, frame, risks, kinds)
    if predictions.empty:
        return [history]
    said = _dated(predictions).set_index(KEYS)["probability"]
    risks = risks.assign(**{MODEL: as_floats(said.reindex(keys))})
    is_predicted = risks[MODEL].notna().to_numpy()
    predicted = _rows(
        OUT_OF_TIME,
        frame[is_predicted].reset_index(drop=True),
        risks[is_predicted].reset_index(drop=True),
        kinds | {MODEL: "model"},
    )
    return [history, predicted]


def _dated(frame: pd.DataFrame) -> pd.DataFrame:
    # pandas does not match a date of one unit with one of another
    dates = pd.to_datetime(frame["snapshot_date"]).astype("datetime64[ms]")
    return frame.assign(snapshot_date=dates, account_id=frame["account_id"].astype(str))


def _rows(
    name: str, frame: pd.DataFrame, risks: pd.DataFrame, kinds: dict[str, str]
) -> BacktestRows:
    days = (pd.to_datetime(frame["churn_date"]) - frame["snapshot_date"]).dt.days
    return BacktestRows(
        name=name,
        account=frame["account_id"].to_numpy(),
        date=frame["snapshot_date"].to_numpy(),
        days_to_churn=np.where(frame["churned"].astype(bool), days.astype(float), np.nan),
        mrr=as_floats(frame["mrr"]),
        risks=risks,
        kinds=kinds,
    )
