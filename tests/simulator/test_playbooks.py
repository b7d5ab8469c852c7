"""Playbooks: their effects are what was planted, and only a draw shows them."""

import numpy as np
import pandas as pd
import pytest

from simulator.life.playbooks import ARMS, DRAWN, HELD_OUT, PLAYBOOKS
from simulator.life.prospects import Prospects
from simulator.truth.experiments import EVERY_BAND, playbook_effects, programme_change
from simulator.truth.futures import retention_from_the_start
from tests.simulator.conftest import LargeWorld


@pytest.fixture(scope="module")
def effects(large: LargeWorld) -> pd.DataFrame:
    """Effects over all bands of risk, by playbook."""
    table = playbook_effects(large.world).to_pandas()
    return table[table["risk_band"] == EVERY_BAND].set_index("playbook")


def test_one_playbook_helps_one_does_nothing_and_one_harms(effects: pd.DataFrame) -> None:
    true_effect = effects["true_effect_pp"]
    assert true_effect["at-risk outreach"] == pytest.approx(6.0, abs=0.3)
    assert true_effect["onboarding acceleration"] == 0
    assert true_effect["executive review"] < -1


def test_the_harm_falls_on_customers_at_low_risk(large: LargeWorld) -> None:
    enrolments = large.world.lifecycles.enrolments
    reviewed = enrolments.playbook == PLAYBOOKS.index("executive review")
    is_low = enrolments.leaving_untreated < large.world.rules.review_harms_below
    harm = enrolments.leaving_treated - enrolments.leaving_untreated
    assert (harm[reviewed & is_low] > 0).all()
    assert (harm[reviewed & ~is_low] == 0).all()


@pytest.mark.parametrize("playbook", PLAYBOOKS)
def test_the_draw_recovers_the_true_effect(effects: pd.DataFrame, playbook: str) -> None:
    found = effects.loc[playbook]
    gap = found["drawn_difference_pp"] - found["true_effect_pp"]
    assert abs(gap) < 3 * found["drawn_standard_error_pp"]


def test_the_naive_comparison_calls_the_one_that_helps_harmful(effects: pd.DataFrame) -> None:
    """The list holds those at risk: comparing them with the others measures the list."""
    found = effects.loc["at-risk outreach"]
    assert found["naive_difference_pp"] < 0 < found["true_effect_pp"]
    harmful = effects.loc["executive review"]
    assert harmful["true_effect_pp"] < -1 < 0 < harmful["naive_difference_pp"]


@pytest.mark.parametrize("arm", [HELD_OUT, DRAWN], ids=ARMS[:2])
def test_as_many_of_each_arm_leave_as_was_computed_for_it(large: LargeWorld, arm: int) -> None:
    """The effect is summed over all futures: here is what happened in the one that came."""
    enrolments = large.world.lifecycles.enrolments
    mine = (enrolments.arm == arm) & (enrolments.playbook == PLAYBOOKS.index("at-risk outreach"))
    churns = large.world.lifecycles.churns
    expected = (enrolments.leaving_untreated if arm == HELD_OUT else enrolments.leaving_treated)[
        mine
    ]
    # Rows whose thirteen weeks are over.
    over = enrolments.day[mine] + 90 <= large.world.calendar.end
    left = np.array(
        [
            ((churns.account == account) & (churns.day >= day) & (churns.day <= day + 90)).any()
            for account, day in zip(enrolments.account[mine], enrolments.day[mine], strict=True)
        ]
    )
    error = np.sqrt((expected * (1 - expected))[over].sum())
    assert abs(left[over].sum() - expected[over].sum()) < 3 * error


def test_half_of_each_band_that_was_drawn_is_held_out(large: LargeWorld) -> None:
    """Stratified: a band that happens to be treated more would pass for an effect."""
    enrolments = large.world.lifecycles.enrolments
    frame = pd.DataFrame(
        {
            "wave": enrolments.day,
            "playbook": enrolments.playbook,
            "band": enrolments.band,
            "held": (enrolments.arm == HELD_OUT).astype(int),
            "drawn": (enrolments.arm == DRAWN).astype(int),
        }
    )
    sums = frame.groupby(["wave", "playbook", "band"])[["held", "drawn"]].sum()
    assert ((sums["held"] - sums["drawn"]).abs() <= 1).all()
    assert len(sums) > 50


def test_a_customer_is_on_one_list_at_a_time(large: LargeWorld) -> None:
    enrolments = large.world.lifecycles.enrolments
    pairs = pd.DataFrame({"account": enrolments.account, "day": enrolments.day})
    assert not pairs.duplicated().any()


def test_managers_choose_by_health(large: LargeWorld) -> None:
    """Else comparing the treated with the untreated of a list would be right by itself."""
    enrolments = large.world.lifecycles.enrolments
    outreach = enrolments.playbook == PLAYBOOKS.index("at-risk outreach")
    chosen, passed_over = (
        enrolments.leaving_untreated[outreach & (enrolments.arm == ARMS.index(arm))].mean()
        for arm in ("chosen", "not chosen")
    )
    assert chosen > 1.2 * passed_over


@pytest.fixture(scope="module")
def programme(large: LargeWorld) -> dict:
    return programme_change(large.world)


def test_the_new_onboarding_keeps_more_and_is_faster(programme: dict) -> None:
    assert programme["first_year_retention"]["effect_pp"] > 2
    assert programme["days_to_value"]["effect_days"] < -10


def test_the_mix_of_customers_changes_on_the_same_day(programme: dict) -> None:
    before, after = programme["segment_shares_before"], programme["segment_shares_after"]
    assert after["smb"] - before["smb"] > 0.12


def test_as_many_new_customers_stay_a_year_as_was_computed(large: LargeWorld) -> None:
    """The programme's effect is a difference of such sums."""
    world = large.world
    population, calendar = world.population, world.calendar
    chosen = np.flatnonzero(
        (population.signed_day >= calendar.start) & (population.signed_day + 365 <= calendar.end)
    )
    prospects = Prospects.of(
        population, chosen, population.signed_day[chosen], population.first_renewal[chosen]
    )
    expected = retention_from_the_start(prospects, 52, calendar, world.chain, world.rules)
    churns = world.lifecycles.churns
    stayed = np.array(
        [
            not ((churns.account == account) & (churns.day <= day + 365)).any()
            for account, day in zip(chosen, population.signed_day[chosen], strict=True)
        ]
    )
    error = np.sqrt((expected * (1 - expected)).sum())
    assert abs(stayed.sum() - expected.sum()) < 3 * error
