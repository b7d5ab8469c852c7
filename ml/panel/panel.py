"""One target's training panel: labelled snapshots and what may be learnt from them."""

import hashlib
import json
from dataclasses import dataclass
from datetime import date

import numpy as np
import pandas as pd

from ml.code import FITTING, code_version
from ml.models.baseline import health_score_rank
from ml.panel.features import FeatureChoice, choose_features
from ml.panel.labels import label_snapshots
from ml.panel.leaks import leave_out_leaks
from ml.panel.validation import TimeFold, learnt_from, time_folds
from ml.policy import ModelPolicy
from ml.serving.served import feature_matrix
from ml.targets.target import AMOUNT, KEYS, LABEL, Target


@dataclass(frozen=True)
class Panel:
    """Labelled snapshots, the features chosen from them, and the blocks to test on."""

    target: Target
    labelled: pd.DataFrame
    features: FeatureChoice
    policy: ModelPolicy
    as_of_date: date
    folds: tuple[TimeFold, ...]

    @property
    def snapshot_count(self) -> int:
        """Labelled snapshots."""
        return len(self.labelled)

    @property
    def account_count(self) -> int:
        """Accounts with a labelled snapshot."""
        return int(self.labelled["account_id"].nunique())

    @property
    def positive_account_count(self) -> int:
        """Accounts with at least one snapshot that the event followed within the horizon."""
        return int(self.labelled.loc[self.labelled[LABEL], "account_id"].nunique())

    @property
    def base_rate(self) -> float | None:
        """Share of labelled snapshots that the event followed; None without any."""
        return float(self.labelled[LABEL].mean()) if len(self.labelled) else None

    @property
    def health_score(self) -> np.ndarray:
        """The health score as an inclination to the event, one per row."""
        return health_score_rank(self.labelled, self.target.rises_with_risk)

    @property
    def is_learnt_from(self) -> np.ndarray:
        """Mask of the rows that fits learn from; all are evaluated and calibrated on."""
        return learnt_from(self.labelled, self.policy)

    @property
    def warning(self) -> str:
        """A sentence about features that seem to know the outcome; else empty."""
        return self.features.warning(self.target.words.event)

    @property
    def fingerprint(self) -> str:
        """SHA-256 of what decides the model: rows, features, policy, code, library versions."""
        digest = hashlib.sha256()
        columns = [*KEYS, LABEL, AMOUNT]
        digest.update(
            pd.util.hash_pandas_object(self.labelled[columns], index=False).to_numpy().tobytes()
        )
        digest.update(feature_matrix(self.labelled, self.features.used).tobytes())
        digest.update(self.health_score.tobytes())
        digest.update(
            json.dumps(
                [
                    self.target.name,
                    self.features.used,
                    self.features.trends,
                    self.features.suspected,
                    self.policy.as_dict(),
                ]
            ).encode()
        )
        digest.update(code_version(FITTING).encode())
        return digest.hexdigest()

    def blocking_reason(self) -> str | None:
        """Why no model can be trained, as a sentence; None when one can."""
        reason = self._blocking_reason()
        return reason and f"No {self.target.words.model}: {reason}"

    def _blocking_reason(self) -> str | None:
        policy, words = self.policy, self.target.words
        if not len(self.labelled):
            return f"no snapshot has an outcome yet, which takes {policy.horizon_days} days."
        if self.positive_account_count < policy.minimum_positive_accounts:
            number, needed = self.positive_account_count, policy.minimum_positive_accounts
            accounts, have = ("account", "has") if number == 1 else ("accounts", "have")
            return (
                f"{number} {accounts} with a known outcome {have} {words.happened}, "
                f"and {needed} are needed."
            )
        if not self.features.used:
            return "no signal is known that could be learnt from."
        if not self.folds:
            first, last = self.labelled["snapshot_date"].agg(["min", "max"])
            return (
                f"outcomes are known for snapshots from {first:%d %b %Y} to {last:%d %b %Y}, "
                f"too short a history to train a model {policy.horizon_days} days ahead of the "
                "weeks it is evaluated on."
            )
        if not self._tested()[LABEL].any():
            return f"no account {words.happened} in the weeks a model would be evaluated on."
        return None

    def _tested(self) -> pd.DataFrame:
        dates = self.labelled["snapshot_date"]
        return self.labelled[np.any([fold.tested(dates) for fold in self.folds], axis=0)]


def prepare_panel(
    target: Target,
    snapshots: pd.DataFrame,
    outcomes: pd.DataFrame,
    signals: pd.DataFrame,
    policy: ModelPolicy,
    as_of_date: date,
) -> Panel:
    """Join, choose features and lay out the test blocks; see `label_snapshots` for the frames.

    Raises:
        ValueError: an outcome is stated before its horizon is over on the as-of date.
    """
    labelled = label_snapshots(snapshots, outcomes, target)
    horizon = pd.Timedelta(days=policy.horizon_days)
    early = labelled["snapshot_date"] + horizon > pd.Timestamp(as_of_date)
    if early.any():
        raise ValueError(
            f"{int(early.sum())} outcomes are stated before their {policy.horizon_days} days "
            f"are over on {as_of_date}"
        )
    offered = choose_features(labelled, signals, target)
    return Panel(
        target=target,
        labelled=labelled,
        features=leave_out_leaks(labelled, offered, policy, target.words.event),
        policy=policy,
        as_of_date=as_of_date,
        folds=tuple(time_folds(labelled, policy)) if len(labelled) else (),
    )
