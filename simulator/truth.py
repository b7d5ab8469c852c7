"""The truth about the future, computed by recursion on the chain that drew it."""

from collections.abc import Callable

import numpy as np
from threadpoolctl import threadpool_limits

from simulator.assumptions import BLOWS, Assumptions
from simulator.calendar import Calendar, add_months
from simulator.latent import (
    HealthChain,
    leaving_at_renewal,
    leaving_base,
    leaving_mid_term,
    onboarding_fade,
)
from simulator.lives import Churns, Lives
from simulator.population import Population

HORIZONS = (30, 60, 90, 180)
# Accounts per step: as many as keep the recursion's arrays within a processor's cache.
_BLOCK = 500
PARTS = ("standing_fit", "onboarding", "vacant_sponsor", *BLOWS, "drift")
CAUSES = (*PARTS, "chance")
# A part that multiplies the odds by less than this (1.3) is nobody's reason to leave.
_LEAST_LOG_ODDS = 0.25


def churn_probabilities(
    population: Population,
    lives: Lives,
    calendar: Calendar,
    chain: HealthChain,
    rules: Assumptions,
    progress: Callable[[float], None],
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Probability of leaving within each of `HORIZONS` days after each Sunday.

    Returns account, week and probabilities (rows x horizons) of every account that is covered at
    a week's end, over full weeks. Exact given the latent state: all paths of health and sponsor
    are summed by the chain's own matrix, and renewal days are known in advance.
    """
    accounts, weeks = [np.zeros(0, np.int64)], [np.zeros(0, np.int64)]
    found = [np.zeros((0, len(HORIZONS)))]
    full_weeks = (calendar.end + 1 - calendar.first_monday) // 7
    # One thread: the products are small, threads that wait for each other cost more than they
    # bring (15 s against 1 s on two busy cores), and the sums come out the same on any machine.
    with threadpool_limits(limits=1, user_api="blas"):
        for week in range(full_weeks):
            covered = np.flatnonzero(lives.is_open[:, week])
            for begin in range(0, len(covered), _BLOCK):
                block = covered[begin : begin + _BLOCK]
                accounts.append(block)
                weeks.append(np.full(len(block), week))
                found.append(
                    _leaving_within(block, week, population, lives, calendar, chain, rules)
                )
            progress((week + 1) / full_weeks)
    return np.concatenate(accounts), np.concatenate(weeks), np.concatenate(found)


def _leaving_within(
    accounts: np.ndarray,
    week: int,
    population: Population,
    lives: Lives,
    calendar: Calendar,
    chain: HealthChain,
    rules: Assumptions,
) -> np.ndarray:
    count, levels = len(accounts), len(chain.levels)
    rows = np.arange(count)
    vacant = np.repeat([0.0, 1.0], levels)
    deviation = np.tile(chain.levels, 2)
    base = leaving_base(population.segment[accounts], population.is_monthly[accounts], rules)
    term = population.term_months[accounts]
    renewal_day = lives.weekly_renewal_day[accounts, week].astype(np.int64)
    start = lives.weekly_spell_start[accounts, week]
    # Mid-term hazard splits into a factor of the account and one of the state.
    by_state = np.exp(-rules.cancel_slope * deviation + rules.vacancy_effect * vacant)

    state = np.zeros((count, 2 * levels))
    place = lives.weekly_level[accounts, week] + levels * lives.weekly_vacant[accounts, week]
    state[rows, place] = 1.0
    sunday = calendar.monday(week) + 6
    within = np.zeros((count, len(HORIZONS)))
    for step in range(1, -(-max(HORIZONS) // 7) + 1):
        monday = calendar.monday(week + step)
        state = state @ chain.matrix
        mean = population.health_mean[accounts] + population.onboarding_effect[
            accounts
        ] * onboarding_fade((monday - start) / 7, rules)
        by_account = leaving_mid_term(population.segment[accounts], mean, np.zeros(count), rules)
        hazard = np.minimum(by_account[:, None] * by_state, rules.cancel_cap)
        is_due = (renewal_day >= monday) & (renewal_day < monday + 7)
        due = np.flatnonzero(is_due)
        hazard[due] = leaving_at_renewal(
            base[due, None], mean[due, None] + deviation, vacant, rules
        )
        leaving = state * hazard
        total = leaving.sum(axis=1)
        for column, horizon in enumerate(HORIZONS):
            days_left = sunday + horizon - monday + 1
            # A cancellation falls on any day of its week alike; a renewal has its day.
            share = np.where(
                is_due, renewal_day <= sunday + horizon, np.clip(days_left / 7, 0.0, 1.0)
            )
            within[:, column] += share * total
        state -= leaving
        renewal_day[due] = add_months(renewal_day[due], term[due])
    # Rounded, so that the last bits do not depend on the processor's way of multiplying.
    return np.round(within, 6)


def churn_causes(
    churns: Churns, population: Population, lives: Lives, calendar: Calendar, rules: Assumptions
) -> tuple[np.ndarray, np.ndarray]:
    """What each part of its health added to a lost customer's log-odds of leaving.

    Returns the main cause (index into `CAUSES`) and all contributions (rows x `PARTS`), against a
    customer of average health with a sponsor. "drift" is the part of the weekly deviation that no
    blow explains; "chance" is the cause where no part speaks for leaving.
    """
    account, week = churns.account, churns.week
    monday = calendar.first_monday + 7 * week
    slope = np.where(churns.is_renewal, rules.renewal_slope, rules.cancel_slope)
    weeks_since = (monday - lives.weekly_spell_start[account, week]) / 7
    onboarding = population.onboarding_effect[account] * onboarding_fade(weeks_since, rules)
    standing = population.health_mean[account] - rules.health_mean
    blows = lives.lingering[:, account, week].astype(np.float64)
    deviation = lives.weekly_health[account, week] - population.health_mean[account] - onboarding
    drift = deviation - blows.sum(axis=0)
    parts = np.vstack(
        [
            -slope * standing,
            -slope * onboarding,
            rules.vacancy_effect * lives.weekly_vacant[account, week],
            -slope * blows,
            -slope * drift,
        ]
    ).T
    main = np.where(parts.max(axis=1) < _LEAST_LOG_ODDS, len(PARTS), parts.argmax(axis=1))
    return main, parts
