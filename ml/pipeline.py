"""One target's model: train or reuse, promote, score. The registry is passed in."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from typing import Protocol

import pandas as pd

from ml.models.boosting import LIGHTGBM
from ml.models.metrics import CALIBRATION_COLUMNS, calibration_curve
from ml.models.training import TrainedModel
from ml.models.training import train as fit
from ml.panel.panel import Panel, prepare_panel
from ml.policy import ModelPolicy
from ml.serving.promotion import Candidate, Promotion, decide_promotion
from ml.serving.scoring import PREDICTION_COLUMNS, ScoringTask
from ml.targets.target import LABEL, Target

NO_MODEL = "none"
MODEL_COLUMNS = [
    "target",
    "model_version",
    "status",
    "reason",
    "passes_quality_gate",
    "trained_as_of_date",
    "horizon_days",
    "snapshot_count",
    "account_count",
    "positive_account_count",
    "base_rate",
    "fingerprint",
    "trained_at",
]
EVALUATION_COLUMNS = [
    "target",
    "model_version",
    "predictor",
    "metric",
    "metric_value",
    "ci_low",
    "ci_high",
]


@dataclass(frozen=True)
class ModelRecord:
    """A row of ml.models but for its target, as the registry keeps it."""

    model_version: str
    status: str
    reason: str
    passes_quality_gate: bool
    trained_as_of_date: date
    horizon_days: int
    snapshot_count: int
    account_count: int
    positive_account_count: int
    base_rate: float | None
    fingerprint: str
    trained_at: datetime


class ModelFilesMissing(Exception):
    """A version is registered, but its files are gone."""


class Registry(Protocol):
    """Where one target's versions are kept; `ml.serving.registry` keeps them in MLflow."""

    def find(self, fingerprint: str, as_of_date: date) -> str | None:
        """The version trained from this fingerprint by a day, unless its files are known to be
        gone: a later one may not score that day, although it has learnt from the same rows."""
        ...

    def register(self, trained: TrainedModel) -> str:
        """Store a version whole, then make it known; its number."""
        ...

    def champion(self) -> str | None:
        """The version that serves."""
        ...

    def load(self, version: str) -> Candidate:
        """A version's model and out-of-time predictions; raises ModelFilesMissing."""
        ...

    def promote(self, version: str, reason: str) -> None:
        """Make a version the one that serves."""
        ...

    def reject_challenger(self, version: str, reason: str) -> None:
        """Record why a version does not serve."""
        ...

    def clear_champion(self) -> None:
        """No version serves any more."""
        ...

    def mark_files_missing(self, version: str, reason: str) -> None:
        """Record that a version can be used no more; `find` passes it by."""
        ...

    def records(self) -> Sequence[ModelRecord]:
        """All versions, oldest first."""
        ...

    def evaluations(self, version: str) -> pd.DataFrame:
        """predictor, metric, metric_value, ci_low, ci_high of a version."""
        ...


@dataclass(frozen=True)
class Training:
    """What a training run leaves behind.

    `models` and `evaluations` replace the target's rows of ml.models and ml.evaluations. Either
    exactly one model row has status champion, or there is a single row with status none.
    `champion_version` is None when no model may serve; `summary` says what happened and why.
    `calibration` is the challenger's, out of time, in ten bins (see `calibration_curve`).
    """

    models: pd.DataFrame
    evaluations: pd.DataFrame
    calibration: pd.DataFrame
    champion_version: str | None
    challenger_version: str | None
    is_reused: bool
    summary: str
    left_out_features: dict[str, str]


@dataclass(frozen=True)
class Scoring:
    """What a scoring run leaves behind.

    `predictions` are to be appended to ml.predictions; empty without a champion, and where
    `is_unchanged` says that the newest ones are the same. `models` is None, or replaces the
    target's rows of ml.models because the champion had to stand aside; `summary` says why.
    """

    predictions: pd.DataFrame
    is_unchanged: bool
    summary: str
    models: pd.DataFrame | None = None


def train(
    target: Target,
    registry: Registry,
    snapshots: pd.DataFrame,
    outcomes: pd.DataFrame,
    signals: pd.DataFrame,
    policy: pd.DataFrame,
    as_of_date: date,
) -> Training:
    """Train a challenger unless the same one is registered, and promote it if it is better.

    Every step may run again: a run killed between registration and promotion finds its version
    by fingerprint and goes on from there. A version whose files are gone stands aside.

    Args:
        snapshots: marts.account_snapshots with `health_score`, one row per account and date.
        outcomes: the mart that `target.outcomes` names.
        signals: what each signal is called and how it may be used, one row per signal.
        policy: the target's row of `prediction_policy` beside the one of `leak_policy`.
    """
    rules = ModelPolicy.from_frame(policy)
    panel = prepare_panel(target, snapshots, outcomes, signals, rules, as_of_date)
    blocking_reason = panel.blocking_reason()
    if blocking_reason:
        registry.clear_champion()
        return _no_model(panel, f"{blocking_reason} {panel.warning}".strip())

    champion, files_missing = _usable_champion(registry)
    found = registry.find(panel.fingerprint, as_of_date)
    challenger = usable(registry, found) if found else None
    is_reused = challenger is not None
    if challenger is None:
        challenger = registry.load(registry.register(fit(panel)))
    if champion is None or champion.version != challenger.version:
        promotion = decide_promotion(challenger, champion, panel.labelled, rules, as_of_date)
        if champion is None and files_missing:
            promotion = Promotion(True, f"Champion: {files_missing}")
        if promotion.is_promoted:
            registry.promote(challenger.version, promotion.reason)
        else:
            registry.reject_challenger(challenger.version, promotion.reason)
    serving = registry.champion()
    shown = [v for v in dict.fromkeys([serving, challenger.version]) if v]
    evaluations = pd.concat(
        [registry.evaluations(v).assign(model_version=v) for v in shown], ignore_index=True
    )
    records = registry.records()
    return Training(
        models=_model_rows(target, records),
        evaluations=evaluations.assign(target=target.name)[EVALUATION_COLUMNS],
        calibration=calibration_curve(
            challenger.out_of_time[LABEL].to_numpy(), challenger.out_of_time[LIGHTGBM].to_numpy()
        ),
        champion_version=serving,
        challenger_version=challenger.version,
        is_reused=is_reused,
        summary=next(r.reason for r in records if r.model_version == challenger.version),
        left_out_features=panel.features.left_out,
    )


def score(
    target: Target,
    registry: Registry,
    snapshots_latest: pd.DataFrame,
    signals: pd.DataFrame,
    policy: pd.DataFrame,
    as_of_date: date,
    newest_digest: str | None = None,
) -> Scoring:
    """Score the open accounts with the champion.

    Args:
        newest_digest: `input_digest` of the newest predictions for this target and day.
    """
    version = registry.champion()
    if version is None:
        return Scoring(_no_predictions(), False, f"There is no {target.words.model}.")
    records = {record.model_version: record for record in registry.records()}
    champion, files_missing = _usable_champion(registry)
    if champion is None:
        reason = (
            f"No {target.words.model}: {files_missing} The next training run makes a new model."
        )
        record = _none(records[version], reason)
        return Scoring(_no_predictions(), False, reason, _model_rows(target, [record]))
    task = ScoringTask(
        target,
        champion.model,
        version,
        snapshots_latest,
        signals,
        ModelPolicy.from_frame(policy).drivers_per_account,
        as_of_date,
    )
    if task.input_digest == newest_digest:
        return Scoring(
            _no_predictions(), True, f"Version {version} and what it reads are as they were."
        )
    predictions = task.predictions()
    return Scoring(predictions, False, f"Version {version} scored {len(predictions):,} accounts.")


def _usable_champion(registry: Registry) -> tuple[Candidate | None, str]:
    """The champion; else None, and a sentence where there was one whose files are gone."""
    version = registry.champion()
    champion = usable(registry, version) if version else None
    if version and champion is None:
        registry.clear_champion()
        return None, _files_missing(version)
    return champion, ""


def usable(registry: Registry, version: str) -> Candidate | None:
    """A version, unless its files are gone; that is recorded then."""
    try:
        return registry.load(version)
    except ModelFilesMissing:
        registry.mark_files_missing(version, f"Retired: {_files_missing(version)}")
        return None


def _files_missing(version: str) -> str:
    return f"the files of version {version} are gone from the artifact folder."


def _no_predictions() -> pd.DataFrame:
    return pd.DataFrame(columns=PREDICTION_COLUMNS)


def _model_rows(target: Target, records: Sequence[ModelRecord]) -> pd.DataFrame:
    rows = [{"target": target.name} | vars(record) for record in records]
    return pd.DataFrame(rows, columns=MODEL_COLUMNS)


def _none(record: ModelRecord, reason: str) -> ModelRecord:
    return replace(
        record,
        model_version=NO_MODEL,
        status="none",
        reason=reason,
        passes_quality_gate=False,
        trained_at=datetime.now(UTC),
    )


def _no_model(panel: Panel, reason: str) -> Training:
    record = ModelRecord(
        model_version=NO_MODEL,
        status="none",
        reason=reason,
        passes_quality_gate=False,
        trained_as_of_date=panel.as_of_date,
        horizon_days=panel.policy.horizon_days,
        snapshot_count=panel.snapshot_count,
        account_count=panel.account_count,
        positive_account_count=panel.positive_account_count,
        base_rate=panel.base_rate,
        fingerprint=panel.fingerprint,
        trained_at=datetime.now(UTC),
    )
    return Training(
        models=_model_rows(panel.target, [record]),
        evaluations=pd.DataFrame(columns=EVALUATION_COLUMNS),
        calibration=pd.DataFrame(columns=CALIBRATION_COLUMNS),
        champion_version=None,
        challenger_version=None,
        is_reused=False,
        summary=reason,
        left_out_features=panel.features.left_out,
    )
