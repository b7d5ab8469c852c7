"""A second target needs a file of its own in ml/targets, and changes no other."""

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from ml.models.baseline import health_score_rank
from ml.models.training import TrainedModel
from ml.panel.features import choose_features
from ml.pipeline import score, train
from ml.serving.explain import contradicts, read_signals
from ml.serving.registry import ModelRegistry
from ml.targets import TARGETS, Target, Words
from ml.targets.churn import TARGET as CHURN
from tests.ml.conftest import Company
from tests.ml.test_pipeline import MemoryRegistry

ML = Path(__file__).resolve().parents[2] / "ml"
EXPANSION = Target(
    name="expansion",
    description="Probability that a customer expands within the horizon.",
    outcomes="fct_expansion_outcomes",
    label_column="expanded_within_horizon",
    money_column="expansion_mrr",
    words=Words("expansion model", "expansion", "expanded", unlikely="against it: "),
    rises_with_risk=False,
)


@pytest.fixture(scope="module")
def expanding(company: Company) -> Company:
    """The company whose accounts expand where the other's churn."""
    names = {CHURN.label_column: "expanded_within_horizon", CHURN.money_column: "expansion_mrr"}
    return replace(company, outcomes=company.outcomes.rename(columns=names))


def test_targets_are_found_by_their_files_and_named_like_them() -> None:
    assert [target.name for target in TARGETS] == ["churn"]
    for target in TARGETS:
        assert (ML / "targets" / f"{target.name}.py").exists()


def test_the_code_of_all_targets_names_none() -> None:
    """What knows one target would have to be written again for the next."""
    naming = [
        str(path.relative_to(ML))
        for path in ML.rglob("*.py")
        # The trial of scorecards is about who leaves, whatever else is predicted.
        if path.parent.name != "backtest"
        # At a word's start: fightchurn is a data set.
        and any(re.search(rf"\b{target.name}", path.read_text(), re.I) for target in TARGETS)
    ]
    assert naming == [f"targets/{target.name}.py" for target in TARGETS]


def test_another_target_is_trained_scored_and_described_in_its_own_words(
    expanding: Company, trained: TrainedModel
) -> None:
    registry = MemoryRegistry()
    # Its signals point the same way here, so that each number must be that of the churn model.
    target = replace(EXPANSION, rises_with_risk=True)
    training = train(target, registry, *expanding.frames)
    assert set(training.models["target"]) == set(training.evaluations["target"]) == {"expansion"}
    pd.testing.assert_frame_equal(
        training.evaluations[list(trained.evaluations)], trained.evaluations, check_exact=True
    )
    assert "of them expanded" in training.summary
    scored = score(target, registry, *expanding.latest_frames).predictions
    assert set(scored["target"]) == {"expansion"}
    assert not scored["drivers"].str.contains("in its favour").any()
    small = replace(expanding, snapshots=expanding.snapshots.iloc[:0])
    none = train(target, registry, *small.frames)
    assert none.summary.startswith("No expansion model: no snapshot has an outcome yet")
    assert registry.champion() is None


def test_a_target_that_follows_health_turns_trends_score_and_phrases_around(
    company: Company, expanding: Company
) -> None:
    labelled = expanding.panel(EXPANSION).labelled
    loss = choose_features(labelled, company.signals, CHURN)
    growth = choose_features(labelled, company.signals, EXPANSION)
    assert growth.used == loss.used
    assert growth.trends == tuple(-trend for trend in loss.trends)
    falling = pd.DataFrame({"health_score": [100.0, 25.0, np.nan]})
    assert health_score_rank(falling, True)[:2].tolist() == [0, 0.75]
    assert health_score_rank(falling, False)[:2].tolist() == [1, 0.25]
    assert np.isnan(health_score_rank(falling, False)[2])
    # Much use raises the probability of growth, which is no rise of risk.
    usage = read_signals(company.signals)["usage"]
    assert not contradicts(usage, 100.0, 10.0, 10.0, raises_risk=False)
    assert contradicts(usage, 100.0, 10.0, 10.0, raises_risk=True)


def test_the_versions_of_two_targets_do_not_meet(
    trained: TrainedModel, tmp_path: Path, new_store: Callable[[Path], str]
) -> None:
    places = (new_store(tmp_path), tmp_path / "files")
    first = ModelRegistry(CHURN, "acme", *places)
    second = ModelRegistry(EXPANSION, "acme", *places)
    assert (first.name, second.name) == ("churn-acme", "expansion-acme")
    first.promote(first.register(trained), "Champion.")
    assert second.champion() is None
    assert second.find(trained.fingerprint, trained.panel.as_of_date) is None
