"""The weeks of every customer: health moves, contracts are renewed, changed or ended."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from simulator.assumptions import BLOWS, PRODUCTS, Assumptions
from simulator.calendar import FAR, NEVER, Calendar, add_months
from simulator.contracts import Changes, ContractBook
from simulator.latent import (
    DEPARTURE,
    QUIET,
    HealthChain,
    leaving_at_renewal,
    leaving_base,
    leaving_mid_term,
    onboarding_fade,
)
from simulator.population import Population
from simulator.randomness import Randomness


@dataclass(frozen=True)
class Churns:
    """One entry per customer lost, with the health that the decision was made on."""

    account: np.ndarray
    day: np.ndarray
    is_renewal: np.ndarray
    week: np.ndarray
    probability: np.ndarray

    def find(self, account: np.ndarray, day: np.ndarray) -> np.ndarray:
        """The entry of each account lost on each day; the number of entries where none was."""
        order = np.lexsort((self.day, self.account))
        known = np.append(self.account[order] * FAR + self.day[order], NEVER)
        place = np.searchsorted(known[:-1], account * FAR + day)
        is_found = known[place] == account * FAR + day
        return np.append(order, len(order))[np.where(is_found, place, len(order))]


@dataclass(frozen=True)
class Sales:
    """One entry per attempt to sell more within a term; `closed` is FAR while it is open."""

    account: np.ndarray
    product: np.ndarray
    created: np.ndarray
    closed: np.ndarray
    is_won: np.ndarray


@dataclass(frozen=True)
class Lives:
    """What happened. Arrays named `weekly` are account x week, as of the week's Sunday.

    `is_open`: covered at the week's end. `is_settled`: covered since before the week began.
    `lingering[blow]`: what is left of that blow's effect on health.
    """

    weekly_health: np.ndarray
    weekly_level: np.ndarray
    weekly_vacant: np.ndarray
    is_open: np.ndarray
    is_settled: np.ndarray
    weekly_renewal_day: np.ndarray
    weekly_spell_start: np.ndarray
    lingering: np.ndarray
    weekly_seats: np.ndarray
    changes: Changes
    churns: Churns
    sales: Sales
    departures: tuple[np.ndarray, np.ndarray]
    arrivals: tuple[np.ndarray, np.ndarray]


def live(
    population: Population,
    calendar: Calendar,
    chain: HealthChain,
    rules: Assumptions,
    randomness: Randomness,
    progress: Callable[[float], None],
) -> Lives:
    """Live through the calendar's weeks.

    In each week health moves first; then those who were customers before the week renew, leave,
    or buy more, on that health; then newcomers arrive. The order is what the truth is computed by.
    """
    return _LifeLoop(population, calendar, chain, rules, randomness).run(progress)


class _LifeLoop:
    def __init__(
        self,
        population: Population,
        calendar: Calendar,
        chain: HealthChain,
        rules: Assumptions,
        randomness: Randomness,
    ) -> None:
        self.population, self.calendar = population, calendar
        self.chain, self.rules = chain, rules
        self.health_rng = randomness.stream("health")
        self.leaving_rng = randomness.stream("leaving")
        self.change_rng = randomness.stream("changes")
        count, weeks = population.size, calendar.weeks
        self.book = ContractBook(population, rules)
        self.base = leaving_base(population.segment, population.is_monthly, rules)
        middle = np.cumsum(chain.stationary)
        self.level = np.searchsorted(middle, self.health_rng.random(count)).clip(
            0, len(chain.levels) - 1
        )
        self.vacant = np.zeros(count, dtype=bool)
        self.is_open = np.zeros(count, dtype=bool)
        self.closed_week = np.full(count, FAR)
        self.spell_start = population.signed_day.copy()
        self.left = np.zeros((len(BLOWS), count), dtype=np.float32)
        shape = (count, weeks)
        self.health = np.zeros(shape, dtype=np.float32)
        self.levels = np.zeros(shape, dtype=np.int8)
        self.vacancies = np.zeros(shape, dtype=bool)
        self.open_weeks = np.zeros(shape, dtype=bool)
        self.settled_weeks = np.zeros(shape, dtype=bool)
        self.renewal_days = np.zeros(shape, dtype=np.int32)
        self.spell_starts = np.zeros(shape, dtype=np.int32)
        self.seats = np.zeros(shape, dtype=np.int32)
        self.lingering = np.zeros((len(BLOWS), *shape), dtype=np.float32)
        self.churns: list[tuple[np.ndarray, ...]] = []
        self.sales: list[tuple[np.ndarray, ...]] = []
        # The sale under way: which product, since when, until which week, and whether it fails.
        self.sale_product = np.zeros(count, dtype=np.int64)
        self.sale_created = np.full(count, FAR)
        self.sale_week = np.full(count, FAR)
        self.sale_fails = np.zeros(count, dtype=bool)
        self.departures: list[tuple[np.ndarray, np.ndarray]] = []
        self.arrivals: list[tuple[np.ndarray, np.ndarray]] = []

    def run(self, progress: Callable[[float], None]) -> Lives:
        for week in range(self.calendar.weeks):
            health = self._move_health(week)
            leaving = self._renew_and_leave(week, health)
            settled = self.is_open & ~leaving
            self.is_open = settled.copy()
            self._arrive(week)
            self._note(week, settled)
            progress((week + 1) / self.calendar.weeks)
        columns = [np.concatenate(column) for column in zip(*self.churns, strict=True)]
        return Lives(
            weekly_health=self.health,
            weekly_level=self.levels,
            weekly_vacant=self.vacancies,
            is_open=self.open_weeks,
            is_settled=self.settled_weeks,
            weekly_renewal_day=self.renewal_days,
            weekly_spell_start=self.spell_starts,
            lingering=self.lingering,
            weekly_seats=self.seats,
            changes=self.book.changes(),
            churns=Churns(*columns),
            sales=self._all_sales(),
            departures=_joined(self.departures),
            arrivals=_joined(self.arrivals),
        )

    def _move_health(self, week: int) -> np.ndarray:
        rules, monday = self.rules, self.calendar.monday(week)
        was_vacant = self.vacant
        self.level, self.vacant, blow = self.chain.step(
            self.health_rng, self.level, was_vacant.copy()
        )
        # Nobody knows of a customer's sponsor before it is a customer.
        self.vacant &= self.is_open
        blow = np.where(self.is_open, blow, QUIET)
        self.left *= rules.deviation_persistence
        for code, name in enumerate(BLOWS):
            self.left[code] += np.where(blow == code, rules.blow_shifts[name], 0.0)
        weekday = self.health_rng.integers(5, size=len(blow))
        self._log_sponsors(self.departures, blow == DEPARTURE, monday + weekday)
        self._log_sponsors(
            self.arrivals, was_vacant & ~self.vacant & self.is_open, monday + weekday
        )
        return self._health(monday)

    def _health(self, monday: int) -> np.ndarray:
        weeks_since = (monday - self.spell_start) / 7
        onboarding = self.population.onboarding_effect * onboarding_fade(weeks_since, self.rules)
        return self.population.health_mean + onboarding + self.chain.levels[self.level]

    def _log_sponsors(
        self, log: list[tuple[np.ndarray, np.ndarray]], happened: np.ndarray, day: np.ndarray
    ) -> None:
        accounts = np.flatnonzero(happened & (day >= self.calendar.start))
        log.append((accounts, day[accounts]))

    def _renew_and_leave(self, week: int, health: np.ndarray) -> np.ndarray:
        """Who leaves this week; renewals and purchases of the others go into the book."""
        rules, monday = self.rules, self.calendar.monday(week)
        renewal_day = self.book.renewal_day
        is_due = self.is_open & (renewal_day >= monday) & (renewal_day < monday + 7)
        at_renewal = leaving_at_renewal(self.base, health, self.vacant, rules)
        mid_term = leaving_mid_term(self.population.segment, health, self.vacant, rules)
        probability = np.where(is_due, at_renewal, mid_term)
        draw = self.leaving_rng.random(len(health))
        weekday = self.leaving_rng.integers(7, size=len(health))
        day = np.where(is_due, renewal_day, monday + weekday)
        # The last week may be cut short: what would happen after the end is not known yet.
        leaving = self.is_open & (draw < probability) & (day <= self.calendar.end)

        gone = np.flatnonzero(leaving)
        self.book.close(gone, day[gone])
        self.churns.append(
            (gone, day[gone], is_due[gone], np.full(len(gone), week), probability[gone])
        )
        self.closed_week[gone] = week

        renewing = np.flatnonzero(is_due & ~leaving & (day <= self.calendar.end))
        self.book.renew(renewing, day[renewing], health[renewing], self.change_rng)

        self._sell(week, health, leaving, is_due, day)
        return leaving

    def _sell(
        self,
        week: int,
        health: np.ndarray,
        leaving: np.ndarray,
        is_due: np.ndarray,
        leaving_day: np.ndarray,
    ) -> None:
        """Sales begun earlier are closed, new ones begin.

        A sale is begun by health now and closed weeks later if the customer is still there, so
        that one under way says nothing about the future that health does not.
        """
        rules, rng, monday = self.rules, self.change_rng, self.calendar.monday(week)
        count = len(health)
        lost = np.flatnonzero(leaving & (self.sale_week < FAR))
        self._close_sales(lost, leaving_day[lost], won=False)

        weekday = monday + rng.integers(5, size=count)
        is_here = self.is_open & ~leaving & (weekday <= self.calendar.end)
        ripe = (self.sale_week <= week) & is_here & ~is_due
        failed, won = (
            np.flatnonzero(ripe & self.sale_fails),
            np.flatnonzero(ripe & ~self.sale_fails),
        )
        self.book.expand(won, self.sale_product[won], weekday[won], rng)
        self._close_sales(won, weekday[won], won=True)
        self._close_sales(failed, weekday[failed], won=False)

        wish = rules.sale_base * np.exp(rules.sale_slope * health)
        begins = is_here & (self.sale_week == FAR) & (rng.random(count) < wish)
        wants_addon = rng.random(count) < rules.crosssell_share
        addon = 1 + rng.integers(len(PRODUCTS) - 1, size=count)
        owns = self.book.has_product[np.arange(count), addon]
        self.sale_product[begins] = np.where(wants_addon & ~owns, addon, 0)[begins]
        self.sale_created[begins] = weekday[begins]
        self.sale_week[begins] = week + rng.integers(1, rules.sale_weeks, size=count)[begins]
        self.sale_fails[begins] = (rng.random(count) < rules.sale_failure)[begins]

    def _close_sales(self, accounts: np.ndarray, days: np.ndarray, won: bool) -> None:
        self.sales.append(
            (
                accounts,
                self.sale_product[accounts],
                self.sale_created[accounts],
                days,
                np.full(len(accounts), won),
            )
        )
        self.sale_week[accounts] = FAR

    def _all_sales(self) -> Sales:
        under_way = np.flatnonzero(self.sale_week < FAR)
        self._close_sales(under_way, np.full(len(under_way), FAR), won=False)
        return Sales(*(np.concatenate(column) for column in zip(*self.sales, strict=True)))

    def _arrive(self, week: int) -> None:
        """New customers of the week, and lost ones who come back."""
        monday, population = self.calendar.monday(week), self.population
        first = population.first_day
        new = np.flatnonzero((first >= monday) & (first < monday + 7))
        self.book.open(new, first[new], population.first_renewal[new], self.change_rng)
        self.is_open[new] = True
        self.spell_start[new] = population.signed_day[new]

        rested = week - self.closed_week >= self.rules.reactivation_rest_weeks
        returning = rested & (self.change_rng.random(len(first)) < self.rules.reactivation)
        day = monday + self.change_rng.integers(5, size=len(first))
        # Days of the month stop at 28, so that every month has them.
        month_day = (day.astype("M8[D]") - day.astype("M8[M]").astype("M8[D]")).astype(np.int64)
        returning &= (month_day < 28) & (day >= self.calendar.start) & (day <= self.calendar.end)
        back = np.flatnonzero(returning)
        renewal = add_months(day[back], population.term_months[back])
        self.book.open(back, day[back], renewal, self.change_rng)
        self.is_open[back] = True
        self.vacant[back] = False
        self.closed_week[back] = FAR
        self.spell_start[back] = day[back]

    def _note(self, week: int, settled: np.ndarray) -> None:
        # Newcomers' onboarding counts from this week on, so health is taken again.
        self.health[:, week] = self._health(self.calendar.monday(week))
        self.levels[:, week] = self.level
        self.vacancies[:, week] = self.vacant
        self.open_weeks[:, week] = self.is_open
        self.settled_weeks[:, week] = settled
        self.renewal_days[:, week] = self.book.renewal_day
        self.spell_starts[:, week] = self.spell_start
        self.seats[:, week] = self.book.seats
        self.lingering[:, :, week] = self.left


def _joined(log: list[tuple[np.ndarray, np.ndarray]]) -> tuple[np.ndarray, np.ndarray]:
    accounts, days = zip(*log, strict=True)
    return np.concatenate(accounts), np.concatenate(days)
