"""The judge is fair: each figure is what a hand would compute, each row counts once or not at all.

Most companies here are four customers written by hand; the last tests judge on the company that
the simulator writes.
"""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import roc_auc_score

from simulator.evaluation import (
    EvaluationError,
    EvaluationResult,
    metrics,
    read_predictions,
    score_predictions,
)
from simulator.evaluation.observables import score_observables
from simulator.evaluation.result import compare
from simulator.evaluation.truth import Truth

SUNDAY = "2026-03-01"
# b leaves on the last day of the horizon, c one day later, d on the day itself and again later.
LOSSES = {"b": ["2026-05-30"], "c": ["2026-05-31"], "d": ["2026-03-01", "2026-09-20"]}
WEEKS = [
    ("a", SUNDAY, 0.01),
    ("b", SUNDAY, 0.30),
    ("c", SUNDAY, 0.20),
    ("d", "2026-07-05", 0.40),
    ("a", "2026-11-01", 0.01),
]


@pytest.fixture
def tiny(tmp_path: Path) -> Path:
    """A company of four customers."""
    truth = tmp_path / "company" / "truth"
    truth.mkdir(parents=True)
    weeks = pd.DataFrame(WEEKS, columns=["account_id", "week_end", "probability"])
    weeks["week_end"] = pd.to_datetime(weeks["week_end"]).dt.date
    for horizon in (30, 60, 90, 180):
        weeks[f"churn_probability_{horizon}d"] = weeks["probability"]
    weeks.drop(columns="probability").to_parquet(truth / "account_weeks.parquet")
    lost = [(account, day) for account, days in LOSSES.items() for day in days]
    pd.DataFrame(lost, columns=["account_id", "churned_on"]).to_csv(truth / "churn_causes.csv")
    pd.DataFrame({"account_id": list("abcd")}).to_csv(truth / "accounts.csv")
    (truth / "simulation.json").write_text(json.dumps({"end_date": "2026-12-31"}))
    return truth.parent


def predicted(*rows: tuple[object, ...], column: str = "probability") -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["account_id", "as_of_date", column])


def evaluated(folder: Path, table: pd.DataFrame, horizon_days: int = 90) -> EvaluationResult:
    return score_predictions(table, folder, horizon_days, samples=20)


def test_the_area_under_the_curve_counts_pairs_and_halves_ties() -> None:
    left = np.array([True, False, True, False])
    risk = np.array([0.9, 0.5, 0.5, 0.1])
    assert area(left, risk) == pytest.approx(3.5 / 4)


def area(left: np.ndarray, risk: np.ndarray, weight: np.ndarray | None = None) -> float:
    ranking = metrics.Ranking.of(risk)
    in_order = (np.ones(len(left)) if weight is None else weight)[ranking.order]
    lost = in_order * left[ranking.order]
    return metrics.area_under_curve(ranking.grouped(in_order), ranking.grouped(lost))


def test_the_area_under_the_curve_is_the_one_that_everybody_uses() -> None:
    """With weights and ties, as the bootstrap needs it."""
    random = np.random.default_rng(1)
    left, risk = random.random(500) < 0.2, random.integers(20, size=500) / 20
    weight = random.integers(3, size=500).astype(float)
    assert area(left, risk, weight) == pytest.approx(
        roc_auc_score(left, risk, sample_weight=weight)
    )


def test_lift_compares_the_riskiest_tenth_with_all() -> None:
    left = np.zeros(20)
    left[[0, 5, 10, 15]] = 1
    # Among the two riskiest of twenty one is lost; of all, one in five.
    assert metrics.top_decile_lift(np.ones(20), left) == pytest.approx(2.5)


def test_a_constant_score_has_no_lift_however_rows_are_ordered() -> None:
    """Else a score that says nothing would profit from a file sorted by outcome."""
    assert metrics.top_decile_lift(np.array([40.0]), np.array([4.0])) == pytest.approx(1.0)


def test_bins_of_calibration_hold_equally_many_rows_each() -> None:
    probability = np.repeat([0.8, 0.1], [10, 90])
    left = np.repeat([True, False, True, False], [6, 4, 9, 81])
    bins = metrics.reliability(left, probability)
    assert bins["predicted"].to_list() == pytest.approx([0.8] + [0.1] * 9)
    assert bins["observed"].to_list() == pytest.approx([0.6] + [0.1] * 9)
    assert metrics.expected_calibration_error(left, probability) == pytest.approx(0.02)


def test_the_slope_says_how_much_too_sure_probabilities_are() -> None:
    random = np.random.default_rng(2)
    log_odds = random.normal(-1, 1, 40_000)
    left = random.random(40_000) < 1 / (1 + np.exp(-log_odds))
    honest = metrics.recalibration(left, 1 / (1 + np.exp(-log_odds)))
    assert honest == pytest.approx((1.0, 0.0), abs=0.05)
    slope, _ = metrics.recalibration(left, 1 / (1 + np.exp(-2 * log_odds)))
    assert slope == pytest.approx(0.5, abs=0.03)
    _, intercept = metrics.recalibration(left, 1 / (1 + np.exp(-log_odds + 0.7)))
    assert intercept == pytest.approx(0.7, abs=0.05)


def test_weeks_of_one_customer_do_not_pass_for_many_customers() -> None:
    """A file with every row four times over is no more certain."""
    random = np.random.default_rng(3)
    left, risk, oracle = random.random(60) < 0.3, random.random(60), random.random(60)
    once = compare(left, risk, oracle, np.arange(60), samples=100)
    four = [np.tile(values, 4) for values in (left, risk, oracle, np.arange(60))]
    often = compare(*four, samples=100)
    assert often["auc"] == once["auc"]
    assert once["auc"].low < once["auc"].value < once["auc"].high


def test_a_loss_counts_from_the_next_day_to_the_last_of_the_horizon(tiny: Path) -> None:
    truth = Truth.read(tiny)
    asked = pd.Series(["a", "b", "c", "d"])
    left = truth.left(asked, pd.Series(pd.to_datetime([SUNDAY] * 4)))
    assert left.tolist() == [False, True, False, False]


def test_one_who_came_back_is_judged_by_the_next_loss(tiny: Path) -> None:
    day = pd.Series(pd.to_datetime(["2026-07-05", "2026-06-21", "2026-06-22"]))
    assert Truth.read(tiny).left(pd.Series(["d", "d", "d"]), day).tolist() == [True, False, True]


def test_a_verdict_counts_rows_customers_and_losses(tiny: Path) -> None:
    result = evaluated(
        tiny, predicted(("a", SUNDAY, 0.1), ("b", SUNDAY, 0.2), ("d", "2026-07-05", 0.05))
    )
    assert (result.rows, result.accounts, result.days) == (3, 3, 2)
    assert (result.losses, result.lost_accounts) == (2, 2)
    # Of three customers on the Sunday in March and one in July, c was not told about.
    assert result.coverage == 0.75
    # b above a, d below it; the oracle has both above.
    assert result.auc.value == 0.5
    assert result.oracle_auc.value == 1.0
    assert result.share.value == 0.5
    assert result.skill_share.value == 0.0


def test_rows_that_cannot_be_judged_are_left_out_and_counted(tiny: Path) -> None:
    """Not yet over is no stay; a customer that left on that very Sunday is none any more."""
    result = evaluated(
        tiny,
        predicted(
            ("a", SUNDAY, 0.1), ("b", SUNDAY, 0.2), ("a", "2026-11-01", 0.1), ("d", SUNDAY, 0.9)
        ),
    )
    assert result.rows == 2
    assert sorted(result.left_out.values()) == [1, 1]


@pytest.mark.parametrize(
    ("row", "message"),
    [
        (("z", SUNDAY, 0.1), "row 2: account_id 'z' is no account"),
        (("b", "2026-03-02", 0.1), "row 2: as_of_date '2026-03-02' is no Sunday"),
        (("b", "soon", 0.1), "row 2: as_of_date 'soon' is no day"),
        (("b", "2026-03-01T12:00", 0.1), "row 2: as_of_date '2026-03-01T12:00' is no day"),
        (("b", SUNDAY, 1.2), "row 2: probability '1.2' lies outside 0 to 1"),
        (("b", SUNDAY, None), "row 2: probability is no number"),
        (("b", SUNDAY, "high"), "row 2: probability 'high' is no number"),
        (("a", SUNDAY, 0.2), "row 2: account_id 'a' has two predictions for one day"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_broken_row_is_refused_by_its_number(
    tiny: Path, row: tuple[object, ...], message: str
) -> None:
    """A row that is dropped in silence would make a file look better than it is."""
    table = predicted(("a", SUNDAY, 0.1), row).astype({"probability": object})
    with pytest.raises(EvaluationError) as errors:
        score_predictions(table, tiny, name="mine.csv")
    assert str(errors.value).startswith(f"mine.csv, {message}")


def test_missing_columns_are_named(tiny: Path) -> None:
    with pytest.raises(EvaluationError, match="no column as_of_date, probability or health_score"):
        evaluated(tiny, pd.DataFrame({"account_id": ["a"]}))


def test_nothing_to_judge_is_said(tiny: Path) -> None:
    with pytest.raises(
        EvaluationError, match="nothing can be judged: 1 rows whose horizon is not over"
    ):
        evaluated(tiny, predicted(("a", "2026-11-01", 0.1)))
    with pytest.raises(EvaluationError, match="of 1 rows 0 were followed by a loss"):
        evaluated(tiny, predicted(("a", SUNDAY, 0.1)))


def test_an_unknown_horizon_and_a_folder_without_truth_are_refused(
    tiny: Path, tmp_path: Path
) -> None:
    with pytest.raises(EvaluationError, match="30, 60, 90, 180 days ahead, not 45"):
        evaluated(tiny, predicted(("a", SUNDAY, 0.1)), horizon_days=45)
    with pytest.raises(EvaluationError, match="holds no simulated company"):
        evaluated(tmp_path, predicted(("a", SUNDAY, 0.1)))


def test_a_file_of_another_kind_is_refused(tmp_path: Path) -> None:
    with pytest.raises(EvaluationError, match=r"neither \.csv nor \.parquet"):
        read_predictions(tmp_path / "scores.xlsx")
    with pytest.raises(EvaluationError, match="cannot be read"):
        read_predictions(tmp_path / "absent.csv")
    (tmp_path / "broken.parquet").write_text("no parquet")
    with pytest.raises(EvaluationError, match="cannot be read"):
        read_predictions(tmp_path / "broken.parquet")


def test_text_and_parquet_give_one_verdict(tiny: Path, tmp_path: Path) -> None:
    table = predicted(("a", SUNDAY, 0.1), ("b", SUNDAY, 0.25), ("c", SUNDAY, 0.3))
    table.to_csv(tmp_path / "rows.csv", index=False)
    table.astype({"as_of_date": "datetime64[ms]"}).to_parquet(tmp_path / "rows.parquet")
    results = [
        evaluated(tiny, read_predictions(tmp_path / f"rows.{kind}")) for kind in ("csv", "parquet")
    ]
    assert results[0] == results[1]


@pytest.fixture(scope="module")
def oracle(folder: Path) -> pd.DataFrame:
    """The truth of the simulator's company, dressed up as somebody's predictions."""
    weeks = Truth.read(folder).evaluated_weeks()
    return weeks.rename(columns={"week_end": "as_of_date", "oracle": "probability"})


def test_the_oracle_reaches_all_of_its_own_skill(folder: Path, oracle: pd.DataFrame) -> None:
    result = evaluated(folder, oracle)
    for share in (result.share, result.skill_share):
        assert (share.low, share.value, share.high) == (1.0, 1.0, 1.0)
    assert result.calibration == result.oracle_calibration
    assert result.coverage == 1.0


def test_guesses_have_no_skill(folder: Path, oracle: pd.DataFrame) -> None:
    """Dealt out anew, the same probabilities rank at chance; three standard errors of chance."""
    guesses = oracle.assign(
        probability=np.random.default_rng(4).permutation(oracle["probability"].to_numpy())
    )
    result = evaluated(folder, guesses)
    stayed = result.rows - result.losses
    error = np.sqrt((result.rows + 1) / (12 * result.losses * stayed))
    assert abs(result.auc.value - 0.5) < 3 * error
    assert result.calibration is not None
    assert result.calibration.slope == pytest.approx(0.0, abs=0.1)


def test_a_health_score_is_ranked_upside_down(folder: Path, oracle: pd.DataFrame) -> None:
    """More health is less risk; and it is no probability, however much it looks like one."""
    score = oracle.assign(health_score=1 - oracle["probability"]).drop(columns="probability")
    result = evaluated(folder, score)
    assert result.share.value == pytest.approx(1.0)
    assert result.calibration is None
    reversed_ = evaluated(folder, score.assign(health_score=-score["health_score"]))
    assert reversed_.auc.value == pytest.approx(1 - result.auc.value)


def test_an_observable_is_ranked_by_its_risky_side() -> None:
    """Low is bad, high is bad, or nobody can say: then the better side counts."""
    rows = pd.DataFrame(
        {
            "left": [True, True, False, False],
            "oracle": [0.9, 0.8, 0.2, 0.1],
            "users": [1.0, 2.0, 3.0, 4.0],
            "tickets": [1.0, 2.0, 3.0, 4.0],
            "price": [4.0, 3.0, 2.0, 1.0],
            "answers": [None, 1.0, None, None],
        }
    )
    sides = {"users": "low", "tickets": "high", "price": "either", "answers": "low"}
    table = score_observables(rows, sides)
    assert table["auc"].to_dict() == {"users": 1.0, "price": 1.0, "answers": 0.5, "tickets": 0.0}
    assert table.loc["answers", "known"] == 0.25
    assert table["skill_share"].to_dict()["users"] == table["lift_share"].to_dict()["users"] == 1.0
