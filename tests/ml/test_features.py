"""From the warehouse's frames to labelled rows: types, unknowns, duplicates."""

from decimal import Decimal

import numpy as np
import pandas as pd
import pytest

from ml.panel.features import choose_features
from ml.panel.labels import label_snapshots
from ml.serving.served import as_floats, feature_matrix
from ml.targets.churn import TARGET as CHURN


def test_a_snapshot_whose_horizon_is_not_over_is_not_a_training_row(company) -> None:
    labelled = label_snapshots(company.snapshots, company.outcomes, CHURN)
    newest = labelled["snapshot_date"].max()
    assert newest + pd.Timedelta(days=90) <= pd.Timestamp(company.as_of_date)
    assert len(labelled) == company.outcomes["churned_within_horizon"].notna().sum()


def test_who_stayed_lost_no_dollars_and_an_unknown_loss_stays_unknown() -> None:
    keys = {"account_id": ["a", "b", "c"], "snapshot_date": ["2024-01-07"] * 3}
    outcomes = pd.DataFrame(
        keys | {"churned_within_horizon": [True, False, True], "churned_mrr": [10, 20, None]}
    )
    labelled = label_snapshots(pd.DataFrame(keys), outcomes, CHURN)
    assert labelled["label_amount"].fillna(-1).tolist() == [10, 0, -1]


def test_an_account_that_stands_twice_on_one_date_is_refused(company) -> None:
    doubled = pd.concat([company.snapshots, company.snapshots.iloc[:1]])
    with pytest.raises(ValueError, match="snapshots: an account and date"):
        label_snapshots(doubled, company.outcomes, CHURN)


@pytest.mark.parametrize(
    "column",
    [
        pd.Series([Decimal("1.5"), None, Decimal(0)], dtype=object),
        pd.Series([1.5, np.inf, 0.0]),
        pd.Series([1.5, pd.NA, 0], dtype="Float64"),
    ],
    ids=["decimals from a database", "infinite", "nullable"],
)
def test_columns_of_any_kind_become_floats_with_nan_for_unknown(column: pd.Series) -> None:
    values = as_floats(column)
    assert values[0] == 1.5
    assert np.isnan(values[1])
    assert values[2] == 0


@pytest.mark.parametrize(
    "column",
    [
        pd.Series([True, None, False], dtype=object),
        pd.Series([True, None, False], dtype="boolean"),
    ],
    ids=["object", "nullable"],
)
def test_booleans_become_one_and_zero(column: pd.Series) -> None:
    assert np.array_equal(as_floats(column), [1.0, np.nan, 0.0], equal_nan=True)


def test_a_column_that_is_gone_is_unknown_instead_of_an_error() -> None:
    assert np.isnan(feature_matrix(pd.DataFrame({"a": [1.0]}), ("gone",))).all()


def test_features_without_information_are_left_out_with_the_reason(company) -> None:
    labelled = label_snapshots(company.snapshots, company.outcomes, CHURN).assign(share=1.0)
    seed = pd.concat(
        [company.signals, company.signals.iloc[:1].assign(signal="absent")], ignore_index=True
    )
    choice = choose_features(labelled, seed, CHURN)
    assert choice.used == ("usage", "tickets", "noise_1", "noise_2")
    assert choice.left_out == {
        "silent": "unknown for every snapshot",
        "share": "the same for every snapshot",
        "absent": "not a column of the snapshots",
    }


def test_knowing_or_not_knowing_a_constant_is_information() -> None:
    labelled = pd.DataFrame({"share": [1.0, np.nan]})
    seed = pd.DataFrame({"signal": ["share"], "is_model_feature": ["true"], "risk_when": ["low"]})
    assert choose_features(labelled, seed, CHURN).used == ("share",)


def test_each_feature_is_bound_to_the_direction_of_its_own_row(company) -> None:
    labelled = label_snapshots(company.snapshots, company.outcomes, CHURN).assign(tickets=0.0)
    choice = choose_features(labelled, company.signals[::-1], CHURN)
    assert dict(zip(choice.used, choice.trends, strict=True)) == {
        "noise_2": 0,
        "noise_1": 0,
        "share": -1,
        "usage": -1,
    }


def test_an_undefined_direction_is_refused_instead_of_read_as_free(company) -> None:
    seed = company.signals.replace({"risk_when": {"low": "lower"}})
    with pytest.raises(ValueError, match="risk_when must be one of"):
        choose_features(label_snapshots(company.snapshots, company.outcomes, CHURN), seed, CHURN)
