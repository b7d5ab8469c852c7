"""What health looks like from outside: four states, each with a lag and a noise of its own.

No observable reads health itself. Each follows one of these, so that usage, support, relationship
and payments agree roughly, late, and not always.
"""

from dataclasses import dataclass

import numpy as np

from simulator.assumptions import SHOCKS, Assumptions
from simulator.calendar import DAY_SECONDS, Calendar
from simulator.life.lifecycles import Lifecycles
from simulator.life.population import Population
from simulator.randomness import Randomness


@dataclass(frozen=True)
class ObservedStates:
    """Account x week. Usage, goodwill and solvency rise with health; friction falls."""

    usage: np.ndarray
    goodwill: np.ndarray
    friction: np.ndarray
    solvency: np.ndarray


def draw_observed_states(
    population: Population, lifecycles: Lifecycles, rules: Assumptions, randomness: Randomness
) -> ObservedStates:
    health = lifecycles.weekly_health
    left = {name: lifecycles.lingering[code] for code, name in enumerate(SHOCKS)}
    count = population.size

    def own(name: str, spread: float) -> np.ndarray:
        """What an account is like for reasons that have nothing to do with its health."""
        return (spread * randomness.stream(name).standard_normal(count))[:, None]

    return ObservedStates(
        usage=_follow(
            health + 0.3 * left["new_use_case"],
            rules.usage_lag,
            rules.usage_noise,
            randomness.stream("usage mood"),
        )
        + own("usage habit", rules.usage_baseline_spread),
        goodwill=_follow(
            health + 0.7 * left["reorganisation"] + 0.7 * left["sponsor_departure"],
            0.30,
            0.25,
            randomness.stream("goodwill mood"),
        )
        + own("goodwill habit", 0.45),
        friction=_follow(
            -0.75 * health - 1.0 * left["incident"],
            0.60,
            0.30,
            randomness.stream("friction mood"),
        )
        + own("friction habit", 0.50),
        solvency=_follow(
            0.60 * health + 1.1 * left["budget_cut"],
            0.35,
            0.20,
            randomness.stream("solvency mood"),
        )
        + own("solvency habit", 0.60),
    )


def _follow(target: np.ndarray, lag: float, noise: float, rng: np.random.Generator) -> np.ndarray:
    """A state that closes the share `lag` of its distance to the target each week."""
    state = np.empty(target.shape, dtype=np.float32)
    state[:, 0] = target[:, 0]
    for week in range(1, target.shape[1]):
        before = state[:, week - 1]
        drawn = noise * rng.standard_normal(len(before))
        state[:, week] = before + lag * (target[:, week] - before) + drawn
    return state


@dataclass(frozen=True)
class Moments:
    """Things that happened: account, week and time (seconds since 1970) of each."""

    account: np.ndarray
    week: np.ndarray
    second: np.ndarray

    def where(self, chosen: np.ndarray) -> "Moments":
        return Moments(self.account[chosen], self.week[chosen], self.second[chosen])

    @property
    def size(self) -> int:
        return len(self.account)


# UTC hour at which the working day of each region has its middle: AMER, EMEA, APAC.
_NOON = np.array([18.0, 12.0, 5.0])
_WEEKDAY_SHARES = np.array([0.20, 0.21, 0.20, 0.19, 0.16, 0.025, 0.015])


def happen(
    rng: np.random.Generator,
    weekly_rate: np.ndarray,
    population: Population,
    lifecycles: Lifecycles,
    calendar: Calendar,
) -> Moments:
    """Draw how often something happens to each account in each week it is a customer, and when.

    `weekly_rate` broadcasts to account x week. Ordered by account, then time.
    """
    rate = np.where(lifecycles.is_settled, weekly_rate, 0.0)
    account, week = np.nonzero(rate)
    times = rng.poisson(rate[account, week])
    account, week = np.repeat(account, times), np.repeat(week, times)
    weekday = np.searchsorted(np.cumsum(_WEEKDAY_SHARES), rng.random(len(account))).clip(0, 6)
    day = calendar.first_monday + 7 * week + weekday
    second = day * DAY_SECONDS + office_seconds(rng, population.region[account])
    order = np.lexsort((second, account))
    order = order[(day[order] >= calendar.start) & (day[order] <= calendar.end)]
    return Moments(account[order], week[order], second[order])


def office_seconds(rng: np.random.Generator, region: np.ndarray) -> np.ndarray:
    """Seconds into the UTC day, around the region's working hours."""
    hour = _NOON[region] + 2.3 * rng.standard_normal(len(region))
    return (np.clip(hour, 0.0, 23.99) * 3600).astype(np.int64)
