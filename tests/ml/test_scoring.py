"""Predictions as the warehouse stores them."""

import json
from dataclasses import replace
from datetime import timedelta

import numpy as np
import pandas as pd
import pytest

from ml.serving.scoring import PREDICTION_COLUMNS, ScoringTask
from ml.targets.churn import TARGET as CHURN


def task(company, trained, rows: pd.DataFrame, **changes) -> ScoringTask:
    as_of_date = changes.get("as_of_date", company.as_of_date)
    return ScoringTask(CHURN, trained.model, "7", rows, company.signals, 3, as_of_date)


def score(company, trained, rows: pd.DataFrame, **changes) -> pd.DataFrame:
    return task(company, trained, rows, **changes).predictions()


def test_each_open_account_gets_one_probability_with_reasons(company, trained) -> None:
    scored = score(company, trained, company.latest)
    assert list(scored.columns) == PREDICTION_COLUMNS
    assert scored["account_id"].is_unique
    assert len(scored) == len(company.latest)
    assert scored["probability"].between(0, 1).all()
    assert set(scored["model_version"]) == {"7"}
    assert all(len(json.loads(drivers)) == 3 for drivers in scored["drivers"])


def test_the_order_of_rows_and_of_columns_changes_no_bit(company, trained) -> None:
    expected = score(company, trained, company.latest)
    shuffled = company.latest.sample(frac=1, random_state=1)
    backwards = shuffled[shuffled.columns[::-1]]
    pd.testing.assert_frame_equal(score(company, trained, backwards), expected, check_exact=True)


def test_the_digest_follows_what_decides_the_predictions_and_nothing_else(company, trained) -> None:
    digest = task(company, trained, company.latest).input_digest
    shuffled = company.latest.sample(frac=1, random_state=1).assign(unused=1)
    assert task(company, trained, shuffled).input_digest == digest
    others = [
        task(company, trained, company.latest.iloc[1:]),
        task(company, trained, company.latest.assign(usage=0.5)),
        task(company, trained, company.latest, as_of_date=company.as_of_date + timedelta(1)),
        replace(task(company, trained, company.latest), model_version="8"),
        replace(task(company, trained, company.latest), drivers_per_account=2),
    ]
    assert len({digest, *(other.input_digest for other in others)}) == len(others) + 1


def test_a_missing_column_and_integers_are_scored_without_complaint(company, trained) -> None:
    rows = company.latest.drop(columns="share").astype({"usage": "int64"})
    assert np.isfinite(score(company, trained, rows)["probability"]).all()


def test_no_open_account_gives_an_empty_frame(company, trained) -> None:
    assert score(company, trained, company.latest.iloc[:0]).empty


def test_a_model_from_the_future_is_refused(company, trained) -> None:
    """Scoring an earlier day with it would use facts that were not known yet."""
    with pytest.raises(ValueError, match="cannot score"):
        score(company, trained, company.latest, as_of_date=company.as_of_date - timedelta(1))


def test_an_account_that_stands_twice_is_refused(company, trained) -> None:
    with pytest.raises(ValueError, match="more than once"):
        score(company, trained, pd.concat([company.latest, company.latest.iloc[:1]]))
