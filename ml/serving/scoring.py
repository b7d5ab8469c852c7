"""Apply a model to the accounts that are open today."""

import hashlib
import json
from dataclasses import dataclass
from datetime import date

import pandas as pd

from ml.code import SCORING, code_version
from ml.serving.explain import account_drivers, read_signals
from ml.serving.served import ServedModel
from ml.targets.target import Target

PREDICTION_COLUMNS = [
    "target",
    "horizon_days",
    "as_of_date",
    "account_id",
    "model_version",
    "probability",
    "drivers",
    "input_digest",
]


@dataclass(frozen=True)
class ScoringTask:
    """A model and the accounts that it is to score as of a day.

    `accounts` has account_id and the signals of the accounts open on that day, one row each;
    `signals` says what the signals are called (see `explain.Signal`). A hindcast is by a model
    that was trained after the as-of date.

    Raises:
        ValueError: an account stands twice, or the model was trained after the as-of date and
            would predict from facts that were not known yet, in what is no hindcast.
    """

    target: Target
    model: ServedModel
    model_version: str
    accounts: pd.DataFrame
    signals: pd.DataFrame
    drivers_per_account: int
    as_of_date: date
    is_hindcast: bool = False

    def __post_init__(self) -> None:
        if self.accounts["account_id"].duplicated().any():
            raise ValueError("accounts: an account stands more than once")
        knows_later = date.fromisoformat(self.model.trained_as_of_date) > self.as_of_date
        if knows_later and not self.is_hindcast:
            raise ValueError(
                f"model {self.model_version} was trained on facts up to "
                f"{self.model.trained_as_of_date}; it cannot score {self.as_of_date} honestly"
            )

    @property
    def rows(self) -> pd.DataFrame:
        """The accounts in the order of their ids."""
        return self.accounts.sort_values("account_id", ignore_index=True)

    @property
    def input_digest(self) -> str:
        """SHA-256 of all that decides the predictions: equal digests mean equal rows."""
        rows, known = self.rows, read_signals(self.signals)
        described = [known.get(feature) for feature in self.model.features]
        decided_by = [
            self.target.name,
            vars(self.target.words),
            self.model_version,
            self.model.facts(),
            self.as_of_date.isoformat(),
            self.drivers_per_account,
            [signal and vars(signal) for signal in described],
            rows["account_id"].astype(str).tolist(),
        ]
        digest = hashlib.sha256(json.dumps(decided_by).encode())
        digest.update(self.model.booster.model_to_string().encode())
        digest.update(self.model.matrix(rows).tobytes())
        digest.update(code_version(SCORING).encode())
        return digest.hexdigest()

    def predictions(self) -> pd.DataFrame:
        """PREDICTION_COLUMNS, one row per account, ordered by account.

        As ml.predictions wants it but for run_id and scored_at; `drivers` is a JSON list (see
        `account_drivers`).
        """
        rows = self.rows
        drivers = account_drivers(
            self.model, rows, self.signals, self.drivers_per_account, self.target
        )
        return pd.DataFrame(
            {
                "target": self.target.name,
                "horizon_days": self.model.horizon_days,
                "as_of_date": self.as_of_date,
                "account_id": rows["account_id"].astype(str),
                "model_version": self.model_version,
                "probability": self.model.probabilities(rows),
                "drivers": [json.dumps(found, ensure_ascii=False) for found in drivers],
                "input_digest": self.input_digest,
            },
            columns=PREDICTION_COLUMNS,
        )
