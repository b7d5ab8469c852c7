"""The weeks of every customer: health moves, contracts are renewed, changed or ended."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from simulator.assumptions import SHOCKS, Assumptions
from simulator.calendar import FAR, NEVER, Calendar, add_months
from simulator.defects import Count, Switches
from simulator.defects.counts import FACT
from simulator.life.contracts import EXPANDED, PAUSED, Changes, ContractBook
from simulator.life.latent import DEPARTURE, QUIET, HealthChain
from simulator.life.leaving import onboarding_fade
from simulator.life.playbooks import (
    UNTREATED,
    Enrolments,
    enrol,
    is_wave,
    plan_wave,
    treatment_shifts,
)
from simulator.life.population import Population
from simulator.life.prospects import Prospects, WeeklyChances, leaving_now
from simulator.life.sales import Sales, SalesDesk
from simulator.randomness import Randomness

# How a customer is lost.
AT_RENEWAL, MID_TERM, BY_MERGER = range(3)
WAYS = ("renewal", "mid-term", "merger")


@dataclass(frozen=True)
class Churns:
    """One entry per customer lost, with the probability of that in its last week.

    `way` is an index of `WAYS`; `into` the account that took it over in a merger, else -1.
    """

    account: np.ndarray
    day: np.ndarray
    way: np.ndarray
    week: np.ndarray
    probability: np.ndarray
    into: np.ndarray

    def find(self, account: np.ndarray, day: np.ndarray) -> np.ndarray:
        """The entry of each account lost on each day; the number of entries where none was."""
        order = np.lexsort((self.day, self.account))
        known = np.append(self.account[order] * FAR + self.day[order], NEVER)
        place = np.searchsorted(known[:-1], account * FAR + day)
        is_found = known[place] == account * FAR + day
        return np.append(order, len(order))[np.where(is_found, place, len(order))]


@dataclass(frozen=True)
class Lifecycles:
    """What happened. Arrays named `weekly` are account x week, as of the week's Sunday.

    `is_open`: covered at the week's end. `is_settled`: covered since before the week began.
    `lingering[shock]`: what is left of that shock's effect on health. `weekly_treatment`: see
    `simulator.life.playbooks`. `weekly_selling`: a sale within the term is under way.
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
    weekly_treatment: np.ndarray
    weekly_selling: np.ndarray
    weekly_paused: np.ndarray
    changes: Changes
    churns: Churns
    sales: Sales
    enrolments: Enrolments
    departures: tuple[np.ndarray, np.ndarray]
    arrivals: tuple[np.ndarray, np.ndarray]

    def counts(self, switches: Switches) -> list[Count]:
        changes = self.changes
        is_core = changes.product == 0
        account, _, _ = changes.spells()
        found = {
            "pauses": ("pauses", is_core & (changes.kind == PAUSED)),
            "reactivations": ("returns", np.diff(account) == 0),
            "mergers": ("mergers", self.churns.into >= 0),
            "midterm-upgrades": ("purchases", changes.kind == EXPANDED),
        }
        return [
            Count(name, "billing.subscriptions", unit, int(rows.sum()), FACT)
            for name, (unit, rows) in found.items()
            if name in switches
        ]


def simulate_lifecycles(
    population: Population,
    calendar: Calendar,
    chain: HealthChain,
    rules: Assumptions,
    randomness: Randomness,
    progress: Callable[[float], None],
) -> Lifecycles:
    """Live through the calendar's weeks.

    In each week health moves first, and a wave of playbooks may begin; then those who were
    customers before the week leave, renew, buy more or pause, on that health; then newcomers
    arrive. The order is what the truth is computed by.
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
        self.chances = WeeklyChances(chain, rules)
        self.shifts = treatment_shifts(rules)
        self.health_rng = randomness.stream("health")
        self.leaving_rng = randomness.stream("leaving")
        self.merger_rng = randomness.stream("mergers")
        self.change_rng = randomness.stream("changes")
        self.sales_rng = randomness.stream("sales")
        self.pause_rng = randomness.stream("pauses")
        self.return_rng = randomness.stream("returns")
        self.wave_rng = randomness.stream("waves")
        count, weeks = population.size, calendar.weeks
        self.book = ContractBook(population, rules)
        self.desk = SalesDesk(count, rules)
        middle = np.cumsum(chain.stationary)
        self.level = np.searchsorted(middle, self.health_rng.random(count)).clip(
            0, len(chain.levels) - 1
        )
        self.vacant = np.zeros(count, dtype=bool)
        self.is_open = np.zeros(count, dtype=bool)
        self.treatment = np.full(count, UNTREATED)
        self.resume_week = np.full(count, FAR)
        self.bought_week = np.full(count, -1)
        self.closed_week = np.full(count, FAR)
        self.spell_start = population.signed_day.copy()
        self.left = np.zeros((len(SHOCKS), count), dtype=np.float32)
        shape = (count, weeks)
        self.health = np.zeros(shape, dtype=np.float32)
        self.levels = np.zeros(shape, dtype=np.int8)
        self.vacancies = np.zeros(shape, dtype=bool)
        self.open_weeks = np.zeros(shape, dtype=bool)
        self.settled_weeks = np.zeros(shape, dtype=bool)
        self.renewal_days = np.zeros(shape, dtype=np.int32)
        self.spell_starts = np.zeros(shape, dtype=np.int32)
        self.seats = np.zeros(shape, dtype=np.int32)
        self.treatments = np.zeros(shape, dtype=np.int8)
        self.selling = np.zeros(shape, dtype=bool)
        self.paused = np.zeros(shape, dtype=bool)
        self.lingering = np.zeros((len(SHOCKS), *shape), dtype=np.float32)
        self.churns: list[tuple[np.ndarray, ...]] = []
        self.enrolments: list[Enrolments] = []
        self.departures: list[tuple[np.ndarray, np.ndarray]] = []
        self.arrivals: list[tuple[np.ndarray, np.ndarray]] = []

    def run(self, progress: Callable[[float], None]) -> Lifecycles:
        for week in range(self.calendar.weeks):
            health = self._move_health(week)
            if is_wave(week, self.rules):
                self._begin_wave(week)
            settled = self._leave_renew_and_buy(week, health)
            self._pause_and_resume(week, settled)
            self.is_open = settled.copy()
            self._arrive(week)
            self._note(week, settled)
            progress((week + 1) / self.calendar.weeks)
        columns = [np.concatenate(column) for column in zip(*self.churns, strict=True)]
        return Lifecycles(
            weekly_health=self.health,
            weekly_level=self.levels,
            weekly_vacant=self.vacancies,
            is_open=self.open_weeks,
            is_settled=self.settled_weeks,
            weekly_renewal_day=self.renewal_days,
            weekly_spell_start=self.spell_starts,
            lingering=self.lingering,
            weekly_seats=self.seats,
            weekly_treatment=self.treatments,
            weekly_selling=self.selling,
            weekly_paused=self.paused,
            changes=self.book.changes(),
            churns=Churns(*columns),
            sales=self.desk.all(),
            enrolments=Enrolments.joined(self.enrolments),
            departures=_joined(self.departures),
            arrivals=_joined(self.arrivals),
        )

    def _move_health(self, week: int) -> np.ndarray:
        rules, monday = self.rules, self.calendar.monday(week)
        was_vacant = self.vacant
        self.level, self.vacant, shock = self.chain.step(
            self.health_rng, self.level, was_vacant.copy()
        )
        # A customer's sponsor is not known before it is a customer.
        self.vacant &= self.is_open
        shock = np.where(self.is_open, shock, QUIET)
        self.left *= rules.deviation_persistence
        for code, name in enumerate(SHOCKS):
            self.left[code] += np.where(shock == code, rules.shock_shifts[name], 0.0)
        weekday = self.health_rng.integers(5, size=len(shock))
        self._log_sponsors(self.departures, shock == DEPARTURE, monday + weekday)
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

    def _begin_wave(self, week: int) -> None:
        """The treatments of the last wave end, those of this one begin."""
        accounts = np.flatnonzero(self.is_open)
        prospects = Prospects.of(
            self.population, accounts, self.spell_start[accounts], self.book.renewal_day[accounts]
        )
        wave = plan_wave(self.chances, prospects, self.calendar.monday(week))
        state = self.level[accounts] + len(self.chain.levels) * self.vacant[accounts]
        enrolments, treatment = enrol(wave, accounts, state, self.rules, self.wave_rng)
        self.enrolments.append(enrolments)
        self.treatment[:] = UNTREATED
        self.treatment[accounts] = treatment

    def _leave_renew_and_buy(self, week: int, health: np.ndarray) -> np.ndarray:
        """Who stays this week; renewals and purchases go into the book."""
        monday = self.calendar.monday(week)
        renewal_day = self.book.renewal_day
        is_due = self.is_open & (renewal_day >= monday) & (renewal_day < monday + 7)
        probability = leaving_now(
            self.population.segment,
            self.population.is_monthly,
            is_due,
            health,
            self.vacant,
            self.shifts[self.treatment],
            self.rules,
        )
        count = len(health)
        decides = self.is_open & (self.leaving_rng.random(count) < probability)
        weekday = self.leaving_rng.integers(7, size=count)
        day = np.where(is_due, renewal_day, monday + weekday)
        # The last week may be cut short: what would happen after the end is not known yet.
        leaving = decides & (day <= self.calendar.end)
        gone = np.flatnonzero(leaving)
        way = np.where(is_due[gone], AT_RENEWAL, MID_TERM)
        self._lose(week, gone, day[gone], way, probability[gone], np.full(len(gone), -1))
        leaving |= self._merge(week, self.is_open & ~decides, probability)

        renewing = np.flatnonzero(is_due & self.is_open & ~leaving & (day <= self.calendar.end))
        self.book.renew(renewing, day[renewing], health[renewing], self.change_rng)
        working_day = monday + self.sales_rng.integers(5, size=count)
        is_here = self.is_open & ~leaving & (working_day <= self.calendar.end)
        self.desk.work(health, is_here, is_due, working_day, self.book, self.sales_rng)
        return self.is_open & ~leaving

    def _lose(
        self,
        week: int,
        accounts: np.ndarray,
        days: np.ndarray,
        way: np.ndarray,
        probability: np.ndarray,
        into: np.ndarray,
    ) -> None:
        self.desk.lose(accounts, days)
        self.book.close(accounts, days)
        weeks = np.full(len(accounts), week)
        self.churns.append((accounts, days, way, weeks, probability, into))
        self.closed_week[accounts] = week
        self.resume_week[accounts] = FAR

    def _merge(self, week: int, stays: np.ndarray, probability: np.ndarray) -> np.ndarray:
        """Who is taken over by another customer this week, whatever its health."""
        rng, monday, count = self.merger_rng, self.calendar.monday(week), len(stays)
        merging = stays & (rng.random(count) < self.rules.merger)
        renewal_day = self.book.renewal_day
        is_due = (renewal_day >= monday) & (renewal_day < monday + 7)
        day = monday + rng.integers(7, size=count)
        # A term that was not renewed ends on its day, and not later in the week.
        day = np.where(is_due, np.minimum(day, renewal_day), day)
        merging &= day <= self.calendar.end
        # The successor has no change of its own this week, so that each has one a day.
        is_quiet = stays & ~merging & ~is_due
        is_quiet &= ~self.desk.is_selling & ~self.book.is_paused
        buyers = rng.permutation(np.flatnonzero(is_quiet))
        sellers = np.flatnonzero(merging)[: len(buyers)]
        buyers = buyers[: len(sellers)]
        self.book.absorb(buyers, day[sellers], self.book.seats[sellers])
        chance = (1.0 - probability[sellers]) * self.rules.merger
        way = np.full(len(sellers), BY_MERGER)
        self._lose(week, sellers, day[sellers], way, chance, buyers)
        # A company that is part of another one does not come back by itself.
        self.closed_week[sellers] = FAR
        self.bought_week[buyers] = week
        merged = np.zeros(count, dtype=bool)
        merged[sellers] = True
        return merged

    def _pause_and_resume(self, week: int, stays: np.ndarray) -> None:
        """Pauses begin and end; none reaches into a renewal."""
        rng, monday, count = self.pause_rng, self.calendar.monday(week), len(stays)
        shortest, longest = self.rules.pause_weeks
        length = rng.integers(shortest, longest + 1, size=count)
        chosen = rng.random(count) < self.rules.pause
        day = monday + 6
        if day > self.calendar.end:
            return
        ends = np.flatnonzero(stays & self.book.is_paused & (self.resume_week <= week))
        self.book.resume(ends, np.full(len(ends), day))
        self.resume_week[ends] = FAR
        has_time = self.book.renewal_day > monday + 7 * (length + 2)
        is_quiet = stays & ~self.book.is_paused & (self.bought_week < week)
        begins = np.flatnonzero(is_quiet & chosen & has_time)
        begins = begins[~np.isin(begins, ends)]
        self.book.pause(begins, np.full(len(begins), day))
        self.resume_week[begins] = week + length[begins]

    def _arrive(self, week: int) -> None:
        """New customers of the week, and lost ones who come back."""
        monday, population = self.calendar.monday(week), self.population
        first, rng = population.first_day, self.return_rng
        new = np.flatnonzero((first >= monday) & (first < monday + 7))
        self.book.open(new, first[new], population.first_renewal[new], self.change_rng)
        self._welcome(new, population.signed_day[new])

        rested = week - self.closed_week >= self.rules.reactivation_rest_weeks
        returning = rested & (rng.random(len(first)) < self.rules.reactivation)
        day = monday + rng.integers(5, size=len(first))
        # Days of the month stop at 28, so that every month has them.
        month_day = (day.astype("M8[D]") - day.astype("M8[M]").astype("M8[D]")).astype(np.int64)
        returning &= (month_day < 28) & (day >= self.calendar.start) & (day <= self.calendar.end)
        back = np.flatnonzero(returning)
        renewal = add_months(day[back], population.term_months[back])
        self.book.open(back, day[back], renewal, self.change_rng)
        self._welcome(back, day[back])
        self.closed_week[back] = FAR

    def _welcome(self, accounts: np.ndarray, since: np.ndarray) -> None:
        self.is_open[accounts] = True
        self.vacant[accounts] = False
        self.treatment[accounts] = UNTREATED
        self.spell_start[accounts] = since

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
        self.treatments[:, week] = self.treatment
        self.selling[:, week] = self.desk.is_selling
        self.paused[:, week] = self.book.is_paused
        self.lingering[:, :, week] = self.left


def _joined(log: list[tuple[np.ndarray, np.ndarray]]) -> tuple[np.ndarray, np.ndarray]:
    accounts, days = zip(*log, strict=True)
    return np.concatenate(accounts), np.concatenate(days)
