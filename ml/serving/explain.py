"""Why an account's probability is what it is, in the words of the signals."""

from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import pandas as pd

from ml.serving.served import ServedModel
from ml.targets.target import Target

# The value says nothing that the phrase does not.
UNITS_WITHOUT_VALUE = {"yes/no"}
BYTE_UNITS = ("bytes", "kB", "MB", "GB", "TB")
SINGULAR = {"people": "person"}
AMOUNT = "{amount}"


@dataclass(frozen=True)
class Signal:
    """A signal as people read it."""

    signal: str
    label: str
    phrase_low: str
    phrase_high: str
    unit: str
    risk_when: str
    is_actionable: bool = True

    @property
    def label_inside(self) -> str:
        """The label inside a sentence: "events in 28 days", but "API calls in 28 days"."""
        is_acronym = self.label[1:2].isupper()
        return self.label if is_acronym else self.label[:1].lower() + self.label[1:]


def read_signals(frame: pd.DataFrame) -> dict[str, Signal]:
    """The described signals, by name."""
    texts = [field.name for field in fields(Signal) if field.name != "is_actionable"]
    rows = frame[texts].fillna("").astype(str).to_dict("records")
    actionable = frame["is_actionable"] if "is_actionable" in frame else [True] * len(frame)
    return {
        str(row["signal"]): Signal(**row, is_actionable=bool(can_change))  # pyright: ignore
        for row, can_change in zip(rows, actionable, strict=True)
    }


def amount(value: float, unit: str) -> str:
    """A signal's value for people: 0.12 share is "12 %", 1 tickets is "1 ticket"."""
    if unit == "share":
        return f"{_number(100 * value)} %"
    if unit == "change":
        return f"{100 * value:+,.0f} %"
    if unit == "bytes":
        step = min(int(np.log10(max(abs(value), 1)) // 3), len(BYTE_UNITS) - 1)
        return f"{_number(value / 1000**step)} {BYTE_UNITS[step]}"
    if unit == "multiple":
        return f"{_number(value)}×"
    number = _number(value)
    if unit == "money":
        return number
    if number == "1":
        things, space, rest = unit.partition(" ")
        unit = SINGULAR.get(things, things.removesuffix("s")) + space + rest
    return f"{number} {unit}".strip()


def _number(value: float) -> str:
    """Whole from 10 up, two significant digits below: a small value is not rounded to nothing."""
    if abs(value) >= 10 or value == round(value):
        return f"{value:,.0f}"
    return np.format_float_positional(value, precision=2, fractional=False, trim="-")


def is_low(value: float, median: float, mean: float, unit: str) -> bool:
    """Whether a value is low for this company.

    A change is low when it falls. Else below what is usual: the median of the training
    snapshots, or their mean where the value is the median itself (most accounts have no
    escalation, and most have a sponsor).
    """
    if unit == "change":
        return value < 0
    return value < median or (value == median and value <= mean)


def is_unchanged(value: float, unit: str) -> bool:
    """Whether a value is a change that people would read as none."""
    return unit == "change" and round(100 * value) == 0


def words(signal: Signal, value: float, median: float, mean: float) -> str:
    """A driver as a phrase, e.g. "few of the seats in use (12 %)"."""
    if np.isnan(value):
        return f"{signal.label_inside} not known"
    if is_unchanged(value, signal.unit):
        return f"no {signal.label_inside}"
    low = is_low(value, median, mean, signal.unit)
    phrase = signal.phrase_low if low else signal.phrase_high
    if signal.unit in UNITS_WITHOUT_VALUE:
        return phrase
    shown = amount(value, signal.unit)
    if AMOUNT in phrase:
        return phrase.replace(AMOUNT, shown).replace("every 1 ", "every ")
    return f"{phrase} ({shown})"


def contradicts(
    signal: Signal, value: float, median: float, mean: float, raises_risk: bool
) -> bool:
    """Whether the phrase would say the opposite of the contribution.

    A bound model still compares with what it expects of an account: quick answers that are a
    little slower than expected raise the risk, and are no reason to give to people.
    """
    is_open = signal.risk_when not in ("low", "high")
    if is_open or np.isnan(value) or is_unchanged(value, signal.unit):
        return False
    is_risky = is_low(value, median, mean, signal.unit) == (signal.risk_when == "low")
    return is_risky != raises_risk


def account_drivers(
    model: ServedModel,
    snapshots: pd.DataFrame,
    signals: pd.DataFrame,
    drivers_per_account: int,
    target: Target,
) -> list[list[dict[str, Any]]]:
    """The strongest drivers of each row, in the order of the rows.

    Contributions are exact: per row they sum, with the start value, to the model's log-odds.
    Features that share a label are one driver, worded by the strongest of them whose phrase does
    not contradict the sum; a driver that none can word is left out, and so is what no call can
    change, such as how long a customer has been one.

    What raises the probability comes first: reasons, then how large the customer is, then what is
    not known, each strongest first. What lowers it, in the same order, fills up the list only
    where too little raises it.

    Returns:
        Per row up to `drivers_per_account` dicts with signal, label, words, direction
        ("raises" or "lowers") and contribution (log-odds; the probability
        rises with it).
    """
    known = read_signals(signals)
    described = [
        known.get(name, Signal(name, name, name, name, "", "either")) for name in model.features
    ]
    values = model.matrix(snapshots)
    contributions = model.contributions(snapshots)[:, :-1]
    labels = list(dict.fromkeys(signal.label for signal in described))
    members = [
        [i for i, signal in enumerate(described) if signal.label == label] for label in labels
    ]
    grouped = np.column_stack([contributions[:, columns].sum(axis=1) for columns in members])
    found = []
    for row in range(len(snapshots)):
        candidates = []
        for group, columns in enumerate(members):
            contribution = float(grouped[row, group])
            raises = contribution > 0
            fitting = [
                i
                for i in columns
                if described[i].is_actionable
                and not contradicts(
                    described[i],
                    values[row, i],
                    model.medians[i],
                    model.means[i],
                    raises == target.rises_with_risk,
                )
            ]
            if not fitting or contribution == 0:
                continue
            feature = max(fitting, key=lambda i: abs(contributions[row, i]))
            signal, value = described[feature], values[row, feature]
            reason = words(signal, value, model.medians[feature], model.means[feature])
            driver = {
                "signal": signal.signal,
                "label": signal.label,
                "words": reason if raises else f"{target.words.unlikely}{reason}",
                "direction": "raises" if raises else "lowers",
                "contribution": round(contribution, 6),
            }
            candidates.append(((not raises, _rank(signal, value), -abs(contribution)), driver))
        candidates.sort(key=lambda candidate: candidate[0])
        found.append([driver for _, driver in candidates[:drivers_per_account]])
    return found


def _rank(signal: Signal, value: float) -> int:
    """0 for what people can act on, 1 for the customer's size, 2 for what is not known."""
    if np.isnan(value):
        return 2
    return 1 if signal.risk_when == "neither" else 0
