"""Train the churn model, and judge it as it would have been judged at the time."""

import hashlib
import json
import os
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import date
from importlib.metadata import version
from pathlib import Path
from typing import TypeVar

import numpy as np
import pandas as pd
from threadpoolctl import threadpool_limits

from ml.churn.calibration import fit_calibrator
from ml.churn.features import KEYS, FeatureChoice, choose_features, label_snapshots
from ml.churn.leaks import leave_out_leaks
from ml.churn.metrics import ChurnScores, calibration_curve
from ml.churn.models import (
    HEALTH_SCORE,
    LIGHTGBM,
    LOGISTIC,
    PREDICTORS,
    Scorer,
    account_weights,
    fit_booster,
    fit_lightgbm,
    fit_logistic,
    health_score_risk,
)
from ml.churn.policy import ChurnPolicy
from ml.churn.served import ServedChurnModel, feature_matrix
from ml.churn.trust import Trust, earned_trust
from ml.churn.validation import Split, TimeFold, account_groups, splits, time_folds

BOOTSTRAP_SEED = 90

Task = TypeVar("Task")
Result = TypeVar("Result")


@dataclass(frozen=True)
class TrainingData:
    """Labelled snapshots and what may be learnt from them."""

    labelled: pd.DataFrame
    features: FeatureChoice
    policy: ChurnPolicy
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
    def churned_account_count(self) -> int:
        """Accounts with at least one snapshot followed by churn within the horizon."""
        return int(self.labelled.loc[self.labelled["churned"], "account_id"].nunique())

    @property
    def base_rate(self) -> float | None:
        """Share of labelled snapshots followed by churn; None without any."""
        return float(self.labelled["churned"].mean()) if len(self.labelled) else None

    @property
    def fingerprint(self) -> str:
        """SHA-256 of what decides the model: rows, features, policy, code, library versions."""
        digest = hashlib.sha256()
        columns = [*KEYS, "churned", "churned_mrr"]
        digest.update(
            pd.util.hash_pandas_object(self.labelled[columns], index=False).to_numpy().tobytes()
        )
        digest.update(feature_matrix(self.labelled, self.features.used).tobytes())
        digest.update(health_score_risk(self.labelled).tobytes())
        digest.update(
            json.dumps(
                [
                    self.features.used,
                    self.features.trends,
                    self.features.suspected,
                    self.policy.as_dict(),
                ]
            ).encode()
        )
        digest.update(code_version().encode())
        return digest.hexdigest()

    def obstacle(self) -> str | None:
        """Why no model can be trained, as a sentence; None when one can."""
        policy = self.policy
        if not len(self.labelled):
            return (
                f"No churn model: no snapshot has an outcome yet, which takes "
                f"{policy.horizon_days} days."
            )
        if self.churned_account_count < policy.minimum_churned_accounts:
            return (
                f"No churn model: {self.churned_account_count} accounts with a known outcome "
                f"have churned, and {policy.minimum_churned_accounts} are needed."
            )
        if not self.features.used:
            return "No churn model: no signal is known that could be learnt from."
        if not self.folds:
            first, last = self.labelled["snapshot_date"].agg(["min", "max"])
            return (
                f"No churn model: outcomes are known for snapshots from {first:%d %b %Y} to "
                f"{last:%d %b %Y}, too short a history to train a model {policy.horizon_days} "
                "days ahead of the weeks it is judged on."
            )
        if not self._tested()["churned"].any():
            return "No churn model: nobody churned in the weeks a model would be judged on."
        return None

    def _tested(self) -> pd.DataFrame:
        dates = self.labelled["snapshot_date"]
        return self.labelled[np.any([fold.tested(dates) for fold in self.folds], axis=0)]


@dataclass(frozen=True)
class TrainedChurn:
    """A model with the evidence for it.

    `evaluations`: predictor, metric, metric_value, ci_low, ci_high (NaN where undefined).
    `out_of_time`: account_id, snapshot_date, fold, churned, churned_mrr and one probability
    column per predictor, each from a model that knew neither the account nor the future.
    `calibration`: predicted and observed rate in ten bins.
    """

    model: ServedChurnModel
    data: TrainingData
    evaluations: pd.DataFrame
    out_of_time: pd.DataFrame
    calibration: pd.DataFrame
    trust: Trust
    fingerprint: str


def code_version() -> str:
    """Hash of this package's code and the versions of the libraries that fit."""
    digest = hashlib.sha256()
    for path in sorted(Path(__file__).parent.glob("*.py")):
        digest.update(path.read_bytes())
    for package in ("lightgbm", "scikit-learn", "numpy"):
        digest.update(f"{package}={version(package)};".encode())
    return digest.hexdigest()


def prepare_training(
    snapshots: pd.DataFrame,
    outcomes: pd.DataFrame,
    signals: pd.DataFrame,
    policy: ChurnPolicy,
    as_of_date: date,
) -> TrainingData:
    """Join, choose features and lay out the test blocks; see `label_snapshots` for the frames.

    Raises:
        ValueError: an outcome is stated before its horizon is over on the as-of date.
    """
    labelled = label_snapshots(snapshots, outcomes)
    horizon = pd.Timedelta(days=policy.horizon_days)
    early = labelled["snapshot_date"] + horizon > pd.Timestamp(as_of_date)
    if early.any():
        raise ValueError(
            f"{int(early.sum())} outcomes are stated before their {policy.horizon_days} days "
            f"are over on {as_of_date}"
        )
    return TrainingData(
        labelled=labelled,
        features=leave_out_leaks(labelled, choose_features(labelled, signals), policy),
        policy=policy,
        as_of_date=as_of_date,
        folds=tuple(time_folds(labelled, policy)) if len(labelled) else (),
    )


def train(data: TrainingData) -> TrainedChurn:
    """Judge the three predictors out of time, then fit the model on every labelled snapshot.

    Raises:
        ValueError: `data.obstacle()` says why no model can be trained.
    """
    obstacle = data.obstacle()
    if obstacle:
        raise ValueError(obstacle)
    # One thread per fit: with a pool of threads inside each, 15 logistic fits on 64,000 rows
    # took 60 s on two cores, and so 3 s. Sums are then added in one order, too.
    with threadpool_limits(limits=1):
        return _train(data)


def _train(data: TrainingData) -> TrainedChurn:
    groups = account_groups(data.labelled, data.policy.account_groups)
    matrix = feature_matrix(data.labelled, data.features.used)
    out_of_time = _out_of_time(data, matrix, groups)
    evaluations = _evaluate(out_of_time, data.policy)
    return TrainedChurn(
        model=_fit_final(data, matrix, groups),
        data=data,
        evaluations=evaluations,
        out_of_time=out_of_time.drop(columns=[f"{name}_risk" for name in PREDICTORS]),
        calibration=calibration_curve(
            out_of_time["churned"].to_numpy(), out_of_time[LIGHTGBM].to_numpy()
        ),
        trust=_trust(evaluations, data),
        fingerprint=data.fingerprint,
    )


def _trust(evaluations: pd.DataFrame, data: TrainingData) -> Trust:
    trust = earned_trust(evaluations, len(data.folds), data.policy)
    return replace(trust, reason=f"{trust.reason} {data.features.warning()}".strip())


def _fitters(
    data: TrainingData, matrix: np.ndarray
) -> dict[str, Callable[[np.ndarray], tuple[Scorer, np.ndarray]]]:
    """Per predictor: training rows to (scorer, the matrix its rows come from)."""
    churned = data.labelled["churned"].to_numpy()
    accounts = data.labelled["account_id"]
    score = health_score_risk(data.labelled)

    def lightgbm(rows: np.ndarray) -> tuple[Scorer, np.ndarray]:
        weights = account_weights(accounts.iloc[rows])
        return fit_lightgbm(matrix[rows], churned[rows], weights, data.features), matrix

    def logistic(rows: np.ndarray) -> tuple[Scorer, np.ndarray]:
        weights = account_weights(accounts.iloc[rows])
        return fit_logistic(matrix[rows], churned[rows], weights), matrix

    def health_score(rows: np.ndarray) -> tuple[Scorer, np.ndarray]:
        return lambda risk: risk, score

    return {LIGHTGBM: lightgbm, LOGISTIC: logistic, HEALTH_SCORE: health_score}


def _out_of_time(data: TrainingData, matrix: np.ndarray, groups: np.ndarray) -> pd.DataFrame:
    """Probabilities (and `<predictor>_risk` to rank by) of all test rows, newest fold first."""
    labelled, policy = data.labelled, data.policy
    churned = labelled["churned"].to_numpy()
    accounts = labelled["account_id"].to_numpy()
    every = list(splits(labelled, list(data.folds), groups, policy))
    columns = {name: np.full(len(labelled), np.nan) for name in PREDICTORS}
    columns |= {f"{name}_risk": np.full(len(labelled), np.nan) for name in PREDICTORS}
    folds = np.zeros(len(labelled), dtype=int)

    for name, fitter in _fitters(data, matrix).items():
        scored = _score_splits(fitter, every)
        for fold in data.folds:
            ours = [
                (split, s) for split, s in zip(every, scored, strict=True) if split.fold == fold
            ]
            for split, (_, raw) in ours:
                # The map to probabilities, too, is learnt from other accounts before the block.
                others = [(other, s[0]) for other, s in ours if other.group != split.group]
                rows = np.concatenate([other.calibrate for other, _ in others])
                earlier = np.concatenate([s for _, s in others])
                columns[name][split.test] = _probabilities(
                    earlier, churned[rows], accounts[rows], raw, policy.calibration
                )
                if name == HEALTH_SCORE:
                    # The score has its own scale: rank by it, the unknown in the middle.
                    usual = np.nanmean(earlier) if (~np.isnan(earlier)).any() else 0.0
                    columns[f"{name}_risk"][split.test] = np.where(np.isnan(raw), usual, raw)
                else:
                    columns[f"{name}_risk"][split.test] = columns[name][split.test]
                folds[split.test] = fold.number
    tested = folds > 0
    frame = labelled.loc[tested, [*KEYS, "churned", "churned_mrr"]].assign(fold=folds[tested])
    frame[HEALTH_SCORE + "_known"] = ~np.isnan(health_score_risk(labelled))[tested]
    for name, values in columns.items():
        frame[name] = values[tested]
    return frame.sort_values(["fold", *KEYS], ignore_index=True)


def _score_splits(
    fitter: Callable[[np.ndarray], tuple[Scorer, np.ndarray]], every: list[Split]
) -> list[tuple[np.ndarray, np.ndarray]]:
    """Raw scores of each split's calibration and test rows. Fits run beside each other."""

    def score(split: Split) -> tuple[np.ndarray, np.ndarray]:
        scorer, rows = fitter(split.train)
        return scorer(rows[split.calibrate]), scorer(rows[split.test])

    return _side_by_side(score, every)


def _side_by_side(work: Callable[[Task], Result], tasks: Iterable[Task]) -> list[Result]:
    """Fits in parallel, each on one thread."""
    with ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
        return list(pool.map(work, tasks))


def _probabilities(
    earlier: np.ndarray,
    churned: np.ndarray,
    accounts: np.ndarray,
    raw: np.ndarray,
    method: str,
) -> np.ndarray:
    """Calibrated probabilities of `raw`; rows without a score get the base rate."""
    base_rate = float(churned.mean())
    if np.isnan(earlier).all():
        return np.full(raw.size, base_rate)
    calibrated = fit_calibrator(earlier, churned, accounts, method).probabilities(raw)
    return np.where(np.isnan(raw), base_rate, calibrated)


def _evaluate(out_of_time: pd.DataFrame, policy: ChurnPolicy) -> pd.DataFrame:
    """One row per predictor and metric, with account-clustered bootstrap bounds."""
    accounts = out_of_time["account_id"].to_numpy()
    churned = out_of_time["churned"].to_numpy(dtype=float)
    counts = {
        "snapshots": float(len(out_of_time)),
        "accounts": float(out_of_time["account_id"].nunique()),
        "churned_accounts": float(out_of_time.loc[out_of_time["churned"], "account_id"].nunique()),
        "base_rate": float(churned.mean()),
    }
    records = []
    for name in PREDICTORS:
        if name == HEALTH_SCORE and not out_of_time[f"{HEALTH_SCORE}_known"].any():
            continue
        scores = ChurnScores(
            churned=churned,
            probability=out_of_time[name].to_numpy(),
            risk=out_of_time[f"{name}_risk"].to_numpy(),
            dollars=out_of_time["churned_mrr"].to_numpy(),
        )
        bounds = scores.intervals(
            accounts, policy.bootstrap_samples, policy.interval_level, BOOTSTRAP_SEED
        )
        records += [
            (name, metric, value, *bounds[metric]) for metric, value in scores.metrics().items()
        ]
        counted = counts | {"mean_probability": float(scores.probability.mean())}
        records += [(name, metric, value, np.nan, np.nan) for metric, value in counted.items()]
    return pd.DataFrame(
        records, columns=["predictor", "metric", "metric_value", "ci_low", "ci_high"]
    )


def _fit_final(data: TrainingData, matrix: np.ndarray, groups: np.ndarray) -> ServedChurnModel:
    """The model that is served: all rows, calibrated on scores across account groups."""
    labelled, policy, features = data.labelled, data.policy, data.features
    churned, accounts = labelled["churned"].to_numpy(), labelled["account_id"]

    def held_out(group: int) -> tuple[np.ndarray, np.ndarray]:
        own, rows = np.flatnonzero(groups == group), np.flatnonzero(groups != group)
        weights = account_weights(accounts.iloc[rows])
        return own, fit_lightgbm(matrix[rows], churned[rows], weights, features)(matrix[own])

    raw = np.full(len(labelled), np.nan)
    for own, scores in _side_by_side(held_out, range(policy.account_groups)):
        raw[own] = scores
    return ServedChurnModel(
        booster=fit_booster(matrix, churned, account_weights(accounts), features),
        calibrator=fit_calibrator(raw, churned, accounts.to_numpy(), policy.calibration),
        features=features.used,
        medians=tuple(np.nanmedian(matrix, axis=0).tolist()),
        means=tuple(np.nanmean(matrix, axis=0).tolist()),
        horizon_days=policy.horizon_days,
        trained_as_of_date=data.as_of_date.isoformat(),
    )
