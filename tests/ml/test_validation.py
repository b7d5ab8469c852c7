"""The validation may never let an account or the future into the training side."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from ml.panel.labels import label_snapshots
from ml.panel.validation import (
    TimeFold,
    group_assignments,
    learnt_from,
    splits,
    time_folds,
)
from ml.policy import ModelPolicy
from ml.targets.churn import TARGET as CHURN


@pytest.fixture(scope="module")
def labelled(company) -> pd.DataFrame:
    return label_snapshots(company.snapshots, company.outcomes, CHURN)


def test_no_account_is_on_both_sides_of_a_split(labelled, company) -> None:
    folds, groups = time_folds(labelled, company.rules), group_assignments(labelled, 5)
    for split in splits(labelled, folds, groups, company.rules):
        trained_on = set(labelled.loc[split.train, "account_id"])
        assert not trained_on & set(labelled.loc[split.test, "account_id"])
        assert not trained_on & set(labelled.loc[split.calibrate, "account_id"])
        assert len(split.train) and len(split.calibrate)


def test_no_training_label_reaches_into_the_test_block(labelled, company) -> None:
    folds, groups = time_folds(labelled, company.rules), group_assignments(labelled, 5)
    for split in splits(labelled, folds, groups, company.rules):
        begins = labelled.loc[split.test, "snapshot_date"].min()
        for rows in (split.train, split.calibrate):
            label_complete = labelled.loc[rows, "snapshot_date"] + pd.Timedelta(days=90)
            assert (label_complete < begins).all()


def thinned(company, labelled: pd.DataFrame) -> ModelPolicy:
    """The policy with which a third of the rows is too many by a little."""
    return replace(company.rules, training_rows=len(labelled) // 3)


def test_of_a_large_company_every_fourth_week_of_an_account_is_learnt_from(
    labelled, company
) -> None:
    """The same rows a week later, in every week some, of every account one at least."""
    policy = thinned(company, labelled)
    chosen = labelled[learnt_from(labelled, policy)]
    assert 0.2 < len(chosen) / len(labelled) < 0.3
    gaps = chosen.sort_values("snapshot_date").groupby("account_id")["snapshot_date"].diff()
    assert (gaps.dropna() == pd.Timedelta(weeks=4)).all()
    assert set(chosen["account_id"]) == set(labelled["account_id"])
    assert chosen["snapshot_date"].nunique() == labelled["snapshot_date"].nunique()
    earlier = labelled[labelled["snapshot_date"] < labelled["snapshot_date"].max()]
    assert set(earlier.index[learnt_from(earlier, policy)]) <= set(chosen.index)
    assert learnt_from(labelled, replace(policy, training_rows=len(labelled))).all()
    within_a_month = replace(policy, horizon_days=30)
    assert learnt_from(labelled, replace(within_a_month, training_rows=1)).mean() > 0.2


def test_a_split_learns_from_the_chosen_rows_and_evaluates_all(labelled, company) -> None:
    policy = thinned(company, labelled)
    folds, groups = time_folds(labelled, policy), group_assignments(labelled, 5)
    chosen = learnt_from(labelled, policy)
    whole = splits(labelled, folds, groups, company.rules)
    for split, full in zip(splits(labelled, folds, groups, policy), whole, strict=True):
        assert list(split.train) == [row for row in full.train if chosen[row]]
        assert list(split.test) == list(full.test)
        assert list(split.calibrate) == list(full.calibrate)


@pytest.mark.parametrize("weeks", [18, 20, 26, 40])
def test_no_fold_is_left_without_rows_to_learn_from(labelled, company, weeks: int) -> None:
    """Of many accounts with a short history whole weeks were left out, at times all of a fold."""
    newest = labelled["snapshot_date"].min() + pd.Timedelta(weeks=weeks)
    short = labelled[labelled["snapshot_date"] < newest].reset_index(drop=True)
    policy = thinned(company, short)
    groups, folds = group_assignments(short, 5), time_folds(short, policy)
    assert folds
    for split in splits(short, folds, groups, policy):
        assert short.loc[split.train, "label"].nunique() == 2


def test_each_row_of_the_newest_blocks_is_tested_exactly_once(labelled, company) -> None:
    folds, groups = time_folds(labelled, company.rules), group_assignments(labelled, 5)
    tested = np.concatenate(
        [split.test for split in splits(labelled, folds, groups, company.rules)]
    )
    newest = labelled["snapshot_date"].max()
    expected = labelled.index[labelled["snapshot_date"] > newest - pd.Timedelta(days=84)]
    assert sorted(tested) == sorted(expected)


def test_a_label_complete_on_the_day_before_the_block_is_known_and_on_its_first_day_not() -> None:
    days = pd.Series(pd.to_datetime(["2024-01-01", "2024-01-02"]))
    labelled = pd.DataFrame({"snapshot_date": days})
    fold = TimeFold(1, pd.Timestamp("2024-03-31"), pd.Timestamp("2024-04-28"))
    assert fold.known(labelled["snapshot_date"], horizon_days=90).tolist() == [True, False]
    assert fold.tested(pd.Series([pd.Timestamp("2024-04-01")])).all()


def test_group_assignments_do_not_depend_on_row_order(labelled) -> None:
    shuffled = labelled.sample(frac=1, random_state=3)
    assigned = pd.Series(group_assignments(labelled, 5), index=labelled.index)
    again = pd.Series(group_assignments(shuffled, 5), index=shuffled.index)
    assert assigned.equals(again.sort_index())


def test_each_group_gets_its_share_of_the_accounts_that_churned(labelled) -> None:
    lost = labelled.assign(group=group_assignments(labelled, 5))[labelled["label"]]
    counts = lost.groupby("group")["account_id"].nunique()
    assert counts.max() - counts.min() <= 1


@pytest.mark.parametrize(("weeks", "folds"), [(60, 3), (37, 2), (33, 1), (30, 0)])
def test_a_short_history_gives_fewer_folds_instead_of_a_broken_embargo(
    build_company: Callable, weeks: int, folds: int
) -> None:
    short = build_company(weeks=weeks)
    labelled = label_snapshots(short.snapshots, short.outcomes, CHURN)
    assert len(time_folds(labelled, short.rules)) == folds


def test_a_policy_that_makes_no_sense_is_refused(build_policy: Callable) -> None:
    for wrong in (
        {"horizon_days": 0},
        {"account_groups": 1},
        {"interval_level": 1.0},
        {"calibration": "beta"},
        {"single_feature_auc_limit": 0.5},
    ):
        with pytest.raises(ValueError, match=next(iter(wrong))):
            ModelPolicy.from_frame(build_policy(**wrong))
    with pytest.raises(ValueError, match="one row"):
        ModelPolicy.from_frame(build_policy().iloc[:0])
    with pytest.raises(ValueError, match="fold_days"):
        ModelPolicy.from_frame(build_policy().drop(columns="fold_days"))
