"""Signals that know the outcome: what alone ranks customers too well is not learnt from. Pure."""

from dataclasses import replace

import numpy as np
import pandas as pd

from ml.churn.features import FeatureChoice
from ml.churn.metrics import weighted_auc
from ml.churn.models import account_weights
from ml.churn.policy import ChurnPolicy
from ml.churn.served import feature_matrix


def leave_out_leaks(
    labelled: pd.DataFrame, choice: FeatureChoice, policy: ChurnPolicy
) -> FeatureChoice:
    """The choice without the features whose single AUC reaches the policy's limit."""
    if labelled.empty:
        return choice
    matrix = feature_matrix(labelled, choice.used)
    churned, accounts = labelled["churned"].to_numpy(dtype=bool), labelled["account_id"]
    limit = policy.single_feature_auc_limit
    suspected = {
        feature: auc
        for feature, values in zip(choice.used, matrix.T, strict=True)
        if (auc := single_auc(values, churned, accounts, policy.minimum_churned_accounts))
        and auc >= limit
    }
    kept = [
        (name, trend)
        for name, trend in zip(choice.used, choice.trends, strict=True)
        if name not in suspected
    ]
    reasons = {
        name: f"alone ranks churn with AUC {auc:.2f}, and {limit:.2f} or more is not plausible: "
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
    values: np.ndarray, churned: np.ndarray, accounts: pd.Series, minimum_accounts: int
) -> float | None:
    """The best AUC, 0.5 to 1, with which one signal ranks labelled snapshots, each account alike.

    It is asked by its value, where that is known, and by whether it is known: who churns within
    the horizon, and whose account is lost at any time. A field of the CRM without a history says
    the same of a lost customer in each week. It ranks the first question badly, since most of
    those weeks were followed by no churn, and the second as nothing honest can.

    Args:
        values: the signal per row, NaN for unknown.
        churned: whether churn followed the row within the horizon.
        accounts: the row's account.
        minimum_accounts: how many lost accounts, and how many others, an answer must rest on.

    Returns:
        None where too few accounts could tell anything.
    """
    is_known = ~np.isnan(values)
    is_lost = accounts.isin(accounts[churned]).to_numpy()
    every_row = np.ones(values.size, dtype=bool)
    answers = [
        _auc(scores[rows], outcome[rows], accounts[rows], minimum_accounts)
        for scores, rows in ((values, is_known), (is_known.astype(float), every_row))
        for outcome in (churned, is_lost)
    ]
    return max((answer for answer in answers if answer is not None), default=None)


def _auc(
    scores: np.ndarray, outcome: np.ndarray, accounts: pd.Series, minimum_accounts: int
) -> float | None:
    if min(accounts[outcome].nunique(), accounts[~outcome].nunique()) < minimum_accounts:
        return None
    found = weighted_auc(outcome, scores, account_weights(accounts))
    return max(found, 1 - found)
