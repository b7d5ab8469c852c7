"""Signals that know the outcome: what alone ranks accounts too well is not learnt from. Pure."""

from dataclasses import replace

import numpy as np
import pandas as pd

from ml.models.metrics import weighted_auc
from ml.panel.features import FeatureChoice
from ml.panel.weights import account_weights
from ml.policy import ModelPolicy
from ml.serving.served import feature_matrix
from ml.targets.target import LABEL


def leave_out_leaks(
    labelled: pd.DataFrame, choice: FeatureChoice, policy: ModelPolicy, event: str
) -> FeatureChoice:
    """The choice without the features whose single AUC reaches the policy's limit.

    `event` is what people call the outcome, for the reasons.
    """
    if labelled.empty:
        return choice
    matrix = feature_matrix(labelled, choice.used)
    label = labelled[LABEL].to_numpy(dtype=bool)
    # Numbers for names: each signal groups and compares all rows by account four times.
    accounts = pd.Series(pd.factorize(labelled["account_id"])[0])
    limit = policy.single_feature_auc_limit
    suspected = {
        feature: auc
        for feature, values in zip(choice.used, matrix.T, strict=True)
        if (auc := single_auc(values, label, accounts, policy.minimum_positive_accounts))
        and auc >= limit
    }
    kept = [
        (name, trend)
        for name, trend in zip(choice.used, choice.trends, strict=True)
        if name not in suspected
    ]
    reasons = {
        name: f"alone ranks {event} with AUC {auc:.2f}, and {limit:.2f} or more is not plausible: "
        "it looks as if it knew the outcome"
        for name, auc in suspected.items()
    }
    return replace(
        choice,
        used=tuple(name for name, _ in kept),
        trends=tuple(trend for _, trend in kept),
        left_out=choice.left_out | reasons,
        suspected=tuple(suspected),
    )


def single_auc(
    values: np.ndarray, label: np.ndarray, accounts: pd.Series, minimum_accounts: int
) -> float | None:
    """The best AUC, 0.5 to 1, with which one signal ranks labelled snapshots, each account alike.

    It is asked by its value, where that is known, and by whether it is known: which rows the event
    follows within the horizon, and which accounts it ever happens to. A field of the CRM without a
    history says the same of an account in each week. It ranks the first question badly, since most
    of those weeks were followed by nothing, and the second as nothing honest can.

    Args:
        values: the signal per row, NaN for unknown.
        label: whether the event followed the row within the horizon.
        accounts: the row's account.
        minimum_accounts: how many accounts with the event, and how many without, an answer must
            rest on.

    Returns:
        None where too few accounts could tell anything.
    """
    is_known = ~np.isnan(values)
    is_ever = accounts.isin(accounts[label]).to_numpy()
    every_row = np.ones(values.size, dtype=bool)
    answers = [
        _auc(scores[rows], outcome[rows], accounts[rows], minimum_accounts)
        for scores, rows in ((values, is_known), (is_known.astype(float), every_row))
        for outcome in (label, is_ever)
    ]
    return max((answer for answer in answers if answer is not None), default=None)


def _auc(
    scores: np.ndarray, outcome: np.ndarray, accounts: pd.Series, minimum_accounts: int
) -> float | None:
    if min(accounts[outcome].nunique(), accounts[~outcome].nunique()) < minimum_accounts:
        return None
    found = weighted_auc(outcome, scores, account_weights(accounts))
    return max(found, 1 - found)
