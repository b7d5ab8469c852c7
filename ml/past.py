"""Score a past week: a forecast where a model that was known then can, else a hindcast."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date

import pandas as pd

from ml.pipeline import Registry, usable
from ml.policy import ModelPolicy
from ml.serving.promotion import Candidate
from ml.serving.scoring import PREDICTION_COLUMNS, ScoringTask
from ml.targets.target import Target

SERVED = ("champion", "retired")
HINDCAST_COLUMNS = [*PREDICTION_COLUMNS, "trained_as_of_date"]


@dataclass(frozen=True)
class WeekScoring:
    """What scoring one past week leaves behind; one of the two frames is empty, or both.

    `forecasts` (PREDICTION_COLUMNS) are to be appended to ml.predictions, `hindcasts`
    (HINDCAST_COLUMNS) to ml.hindcasts.
    """

    forecasts: pd.DataFrame
    hindcasts: pd.DataFrame
    summary: str


def score_week(
    target: Target,
    registry: Registry,
    snapshots: pd.DataFrame,
    signals: pd.DataFrame,
    policy: pd.DataFrame,
    week_end: date,
    newest_digests: Collection[str] = (),
) -> WeekScoring:
    """Score the accounts that were open at a week's end.

    The newest model that has served and was trained on facts up to that day makes a forecast.
    Where there is none, the champion makes a hindcast: it may have learnt how the week ended.

    Args:
        snapshots: the snapshots of that day, one row per open account.
        newest_digests: `input_digest` of the newest forecasts and hindcasts of that day.
    """
    if snapshots.empty:
        return _nothing(f"{week_end}: no account was open.")
    candidate = _known_by(registry, week_end)
    is_hindcast = candidate is None
    if candidate is None:
        champion = registry.champion()
        candidate = usable(registry, champion) if champion else None
    if candidate is None:
        return _nothing(f"{week_end}: there is no {target.words.model}.")
    task = ScoringTask(
        target,
        candidate.model,
        candidate.version,
        snapshots,
        signals,
        ModelPolicy.from_frame(policy).drivers_per_account,
        week_end,
        is_hindcast=is_hindcast,
    )
    if task.input_digest in newest_digests:
        return _nothing(f"{week_end}: version {candidate.version} has scored it already.")
    rows = task.predictions()
    kind = "hindcasts" if is_hindcast else "forecasts"
    summary = f"{week_end}: {len(rows):,} {kind} by version {candidate.version}."
    if is_hindcast:
        trained = date.fromisoformat(candidate.model.trained_as_of_date)
        return WeekScoring(_no_rows(), rows.assign(trained_as_of_date=trained), summary)
    return WeekScoring(rows, _no_rows(), summary)


def _known_by(registry: Registry, day: date) -> Candidate | None:
    """The newest version that has served and knew no later fact, unless its files are gone."""
    served = [
        record
        for record in registry.records()
        if record.status in SERVED and record.trained_as_of_date <= day
    ]
    for record in sorted(served, key=lambda found: found.trained_as_of_date, reverse=True):
        candidate = usable(registry, record.model_version)
        if candidate:
            return candidate
    return None


def _no_rows() -> pd.DataFrame:
    return pd.DataFrame(columns=PREDICTION_COLUMNS)


def _nothing(summary: str) -> WeekScoring:
    return WeekScoring(_no_rows(), _no_rows(), summary)
