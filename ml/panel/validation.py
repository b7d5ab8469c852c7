"""Which rows a model may learn from before it is evaluated on others.

Time-ordered: a block of weeks is predicted by models that know only labels complete before
the block begins (an embargo as long as the horizon). Grouped: no account is in both sides.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from ml.policy import ModelPolicy
from ml.targets.target import LABEL

# A model that saw fewer events than this has nothing to generalise from, and the fold would
# measure chance.
MINIMUM_TRAINING_POSITIVES = 10

SUNDAY = pd.Timestamp("1970-01-04")
# Further apart, a company of few years has hardly a week of each season to learn from.
LONGEST_STEP_WEEKS = 8


@dataclass(frozen=True)
class TimeFold:
    """A test block: snapshots after `after`, up to and including `until`. Fold 1 is the newest."""

    number: int
    after: pd.Timestamp
    until: pd.Timestamp

    def tested(self, dates: pd.Series) -> np.ndarray:
        """Mask of the snapshots inside the block."""
        return ((dates > self.after) & (dates <= self.until)).to_numpy()

    def known(self, dates: pd.Series, horizon_days: int) -> np.ndarray:
        """Mask of the snapshots whose outcome was complete before the block began."""
        return (dates + pd.Timedelta(days=horizon_days) <= self.after).to_numpy()


@dataclass(frozen=True)
class Split:
    """Row positions of one fold and account group.

    `train` and `calibrate` are known before the block begins, of other accounts and of the
    group's own; `test` are the group's snapshots in the block.
    """

    fold: TimeFold
    group: int
    train: np.ndarray
    calibrate: np.ndarray
    test: np.ndarray


def group_assignments(labelled: pd.DataFrame, group_count: int) -> np.ndarray:
    """Group number (from 0) of each row; all rows of an account share one.

    Accounts are assigned in the order of a hash of their id, those with the event first, so that
    each group holds its share of the few events and an assignment never depends on row order.
    """
    accounts = labelled["account_id"].drop_duplicates().to_numpy(dtype=object)
    is_positive = np.isin(accounts, labelled.loc[labelled[LABEL], "account_id"])
    order = np.lexsort((pd.util.hash_array(accounts), ~is_positive))
    group = pd.Series(np.arange(len(accounts)) % group_count, index=accounts[order])
    return labelled["account_id"].map(group).to_numpy()


def time_folds(labelled: pd.DataFrame, policy: ModelPolicy) -> list[TimeFold]:
    """The newest test blocks, newest first; those with too little history before are left out."""
    newest = labelled["snapshot_date"].max()
    length = pd.Timedelta(days=policy.fold_days)
    folds = []
    for number in range(1, policy.time_folds + 1):
        fold = TimeFold(number, newest - length * number, newest - length * (number - 1))
        known = labelled[fold.known(labelled["snapshot_date"], policy.horizon_days)]
        positives = known.loc[known[LABEL], "account_id"].nunique()
        has_both = known[LABEL].nunique() == 2
        if (
            has_both
            and positives >= MINIMUM_TRAINING_POSITIVES
            and fold.tested(labelled["snapshot_date"]).any()
        ):
            folds.append(fold)
    return folds


def learnt_from(labelled: pd.DataFrame, most_rows: int) -> np.ndarray:
    """Mask of the snapshots that fits may learn from, about `most_rows` of them.

    Weekly snapshots of one account are near copies: of a large company every second, fourth or
    eighth week says nearly as much. Weeks are counted from a fixed Sunday, so that the next
    training learns from the same ones and those that came since.
    """
    week = ((labelled["snapshot_date"] - SUNDAY).dt.days // 7).to_numpy()
    step = 1
    while step < LONGEST_STEP_WEEKS and (week % step == 0).sum() > most_rows:
        step *= 2
    return week % step == 0


def splits(
    labelled: pd.DataFrame,
    folds: list[TimeFold],
    groups: np.ndarray,
    is_learnt_from: np.ndarray,
    policy: ModelPolicy,
) -> Iterator[Split]:
    """One split per fold and account group."""
    dates = labelled["snapshot_date"]
    for fold in folds:
        known, tested = fold.known(dates, policy.horizon_days), fold.tested(dates)
        for group in range(policy.account_groups):
            own = groups == group
            yield Split(
                fold=fold,
                group=group,
                train=np.flatnonzero(known & is_learnt_from & ~own),
                calibrate=np.flatnonzero(known & own),
                test=np.flatnonzero(tested & own),
            )
