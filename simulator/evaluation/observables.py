"""What one observable alone is worth, as a share of what all knowledge is worth."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from simulator.evaluation import metrics

# Which way a value is risky: both are tried where neither is known.
_SIDES = {"low": (-1,), "high": (1,)}


def score_observables(rows: pd.DataFrame, risk_when: Mapping[str, str]) -> pd.DataFrame:
    """Rank account-weeks by each observable alone; the best first.

    Args:
        rows: `left` and `oracle` (see `Truth.judged_weeks`), and a column per observable. An
            unknown value stands in the middle.
        risk_when: observable to "low" or "high", the risky side; anything else tries both.

    Returns:
        Index: observable. `auc`; `skill_share`: (AUC - 0.5) / (oracle's AUC - 0.5); `lift_share`:
        top-decile lift over the oracle's; `known`: share of rows with a value.
    """
    left = rows["left"].to_numpy()
    best_skill, best_lift = _skill_and_lift(left, rows["oracle"].to_numpy())
    found = {}
    for name, side in risk_when.items():
        value = rows[name].astype(float)
        known = float(value.notna().mean())
        filled = value.fillna(value.median()).fillna(0.0).to_numpy()
        tried = [_skill_and_lift(left, sign * filled) for sign in _SIDES.get(side, (-1, 1))]
        skill, lift = (max(measured) for measured in zip(*tried, strict=True))
        found[name] = [0.5 + skill, skill / best_skill, lift / best_lift, known]
    columns = ["auc", "skill_share", "lift_share", "known"]
    table = pd.DataFrame.from_dict(found, orient="index", columns=columns)
    return table.sort_values("skill_share", ascending=False)


def _skill_and_lift(left: np.ndarray, risk: np.ndarray) -> tuple[float, float]:
    ranking = metrics.Ranking.of(risk)
    group = ranking.grouped(np.ones(len(left)))
    lost = ranking.grouped(left[ranking.order].astype(float))
    return metrics.area_under_curve(group, lost) - 0.5, metrics.top_decile_lift(group, lost)
