"""What a model predicts: an event within a horizon, and the money that goes with it."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from ml.serving.served import as_floats

KEYS = ["account_id", "snapshot_date"]
LABEL = "label"
AMOUNT = "label_amount"


@dataclass(frozen=True)
class Words:
    """How people speak of the target: "expansion model", "12 have expanded".

    `unlikely` stands before a driver that makes the event less likely.
    """

    model: str
    event: str
    happened: str
    unlikely: str


@dataclass(frozen=True)
class Target:
    """An event to predict. Its horizon and limits are judgement: its row of `prediction_policy`.

    `outcomes` names the mart with one row per open account and snapshot date: `label_column`
    (whether the event followed within the horizon, null until the horizon is over) and
    `money_column` (what it moved, null where unknown). `rises_with_risk` says which way the
    signals' `risk_when` and the health score point: a loss is likelier as risk rises, growth as it
    falls. `former_names` maps names under which earlier releases stored facts, metrics and columns
    of this target's models to today's.
    """

    name: str
    description: str
    outcomes: str
    label_column: str
    money_column: str
    words: Words
    rises_with_risk: bool = True
    former_names: Mapping[str, str] = field(default_factory=dict)

    def labels(self, outcomes: pd.DataFrame) -> pd.DataFrame:
        """The outcomes that are known: KEYS, label (bool) and label_amount (float).

        The amount is 0 where the event did not follow and NaN where it did without a known one.
        """
        known = outcomes[KEYS].copy()
        known[LABEL] = outcomes[self.label_column].astype("boolean")
        known[AMOUNT] = outcomes[self.money_column]
        known = known[known[LABEL].notna()]
        known[LABEL] = known[LABEL].astype(bool)
        known[AMOUNT] = np.where(known[LABEL], as_floats(known[AMOUNT]), 0.0)
        return known
