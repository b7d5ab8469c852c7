"""Train a target's model, and evaluate it as it would have been evaluated at the time."""

import os
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import TypeVar

import numpy as np
import pandas as pd
from threadpoolctl import threadpool_limits

from ml.models.baseline import HEALTH_SCORE
from ml.models.boosting import LIGHTGBM, Scorer, fit_booster, fit_lightgbm
from ml.models.calibration import fit_calibrator
from ml.models.logistic import LOGISTIC, fit_logistic
from ml.models.metrics import ScoredRows, calibration_curve
from ml.models.quality_gate import GateResult, evaluate_quality_gate
from ml.panel.panel import Panel
from ml.panel.validation import Split, group_assignments, splits
from ml.panel.weights import account_weights
from ml.policy import ModelPolicy
from ml.serving.served import ServedModel, feature_matrix
from ml.targets.target import AMOUNT, KEYS, LABEL

PREDICTORS = (LIGHTGBM, LOGISTIC, HEALTH_SCORE)
BOOTSTRAP_SEED = 90

Task = TypeVar("Task")
Result = TypeVar("Result")


@dataclass(frozen=True)
class TrainedModel:
    """A model with the evidence for it.

    `evaluations`: predictor, metric, metric_value, ci_low, ci_high (NaN where undefined).
    `out_of_time`: account_id, snapshot_date, fold, label, label_amount and one probability
    column per predictor, each from a model that knew neither the account nor the future.
    `calibration`: predicted and observed rate in ten bins.
    """

    model: ServedModel
    panel: Panel
    evaluations: pd.DataFrame
    out_of_time: pd.DataFrame
    calibration: pd.DataFrame
    gate: GateResult
    fingerprint: str


def train(panel: Panel) -> TrainedModel:
    """Evaluate the three predictors out of time, then fit the model on every labelled snapshot.

    Raises:
        ValueError: `panel.blocking_reason()` says why no model can be trained.
    """
    blocking_reason = panel.blocking_reason()
    if blocking_reason:
        raise ValueError(blocking_reason)
    # One thread per fit: with a pool of threads inside each, 15 logistic fits on 64,000 rows
    # took 60 s on two cores, and so 3 s. Sums are then added in one order, too.
    with threadpool_limits(limits=1):
        return _train(panel)


def _train(panel: Panel) -> TrainedModel:
    groups = group_assignments(panel.labelled, panel.policy.account_groups)
    matrix = feature_matrix(panel.labelled, panel.features.used)
    out_of_time = _out_of_time(panel, matrix, groups)
    evaluations = _evaluate(out_of_time, panel.policy)
    return TrainedModel(
        model=_fit_final(panel, matrix, groups),
        panel=panel,
        evaluations=evaluations,
        out_of_time=out_of_time.drop(columns=[f"{name}_rank" for name in PREDICTORS]),
        calibration=calibration_curve(
            out_of_time[LABEL].to_numpy(), out_of_time[LIGHTGBM].to_numpy()
        ),
        gate=_gate(evaluations, panel),
        fingerprint=panel.fingerprint,
    )


def _gate(evaluations: pd.DataFrame, panel: Panel) -> GateResult:
    happened = panel.target.words.happened
    gate = evaluate_quality_gate(evaluations, len(panel.folds), panel.policy, happened)
    return replace(gate, reason=f"{gate.reason} {panel.warning}".strip())


def _fitters(
    panel: Panel, matrix: np.ndarray
) -> dict[str, Callable[[np.ndarray], tuple[Scorer, np.ndarray]]]:
    """Per predictor: training rows to (scorer, the matrix its rows come from)."""
    label = panel.labelled[LABEL].to_numpy()
    accounts = panel.labelled["account_id"]
    score = panel.health_score

    def lightgbm(rows: np.ndarray) -> tuple[Scorer, np.ndarray]:
        weights = account_weights(accounts.iloc[rows])
        return fit_lightgbm(matrix[rows], label[rows], weights, panel.features), matrix

    def logistic(rows: np.ndarray) -> tuple[Scorer, np.ndarray]:
        weights = account_weights(accounts.iloc[rows])
        return fit_logistic(matrix[rows], label[rows], weights), matrix

    def health_score(rows: np.ndarray) -> tuple[Scorer, np.ndarray]:
        return lambda values: values, score

    return {LIGHTGBM: lightgbm, LOGISTIC: logistic, HEALTH_SCORE: health_score}


def _out_of_time(panel: Panel, matrix: np.ndarray, groups: np.ndarray) -> pd.DataFrame:
    """Probabilities (and `<predictor>_rank` to rank by) of all test rows, newest fold first."""
    labelled, policy = panel.labelled, panel.policy
    label = labelled[LABEL].to_numpy()
    accounts = labelled["account_id"].to_numpy()
    every = list(splits(labelled, list(panel.folds), groups, policy))
    columns = {name: np.full(len(labelled), np.nan) for name in PREDICTORS}
    columns |= {f"{name}_rank": np.full(len(labelled), np.nan) for name in PREDICTORS}
    folds = np.zeros(len(labelled), dtype=int)

    for name, fitter in _fitters(panel, matrix).items():
        scored = _score_splits(fitter, every)
        for fold in panel.folds:
            ours = [
                (split, s) for split, s in zip(every, scored, strict=True) if split.fold == fold
            ]
            for split, (_, raw) in ours:
                # The map to probabilities, too, is learnt from other accounts before the block.
                others = [(other, s[0]) for other, s in ours if other.group != split.group]
                rows = np.concatenate([other.calibrate for other, _ in others])
                earlier = np.concatenate([s for _, s in others])
                columns[name][split.test] = _probabilities(
                    earlier, label[rows], accounts[rows], raw, policy.calibration
                )
                if name == HEALTH_SCORE:
                    # The score has its own scale: rank by it, the unknown in the middle.
                    usual = np.nanmean(earlier) if (~np.isnan(earlier)).any() else 0.0
                    columns[f"{name}_rank"][split.test] = np.where(np.isnan(raw), usual, raw)
                else:
                    columns[f"{name}_rank"][split.test] = columns[name][split.test]
                folds[split.test] = fold.number
    tested = folds > 0
    frame = labelled.loc[tested, [*KEYS, LABEL, AMOUNT]].assign(fold=folds[tested])
    frame[HEALTH_SCORE + "_known"] = ~np.isnan(panel.health_score)[tested]
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
    """Work in parallel, each task on one thread."""
    with ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
        return list(pool.map(work, tasks))


def _probabilities(
    earlier: np.ndarray,
    label: np.ndarray,
    accounts: np.ndarray,
    raw: np.ndarray,
    method: str,
) -> np.ndarray:
    """Calibrated probabilities of `raw`; rows without a score get the base rate."""
    base_rate = float(label.mean())
    if np.isnan(earlier).all():
        return np.full(raw.size, base_rate)
    calibrated = fit_calibrator(earlier, label, accounts, method).probabilities(raw)
    return np.where(np.isnan(raw), base_rate, calibrated)


def _evaluate(out_of_time: pd.DataFrame, policy: ModelPolicy) -> pd.DataFrame:
    """One row per predictor and metric, with account-clustered bootstrap bounds."""
    accounts = out_of_time["account_id"].to_numpy()
    label = out_of_time[LABEL].to_numpy(dtype=float)
    counts = {
        "snapshots": float(len(out_of_time)),
        "accounts": float(out_of_time["account_id"].nunique()),
        "positive_accounts": float(out_of_time.loc[out_of_time[LABEL], "account_id"].nunique()),
        "base_rate": float(label.mean()),
    }

    def measured(name: str) -> list[tuple[str, str, float, float, float]]:
        scores = ScoredRows(
            label=label,
            probability=out_of_time[name].to_numpy(),
            rank_score=out_of_time[f"{name}_rank"].to_numpy(),
            amount=out_of_time[AMOUNT].to_numpy(),
        )
        bounds = scores.intervals(
            accounts, policy.bootstrap_samples, policy.interval_level, BOOTSTRAP_SEED
        )
        counted = counts | {"mean_probability": float(scores.probability.mean())}
        return [
            *((name, metric, value, *bounds[metric]) for metric, value in scores.metrics().items()),
            *((name, metric, value, np.nan, np.nan) for metric, value in counted.items()),
        ]

    has_score = out_of_time[f"{HEALTH_SCORE}_known"].any()
    names = [name for name in PREDICTORS if name != HEALTH_SCORE or has_score]
    records = [record for records in _side_by_side(measured, names) for record in records]
    return pd.DataFrame(
        records, columns=["predictor", "metric", "metric_value", "ci_low", "ci_high"]
    )


def _fit_final(panel: Panel, matrix: np.ndarray, groups: np.ndarray) -> ServedModel:
    """The model that is served, calibrated on scores of all rows across account groups."""
    labelled, policy, features = panel.labelled, panel.policy, panel.features
    label, accounts = labelled[LABEL].to_numpy(), labelled["account_id"]
    learnt = panel.is_learnt_from

    def held_out(group: int) -> tuple[np.ndarray, np.ndarray]:
        own, rows = np.flatnonzero(groups == group), np.flatnonzero(learnt & (groups != group))
        weights = account_weights(accounts.iloc[rows])
        return own, fit_lightgbm(matrix[rows], label[rows], weights, features)(matrix[own])

    raw = np.full(len(labelled), np.nan)
    for own, scores in _side_by_side(held_out, range(policy.account_groups)):
        raw[own] = scores
    return ServedModel(
        booster=fit_booster(
            matrix[learnt], label[learnt], account_weights(accounts[learnt]), features
        ),
        calibrator=fit_calibrator(raw, label, accounts.to_numpy(), policy.calibration),
        features=features.used,
        medians=tuple(np.nanmedian(matrix, axis=0).tolist()),
        means=tuple(np.nanmean(matrix, axis=0).tolist()),
        horizon_days=policy.horizon_days,
        trained_as_of_date=panel.as_of_date.isoformat(),
    )
