"""The truth about the future: probabilities summed over all paths, not sampled.

Health's deviation, the sponsor's post and the treatment a customer is under form a chain with
finitely many states. The simulator draws from it, and here its mass is moved forward week by week:
what leaves it within a horizon is the probability of leaving.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, fields
from functools import partial

import numpy as np
from threadpoolctl import threadpool_limits

from simulator.assumptions import Assumptions
from simulator.calendar import Calendar, add_months
from simulator.life.latent import HealthChain
from simulator.life.playbooks import (
    UNTREATED,
    is_wave,
    plan_wave,
    treatment_chances,
    treatment_shifts,
)
from simulator.life.prospects import Prospects, WeeklyChances
from simulator.life.world import World

HORIZONS = (30, 60, 90, 180)
# For buying more and buying less.
CHANGE_HORIZON = 90
# Customers per step: as many as keep the recursion's arrays within a processor's cache.
_BLOCK = 250
_IDLE, _SELLING = 0, 1


@dataclass(frozen=True)
class WeeklyTruth:
    """What was true of each customer at the end of a week, one entry per account and week.

    `leaving`: probability of leaving within each of `HORIZONS` days (rows x horizons); `buying` and
    `shrinking`: of buying more, and of buying less, within `CHANGE_HORIZON` days while still there.
    """

    account: np.ndarray
    week: np.ndarray
    leaving: np.ndarray
    buying: np.ndarray
    shrinking: np.ndarray


class WaveTables:
    """How waves to come treat each account in each state, computed once per time as a customer."""

    def __init__(self, count: int, calendar: Calendar, chances: WeeklyChances) -> None:
        self._calendar, self._chances = calendar, chances
        self._shape = (2, count, chances.states)
        self._tables: dict[int, tuple[np.ndarray, np.ndarray]] = {}

    def prepare(self, accounts: np.ndarray, prospects: Prospects, first: int, last: int) -> None:
        """Have the tables of the waves from week `first` to week `last` for these accounts."""
        for week in [known for known in self._tables if known < first]:
            del self._tables[week]
        for week in range(first, last + 1):
            if is_wave(week, self._chances.rules):
                self._fill(week, accounts, prospects)

    def _fill(self, week: int, accounts: np.ndarray, prospects: Prospects) -> None:
        if week not in self._tables:
            never = np.full(self._shape[1], np.iinfo(np.int64).min)
            self._tables[week] = (never, np.zeros(self._shape))
        spell_start, treated = self._tables[week]
        new = np.flatnonzero(spell_start[accounts] != prospects.spell_start)
        for begin in range(0, len(new), _BLOCK):
            rows = new[begin : begin + _BLOCK]
            wave = plan_wave(self._chances, prospects.take(rows), self._calendar.monday(week))
            treated[:, accounts[rows]] = treatment_chances(wave, self._chances.rules)
        spell_start[accounts[new]] = prospects.spell_start[new]

    def of(self, week: int, accounts: np.ndarray) -> np.ndarray:
        """Probability of each treatment but none (2 x accounts x states)."""
        return self._tables[week][1][:, accounts]


def weekly_probabilities(
    world: World, progress: Callable[[float], None], every: int = 1
) -> WeeklyTruth:
    """What was true of each customer at each Sunday, over full weeks (or one in `every`).

    Exact given the latent state: all paths of health, sponsor and treatments are summed, and
    renewal days are known in advance.
    """
    calendar, lifecycles = world.calendar, world.lifecycles
    chances = WeeklyChances(world.chain, world.rules)
    tables = WaveTables(world.population.size, calendar, chances)
    none = np.zeros(0)
    found = [
        WeeklyTruth(none.astype(int), none.astype(int), np.zeros((0, len(HORIZONS))), none, none)
    ]
    full_weeks = (calendar.end + 1 - calendar.first_monday) // 7
    # Customers are cut into blocks that share nothing, so that threads change no byte. Each
    # product runs on one thread: a pool inside each costs more than it brings (15 s against 1 s).
    with threadpool_limits(limits=1, user_api="blas"), ThreadPoolExecutor() as pool:
        for week in range(0, full_weeks, every):
            covered = np.flatnonzero(lifecycles.is_open[:, week])
            blocks = [covered[at : at + _BLOCK] for at in range(0, len(covered), _BLOCK)]
            last = week + _weeks_in(max(HORIZONS))
            tables.prepare(covered, _prospects(world, covered, week), week + 1, last)
            outlook = _Outlook(chances, tables, calendar, week)
            found += pool.map(partial(_look_ahead, world, outlook, week), blocks)
            progress((week + 1) / full_weeks)
    return WeeklyTruth(
        *(np.concatenate([getattr(part, f.name) for part in found]) for f in fields(WeeklyTruth))
    )


def _prospects(world: World, accounts: np.ndarray, week: int) -> Prospects:
    """Customers as they stand at a week's end."""
    lifecycles = world.lifecycles
    return Prospects.of(
        world.population,
        accounts,
        lifecycles.weekly_spell_start[accounts, week],
        lifecycles.weekly_renewal_day[accounts, week],
    )


def _look_ahead(world: World, outlook: "_Outlook", week: int, accounts: np.ndarray) -> WeeklyTruth:
    """The truth about one block of customers, from the state they are in at a week's end."""
    lifecycles, prospects = world.lifecycles, _prospects(world, accounts, week)
    vacant = lifecycles.weekly_vacant[accounts, week]
    state = lifecycles.weekly_level[accounts, week] + len(world.chain.levels) * vacant
    treatment = lifecycles.weekly_treatment[accounts, week]
    selling = lifecycles.weekly_selling[accounts, week].astype(np.int64)
    return WeeklyTruth(
        accounts,
        np.full(len(accounts), week),
        outlook.leaving(accounts, prospects, state, treatment),
        outlook.buying(accounts, prospects, state, treatment, selling),
        outlook.shrinking(accounts, prospects, state, treatment),
    )


def _weeks_in(days: int) -> int:
    return -(-days // 7)


class _Outlook:
    """The weeks after one Sunday, for blocks of customers."""

    def __init__(
        self, chances: WeeklyChances, tables: WaveTables, calendar: Calendar, week: int
    ) -> None:
        self._chances, self._tables, self._calendar = chances, tables, calendar
        self._week = week
        self._sunday = calendar.monday(week) + 6
        self._shifts = treatment_shifts(chances.rules)

    def leaving(
        self, accounts: np.ndarray, prospects: Prospects, state: np.ndarray, treatment: np.ndarray
    ) -> np.ndarray:
        """Probability of leaving within each of `HORIZONS`; rounded to six decimals."""
        count, chances, rules = prospects.size, self._chances, self._chances.rules
        mass = np.zeros((count, len(self._shifts), chances.states))
        mass[np.arange(count), treatment, state] = 1.0
        renewal_day = prospects.renewal_day
        within = np.zeros((count, len(HORIZONS)))
        for step in range(1, _weeks_in(max(HORIZONS)) + 1):
            monday = self._calendar.monday(self._week + step)
            mass = self.moved(mass, accounts, self._week + step)
            chance, is_due = chances.leaving(prospects, monday, renewal_day, self._shifts)
            going = mass * chance
            mass -= going
            leaving = going.sum(axis=(1, 2))
            merging = rules.merger * mass.sum(axis=(1, 2))
            mass *= 1.0 - rules.merger
            for column, horizon in enumerate(HORIZONS):
                # A cancellation falls on any day of its week alike; a renewal has its day, which a
                # merger in the same week does not pass.
                last = self._sunday + horizon
                part = min(max((last - monday + 1) / 7, 0.0), 1.0)
                share = np.where(is_due, renewal_day <= last, part)
                within[:, column] += share * leaving + np.maximum(share, part) * merging
            renewal_day = _renewed(renewal_day, prospects, is_due)
        # Rounded, so that the last bits do not depend on the processor's way of multiplying.
        return np.round(within, 6)

    def buying(
        self,
        accounts: np.ndarray,
        prospects: Prospects,
        state: np.ndarray,
        treatment: np.ndarray,
        selling: np.ndarray,
    ) -> np.ndarray:
        """Probability of more seats or another product within the horizon, while still there."""
        count, chances, rules = prospects.size, self._chances, self._chances.rules
        mass = np.zeros((count, 2, len(self._shifts), chances.states))
        mass[np.arange(count), selling, treatment, state] = 1.0
        renewal_day = prospects.renewal_day
        within = np.zeros(count)
        last = self._sunday + CHANGE_HORIZON
        for step in range(1, _weeks_in(CHANGE_HORIZON) + 1):
            monday = self._calendar.monday(self._week + step)
            mass = self.moved(mass, accounts, self._week + step)
            chance, is_due = chances.leaving(prospects, monday, renewal_day, self._shifts)
            mass *= (1.0 - chance[:, None]) * (1.0 - rules.merger)

            due, others = np.flatnonzero(is_due), np.flatnonzero(~is_due)
            growing = chances.growing_at_renewal(prospects.take(due), monday)
            grown = mass[due] * growing[:, None, None]
            within[due] += (renewal_day[due] <= last) * grown.sum(axis=(1, 2, 3))
            mass[due] -= grown

            closing = mass[others, _SELLING] * rules.sale_closing
            won = (1.0 - rules.sale_failure) * closing.sum(axis=(1, 2))
            # Sales close on working days.
            within[others] += min(max((last - monday + 1) / 5, 0.0), 1.0) * won
            mass[others, _SELLING] -= closing
            mass[others, _IDLE] += rules.sale_failure * closing

            beginning = mass[:, _IDLE] * chances.beginning_a_sale(prospects, monday)[:, None]
            mass[:, _IDLE] -= beginning
            mass[:, _SELLING] += beginning
            renewal_day = _renewed(renewal_day, prospects, is_due)
        return np.round(within, 6)

    def shrinking(
        self, accounts: np.ndarray, prospects: Prospects, state: np.ndarray, treatment: np.ndarray
    ) -> np.ndarray:
        """Probability of fewer seats or a product less within the horizon, while still there."""
        count, chances, rules = prospects.size, self._chances, self._chances.rules
        mass = np.zeros((count, len(self._shifts), chances.states))
        mass[np.arange(count), treatment, state] = 1.0
        renewal_day = prospects.renewal_day
        within = np.zeros(count)
        last = self._sunday + CHANGE_HORIZON
        for step in range(1, _weeks_in(CHANGE_HORIZON) + 1):
            monday = self._calendar.monday(self._week + step)
            mass = self.moved(mass, accounts, self._week + step)
            chance, is_due = chances.leaving(prospects, monday, renewal_day, self._shifts)
            mass *= (1.0 - chance) * (1.0 - rules.merger)
            due = np.flatnonzero(is_due)
            shrunk = mass[due] * chances.shrinking_at_renewal(prospects.take(due), monday)[:, None]
            within[due] += (renewal_day[due] <= last) * shrunk.sum(axis=(1, 2))
            mass[due] -= shrunk
            renewal_day = _renewed(renewal_day, prospects, is_due)
        return np.round(within, 6)

    def moved(self, mass: np.ndarray, accounts: np.ndarray, week: int) -> np.ndarray:
        """A week later: health and sponsors have moved, and a wave may have begun."""
        moved = (mass.reshape(-1, mass.shape[-1]) @ self._chances.matrix).reshape(mass.shape)
        if not is_wave(week, self._chances.rules):
            return moved
        everybody = moved.sum(axis=-2)
        waved = np.empty_like(moved)
        rest = everybody.copy()
        for treatment, chance in enumerate(self._tables.of(week, accounts), start=1):
            treated = everybody * (chance if mass.ndim == 3 else chance[:, None])
            waved[..., treatment, :] = treated
            rest -= treated
        waved[..., UNTREATED, :] = rest
        return waved


def _renewed(renewal_day: np.ndarray, prospects: Prospects, is_due: np.ndarray) -> np.ndarray:
    return np.where(is_due, add_months(renewal_day, prospects.term_months), renewal_day)


def retention_from_the_start(
    prospects: Prospects,
    weeks: int,
    calendar: Calendar,
    chain: HealthChain,
    rules: Assumptions,
) -> np.ndarray:
    """Probability that customers who start on `spell_start` are still there so many weeks later.

    The waves are those of the company; health starts from its long-run distribution.
    """
    chances = WeeklyChances(chain, rules)
    shifts = treatment_shifts(rules)
    first = calendar.week_of(prospects.spell_start)
    retained = np.zeros(prospects.size)
    with threadpool_limits(limits=1, user_api="blas"):
        for week in np.unique(first):
            members = np.flatnonzero(first == week)
            tables = WaveTables(len(members), calendar, chances)
            customers, rows = prospects.take(members), np.arange(len(members))
            tables.prepare(rows, customers, int(week) + 1, int(week) + weeks)
            outlook = _Outlook(chances, tables, calendar, int(week))
            mass = np.zeros((len(members), len(shifts), chances.states))
            mass[:, UNTREATED, : len(chain.levels)] = chain.stationary
            renewal_day = customers.renewal_day
            for step in range(1, weeks + 1):
                mass = outlook.moved(mass, rows, int(week) + step)
                monday = calendar.monday(int(week) + step)
                chance, is_due = chances.leaving(customers, monday, renewal_day, shifts)
                mass *= (1.0 - chance) * (1.0 - rules.merger)
                renewal_day = _renewed(renewal_day, customers, is_due)
            retained[members] = mass.sum(axis=(1, 2))
    return np.round(retained, 6)
