"""The page of plots says what the files say, whatever the company has and has not."""

import json
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from matplotlib.text import Text

from simulator import write_company
from simulator.evaluation import EvaluationError
from simulator.evaluation.page import draw_page, measures, write_page
from simulator.evaluation.page.company import Company
from simulator.evaluation.page.style import apart, money, points


@pytest.fixture(scope="module")
def opened(folder: Path) -> Company:
    return Company.open(folder)


@pytest.fixture(scope="module")
def young(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A few customers over half a year."""
    out = tmp_path_factory.mktemp("young") / "company"
    return write_company(out, accounts=80, months=6).folder


def words_of(company: Company) -> str:
    """All that is written on the page."""
    return " ".join(found.get_text() for found in draw_page(company).findobj(Text))  # pyright: ignore[reportAttributeAccessIssue]


def test_movements_add_up_to_the_change_of_mrr(opened: Company) -> None:
    mrr, _ = measures.portfolio(opened)
    moved = measures.movements(opened).sum(axis=1)
    assert np.allclose(mrr.sum(axis=1).diff().dropna(), moved, atol=0.5)
    assert (measures.movements(opened).mean()[["new", "expansion"]] > 0).all()
    assert (measures.movements(opened)[["contraction", "churn"]].to_numpy() <= 0).all()


def test_retention_is_that_of_the_marts_definition(opened: Company) -> None:
    """A closed cohort; revenue above the beginning's counts for NRR alone."""
    rows = measures.retention(opened)
    begins = rows["begins"].max()
    row = rows[(rows["begins"] == begins) & (rows["segment"] == "all")].iloc[0]
    day, later = begins.date(), (begins + pd.DateOffset(years=1)).date()
    mrr = {
        when: opened.table(f"select * from mrr_on(date '{when}')").set_index("account_id")["mrr"]
        for when in (day, later)
    }
    after = mrr[later].reindex(mrr[day].index).fillna(0.0)
    held = np.minimum(after, mrr[day])
    assert row["grr"] == pytest.approx(held.sum() / mrr[day].sum())
    assert row["nrr"] == pytest.approx(after.sum() / mrr[day].sum())
    assert row["logo_churn"] == pytest.approx((~mrr[day].index.isin(mrr[later].index)).mean())


def test_survival_counts_only_those_still_watched() -> None:
    """Kaplan-Meier by hand: of four one leaves at day 10, one unseen from 20 on, one left at 30."""
    rows = pd.DataFrame({"days": [10, 20, 30, 40], "is_lost": [True, False, True, False]})
    curve = measures.kaplan_meier(rows)
    assert curve["share"].to_list() == pytest.approx([1.0, 0.75, 0.375, 0.375])
    assert curve["months"].iloc[-1] == pytest.approx(40 / 30.4375)


def test_those_who_leave_have_used_it_less(opened: Company) -> None:
    level = measures.use_before_leaving(opened)
    assert level.notna().all()
    assert level[level.index <= 4].mean() < level[level.index > 26].mean() < 1.05


def test_every_panel_of_a_whole_company_is_there(opened: Company) -> None:
    written = words_of(opened)
    for finding in (
        "MRR went from",
        "Customers went from",
        "An average month wins",
        "customers leave",
        "customers are still",
        "weekend day",
        "quietest week",
        "Those who leave use it",
        "net promoter score is",
        "where health is good",
        "have a main cause",
        "calibration error",
        "ranks with AUC",
        "true risk of 10%",
        "90-day retention",
        "new onboarding",
    ):
        assert finding in " ".join(written.split())


def test_a_company_younger_than_a_year_says_so(young: Path) -> None:
    assert "this company is younger" in words_of(Company.open(young))


def test_a_company_without_experiments_or_mess_leaves_their_panels_out(
    young: Path, tmp_path: Path
) -> None:
    plain = tmp_path / "company"
    shutil.copytree(young, plain)
    for name in ("playbook_effects.csv", "programme.json", "mess.csv"):
        (plain / "truth" / name).unlink()
    assert "What was tried" not in words_of(Company.open(plain))


def test_the_same_company_gives_the_same_file(young: Path, tmp_path: Path) -> None:
    """A page in a repository must not change because a day has passed."""
    pictures = [tmp_path / f"{number}.html" for number in (1, 2)]
    for picture in pictures:
        write_page(young, picture)
    assert pictures[0].read_bytes() == pictures[1].read_bytes()
    assert "<svg" in pictures[0].read_text()
    assert sorted(tmp_path.iterdir()) == pictures


def test_what_cannot_be_drawn_is_refused(young: Path, tmp_path: Path) -> None:
    with pytest.raises(EvaluationError, match="ends in none of"):
        write_page(young, tmp_path / "page.docx")
    with pytest.raises(EvaluationError, match="holds no simulated company"):
        write_page(tmp_path, tmp_path / "page.png")
    broken = tmp_path / "broken"
    (broken / "truth").mkdir(parents=True)
    (broken / "truth" / "simulation.json").write_text(json.dumps({}))
    with pytest.raises(EvaluationError, match="needs a table"):
        write_page(broken, tmp_path / "page.png")


def test_labels_keep_their_distance_and_their_order() -> None:
    assert np.diff(apart([3.0, 1.0, 1.1], 0.5)[[1, 2, 0]]).min() >= 0.5 - 1e-6
    assert apart([1.0, 5.0], 0.5).tolist() == [1.0, 5.0]


def test_numbers_are_short_and_have_true_minus_signs() -> None:
    assert [money(value) for value in (950, 12_400, -1_240_000)] == [
        "$950",
        "$12k",
        "\N{MINUS SIGN}$1.2m",
    ]
    assert [points(value) for value in (0.04, -1.26, 3)] == ["0.0", "\N{MINUS SIGN}1.3", "+3.0"]
