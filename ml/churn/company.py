"""One company's churn model: train or reuse, promote, score. The registry is passed in."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Protocol

import pandas as pd

from ml.churn.policy import ChurnPolicy
from ml.churn.promotion import Contender, decide_promotion
from ml.churn.scoring import PREDICTION_COLUMNS, score_accounts
from ml.churn.training import TrainedChurn, TrainingData, prepare_training, train

NO_MODEL = "none"
MODEL_COLUMNS = [
    "model_version",
    "status",
    "reason",
    "has_earned_trust",
    "trained_as_of_date",
    "horizon_days",
    "snapshot_count",
    "account_count",
    "churned_account_count",
    "base_rate",
    "fingerprint",
    "trained_at",
]
EVALUATION_COLUMNS = [
    "model_version",
    "predictor",
    "metric",
    "metric_value",
    "ci_low",
    "ci_high",
]


@dataclass(frozen=True)
class ModelRecord:
    """A row of ml.churn_models, as the registry keeps it."""

    model_version: str
    status: str
    reason: str
    has_earned_trust: bool
    trained_as_of_date: date
    horizon_days: int
    snapshot_count: int
    account_count: int
    churned_account_count: int
    base_rate: float | None
    fingerprint: str
    trained_at: datetime


class Registry(Protocol):
    """Where versions live. `ml.registry.ChurnRegistry` keeps them in MLflow."""

    def find(self, fingerprint: str) -> str | None:
        """The version trained from this fingerprint."""
        ...

    def register(self, trained: TrainedChurn) -> str:
        """Store a version whole, then make it known; its number."""
        ...

    def champion(self) -> str | None:
        """The version that serves."""
        ...

    def load(self, version: str) -> Contender:
        """A version's model and out-of-time predictions."""
        ...

    def promote(self, version: str, reason: str) -> None:
        """Make a version the one that serves."""
        ...

    def keep(self, version: str, reason: str) -> None:
        """Record why a version does not serve."""
        ...

    def stand_down(self) -> None:
        """No version serves any more."""
        ...

    def records(self) -> Sequence[ModelRecord]:
        """All versions, oldest first."""
        ...

    def evaluations(self, version: str) -> pd.DataFrame:
        """predictor, metric, metric_value, ci_low, ci_high of a version."""
        ...


@dataclass(frozen=True)
class CompanyTraining:
    """What a training run leaves behind.

    `models` and `evaluations` replace ml.churn_models and ml.churn_evaluations. Either exactly
    one model row has status champion, or there is a single row with status none.
    `champion_version` is None when no model may serve; `summary` says what happened and why.
    """

    models: pd.DataFrame
    evaluations: pd.DataFrame
    champion_version: str | None
    challenger_version: str | None
    is_reused: bool
    summary: str
    left_out_features: dict[str, str]


def train_company(
    registry: Registry,
    snapshots: pd.DataFrame,
    outcomes: pd.DataFrame,
    signals: pd.DataFrame,
    policy: pd.DataFrame,
    as_of_date: date,
) -> CompanyTraining:
    """Train a challenger unless the same one is registered, and promote it if it is better.

    Every step may run again: a run killed between registration and promotion finds its version
    by fingerprint and goes on from there.

    Args:
        snapshots: marts.account_snapshots with `health_score`, one row per account and date.
        outcomes: marts.fct_churn_outcomes.
        signals: marts.dim_signals.
        policy: the seeds `churn_model_policy` and `leak_policy`, side by side in one row.
    """
    rules = ChurnPolicy.from_frame(policy)
    data = prepare_training(snapshots, outcomes, signals, rules, as_of_date)
    obstacle = data.obstacle()
    if obstacle:
        registry.stand_down()
        return _no_model(data, f"{obstacle} {data.features.warning()}".strip())

    fingerprint = data.fingerprint
    version = registry.find(fingerprint)
    is_reused = version is not None
    if version is None:
        version = registry.register(train(data))
    standing = registry.champion()
    if standing != version:
        promotion = decide_promotion(
            registry.load(version),
            registry.load(standing) if standing else None,
            data.labelled,
            rules,
            as_of_date,
        )
        if promotion.is_promoted:
            registry.promote(version, promotion.reason)
        else:
            registry.keep(version, promotion.reason)
    champion = registry.champion()
    records = registry.records()
    shown = [v for v in dict.fromkeys([champion, version]) if v]
    evaluations = pd.concat(
        [registry.evaluations(v).assign(model_version=v) for v in shown], ignore_index=True
    )
    return CompanyTraining(
        models=pd.DataFrame([vars(record) for record in records], columns=MODEL_COLUMNS),
        evaluations=evaluations[EVALUATION_COLUMNS],
        champion_version=champion,
        challenger_version=version,
        is_reused=is_reused,
        summary=next(r.reason for r in records if r.model_version == version),
        left_out_features=data.features.left_out,
    )


def score_company(
    registry: Registry,
    snapshots_latest: pd.DataFrame,
    signals: pd.DataFrame,
    policy: pd.DataFrame,
    as_of_date: date,
) -> pd.DataFrame:
    """ml.churn_predictions by the champion (but for scored_at); empty without a champion."""
    version = registry.champion()
    if version is None:
        return pd.DataFrame(columns=PREDICTION_COLUMNS)
    return score_accounts(
        registry.load(version).model,
        version,
        snapshots_latest,
        signals,
        ChurnPolicy.from_frame(policy).drivers_per_account,
        as_of_date,
    )


def _no_model(data: TrainingData, reason: str) -> CompanyTraining:
    record = ModelRecord(
        model_version=NO_MODEL,
        status="none",
        reason=reason,
        has_earned_trust=False,
        trained_as_of_date=data.as_of_date,
        horizon_days=data.policy.horizon_days,
        snapshot_count=data.snapshot_count,
        account_count=data.account_count,
        churned_account_count=data.churned_account_count,
        base_rate=data.base_rate,
        fingerprint=data.fingerprint,
        trained_at=datetime.now(UTC),
    )
    return CompanyTraining(
        models=pd.DataFrame([vars(record)], columns=MODEL_COLUMNS),
        evaluations=pd.DataFrame(columns=EVALUATION_COLUMNS),
        champion_version=None,
        challenger_version=None,
        is_reused=False,
        summary=reason,
        left_out_features=data.features.left_out,
    )
