"""The features that a model may use, and which way each may move its answer."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from ml.serving.served import feature_matrix
from ml.targets.target import Target

# `risk_when` as LightGBM reads it: risk may only fall with the value, only rise, or do either.
TRENDS = {"low": -1, "high": 1, "either": 0, "neither": 0}


@dataclass(frozen=True)
class FeatureChoice:
    """The features a model uses, and each one that was left out with the reason.

    `trends` has, per feature used, -1 where the probability may only fall as the value rises, 1
    where it may only rise, 0 where it is free. `suspected` are those left out that seem to know
    the outcome.
    """

    used: tuple[str, ...]
    trends: tuple[int, ...]
    left_out: dict[str, str]
    suspected: tuple[str, ...] = ()

    def warning(self, event: str) -> str:
        """A sentence about the suspected features for readers of the model's reason; else empty."""
        if not self.suspected:
            return ""
        named = ", ".join(self.suspected)
        return f"Not learnt from: {named}, which alone ranks {event} too well to be honest."


def choose_features(labelled: pd.DataFrame, signals: pd.DataFrame, target: Target) -> FeatureChoice:
    """The model features that say something about the labelled snapshots.

    A signal that is unknown everywhere (its source was never delivered) or never varies can
    teach a model nothing; the reason is kept so that a reader sees what the model lacks.

    Raises:
        ValueError: `risk_when` holds a word that has no meaning.
    """
    unread = set(signals["risk_when"]) - set(TRENDS)
    if unread:
        raise ValueError(f"signals: risk_when must be one of {', '.join(TRENDS)}, not {unread}")
    sign = 1 if target.rises_with_risk else -1
    trends = sign * signals.set_index("signal")["risk_when"].map(TRENDS)
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
