"""A model as it is stored and served.

This file travels with each model version, so it imports nothing of Tenure: a stranger with
lightgbm, numpy and pandas can load `models:/<target>-<company>@champion` and get probabilities.
The folder holds text only (`booster.txt`, `model.json`): nothing is unpickled.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import lightgbm as lgb
import numpy as np
import pandas as pd

BOOSTER_FILE = "booster.txt"
FACTS_FILE = "model.json"


def as_floats(column: pd.Series) -> np.ndarray:
    """A column as float64; unknown and infinite values are NaN.

    Decimal, boolean and nullable columns arrive from a database.
    """
    numbers = pd.to_numeric(column).astype("Float64")
    values = numbers.to_numpy(dtype=float, na_value=np.nan).copy()
    values[~np.isfinite(values)] = np.nan
    return values


def feature_matrix(frame: pd.DataFrame, features: Sequence[str]) -> np.ndarray:
    """Float matrix of shape (rows, features).

    A column that the frame lacks is unknown for each row: an older champion must still be
    able to score when a signal has been removed.
    """
    matrix = np.full((len(frame), len(features)), np.nan)
    for position, feature in enumerate(features):
        if feature in frame:
            matrix[:, position] = as_floats(frame[feature])
    return matrix


@dataclass(frozen=True)
class Calibrator:
    """A rising map from raw scores to probabilities.

    sigmoid: probability = 1 / (1 + exp(-(slope · raw + intercept))), parameters (slope, intercept).
    isotonic: straight lines between the knots (raw, probability), flat outside.
    """

    method: str
    parameters: tuple[float, ...] = ()
    knots_raw: tuple[float, ...] = ()
    knots_probability: tuple[float, ...] = ()

    def probabilities(self, raw: np.ndarray) -> np.ndarray:
        """Probabilities for raw scores of any shape."""
        if self.method == "isotonic":
            return np.interp(raw, self.knots_raw, self.knots_probability)
        slope, intercept = self.parameters
        return 0.5 * (1.0 + np.tanh(0.5 * (slope * raw + intercept)))


@dataclass(frozen=True)
class ServedModel:
    """A trained model: trees, the map to probabilities, and what its features usually are."""

    booster: lgb.Booster
    calibrator: Calibrator
    features: tuple[str, ...]
    medians: tuple[float, ...]
    means: tuple[float, ...]
    horizon_days: int
    trained_as_of_date: str

    def matrix(self, frame: pd.DataFrame) -> np.ndarray:
        """The model's features as floats, (rows, features)."""
        return feature_matrix(frame, self.features)

    def margins(self, frame: pd.DataFrame) -> np.ndarray:
        """Raw log-odds before calibration, one per row."""
        return raw_scores(self.booster, self.matrix(frame))

    def contributions(self, frame: pd.DataFrame) -> np.ndarray:
        """Exact tree contributions to the margin, (rows, features + 1); the last is the start."""
        matrix = self.matrix(frame)
        if not len(matrix):
            return np.empty((0, len(self.features) + 1))
        return _predict(self.booster, matrix, pred_contrib=True)

    def probabilities(self, frame: pd.DataFrame) -> np.ndarray:
        """Calibrated probability of the event within the horizon, one per row."""
        return self.calibrator.probabilities(self.margins(frame))

    def predict(self, frame: pd.DataFrame, params: Mapping[str, Any] | None = None) -> pd.DataFrame:
        """What MLflow calls: column `probability`, with the frame's index."""
        return pd.DataFrame({"probability": self.probabilities(frame)}, index=frame.index)

    def facts(self) -> dict[str, Any]:
        """All that the model knows besides its trees; plain values."""
        return {
            "features": self.features,
            "medians": self.medians,
            "means": self.means,
            "horizon_days": self.horizon_days,
            "trained_as_of_date": self.trained_as_of_date,
            "calibration": self.calibrator.method,
            "calibration_parameters": self.calibrator.parameters,
            "calibration_knots_raw": self.calibrator.knots_raw,
            "calibration_knots_probability": self.calibrator.knots_probability,
        }

    def save(self, folder: Path) -> None:
        """Write the model into a folder, which is created."""
        folder.mkdir(parents=True, exist_ok=True)
        (folder / BOOSTER_FILE).write_text(self.booster.model_to_string(), encoding="utf-8")
        (folder / FACTS_FILE).write_text(json.dumps(self.facts(), indent=1), encoding="utf-8")

    @classmethod
    def load(cls, folder: Path) -> "ServedModel":
        """Read what `save` wrote."""
        facts = json.loads((folder / FACTS_FILE).read_text(encoding="utf-8"))
        return cls(
            booster=lgb.Booster(
                model_str=(folder / BOOSTER_FILE).read_text(encoding="utf-8"),
            ),
            calibrator=Calibrator(
                method=facts["calibration"],
                parameters=tuple(facts["calibration_parameters"]),
                knots_raw=tuple(facts["calibration_knots_raw"]),
                knots_probability=tuple(facts["calibration_knots_probability"]),
            ),
            features=tuple(facts["features"]),
            medians=tuple(facts["medians"]),
            means=tuple(facts["means"]),
            horizon_days=facts["horizon_days"],
            trained_as_of_date=facts["trained_as_of_date"],
        )


def raw_scores(booster: lgb.Booster, matrix: np.ndarray) -> np.ndarray:
    """Log-odds of a booster, one per row; LightGBM refuses an empty matrix."""
    if not len(matrix):
        return np.empty(0)
    return _predict(booster, matrix, raw_score=True)


def _predict(booster: lgb.Booster, matrix: np.ndarray, **what: bool) -> np.ndarray:
    """LightGBM's answer on one thread.

    Its number of threads is one for the whole process and each call sets it: a prediction that
    asks for all processors crashes a fit beside it, which has laid out its memory for one thread
    (4.7.0: a minute of both side by side ends in SIGSEGV, and does not with one thread each).
    """
    return np.asarray(booster.predict(matrix, num_threads=1, **what))


def _load_pyfunc(data_path: str) -> ServedModel:
    """MLflow's way in."""
    return ServedModel.load(Path(data_path))
