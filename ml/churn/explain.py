"""Why an account's probability is what it is, in the words of the scorecards."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from ml.churn.served import ServedChurnModel

# The value says nothing that the phrase does not.
UNITS_WITHOUT_VALUE = {"yes/no"}
BYTE_UNITS = ("bytes", "kB", "MB", "GB", "TB")
SINGULAR = {"people": "person"}


@dataclass(frozen=True)
class Signal:
    """One row of the seed `signals`."""

    signal: str
    label: str
    phrase_low: str
    phrase_high: str
    unit: str


def read_signals(frame: pd.DataFrame) -> dict[str, Signal]:
    """The seed `signals` by signal."""
    columns = ["signal", "label", "phrase_low", "phrase_high", "unit"]
    rows = frame[columns].fillna("").astype(str)
    return {row["signal"]: Signal(**row) for row in rows.to_dict("records")}  # pyright: ignore


def amount(value: float, unit: str) -> str:
    """A signal's value for people: 0.12 share is "12 %", 1 tickets is "1 ticket"."""
    if unit in ("share", "change"):
        return f"{100 * value:{'+' if unit == 'change' else ''}.0f} %"
    if unit == "bytes":
        step = min(int(np.log10(max(abs(value), 1)) // 3), len(BYTE_UNITS) - 1)
        return f"{value / 1000**step:,.0f} {BYTE_UNITS[step]}"
    if unit == "multiple":
        return f"{value:.1f}×"
    number = f"{value:,.0f}" if abs(value) >= 10 or value == round(value) else f"{value:,.1f}"
    if unit == "money":
        return number
    if number == "1":
        unit = SINGULAR.get(unit, unit.removesuffix("s"))
    return f"{number} {unit}".strip()


def is_low(value: float, median: float, mean: float, unit: str) -> bool:
    """Whether a value is low for this company.

    A change is low when it falls. Else below what is usual: the median of the training
    snapshots, or their mean where the value is the median itself (most accounts have no
    escalation, and most have a sponsor).
    """
    if unit == "change":
        return value < 0
    return value < median or (value == median and value <= mean)


def words(signal: Signal, value: float, median: float, mean: float) -> str:
    """A driver as a phrase, e.g. "seats mostly unused (12 %)"."""
    if np.isnan(value):
        return f"{signal.label}: unknown"
    low = is_low(value, median, mean, signal.unit)
    phrase = signal.phrase_low if low else signal.phrase_high
    if signal.unit in UNITS_WITHOUT_VALUE:
        return phrase
    return f"{phrase} ({amount(value, signal.unit)})"


def account_drivers(
    model: ServedChurnModel,
    snapshots: pd.DataFrame,
    signals: pd.DataFrame,
    drivers_per_account: int,
) -> list[list[dict[str, Any]]]:
    """The strongest drivers of each row, in the order of the rows.

    Contributions are exact: per row they sum, with the start value, to the model's log-odds.
    Features that share a label are one driver, told by the strongest of them. What raises the
    risk comes first; what lowers it fills up the list only where too little raises it.

    Returns:
        Per row up to `drivers_per_account` dicts with signal, label, words, direction
        ("raises" or "lowers") and contribution (log-odds; risk rises with it).
    """
    known = read_signals(signals)
    described = [known.get(name, Signal(name, name, name, name, "")) for name in model.features]
    values = model.matrix(snapshots)
    contributions = model.contributions(snapshots)[:, :-1]
    labels = list(dict.fromkeys(signal.label for signal in described))
    members = [
        [i for i, signal in enumerate(described) if signal.label == label] for label in labels
    ]
    grouped = np.column_stack([contributions[:, columns].sum(axis=1) for columns in members])
    found = []
    for row in range(len(snapshots)):
        drivers = []
        for group in _strongest(grouped[row], drivers_per_account):
            feature = max(members[group], key=lambda i: abs(contributions[row, i]))
            signal = described[feature]
            told = words(signal, values[row, feature], model.medians[feature], model.means[feature])
            raises = bool(grouped[row, group] > 0)
            drivers.append(
                {
                    "signal": signal.signal,
                    "label": signal.label,
                    "words": told if raises else f"in its favour: {told}",
                    "direction": "raises" if raises else "lowers",
                    "contribution": round(float(grouped[row, group]), 6),
                }
            )
        found.append(drivers)
    return found


def _strongest(contributions: np.ndarray, count: int) -> list[int]:
    """Positions of the largest contributions above 0, then of the most negative."""
    falling = np.argsort(-contributions, kind="stable")
    raising = [int(i) for i in falling if contributions[i] > 0][:count]
    lowering = [int(i) for i in falling[::-1] if contributions[i] < 0]
    return raising + lowering[: count - len(raising)]
