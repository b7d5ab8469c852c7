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
    learnt = labelled[learnt_from(labelled, policy)]
    folds = []
    for number in range(1, policy.time_folds + 1):
        fold = TimeFold(number, newest - length * number, newest - length * (number - 1))
        known = learnt[fold.known(learnt["snapshot_date"], policy.horizon_days)]
        positives = known.loc[known[LABEL], "account_id"].nunique()
        has_both = known[LABEL].nunique() == 2
        if (
            has_both
            and positives >= MINIMUM_TRAINING_POSITIVES
            and fold.tested(labelled["snapshot_date"]).any()
        ):
            folds.append(fold)
    return folds


def learnt_from(labelled: pd.DataFrame, policy: ModelPolicy) -> np.ndarray:
    """Mask of the snapshots that fits may learn from, about `training_rows` of them.

    Weekly snapshots of one account are near copies: of a large company every second, fourth or
    eighth week of each says nearly as much; the weeks of a horizon, which precede an event, are
    never all left out. Which weeks follows from the account's id, so that every season is learnt
    from, and the next training learns from the same rows and those that came since. An account
    that was there for fewer weeks keeps its first.
    """
    accounts, dates = labelled["account_id"], labelled["snapshot_date"]
    step = 1
    while 2 * step * 7 <= policy.horizon_days and len(labelled) / step > policy.training_rows:
        step *= 2
    week = ((dates - pd.Timestamp("1970-01-04")).dt.days // 7).to_numpy()
    phase = (pd.util.hash_array(accounts.to_numpy(dtype=object)) % step).astype(int)
    chosen = (week + phase) % step == 0
    is_first = (dates == dates.groupby(accounts).transform("min")).to_numpy()
    return chosen | (is_first & ~accounts.isin(accounts[chosen]).to_numpy())


def splits(
    labelled: pd.DataFrame, folds: list[TimeFold], groups: np.ndarray, policy: ModelPolicy
) -> Iterator[Split]:
    """One split per fold and account group; of training rows those that fits may learn from."""
    is_learnt_from = learnt_from(labelled, policy)
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
