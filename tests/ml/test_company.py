"""Training as a company lives through it: reuse, promotion, interruption, no model at all."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pandas as pd
import pytest

from ml.churn import score_company, train_company
from ml.churn.company import CompanyTraining, ModelRecord
from ml.churn.promotion import Contender, decide_promotion
from ml.churn.training import TrainedChurn


class MemoryRegistry:
    """A registry that forgets everything at the end of the test."""

    def __init__(self) -> None:
        self.versions: dict[str, TrainedChurn] = {}
        self.reasons: dict[str, str] = {}
        self.alias: str | None = None

    def find(self, fingerprint: str) -> str | None:
        return next((v for v, t in self.versions.items() if t.fingerprint == fingerprint), None)

    def register(self, trained: TrainedChurn) -> str:
        version = str(len(self.versions) + 1)
        self.versions[version] = trained
        return version

    def champion(self) -> str | None:
        return self.alias

    def load(self, version: str) -> Contender:
        trained = self.versions[version]
        return Contender(version, trained.model, trained.out_of_time)

    def promote(self, version: str, reason: str) -> None:
        self.reasons[version] = reason
        self.alias = version

    def keep(self, version: str, reason: str) -> None:
        self.reasons[version] = reason

    def stand_down(self) -> None:
        self.alias = None

    def evaluations(self, version: str) -> pd.DataFrame:
        return self.versions[version].evaluations

    def records(self) -> Sequence[ModelRecord]:
        return [
            ModelRecord(
                model_version=version,
                status="champion" if version == self.alias else "challenger",
                reason=f"{trained.trust.reason} {self.reasons.get(version, '')}",
                has_earned_trust=trained.trust.has_earned_trust,
                trained_as_of_date=trained.data.as_of_date,
                horizon_days=trained.model.horizon_days,
                snapshot_count=trained.data.snapshot_count,
                account_count=trained.data.account_count,
                churned_account_count=trained.data.churned_account_count,
                base_rate=trained.data.base_rate,
                fingerprint=trained.fingerprint,
                trained_at=datetime.now(UTC),
            )
            for version, trained in self.versions.items()
        ]


def run(registry: MemoryRegistry, company) -> CompanyTraining:
    return train_company(
        registry,
        company.snapshots,
        company.outcomes,
        company.signals,
        company.policy,
        company.as_of_date,
    )


@pytest.fixture
def registry() -> MemoryRegistry:
    return MemoryRegistry()


def test_the_first_model_serves_at_once_and_a_second_run_reuses_it(registry, company) -> None:
    first, second = run(registry, company), run(registry, company)
    assert (first.champion_version, first.is_reused) == ("1", False)
    assert (second.champion_version, second.is_reused) == ("1", True)
    assert len(registry.versions) == 1
    pd.testing.assert_frame_equal(first.evaluations, second.evaluations, check_exact=True)


def test_a_run_killed_before_the_promotion_goes_on_from_there(registry, company, trained) -> None:
    registry.register(trained)
    finished = run(registry, company)
    assert (finished.champion_version, finished.is_reused) == ("1", True)


def test_too_few_losses_leave_one_row_that_says_so_and_nobody_is_scored(
    registry, company, build_company: Callable
) -> None:
    run(registry, company)
    small = build_company(accounts=20)
    verdict = run(registry, small)
    assert verdict.models["status"].tolist() == ["none"]
    assert verdict.models["has_earned_trust"].tolist() == [False]
    assert "30 are needed" in verdict.summary
    assert verdict.evaluations.empty
    assert verdict.champion_version is None
    scored = score_company(registry, small.latest, small.signals, small.policy, small.as_of_date)
    assert scored.empty
    assert "churn_probability" in scored


def test_the_champion_scores(registry, company) -> None:
    run(registry, company)
    scored = score_company(
        registry, company.latest, company.signals, company.policy, company.as_of_date
    )
    assert set(scored["model_version"]) == {"1"}
    assert len(scored) == len(company.latest)


def test_exactly_one_champion_stands_among_the_models(registry, company) -> None:
    run(registry, company.until(company.as_of_date - timedelta(days=7)))
    both = run(registry, company)
    assert len(both.models) == 2
    assert (both.models["status"] == "champion").sum() == 1
    assert set(both.evaluations["model_version"]) == {both.champion_version, "2"}


def contender(trained: TrainedChurn, version: str, **changes) -> Contender:
    return replace(Contender(version, trained.model, trained.out_of_time), **changes)


def decide(company, trained, challenger: Contender, champion: Contender, **policy):
    rules = replace(company.rules, **policy)
    return decide_promotion(challenger, champion, trained.data.labelled, rules, company.as_of_date)


def test_a_challenger_must_beat_the_champion_on_rows_that_neither_has_seen(
    company, trained
) -> None:
    guessing = trained.out_of_time.assign(
        lightgbm=trained.out_of_time["lightgbm"].sample(frac=1, random_state=0).to_numpy()
    )
    good, poor = contender(trained, "1"), contender(trained, "2", out_of_time=guessing)
    assert decide(company, trained, good, poor).is_promoted
    assert not decide(company, trained, poor, good).is_promoted
    assert not decide(company, trained, good, good).is_promoted
    assert not decide(company, trained, good, poor, promotion_margin=0.9).is_promoted


def test_a_champions_final_model_is_judged_only_on_days_after_it_was_trained(
    company, trained
) -> None:
    """On earlier rows it has seen how the account went on, and would look too good."""
    newest = trained.out_of_time.query("fold == 1")
    unlogged = trained.out_of_time.query("fold > 1")
    trained_on = sorted(newest["snapshot_date"].unique())[2]
    model = replace(trained.model, trained_as_of_date=str(trained_on.date()))
    champion = contender(trained, "1", model=model, out_of_time=unlogged)
    later = (newest["snapshot_date"] >= trained_on).sum()
    assert (
        f"on {later:,} snapshots"
        in decide(company, trained, contender(trained, "2"), champion).reason
    )


def test_without_rows_that_both_have_not_seen_the_champion_stays(company, trained) -> None:
    champion = contender(trained, "1", out_of_time=trained.out_of_time.iloc[:0])
    verdict = decide(company, trained, contender(trained, "2"), champion)
    assert not verdict.is_promoted
    assert "neither version has seen" in verdict.reason


def test_a_champion_from_the_future_or_of_another_horizon_gives_way(company, trained) -> None:
    tomorrow = replace(
        trained.model, trained_as_of_date=str(company.as_of_date + timedelta(days=1))
    )
    other = replace(trained.model, horizon_days=60)
    for model in (tomorrow, other):
        champion = contender(trained, "1", model=model)
        assert decide(company, trained, contender(trained, "2"), champion).is_promoted
