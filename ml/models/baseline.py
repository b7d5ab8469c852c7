"""The health score alone, as a predictor: what a model must beat to be worth its keep."""

import numpy as np
import pandas as pd

from ml.serving.served import as_floats

HEALTH_SCORE = "health_score"


def health_score_rank(frame: pd.DataFrame, rises_with_risk: bool) -> np.ndarray:
    """The health score read as an inclination to the event, 0 to 1; NaN where there is no score."""
    if HEALTH_SCORE not in frame:
        return np.full(len(frame), np.nan)
    score = as_floats(frame[HEALTH_SCORE])
    return (100.0 - score) / 100.0 if rises_with_risk else score / 100.0
