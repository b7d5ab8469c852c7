"""Scorecards on trial: figures by hand, intervals by accounts, and no figure without evidence."""

from __future__ import annotations

import time

import numpy as np
import pandas as pd
import pytest

from ml.backtest import BacktestPolicy, assemble, backtest
from ml.backtest.panel import HISTORY, LAST_TIER, MODEL, OUT_OF_TIME, RENEWAL_ONLY, SLOPE_ONLY
from ml.backtest.ranking import Ranking

POLICY = BacktestPolicy(
    horizon_days=90,
    months_back=24,
    alert_share=0.1,
    days_early=60,
    minimum_outcomes=1,
    bootstrap_samples=200,
    interval_level=0.95,
)


NAMES = ["good", "fair", "poor"]


def company(
    accounts: int = 300, dates: int = 12, seed: int = 3
) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame, np.ndarray]:
    """Accounts with a true risk, scorecards that know it well, badly, and not at all."""
    random = np.random.default_rng(seed)
    danger = random.normal(0, 1, accounts)
    probability = 1 / (1 + np.exp(3 - 1.5 * danger))
    days = pd.date_range("2024-01-31", periods=dates, freq="ME")
    keys = pd.MultiIndex.from_product([days, [f"a{n}" for n in range(accounts)]])
    churned = random.random((dates, accounts)) < probability
    wait = random.integers(1, 91, (dates, accounts))
    outcomes = pd.DataFrame(
        {
            "snapshot_date": keys.get_level_values(0),
            "account_id": keys.get_level_values(1),
            "churned": churned.ravel(),
            "churn_date": keys.get_level_values(0) + pd.to_timedelta(wait.ravel(), unit="D"),
            "mrr": np.tile(random.lognormal(6, 1, accounts), dates),
            "days_to_renewal": np.tile(random.integers(1, 365, accounts), dates),
            "usage_slope": np.tile(-danger + random.normal(0, 3, accounts), dates),
        }
    )
    noises = {"good": 0.3, "fair": 1.0, "poor": 4.0}
    scores = pd.concat(
        [
            outcomes[["account_id", "snapshot_date"]].assign(
                scorecard=name,
                health_score=np.tile(50 - 10 * (danger + random.normal(0, noise, accounts)), dates),
                tier_bound=None,
            )
            for name, noise in noises.items()
        ],
        ignore_index=True,
    )
    is_shown = scores["scorecard"] == "fair"
    scores.loc[is_shown, "tier_bound"] = scores["health_score"].floordiv(20).mul(20)
    predictions = outcomes[["account_id", "snapshot_date"]].assign(
        probability=np.tile(probability, dates)
    )
    return outcomes, scores, predictions[outcomes["snapshot_date"] >= days[-3:][0]], probability


def test_an_auc_compares_accounts_of_one_date_and_ties_count_half() -> None:
    """Over all dates together, a season in which everybody leaves would pass for foresight."""
    day = np.array([0, 0, 0, 1, 1])
    risk = np.array([3.0, 2.0, 2.0, 9.0, 8.0])
    churned = np.array([0.0, 1.0, 0.0, 0.0, 1.0])
    # day 0: below the first, tied with the third; day 1: below
    assert Ranking.of(risk, day).auc(churned, 1 - churned) == pytest.approx(0.5 / 3)
    assert np.isnan(Ranking.of(risk, day).auc(np.zeros(5), np.ones(5)))


def test_a_budget_that_divides_equal_risks_gives_them_an_equal_chance() -> None:
    day = np.array([0, 0, 0, 0, 1, 1])
    risk = np.array([1.0, 5.0, 2.0, 2.0, 7.0, np.nan])
    assert list(Ranking.of(risk, day).alerts(0.5)) == [0, 1, 0.5, 0.5, 0.5, 0.5]


def test_an_unknown_risk_stands_in_the_middle_of_its_date() -> None:
    risk, day = np.array([1.0, 2.0, 3.0, np.nan]), np.zeros(4, dtype=int)
    churned = np.array([0.0, 0.0, 0.0, 1.0])
    assert Ranking.of(risk, day).auc(churned, 1 - churned) == 0.5


def test_churned_money_is_caught_by_any_alert_that_is_early_enough() -> None:
    """An alert in the week before is no help, and two early ones save the contract once."""
    rows = [
        # account, date, churn date, MRR, score: 1 of 2 accounts a date is alerted
        ("early", "2025-01-31", "2025-04-15", 100.0, 10.0),
        ("early", "2025-02-28", "2025-04-15", 100.0, 90.0),
        ("late", "2025-01-31", "2025-04-20", 300.0, 90.0),
        ("late", "2025-02-28", "2025-04-20", 300.0, 10.0),
    ]
    frame = pd.DataFrame(
        rows, columns=["account_id", "snapshot_date", "churn_date", "mrr", "health_score"]
    )
    outcomes = frame.assign(churned=True, days_to_renewal=None, usage_slope=None)
    scores = frame.assign(scorecard="s", tier_bound=None)
    policy = BacktestPolicy(90, 24, 0.5, 60, 2, 10, 0.95)
    rows = assemble(outcomes, scores, pd.DataFrame(), ["s", "never_scored"])
    table = backtest(rows, policy).set_index("predictor")
    assert (table.loc["s", "outcomes"], table.loc["s", "early_outcomes"]) == (2, 2)
    assert table.loc["s", "early_share"] == 100 / 400
    assert table.loc["s", "lift"] == 1
    # a predictor that knows no account has no figure
    for unknowing in (RENEWAL_ONLY, "never_scored"):
        assert not table.loc[unknowing, "is_proven"]
        assert np.isnan(table.loc[unknowing, "auc"])


def test_all_are_judged_on_the_same_rows_and_ranked_as_the_truth_does() -> None:
    outcomes, scores, predictions, _ = company()
    table = backtest(assemble(outcomes, scores, predictions, NAMES), POLICY)
    history = table[table["row_set"] == HISTORY].set_index("predictor")
    assert set(history.index) == {"good", "fair", "poor", LAST_TIER, RENEWAL_ONLY, SLOPE_ONLY}
    assert list(history.loc[["good", "fair", "poor"], "auc"].rank()) == [3, 2, 1]
    assert history["dates"].eq(12).all() and history["accounts"].eq(300).all()
    assert (history["auc_low"] < history["auc"]).all() and (
        history["auc"] < history["auc_high"]
    ).all()
    assert history.loc[RENEWAL_ONLY, "auc_low"] < 0.5 < history.loc[RENEWAL_ONLY, "auc_high"]
    newest = table[table["row_set"] == OUT_OF_TIME].set_index("predictor")
    assert newest["dates"].eq(3).all()
    assert newest.loc[MODEL, "auc"] > newest.loc["fair", "auc"]
    assert newest.loc[MODEL, "kind"] == "model"


def test_intervals_draw_accounts_not_rows() -> None:
    """Twelve dates of one customer are not twelve customers."""
    outcomes, scores, _, _ = company(dates=1)
    copies = [
        frame.assign(snapshot_date=frame["snapshot_date"] + pd.Timedelta(days=30 * month))
        for frame in (outcomes, scores)
        for month in range(6)
    ]
    once = backtest(assemble(outcomes, scores, pd.DataFrame(), NAMES), POLICY).set_index(
        "predictor"
    )
    often = backtest(
        assemble(pd.concat(copies[:6]), pd.concat(copies[6:]), pd.DataFrame(), NAMES), POLICY
    ).set_index("predictor")
    width = (once["auc_high"] - once["auc_low"])["fair"]
    assert (often["auc_high"] - often["auc_low"])["fair"] == pytest.approx(width, rel=0.15)


def test_without_enough_outcomes_a_predictor_is_unproven() -> None:
    outcomes, scores, _, _ = company()
    scores = scores[
        (scores["scorecard"] != "good")
        | (scores["snapshot_date"] > outcomes["snapshot_date"].max())
    ]
    few = BacktestPolicy(90, 24, 0.1, 60, 10_000, 10, 0.95)
    table = backtest(assemble(outcomes, scores, pd.DataFrame(), NAMES), few)
    assert not table["is_proven"].any()
    assert table[["auc", "lift", "early_share"]].isna().all(axis=None)


def test_money_caught_early_needs_as_many_churns_as_an_auc_does() -> None:
    """Eleven churns with an early date put one scorecard at 71 % and the next at 1 %."""
    outcomes, scores, _, _ = company(dates=2)
    early = (outcomes["churn_date"] - outcomes["snapshot_date"]).dt.days >= POLICY.days_early
    is_early = outcomes["churned"] & early
    outcomes["churned"] &= ~early | (is_early.cumsum() <= 11)
    policy = BacktestPolicy(90, 24, 0.1, 60, 12, 10, 0.95)
    table = backtest(assemble(outcomes, scores, pd.DataFrame(), NAMES), policy)
    assert table["is_proven"].all() and table["early_outcomes"].eq(11).all()
    assert table["early_share"].isna().all() and table["lift"].notna().all()


def test_an_empty_past_gives_no_row() -> None:
    outcomes, scores, _, _ = company(accounts=3)
    assert backtest(assemble(outcomes[:0], scores[:0], pd.DataFrame(), NAMES), POLICY).empty


def test_a_thousand_accounts_take_seconds() -> None:
    outcomes, scores, predictions, _ = company(accounts=1000, dates=24)
    started = time.process_time()
    backtest(assemble(outcomes, scores, predictions, NAMES), POLICY)
    assert time.process_time() - started < 10
