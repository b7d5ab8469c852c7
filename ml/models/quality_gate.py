"""The quality gate: whether a model's probabilities may be shown as knowledge."""

from dataclasses import dataclass

import pandas as pd

from ml.models.baseline import HEALTH_SCORE
from ml.models.boosting import LIGHTGBM
from ml.policy import ModelPolicy


@dataclass(frozen=True)
class GateResult:
    """The result and its reason, in a sentence for people who do not know AUC."""

    passes_quality_gate: bool
    reason: str


def evaluate_quality_gate(
    evaluations: pd.DataFrame, fold_count: int, policy: ModelPolicy, happened: str
) -> GateResult:
    """Three conditions, all out of time; `happened` is what people say of an account.

    1. The interval of the AUC lies above 0.5: it ranks better than chance.
    2. The Brier skill is above 0: its probabilities are closer to what happened than the
       base rate for every account, so that money computed from them means something.
    3. It ranks better than the health score alone, where there is a score: else the simpler
       number that people already have is the one to show.
    """
    table = evaluations.set_index(["predictor", "metric"])
    values = table["metric_value"].to_dict()
    low = table["ci_low"].to_dict()[(LIGHTGBM, "auc")]
    high = table["ci_high"].to_dict()[(LIGHTGBM, "auc")]
    auc, skill = values[(LIGHTGBM, "auc")], values[(LIGHTGBM, "brier_skill")]
    score_auc = values.get((HEALTH_SCORE, "auc"))
    measured = (
        f"AUC {auc:.2f}, {100 * policy.interval_level:.0f} % interval {low:.2f} to {high:.2f}"
    )
    evidence = (
        f"Evaluated on {fold_count} of {policy.time_folds} blocks of {policy.fold_days} days: "
        f"{values[(LIGHTGBM, 'accounts')]:,.0f} accounts, "
        f"{values[(LIGHTGBM, 'positive_accounts')]:,.0f} of them {happened}."
    )
    if not low > 0.5:
        result = f"Not trusted: it may rank customers no better than chance ({measured})."
    elif not skill > 0:
        result = (
            f"Not trusted: it ranks customers ({measured}), but its probabilities are no closer "
            "to what happened than the same probability for every account "
            f"(Brier skill {skill:.3f})."
        )
    elif score_auc is not None and not auc > score_auc:
        result = (
            f"Not trusted: the health score alone ranks customers as well "
            f"(AUC {score_auc:.2f} against {auc:.2f})."
        )
    else:
        beaten = f", health score alone {score_auc:.2f}" if score_auc is not None else ""
        result = f"Trusted: it ranks customers better than chance ({measured}{beaten})."
        return GateResult(True, f"{result} {evidence}")
    return GateResult(False, f"{result} {evidence}")
