"""The truth is true: what was computed for each week is what then happened, and not a guess."""

import re
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import pytest

from simulator import SimulationSummary
from simulator.assumptions import Assumptions
from simulator.life.latent import build_chain
from simulator.truth.futures import CHANGE_HORIZON, HORIZONS
from tests.simulator.conftest import LargeWorld

PROJECT_ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def weeks(folder: Path, company: SimulationSummary) -> pd.DataFrame:
    """True probabilities of each account and week, and the day on which it left afterwards."""
    return duckdb.sql(
        f"""
        select weeks.*, coalesce((
            select min(churned_on) from '{folder}/truth/churn_causes.csv' as causes
            where causes.account_id = weeks.account_id and churned_on > week_end
        ) - week_end, 100000) as days_until_loss,
        date '{company.end_date}' - week_end as days_seen
        from '{folder}/truth/account_weeks.parquet' as weeks
        """
    ).df()


def area_under_curve(happened: np.ndarray, score: np.ndarray) -> float:
    """Chance that one that happened scores above one that did not; ties count half."""
    ranks = pd.Series(score).rank().to_numpy()
    hits = int(happened.sum())
    return float((ranks[happened].sum() - hits * (hits + 1) / 2) / (hits * (len(happened) - hits)))


def seen(weeks: pd.DataFrame, horizon: int) -> tuple[pd.DataFrame, np.ndarray]:
    """The weeks whose horizon is over, and whether the account left within it."""
    over = weeks[weeks["days_seen"] >= horizon]
    return over, (over["days_until_loss"] <= horizon).to_numpy()


def test_every_row_is_a_probability_that_grows_with_the_horizon(weeks: pd.DataFrame) -> None:
    columns = [f"churn_probability_{horizon}d" for horizon in HORIZONS]
    probabilities = weeks[columns].to_numpy()
    assert (probabilities >= 0).all()
    assert (probabilities <= 1).all()
    assert (np.diff(probabilities, axis=1) >= 0).all()


@pytest.mark.parametrize("horizon", HORIZONS)
def test_as_many_customers_leave_as_the_truth_says(weeks: pd.DataFrame, horizon: int) -> None:
    """Weeks of one account are counted once each: the error is that of its lost customers."""
    over, left = seen(weeks, horizon)
    expected = over[f"churn_probability_{horizon}d"].mean()
    lost_customers = over.loc[left, "account_id"].nunique()
    assert abs(left.mean() / expected - 1) < 3 / np.sqrt(lost_customers)


def test_the_oracle_knows_more_than_any_model_may_and_less_than_everything(
    weeks: pd.DataFrame,
) -> None:
    over, left = seen(weeks, 90)
    oracle = area_under_curve(left, over["churn_probability_90d"].to_numpy())
    assert 0.84 < oracle < 0.94


def test_the_oracle_knows_nothing_of_outcomes_that_were_dealt_anew(weeks: pd.DataFrame) -> None:
    """Three standard errors of a rank sum without ties: else the measure itself is biased."""
    over, left = seen(weeks, 90)
    lost, stayed = int(left.sum()), int((~left).sum())
    error = np.sqrt((lost + stayed + 1) / (12 * lost * stayed))
    shuffled = np.random.default_rng(0).permutation(left)
    found = area_under_curve(shuffled, over["churn_probability_90d"].to_numpy())
    assert found == pytest.approx(0.5, abs=3 * error)


@pytest.mark.parametrize("column", range(len(HORIZONS)), ids=[f"{h} days" for h in HORIZONS])
def test_the_oracle_is_calibrated_within_half_a_percentage_point(
    large: LargeWorld, column: int
) -> None:
    """Mean gap between probability and outcome in ten equal bins, on 6,000 customers."""
    outcome = large.lost_within(HORIZONS[column])
    error = calibration_error(large.weeks.leaving[outcome.is_over, column], outcome.happened)
    assert error < 0.005


def test_the_probabilities_of_buying_more_and_less_are_calibrated_too(large: LargeWorld) -> None:
    for outcome, probability in [
        (large.bought_within(CHANGE_HORIZON), large.weeks.buying),
        (large.shrunk_within(CHANGE_HORIZON), large.weeks.shrinking),
    ]:
        evaluated = probability[outcome.is_over]
        assert calibration_error(evaluated, outcome.happened) < 0.01
        assert area_under_curve(outcome.happened, evaluated) > 0.7


def calibration_error(probability: np.ndarray, happened: np.ndarray) -> float:
    bins = np.array_split(np.argsort(probability, kind="stable"), 10)
    gaps = [abs(probability[rows].sum() - happened[rows].sum()) for rows in bins]
    return float(sum(gaps) / len(probability))


def test_customers_in_poor_health_leave_more(weeks: pd.DataFrame) -> None:
    over, left = seen(weeks, 90)
    fifth = pd.qcut(over["health"], 5, labels=False).to_numpy()
    rates = [left[fifth == number].mean() for number in range(5)]
    assert rates == sorted(rates, reverse=True)
    assert rates[0] > 5 * rates[4]


def test_the_recursion_agrees_with_many_drawn_futures() -> None:
    """The matrix and the draws must be one chain: else the truth is about another company."""
    chain = build_chain(Assumptions())
    assert np.allclose(chain.matrix.sum(axis=1), 1.0)
    rng = np.random.default_rng(3)
    count, steps, begin = 40_000, 6, 25
    level, vacant = np.full(count, begin), np.zeros(count, dtype=bool)
    for _ in range(steps):
        level, vacant, _ = chain.step(rng, level, vacant)
    state = np.zeros(len(chain.matrix))
    state[begin] = 1.0
    for _ in range(steps):
        state = state @ chain.matrix
    levels = len(chain.levels)
    drawn = np.bincount(level + levels * vacant, minlength=2 * levels) / count
    assert np.abs(drawn - state).max() < 4 * np.sqrt(state.max() / count)


def test_every_loss_has_a_cause(folder: Path, company: SimulationSummary) -> None:
    causes = pd.read_csv(folder / "truth" / "churn_causes.csv")
    assert causes["account_id"].nunique() == company.churned_accounts
    assert causes["main_cause"].notna().all()
    assert causes["main_cause"].nunique() >= 6
    assert causes["probability_that_week"].between(0, 1, inclusive="neither").all()


PRODUCT = (
    "dashboards",
    "dbt_project",
    "expectations",
    "ml",
    "orchestration",
    "sources",
    "warehouse",
)


def product_files_with(words: str) -> list[str]:
    """The product's files in which the pattern is found."""
    return [
        str(path.relative_to(PROJECT_ROOT))
        for room in PRODUCT
        for path in sorted((PROJECT_ROOT / room).rglob("*"))
        if path.suffix in {".py", ".sql", ".yml", ".csv"} and re.search(words, path.read_text())
    ]


def test_no_product_code_reads_the_truth(folder: Path) -> None:
    """A model that has seen the answers proves nothing."""
    places = [r"truth[/\\]", r"['\"]truth['\"]"]
    files = [re.escape(path.name) for path in (folder / "truth").iterdir()]
    # The product's own weeks are another table, and an asset of that name.
    tables = [
        r"(?<!int_)(?<!\[GROUP, \")account_weeks",
        "churn_causes",
        "contract_changes",
        "playbook_(effects|enrolments)",
    ]
    # Every data folder has a README and a list of accounts.
    names = set(files) - {re.escape("README.md"), re.escape("accounts.csv")}
    assert product_files_with("|".join([*places, *tables, *sorted(names)])) == []


def test_only_the_benchmark_command_evaluates_by_the_truth() -> None:
    """Evaluation reads the truth for any caller: what it says must not reach a model or a mart."""
    assert product_files_with(r"simulator\.evaluation|simulator import evaluation") == [
        "orchestration/benchmark.py"
    ]
    assert product_files_with(r"orchestration\.benchmark|orchestration import benchmark") == [
        "orchestration/cli.py"
    ]
