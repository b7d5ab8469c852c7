"""The judgements behind a target's model, read from `prediction_policy` and `leak_policy`."""

from dataclasses import asdict, dataclass, fields
from typing import Any, Literal, Self

import pandas as pd


@dataclass(frozen=True)
class ModelPolicy:
    """One target's row of the seeds side by side.

    Days are calendar days; levels and margins are shares.
    """

    horizon_days: int
    minimum_positive_accounts: int
    time_folds: int
    fold_days: int
    account_groups: int
    training_rows: int
    bootstrap_samples: int
    interval_level: float
    calibration: Literal["isotonic", "sigmoid"]
    drivers_per_account: int
    promotion_margin: float
    single_feature_auc_limit: float

    def __post_init__(self) -> None:
        positive = ("horizon_days", "minimum_positive_accounts", "time_folds", "fold_days")
        for name in (*positive, "training_rows", "bootstrap_samples", "drivers_per_account"):
            if getattr(self, name) < 1:
                raise ValueError(f"prediction_policy: {name} must be at least 1")
        if self.account_groups < 2:
            raise ValueError("prediction_policy: account_groups must be at least 2")
        if not 0 < self.interval_level < 1:
            raise ValueError("prediction_policy: interval_level must lie between 0 and 1")
        if not 0.5 < self.single_feature_auc_limit <= 1:
            raise ValueError("leak_policy: single_feature_auc_limit must lie between 0.5 and 1")
        if self.calibration not in ("isotonic", "sigmoid"):
            raise ValueError("prediction_policy: calibration must be isotonic or sigmoid")

    @classmethod
    def from_frame(cls, frame: pd.DataFrame) -> Self:
        """The policy of a one-row frame; further columns are ignored.

        Raises:
            ValueError: not exactly one row, a column is missing, or a value makes no sense.
        """
        if len(frame) != 1:
            raise ValueError(f"prediction_policy must have one row, it has {len(frame)}")
        kinds = {"int": int, "float": float}
        missing = [field.name for field in fields(cls) if field.name not in frame]
        if missing:
            raise ValueError(f"prediction_policy lacks {', '.join(missing)}")
        row = frame.iloc[0]
        values: dict[str, Any] = {
            field.name: kinds.get(getattr(field.type, "__name__", ""), str)(row[field.name])
            for field in fields(cls)
        }
        return cls(**values)

    def as_dict(self) -> dict[str, Any]:
        """Plain values by name."""
        return asdict(self)
