"""From snapshots and outcomes to labelled rows and the features that a model may use."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from ml.churn.served import as_floats, feature_matrix

KEYS = ["account_id", "snapshot_date"]

# The seed's `risk_when` as LightGBM reads it: risk may only fall with the value, only rise, or
# do either.
TRENDS = {"low": -1, "high": 1, "either": 0, "neither": 0}


@dataclass(frozen=True)
class FeatureChoice:
    """The features a model uses, and each one that was left out with the reason.

    `trends` has, per feature used, -1 where risk may only fall as the value rises, 1 where it may
    only rise, 0 where it is free. `suspected` are those left out that seem to know the outcome.
    """

    used: tuple[str, ...]
    trends: tuple[int, ...]
    left_out: dict[str, str]
    suspected: tuple[str, ...] = ()

    def warning(self) -> str:
        """A sentence about the suspected features for whoever reads of the model; else empty."""
        if not self.suspected:
            return ""
        named = ", ".join(self.suspected)
        return f"Not learnt from: {named}, which alone ranks churn too well to be honest."


def label_snapshots(snapshots: pd.DataFrame, outcomes: pd.DataFrame) -> pd.DataFrame:
    """Snapshots whose outcome is known, ordered by account and date.

    Args:
        snapshots: account_id, snapshot_date and the signals, one row per account and date.
        outcomes: account_id, snapshot_date, churned_within_horizon (null until the horizon is
            over) and churned_mrr, one row per open account and date.

    Returns:
        The snapshots' columns, `churned` (bool) and `churned_mrr` (float, 0 for accounts that
        stayed, NaN where a loss has no known amount), with a fresh index.

    Raises:
        ValueError: an account and date stand twice in either frame.
    """
    known = outcomes[[*KEYS, "churned_within_horizon", "churned_mrr"]].copy()
    known["churned"] = known.pop("churned_within_horizon").astype("boolean")
    known = known[known["churned"].notna()]
    known["churned"] = known["churned"].astype(bool)
    known["churned_mrr"] = np.where(known["churned"], as_floats(known["churned_mrr"]), 0.0)
    rows = snapshots.drop(columns=["churned", "churned_mrr"], errors="ignore").copy()
    for name, frame in (("snapshots", rows), ("outcomes", known)):
        frame["snapshot_date"] = pd.to_datetime(frame["snapshot_date"]).astype("datetime64[ms]")
        frame["account_id"] = frame["account_id"].astype(str)
        if frame.duplicated(KEYS).any():
            raise ValueError(f"{name}: an account and date stand more than once")
    return rows.merge(known, on=KEYS).sort_values(KEYS, ignore_index=True)


def choose_features(labelled: pd.DataFrame, signals: pd.DataFrame) -> FeatureChoice:
    """The seed's model features that say something about the labelled snapshots.

    A signal that is unknown everywhere (its source was never delivered) or never varies can
    teach a model nothing; the reason is kept so that a reader sees what the model lacks.

    Raises:
        ValueError: `risk_when` holds a word that has no meaning.
    """
    unread = set(signals["risk_when"]) - set(TRENDS)
    if unread:
        raise ValueError(f"signals: risk_when must be one of {', '.join(TRENDS)}, not {unread}")
    trends = signals.set_index("signal")["risk_when"].map(TRENDS)
    is_feature = signals["is_model_feature"].astype(str).str.lower().isin(["true", "t", "1"])
    used, left_out = [], {}
    for signal in signals.loc[is_feature, "signal"]:
        if signal not in labelled:
            left_out[signal] = "not a column of the snapshots"
            continue
        values = feature_matrix(labelled, (signal,))[:, 0]
        known = values[~np.isnan(values)]
        if not known.size:
            left_out[signal] = "unknown for every snapshot"
        elif known.size == values.size and known.min() == known.max():
            left_out[signal] = "the same for every snapshot"
        else:
            used.append(signal)
    return FeatureChoice(tuple(used), tuple(int(trends[name]) for name in used), left_out)
