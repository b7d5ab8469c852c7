"""What is billed, credited, paid and paid back."""

from dataclasses import dataclass, fields, replace

import numpy as np

from simulator.assumptions import SHOCKS
from simulator.calendar import FAR, Calendar, add_months
from simulator.defects import Count, Switches
from simulator.defects.counts import FACT
from simulator.exports.observed_states import ObservedStates
from simulator.life.contracts import ABSORBED, EXPANDED, RESUMED
from simulator.life.leaving import logistic
from simulator.life.lifecycles import Lifecycles
from simulator.life.population import SMB, Population
from simulator.life.world import World

_INCIDENT = SHOCKS.index("incident")
# Share of incidents that are made good, how many days later, and what part of a month's MRR.
_CREDITED = 0.40
_CREDIT_DAYS = (5, 25)
_CREDIT_PART = (0.10, 0.60)
_ISSUED_TWICE = 0.004
_REFUNDED = 0.003


@dataclass(frozen=True)
class Invoices:
    """One entry per invoice; a credit note has an amount below zero.

    `is_part`: for the rest of a billing period. `is_void`: issued twice by mistake. `paid_day`:
    FAR while unpaid. `failed_days`: up to two failed attempts each, FAR for none. `refund_day`:
    FAR for none.
    """

    account: np.ndarray
    day: np.ndarray
    due: np.ndarray
    amount: np.ndarray
    is_part: np.ndarray
    is_void: np.ndarray
    paid_day: np.ndarray
    failed_days: np.ndarray
    refund_day: np.ndarray
    refund: np.ndarray

    @property
    def is_credit(self) -> np.ndarray:
        return self.amount < 0

    def take(self, rows: np.ndarray) -> "Invoices":
        return Invoices(*(getattr(self, field.name)[rows] for field in fields(self)))

    def counts(self, switches: Switches) -> list[Count]:
        found = {
            "proration": ("billing.invoices", self.is_part),
            "credits": ("billing.invoices", self.is_credit),
            "refunds": ("billing.payments", self.refund_day < FAR),
        }
        return [
            Count(name, table, "rows", int(rows.sum()), FACT)
            for name, (table, rows) in found.items()
            if name in switches
        ]


@dataclass(frozen=True)
class _Periods:
    """Billing periods, one entry each, by account and day: `begin` is in it, `end` is not.

    `is_billable`: it begins while the account is a customer, and not before its history does.
    """

    account: np.ndarray
    begin: np.ndarray
    end: np.ndarray
    months: np.ndarray
    is_billable: np.ndarray

    def of(self, account: np.ndarray, day: np.ndarray) -> np.ndarray:
        """The entry that each account's day lies in."""
        return np.searchsorted(self.account * FAR + self.begin, account * FAR + day, "right") - 1


def draw_invoices(world: World, observed: ObservedStates) -> Invoices:
    """All invoices by account and day, with what became of them.

    They are issued at the start of each billing period, for what is bought in between, and, below
    zero, for incidents.
    """
    switches, randomness = world.switches, world.randomness
    is_prorated = "proration" in switches
    periods = _billing_periods(world.population, world.lifecycles, world.calendar)
    regular = _regular(periods, world.lifecycles)
    within = _within_periods(periods, world.lifecycles, is_prorated)
    parts = [
        _settled(*regular, False, world, observed, randomness.stream("invoices")),
        _settled(*within, is_prorated, world, observed, randomness.stream("proration")),
    ]
    if "credits" in switches:
        parts.append(_credits(world, randomness.stream("credits")))
    columns = ([getattr(part, field.name) for part in parts] for field in fields(Invoices))
    joined = Invoices(*map(np.concatenate, columns))
    invoices = joined.take(np.lexsort((joined.is_void, joined.day, joined.account)))
    if "refunds" in switches:
        invoices = _pay_back(invoices, world.calendar, randomness.stream("refunds"))
    return invoices


def _billing_periods(
    population: Population, lifecycles: Lifecycles, calendar: Calendar
) -> _Periods:
    account, opened, closed = lifecycles.changes.spells()
    order = np.lexsort((opened, account))
    account, opened, closed = account[order], opened[order], closed[order]
    closed = np.minimum(closed, calendar.end + 1)
    # Periods count from the signing; a customer who comes back starts to count anew.
    anchor = np.where(
        opened == population.first_day[account], population.signed_day[account], opened
    )
    months = population.billing_months[account]
    count = (calendar.end - anchor.min(initial=calendar.end)) // 28 + 2
    step = np.arange(count + 1)
    day = add_months(np.repeat(anchor, count + 1), (step[None, :] * months[:, None]).ravel())
    day = day.reshape(len(account), count + 1)
    row, number = np.nonzero((day[:, 1:] > opened[:, None]) & (day[:, :-1] < closed[:, None]))
    begin = day[row, number]
    return _Periods(
        account=account[row],
        begin=begin,
        end=day[row, number + 1],
        months=months[row],
        is_billable=begin >= opened[row],
    )


def _regular(
    periods: _Periods, lifecycles: Lifecycles
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Account, day and cents of the invoices at the starts of billing periods.

    Who is paused on the day gets none.
    """
    account, day = periods.account[periods.is_billable], periods.begin[periods.is_billable]
    amount = lifecycles.changes.mrr_on(account, day) * periods.months[periods.is_billable]
    is_billed = amount > 0
    return account[is_billed], day[is_billed], amount[is_billed]


def _within_periods(
    periods: _Periods, lifecycles: Lifecycles, is_prorated: bool
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Account, day and cents of what is billed when MRR rises within a billing period.

    Prorated: the gain, for the rest of the period. Else what is bought shows on the next regular
    invoice only; but a period that began in a pause was never billed, and is billed in full.
    """
    changes = lifecycles.changes
    rises = np.isin(changes.kind, (EXPANDED, ABSORBED, RESUMED))
    # Several products may change on one day.
    account, day = np.unique(np.stack([changes.account[rises], changes.day[rises]]), axis=1)
    place = periods.of(account, day)
    begin, end, months = periods.begin[place], periods.end[place], periods.months[place]
    mrr = changes.mrr_on(account, day)
    # Within a period MRR falls in pauses only, so what it rose to last is the most that is billed.
    billed = changes.mrr_on(account, begin)
    was_unbilled = billed == 0
    follows = np.append(False, place[1:] == place[:-1])
    billed = np.where(follows, np.maximum(billed, np.roll(mrr, 1)), billed)
    gained = np.where(day > begin, np.maximum(mrr - billed, 0), 0)
    if is_prorated:
        amount = np.rint(gained * months * (end - day) / (end - begin)).astype(np.int64)
    else:
        amount = np.where(was_unbilled & ~follows, gained * months, 0)
    is_billed = amount > 0
    return account[is_billed], day[is_billed], amount[is_billed]


def _settled(
    account: np.ndarray,
    day: np.ndarray,
    amount: np.ndarray,
    is_part: bool,
    world: World,
    observed: ObservedStates,
    rng: np.random.Generator,
) -> Invoices:
    """Invoices, some issued twice, with when they are due and how they are paid."""
    population, calendar = world.population, world.calendar
    # The second one is voided.
    twice = np.flatnonzero(rng.random(len(account)) < _ISSUED_TWICE)
    is_void = np.concatenate([np.zeros(len(account), bool), np.ones(len(twice), bool)])
    account, day, amount = (np.concatenate([c, c[twice]]) for c in (account, day, amount))
    count = len(account)

    by_card = (population.segment[account] == SMB) & (population.billing_months[account] == 1)
    due = day + np.where(by_card, 0, np.where(population.segment[account] == SMB, 14, 30))
    solvency = observed.solvency[account, calendar.week_of(day)]
    failed_days = np.full((count, 2), FAR)
    fails = by_card & (rng.random(count) < logistic(-3.0 - 1.2 * solvency))
    fails_again = fails & (rng.random(count) < logistic(-0.6 - 0.6 * solvency))
    failed_days[fails, 0] = day[fails]
    failed_days[fails_again, 1] = day[fails_again] + 3
    card_paid = day + np.where(fails_again, 8, np.where(fails, 3, 0))
    card_paid += np.where(fails, rng.integers(0, 3, size=count), 0)
    is_late = rng.random(count) < logistic(-1.8 - 1.3 * solvency)
    lateness = np.where(is_late, 2 + rng.exponential(16, count), -rng.exponential(5, count))
    paid = np.where(by_card, card_paid, np.maximum(day + 1, due + np.rint(lateness)))
    is_unpaid = is_void | (rng.random(count) < 0.15 * logistic(-3.0 - 1.2 * solvency))
    paid = np.where(is_unpaid | (paid > calendar.end), FAR, paid).astype(np.int64)
    failed_days[failed_days > calendar.end] = FAR
    failed_days[is_void] = FAR
    return Invoices(
        account=account,
        day=day,
        due=due,
        amount=amount,
        is_part=np.full(count, is_part),
        is_void=is_void,
        paid_day=paid,
        failed_days=failed_days,
        refund_day=np.full(count, FAR),
        refund=np.zeros(count, dtype=np.int64),
    )


def _credits(world: World, rng: np.random.Generator) -> Invoices:
    """Credit notes that make good for incidents. Nothing is paid on them, and nothing paid out."""
    lifecycles, calendar, rules = world.lifecycles, world.calendar, world.rules
    left = lifecycles.lingering[_INCIDENT]
    before = np.pad(left[:, :-1], ((0, 0), (1, 0)))
    fell = left - rules.deviation_persistence * before
    account, week = np.nonzero(fell < rules.shock_shifts["incident"] / 2)
    count = len(account)
    is_credited = rng.random(count) < _CREDITED
    day = calendar.first_monday + 7 * week + rng.integers(*_CREDIT_DAYS, size=count)
    part = rng.uniform(*_CREDIT_PART, size=count)
    amount = -np.rint(lifecycles.changes.mrr_on(account, day) * part).astype(np.int64)
    kept = is_credited & (amount < 0) & (day >= calendar.start) & (day <= calendar.end)
    account, day, amount = account[kept], day[kept], amount[kept]
    count = len(account)
    never = np.full(count, FAR)
    return Invoices(
        account=account,
        day=day,
        due=day,
        amount=amount,
        is_part=np.zeros(count, dtype=bool),
        is_void=np.zeros(count, dtype=bool),
        paid_day=never,
        failed_days=np.full((count, 2), FAR),
        refund_day=never,
        refund=np.zeros(count, dtype=np.int64),
    )


def _pay_back(invoices: Invoices, calendar: Calendar, rng: np.random.Generator) -> Invoices:
    """A few paid invoices are paid back in part some days later."""
    count = len(invoices.account)
    chosen = rng.random(count) < _REFUNDED
    day = invoices.paid_day + rng.integers(3, 20, size=count)
    amount = -np.rint(invoices.amount * rng.uniform(0.1, 0.5, count)).astype(np.int64)
    chosen &= (invoices.paid_day < FAR) & (day <= calendar.end)
    return replace(
        invoices, refund_day=np.where(chosen, day, FAR), refund=np.where(chosen, amount, 0)
    )
