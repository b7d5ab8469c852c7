"""Past weeks: what a model of that time says is a forecast, what a later one says is not."""

from datetime import date, timedelta

import pandas as pd
import pytest

from ml.models.training import TrainedModel
from ml.past import HINDCAST_COLUMNS, WeekScoring, score_week
from ml.serving.scoring import PREDICTION_COLUMNS
from ml.targets.churn import TARGET
from tests.ml.conftest import Company
from tests.ml.test_pipeline import MemoryRegistry


def score(registry: MemoryRegistry, company: Company, week_end: date, *digests: str) -> WeekScoring:
    snapshots = company.snapshots
    of_week = snapshots[snapshots["snapshot_date"] == pd.Timestamp(week_end)]
    signals, policy = company.signals, company.policy
    return score_week(TARGET, registry, of_week, signals, policy, week_end, digests)


@pytest.fixture
def registry(trained: TrainedModel) -> MemoryRegistry:
    """A champion trained as of the company's newest week."""
    registry = MemoryRegistry()
    registry.promote(registry.register(trained), "Champion.")
    return registry


def test_a_model_scores_the_week_of_its_training_as_a_forecast(
    registry: MemoryRegistry, company: Company
) -> None:
    scored = score(registry, company, company.as_of_date)
    assert list(scored.forecasts.columns) == PREDICTION_COLUMNS
    assert len(scored.forecasts) == len(company.latest)
    assert scored.hindcasts.empty


def test_a_week_before_any_model_is_a_hindcast(registry: MemoryRegistry, company: Company) -> None:
    """The champion may have learnt how that week ended: as a forecast it would look too good."""
    earlier = company.as_of_date - timedelta(days=28)
    scored = score(registry, company, earlier)
    assert scored.forecasts.empty
    assert list(scored.hindcasts.columns) == HINDCAST_COLUMNS
    assert set(scored.hindcasts["trained_as_of_date"]) == {company.as_of_date}
    assert "hindcasts" in scored.summary


def test_a_week_that_was_scored_alike_is_not_scored_again(
    registry: MemoryRegistry, company: Company
) -> None:
    first = score(registry, company, company.as_of_date)
    digest = first.forecasts["input_digest"].iloc[0]
    assert score(registry, company, company.as_of_date, digest).forecasts.empty


def test_without_accounts_or_a_model_nothing_is_scored(
    registry: MemoryRegistry, company: Company
) -> None:
    years_before = company.as_of_date - timedelta(days=7 * 520)
    assert "no account was open" in score(registry, company, years_before).summary
    registry.clear_champion()
    registry.versions.clear()
    assert "there is no churn model" in score(registry, company, company.as_of_date).summary
