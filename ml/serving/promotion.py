"""Which version serves: a challenger must beat the champion on rows that neither has seen."""

from dataclasses import dataclass
from datetime import date

import numpy as np
import pandas as pd

from ml.models.boosting import LIGHTGBM
from ml.models.metrics import ScoredRows
from ml.policy import ModelPolicy
from ml.serving.served import ServedModel
from ml.targets.target import KEYS, LABEL


@dataclass(frozen=True)
class Candidate:
    """A version with its own honest out-of-time predictions (see `TrainedModel.out_of_time`)."""

    version: str
    model: ServedModel
    out_of_time: pd.DataFrame


@dataclass(frozen=True)
class Promotion:
    """Whether the challenger becomes the champion, and why."""

    is_promoted: bool
    reason: str


def decide_promotion(
    challenger: Candidate,
    champion: Candidate | None,
    labelled: pd.DataFrame,
    policy: ModelPolicy,
    as_of_date: date,
) -> Promotion:
    """Compare AUC on the challenger's newest fold, on rows out of time for both.

    The challenger is evaluated by its logged predictions. The champion is evaluated by its own
    logged predictions, and by its final model on snapshots taken on or after the day it was
    trained: before that day its training rows say how it went on for the account.

    Args:
        labelled: the rows of `label_snapshots`, for the champion's final model to score.
    """
    if champion is None:
        return Promotion(True, "Champion: no other version serves.")
    if champion.model.horizon_days != policy.horizon_days:
        return Promotion(
            True,
            f"Champion: version {champion.version} predicts "
            f"{champion.model.horizon_days} days ahead, not {policy.horizon_days}.",
        )
    trained = date.fromisoformat(champion.model.trained_as_of_date)
    if trained > as_of_date:
        return Promotion(
            True,
            f"Champion: version {champion.version} was trained on facts later than "
            f"{as_of_date} and cannot score that day honestly.",
        )
    rows = _common_rows(challenger, champion, labelled, trained)
    if not len(rows) or rows[LABEL].nunique() < 2:
        return Promotion(
            False,
            f"Challenger: version {champion.version} stays, for the newest fold has no rows with "
            "both outcomes that neither version has seen.",
        )
    ours, theirs = _auc(rows, "challenger"), _auc(rows, "champion")
    compared = (
        f"AUC {ours:.3f} against {theirs:.3f} of version {champion.version} on {len(rows):,} "
        "snapshots of the newest fold that neither has seen"
    )
    if ours > theirs + policy.promotion_margin:
        return Promotion(True, f"Champion: {compared}.")
    return Promotion(False, f"Challenger: {compared}, which is not better.")


def _common_rows(
    challenger: Candidate, champion: Candidate, labelled: pd.DataFrame, trained: date
) -> pd.DataFrame:
    """Newest-fold rows with columns label, challenger, champion (probabilities)."""
    logged = challenger.out_of_time
    newest = logged[logged["fold"] == logged["fold"].min()]
    rows = newest[[*KEYS, LABEL]].assign(challenger=newest[LIGHTGBM])
    theirs = champion.out_of_time[[*KEYS, LIGHTGBM]].rename(columns={LIGHTGBM: "champion"})
    rows = rows.merge(theirs, on=KEYS, how="left")
    later = rows.loc[rows["snapshot_date"] >= pd.Timestamp(trained), KEYS]
    if len(later):
        features = later.merge(labelled, on=KEYS, how="left")
        scored = later.assign(final=champion.model.probabilities(features))
        rows = rows.merge(scored, on=KEYS, how="left")
        rows["champion"] = rows["champion"].fillna(rows["final"])
    return rows[rows["champion"].notna()]


def _auc(rows: pd.DataFrame, column: str) -> float:
    probability = rows[column].to_numpy()
    scores = ScoredRows(
        label=rows[LABEL].to_numpy(dtype=float),
        probability=probability,
        rank_score=probability,
        amount=np.zeros(len(rows)),
    )
    return scores.metrics()["auc"]
