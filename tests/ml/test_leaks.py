"""What alone ranks churn too well to be honest is not learnt from, and people are warned."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from ml.panel.features import choose_features
from ml.panel.labels import label_snapshots
from ml.panel.leaks import leave_out_leaks, single_auc
from ml.pipeline import train
from ml.targets.churn import TARGET as CHURN
from tests.ml.conftest import Company
from tests.ml.test_pipeline import MemoryRegistry

ENOUGH = 30
SIGNAL = "offboarding_items_done"


def with_leak(company: Company) -> Company:
    """A CRM column as it is today, joined to each week of an account: a count for who has left."""
    lost = company.outcomes.loc[company.outcomes["churned_within_horizon"].eq(True), "account_id"]
    row = company.signals.iloc[:1].assign(signal=SIGNAL, label="Offboarding", risk_when="high")
    return replace(
        company,
        snapshots=company.snapshots.assign(
            **{SIGNAL: np.where(company.snapshots["account_id"].isin(lost), 4.0, 0.0)}
        ),
        signals=pd.concat([company.signals, row], ignore_index=True),
    )


def test_a_column_that_knows_the_outcome_is_left_out_with_the_reason(company) -> None:
    leaky = with_leak(company)
    labelled = label_snapshots(leaky.snapshots, leaky.outcomes, CHURN)
    offered = choose_features(labelled, leaky.signals, CHURN)
    choice = leave_out_leaks(labelled, offered, leaky.rules, "churn")
    assert choice.suspected == (SIGNAL,)
    assert choice.left_out[SIGNAL] == (
        "alone ranks churn with AUC 1.00, and 0.90 or more is not plausible: "
        "it looks as if it knew the outcome"
    )
    assert SIGNAL in offered.used
    honest = choose_features(labelled, company.signals, CHURN)
    assert (choice.used, choice.trends) == (honest.used, honest.trends)


def test_the_model_is_the_one_that_never_saw_the_column(company, trained) -> None:
    """Naming a leak and learning from it all the same would help no reader."""
    model = with_leak(company).trained()
    assert model.model.booster.model_to_string() == trained.model.booster.model_to_string()
    pd.testing.assert_frame_equal(model.evaluations, trained.evaluations, check_exact=True)
    pd.testing.assert_frame_equal(model.out_of_time, trained.out_of_time, check_exact=True)


def test_readers_of_the_models_reason_are_warned(company, trained) -> None:
    """The reason stands in the app and in `tenure status`; a reused version must not hide it."""
    registry = MemoryRegistry()
    for each in (company, with_leak(company)):
        training = train(CHURN, registry, *each.frames)
    assert SIGNAL in training.left_out_features
    reason = training.models.set_index("model_version").loc["2", "reason"]
    assert f"Not learnt from: {SIGNAL}," in reason
    assert trained.panel.warning == ""


def test_a_company_with_nothing_but_a_leak_has_no_model_and_a_reason(company) -> None:
    leaky = with_leak(company)
    training = train(
        CHURN,
        MemoryRegistry(),
        leaky.snapshots,
        leaky.outcomes,
        leaky.signals.iloc[-1:],
        leaky.policy,
        leaky.as_of_date,
    )
    assert training.champion_version is None
    assert f"Not learnt from: {SIGNAL}," in training.summary


@pytest.fixture
def weeks() -> pd.DataFrame:
    """Twenty weeks of 100 accounts; those of the first 40 end there, in churn."""
    frame = pd.DataFrame(
        {
            "account": np.repeat([f"a{number:03d}" for number in range(100)], 20),
            "week": np.tile(np.arange(20), 100),
        }
    )
    frame["lost"] = np.repeat(np.arange(100) < 40, 20)
    frame["churned"] = frame["lost"] & (frame["week"] >= 15)
    return frame


def best(weeks: pd.DataFrame, values: pd.Series) -> float | None:
    churned = weeks["churned"].to_numpy()
    return single_auc(values.to_numpy(dtype=float), churned, weeks["account"], ENOUGH)


def test_each_way_to_know_the_outcome_is_caught(weeks: pd.DataFrame) -> None:
    """By its value or by being known, of the next weeks or of the account for ever."""
    lost, churned = weeks["lost"], weeks["churned"]
    random = pd.Series(np.random.default_rng(1).normal(size=len(weeks)))
    assert best(weeks, lost + 0.1 * random) > 0.99
    assert best(weeks, -(churned + 0.1 * random)) > 0.99
    assert best(weeks, random.where(lost)) == 1
    assert best(weeks, random.where(~churned)) == 1


def test_an_honest_signal_stays(weeks: pd.DataFrame) -> None:
    """Signals of trouble rank well in the last weeks; that is what they are for."""
    random = pd.Series(np.random.default_rng(2).normal(size=len(weeks)))
    assert best(weeks, random) < 0.6
    assert 0.7 < best(weeks, random + 1.2 * weeks["churned"]) < 0.9
    assert best(weeks, pd.Series(1.0, index=weeks.index)) == 0.5


def test_an_account_counts_once_however_long_it_was_there(weeks: pd.DataFrame) -> None:
    """A customer of ten years has 500 snapshots: alone he could make or unmake a leak."""
    values = weeks["lost"].astype(float)
    giant = weeks.iloc[[-1]].assign(account="giant")
    many = pd.concat([weeks, *[giant] * 4_000], ignore_index=True)
    found = best(many, pd.concat([values, pd.Series(np.ones(4_000))], ignore_index=True))
    assert found > 0.99


def test_a_handful_of_lost_accounts_is_no_evidence(weeks: pd.DataFrame) -> None:
    few = weeks[~weeks["lost"] | weeks["account"].isin([f"a{n:03d}" for n in range(29)])]
    assert best(few.reset_index(drop=True), few["lost"].astype(float)) is None
