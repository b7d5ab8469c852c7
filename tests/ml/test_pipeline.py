"""Training over a company's life: reuse, promotion, interruption, lost files, no model at all."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pandas as pd
import pytest

from ml.models.training import TrainedModel
from ml.pipeline import ModelFilesMissing, ModelRecord, Scoring, Training, score, train
from ml.serving.promotion import Candidate, decide_promotion
from ml.targets.churn import TARGET as CHURN


class MemoryRegistry:
    """A registry in memory; versions in `missing` have lost their files."""

    def __init__(self) -> None:
        self.versions: dict[str, TrainedModel] = {}
        self.reasons: dict[str, str] = {}
        self.alias: str | None = None
        self.missing: set[str] = set()
        self.marked: set[str] = set()

    def find(self, fingerprint: str, as_of_date: date) -> str | None:
        matching = [
            version
            for version, trained in self.versions.items()
            if trained.fingerprint == fingerprint and trained.panel.as_of_date <= as_of_date
        ]
        return next((v for v in matching if v not in self.marked), None)

    def register(self, trained: TrainedModel) -> str:
        version = str(len(self.versions) + 1)
        self.versions[version] = trained
        return version

    def champion(self) -> str | None:
        return self.alias

    def load(self, version: str) -> Candidate:
        if version in self.missing:
            raise ModelFilesMissing(version)
        trained = self.versions[version]
        return Candidate(version, trained.model, trained.out_of_time)

    def promote(self, version: str, reason: str) -> None:
        self.reasons[version] = reason
        self.alias = version

    def reject_challenger(self, version: str, reason: str) -> None:
        self.reasons[version] = reason

    def clear_champion(self) -> None:
        self.alias = None

    def mark_files_missing(self, version: str, reason: str) -> None:
        self.reasons[version] = reason
        self.marked.add(version)

    def evaluations(self, version: str) -> pd.DataFrame:
        return self.versions[version].evaluations

    def records(self) -> Sequence[ModelRecord]:
        return [
            ModelRecord(
                model_version=version,
                status="champion" if version == self.alias else "challenger",
                reason=f"{trained.gate.reason} {self.reasons.get(version, '')}",
                passes_quality_gate=trained.gate.passes_quality_gate,
                trained_as_of_date=trained.panel.as_of_date,
                horizon_days=trained.model.horizon_days,
                snapshot_count=trained.panel.snapshot_count,
                account_count=trained.panel.account_count,
                positive_account_count=trained.panel.positive_account_count,
                base_rate=trained.panel.base_rate,
                fingerprint=trained.fingerprint,
                trained_at=datetime.now(UTC),
            )
            for version, trained in self.versions.items()
        ]


def run(registry: MemoryRegistry, company) -> Training:
    return train(CHURN, registry, *company.frames)


def run_scoring(registry: MemoryRegistry, company, newest_digest: str | None = None) -> Scoring:
    return score(CHURN, registry, *company.latest_frames, newest_digest=newest_digest)


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


def test_too_few_losses_leave_one_row_that_says_so_and_no_account_is_scored(
    registry, company, build_company: Callable
) -> None:
    run(registry, company)
    small = build_company(accounts=20)
    result = run(registry, small)
    assert result.models["status"].tolist() == ["none"]
    assert result.models["passes_quality_gate"].tolist() == [False]
    assert "30 are needed" in result.summary
    assert result.evaluations.empty
    assert result.champion_version is None
    scored = run_scoring(registry, small).predictions
    assert scored.empty
    assert "probability" in scored


def test_the_champion_scores(registry, company) -> None:
    run(registry, company)
    scored = run_scoring(registry, company).predictions
    assert set(scored["model_version"]) == {"1"}
    assert len(scored) == len(company.latest)


def test_exactly_one_champion_stands_among_the_models(registry, company) -> None:
    run(registry, company.until(company.as_of_date - timedelta(days=7)))
    both = run(registry, company)
    assert len(both.models) == 2
    assert (both.models["status"] == "champion").sum() == 1
    assert set(both.evaluations["model_version"]) == {both.champion_version, "2"}


def test_going_back_a_day_within_a_label_week_scores_that_day(registry, company) -> None:
    """The same rows have labels on both days: the version of the later day was found again, stayed
    champion, and could not score the earlier one."""
    day_before = company.as_of_date - timedelta(days=1)
    later = run(registry, company)
    *frames, _ = company.frames
    back = [train(CHURN, registry, *frames, day_before) for _ in range(2)]
    assert registry.versions["1"].fingerprint == registry.versions["2"].fingerprint
    assert (later.champion_version, back[0].champion_version) == ("1", "2")
    assert (back[0].is_reused, back[1].is_reused) == (False, True)
    *latest, _ = company.latest_frames
    assert len(score(CHURN, registry, *latest, day_before).predictions) == len(company.latest)
    # forward again, with nothing to tell the two apart
    assert run(registry, company).champion_version == "2"
    assert len(registry.versions) == 2


def candidate(trained: TrainedModel, version: str, **changes) -> Candidate:
    return replace(Candidate(version, trained.model, trained.out_of_time), **changes)


def decide(company, trained, challenger: Candidate, champion: Candidate, **policy):
    rules = replace(company.rules, **policy)
    return decide_promotion(challenger, champion, trained.panel.labelled, rules, company.as_of_date)


def test_a_challenger_must_beat_the_champion_on_rows_that_neither_has_seen(
    company, trained
) -> None:
    guessing = trained.out_of_time.assign(
        lightgbm=trained.out_of_time["lightgbm"].sample(frac=1, random_state=0).to_numpy()
    )
    good, poor = candidate(trained, "1"), candidate(trained, "2", out_of_time=guessing)
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
    champion = candidate(trained, "1", model=model, out_of_time=unlogged)
    later = (newest["snapshot_date"] >= trained_on).sum()
    assert (
        f"on {later:,} snapshots"
        in decide(company, trained, candidate(trained, "2"), champion).reason
    )


def test_without_rows_that_both_have_not_seen_the_champion_stays(company, trained) -> None:
    champion = candidate(trained, "1", out_of_time=trained.out_of_time.iloc[:0])
    result = decide(company, trained, candidate(trained, "2"), champion)
    assert not result.is_promoted
    assert "neither version has seen" in result.reason


def test_a_champion_from_the_future_or_of_another_horizon_gives_way(company, trained) -> None:
    tomorrow = replace(
        trained.model, trained_as_of_date=str(company.as_of_date + timedelta(days=1))
    )
    other = replace(trained.model, horizon_days=60)
    for model in (tomorrow, other):
        champion = candidate(trained, "1", model=model)
        assert decide(company, trained, candidate(trained, "2"), champion).is_promoted


def test_the_same_inputs_are_not_scored_again_and_others_are(registry, company) -> None:
    """A run in which nothing changed must not append the same rows once more."""
    run(registry, company)
    first = run_scoring(registry, company)
    digest = first.predictions["input_digest"].iloc[0]
    again = run_scoring(registry, company, digest)
    assert (again.is_unchanged, len(again.predictions)) == (True, 0)

    busier = company.latest.assign(usage=company.latest["usage"] + 1)
    renamed = company.signals.replace({"phrase_low": {"few active users": "hardly any users"}})
    for latest, signals in ((busier, company.signals), (company.latest, renamed)):
        other = score(
            CHURN,
            registry,
            latest,
            signals,
            company.policy,
            company.as_of_date,
            newest_digest=digest,
        )
        assert not other.is_unchanged
        assert len(other.predictions) == len(latest)


def test_a_champion_whose_files_are_gone_stands_aside_when_scoring(registry, company) -> None:
    """An emptied artifact folder must not end each night's run."""
    run(registry, company)
    registry.missing.add("1")
    scored = run_scoring(registry, company)
    assert registry.champion() is None
    assert scored.predictions.empty
    assert scored.models is not None
    [row] = scored.models.to_dict("records")
    assert (row["model_version"], row["status"]) == ("none", "none")
    assert row["reason"] == (
        "No churn model: the files of version 1 are gone from the artifact folder. "
        "The next training run makes a new model."
    )


@pytest.mark.parametrize("is_scored_between", [False, True])
def test_training_replaces_a_champion_whose_files_are_gone(
    registry, company, is_scored_between: bool
) -> None:
    """The same data have the same fingerprint, so that the lost version would be found again."""
    run(registry, company)
    registry.missing.add("1")
    if is_scored_between:
        run_scoring(registry, company)
    training = run(registry, company)
    assert (training.champion_version, training.is_reused) == ("2", False)
    reasons = training.models.set_index("model_version")["reason"]
    assert "the files of version 1 are gone" in reasons["1"]
    if not is_scored_between:
        assert "the files of version 1 are gone" in reasons["2"]
    assert set(training.evaluations["model_version"]) == {"2"}
