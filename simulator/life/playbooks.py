"""Playbooks as experiments: who is listed, whom the draw holds out, whom managers choose.

Every quarter a wave begins. Accounts are listed by a perceived risk, which is their true one seen
through noise, or by where they are in their onboarding. Most of those listed are drawn: half of
each band is treated, half is held out. The others are left to their managers, who choose by
health, so that comparing the treated with the rest is wrong. A treatment ends with its wave.

Whether an account is treated depends on chance and on the state of its health alone, never on
what anybody has seen, so that the truth can be summed over all waves to come.
"""

from dataclasses import dataclass, fields

import numpy as np

from simulator.assumptions import Assumptions
from simulator.calendar import add_months
from simulator.life.leaving import logistic
from simulator.life.prospects import Prospects, WeeklyChances

OUTREACH, ONBOARDING, REVIEW = range(3)
PLAYBOOKS = ("at-risk outreach", "onboarding acceleration", "executive review")
BANDS = ("low", "middle", "high", "critical")
HELD_OUT, DRAWN, CHOSEN, NOT_CHOSEN = range(4)
ARMS = ("held out", "drawn", "chosen", "not chosen")

# Treatments that change anything; the acceleration of an onboarding does not.
UNTREATED, REACHED_OUT, REVIEWED = range(3)
_LEAST = 1e-9


def treatment_shifts(rules: Assumptions) -> np.ndarray:
    """What each treatment adds to the log-odds of leaving."""
    return np.array([0.0, rules.outreach_shift, rules.review_shift])


@dataclass(frozen=True)
class Wave:
    """A wave for some customers, in every state (customers x states) they may be in when it begins.

    `leaving[t]`: probability of leaving within the wave under treatment t, no other wave coming.
    """

    monday: int
    health: np.ndarray
    leaving: np.ndarray
    is_onboarding: np.ndarray
    is_reviewed: np.ndarray


@dataclass(frozen=True)
class Enrolments:
    """One entry per account on a wave's list; `leaving_…` are probabilities within the wave."""

    account: np.ndarray
    day: np.ndarray
    playbook: np.ndarray
    band: np.ndarray
    arm: np.ndarray
    leaving_untreated: np.ndarray
    leaving_treated: np.ndarray

    @property
    def is_treated(self) -> np.ndarray:
        return (self.arm == DRAWN) | (self.arm == CHOSEN)

    @classmethod
    def joined(cls, waves: "list[Enrolments]") -> "Enrolments":
        """The lists of several waves as one."""
        whole, part = np.zeros(0, dtype=np.int64), np.zeros(0)
        empty = cls(whole, whole, whole, whole, whole, part, part)
        return cls(
            *(
                np.concatenate([getattr(wave, entry.name) for wave in [empty, *waves]])
                for entry in fields(cls)
            )
        )


def is_wave(week: int, rules: Assumptions) -> bool:
    return week >= rules.first_wave_week and (week - rules.first_wave_week) % rules.wave_weeks == 0


def plan_wave(chances: WeeklyChances, prospects: Prospects, monday: int) -> Wave:
    """What a wave beginning on a Monday means for each customer in each state.

    Computed backwards from the wave's last week, when no account can leave within it any more.
    """
    rules = chances.rules
    shifts = treatment_shifts(rules)
    renewals = [prospects.renewal_from(monday)]
    for week in range(1, rules.wave_weeks):
        renewals.append(_next_renewal(prospects, renewals[-1], monday + 7 * week))
    shape = (prospects.size, len(shifts), chances.states)
    leaving = np.zeros(shape)
    for week in reversed(range(rules.wave_weeks)):
        chance, _ = chances.leaving(prospects, monday + 7 * week, renewals[week], shifts)
        gone = chance + (1.0 - chance) * rules.merger
        later = (leaving.reshape(-1, chances.states) @ chances.matrix.T).reshape(shape)
        leaving = gone + (1.0 - gone) * later
    since = monday - prospects.spell_start
    return Wave(
        monday=monday,
        health=chances.health(prospects, monday),
        # Rounded, so that no decision hangs on the last bits of a sum.
        leaving=np.round(leaving.transpose(1, 0, 2), 9),
        is_onboarding=prospects.is_behind & (since < rules.onboarding_days),
        is_reviewed=prospects.is_reviewed,
    )


def _next_renewal(prospects: Prospects, renewal_day: np.ndarray, monday: int) -> np.ndarray:
    past = renewal_day < monday
    return np.where(past, add_months(renewal_day, prospects.term_months), renewal_day)


def treatment_chances(wave: Wave, rules: Assumptions) -> np.ndarray:
    """Probability of coming under each treatment but none, (2 x customers x states)."""
    odds = _log_odds(wave.leaving[UNTREATED])
    listed = logistic((odds - _band_edges(rules)[1]) / rules.perception_noise)
    by_risk = ~wave.is_onboarding[:, None]
    outreach = listed * by_risk * _treating(wave.health, OUTREACH, rules)
    review = (1.0 - listed) * by_risk * wave.is_reviewed[:, None] * rules.review_share
    review = review * _treating(wave.health, REVIEW, rules)
    is_harmed = wave.leaving[UNTREATED] < rules.review_harms_below
    return np.stack([outreach, review * is_harmed])


def _treating(health: np.ndarray, playbook: int, rules: Assumptions) -> np.ndarray:
    """Probability of being treated once listed."""
    name = PLAYBOOKS[playbook]
    choosing = logistic(rules.choice_base[name] + rules.choice_slope[name] * health)
    return rules.drawn_share * 0.5 + (1.0 - rules.drawn_share) * choosing


def enrol(
    wave: Wave,
    accounts: np.ndarray,
    state: np.ndarray,
    rules: Assumptions,
    rng: np.random.Generator,
) -> tuple[Enrolments, np.ndarray]:
    """The wave's list of `accounts` (the wave's customers, in `state`), and their treatments."""
    rows = np.arange(len(accounts))
    health = wave.health[rows, state]
    leaving = wave.leaving[:, rows, state]
    perceived = _log_odds(leaving[UNTREATED]) + rules.perception_noise * _logistic_noise(
        rng, len(rows)
    )
    edges = _band_edges(rules)
    band = (perceived[:, None] >= edges).sum(axis=1)
    is_invited = wave.is_reviewed & (rng.random(len(rows)) < rules.review_share)
    playbook = np.where(band >= 2, OUTREACH, np.where(is_invited, REVIEW, -1))
    playbook = np.where(wave.is_onboarding, ONBOARDING, playbook)

    is_drawn = rng.random(len(rows)) < rules.drawn_share
    is_treated = _draw_half(playbook * len(BANDS) + band, is_drawn, rng)
    choosing = np.zeros(len(rows))
    for code, name in enumerate(PLAYBOOKS):
        mine = playbook == code
        choosing[mine] = logistic(rules.choice_base[name] + rules.choice_slope[name] * health[mine])
    is_chosen = rng.random(len(rows)) < choosing
    arm = np.where(
        is_drawn, np.where(is_treated, DRAWN, HELD_OUT), np.where(is_chosen, CHOSEN, NOT_CHOSEN)
    )
    is_on = (arm == DRAWN) | (arm == CHOSEN)
    is_harmed = leaving[UNTREATED] < rules.review_harms_below
    effective = np.where(
        playbook == OUTREACH,
        REACHED_OUT,
        np.where((playbook == REVIEW) & is_harmed, REVIEWED, UNTREATED),
    )
    listed = np.flatnonzero(playbook >= 0)
    enrolments = Enrolments(
        account=accounts[listed],
        day=np.full(len(listed), wave.monday),
        playbook=playbook[listed],
        band=band[listed],
        arm=arm[listed],
        leaving_untreated=leaving[UNTREATED, listed],
        leaving_treated=leaving[effective[listed], listed],
    )
    return enrolments, np.where((playbook >= 0) & is_on, effective, UNTREATED)


def _draw_half(stratum: np.ndarray, is_drawn: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Half of those drawn in each stratum; of an odd number one more or one fewer, by lot."""
    lot = np.where(is_drawn, rng.random(len(stratum)), 2.0)
    order = np.lexsort((lot, stratum))
    place = np.empty(len(stratum), dtype=np.int64)
    starts = np.searchsorted(stratum[order], stratum[order])
    place[order] = np.arange(len(stratum)) - starts
    return is_drawn & ((place + int(rng.integers(2))) % 2 == 0)


def _band_edges(rules: Assumptions) -> np.ndarray:
    return _log_odds(np.array(rules.risk_bands))


def _log_odds(probability: np.ndarray) -> np.ndarray:
    held = np.clip(probability, _LEAST, 1.0 - _LEAST)
    return np.log(held / (1.0 - held))


def _logistic_noise(rng: np.random.Generator, count: int) -> np.ndarray:
    draw = np.clip(rng.random(count), _LEAST, 1.0 - _LEAST)
    return np.log(draw / (1.0 - draw))
