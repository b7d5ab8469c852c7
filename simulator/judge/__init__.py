"""The benchmark's judge: anyone's predictions against what is known about a simulated company."""

from simulator.judge.predictions import read_predictions
from simulator.judge.refusal import Refusal
from simulator.judge.verdict import Calibration, Estimate, Verdict, score_predictions

__all__ = [
    "Calibration",
    "Estimate",
    "Refusal",
    "Verdict",
    "read_predictions",
    "score_predictions",
]
