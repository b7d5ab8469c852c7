"""The benchmark's evaluation: any predictions against what is known about a simulated company."""

from simulator.evaluation.errors import EvaluationError
from simulator.evaluation.predictions import read_predictions
from simulator.evaluation.result import Calibration, Estimate, EvaluationResult, score_predictions

__all__ = [
    "Calibration",
    "Estimate",
    "EvaluationError",
    "EvaluationResult",
    "read_predictions",
    "score_predictions",
]
