"""Subscriptions, deals, invoices, payments and exchange rates."""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from simulator.assumptions import CURRENCIES, PLANS, PRODUCT_UNITS, PRODUCTS
from simulator.calendar import DAY_SECONDS, FAR, NEVER, Calendar, add_months
from simulator.columns import dates, flags, keys, midnight, moments, numbers, texts, whole
from simulator.contracts import ABSORBED, CLOSED, EXPANDED
from simulator.deals import notice_day
from simulator.lives import Lives
from simulator.moods import Moods, logistic
from simulator.population import SMB, Population
from simulator.randomness import Randomness

_REASONS = (
    "price",
    "missing features",
    "low usage",
    "competitor",
    "budget",
    "support quality",
    "champion left",
    "other",
    "acquired",
)
# What a customer would say, by main cause in the order of CAUSES; few say it in plain words.
_STATED = np.array([3, 2, 6, 5, 7, 4, 0, 6, 2, 0, 7, 8])
_MID_YEAR = 30.4375


def subscription_table(
    population: Population, lives: Lives, main_cause: np.ndarray, randomness: Randomness
) -> dict:
    """One row per product and period of unchanged terms; each renewal starts a new row."""
    rng = randomness.stream("subscriptions")
    changes, churns = lives.changes, lives.churns
    rows = np.flatnonzero(changes.kind != CLOSED)
    account, product = changes.account[rows], changes.product[rows]
    ended = changes.until[rows]

    # Notice and reason of the row that ends with a lost customer; the last entry: of no loss.
    loss = churns.find(account, ended)
    reason = np.where(
        rng.random(len(churns.account)) < 0.65,
        _STATED[main_cause],
        rng.integers(len(_REASONS) - 1, size=len(churns.account)),
    )
    is_stated = np.append(rng.random(len(churns.account)) < 0.88, False)
    notice = np.append(notice_day(churns.day) * DAY_SECONDS, NEVER)
    has_limit = product > 0
    return {
        "subscription_id": keys("sub", np.arange(len(rows))),
        "account_id": keys("acct", account),
        "product": texts(PRODUCTS, product),
        "plan": texts(PLANS, population.plan[account]),
        "quantity": numbers(changes.quantity[rows]),
        "unit": texts(PRODUCT_UNITS, product),
        "mrr_cents": whole(changes.mrr_cents[rows]),
        "currency": texts(CURRENCIES, population.currency[account]),
        "billing_period_months": whole(population.billing_months[account], kind=pa.int32()),
        "term_months": whole(population.term_months[account], kind=pa.int32()),
        "started_at": midnight(changes.day[rows]),
        "ended_at": midnight(ended, ended < FAR),
        "cancelled_at": moments(notice[loss]),
        "cancel_reason": texts(_REASONS, np.append(reason, 0)[loss], is_stated[loss]),
        "auto_renews": flags(population.term_months[account] <= 12),
        # The last day of the term; the next one would start on the renewal day.
        "renewal_date": dates(changes.renewal_day[rows] - 1),
        "usage_limit": numbers(changes.quantity[rows] * 100.0, has_limit),
    }


@dataclass(frozen=True)
class Invoices:
    account: np.ndarray
    day: np.ndarray
    due: np.ndarray
    amount: np.ndarray
    is_void: np.ndarray
    paid_day: np.ndarray
    failed_days: np.ndarray


def draw_invoices(
    population: Population,
    lives: Lives,
    moods: Moods,
    calendar: Calendar,
    randomness: Randomness,
) -> Invoices:
    """Invoices at the start of each billing period, and for what is bought in between.

    `paid_day`: FAR while unpaid. `failed_days`: up to two failed attempts each, FAR for none.
    """
    rng = randomness.stream("invoices")
    account, day, amount = (
        np.concatenate(parts)
        for parts in zip(
            _regular(population, lives, calendar),
            _upgrades(population, lives),
            strict=True,
        )
    )
    order = np.lexsort((day, account))
    account, day, amount = account[order], day[order], amount[order]
    # Some are issued twice by mistake; the second one is voided.
    twice = np.flatnonzero(rng.random(len(account)) < 0.004)
    is_void = np.concatenate([np.zeros(len(account), bool), np.ones(len(twice), bool)])
    account, day, amount = (np.concatenate([c, c[twice]]) for c in (account, day, amount))

    by_card = (population.segment[account] == SMB) & (population.billing_months[account] == 1)
    due = day + np.where(by_card, 0, np.where(population.segment[account] == SMB, 14, 30))
    solvency = moods.solvency[account, calendar.week_of(day)]
    failed_days = np.full((len(account), 2), FAR)
    fails = by_card & (rng.random(len(account)) < logistic(-3.0 - 1.2 * solvency))
    fails_again = fails & (rng.random(len(account)) < logistic(-0.6 - 0.6 * solvency))
    failed_days[fails, 0] = day[fails]
    failed_days[fails_again, 1] = day[fails_again] + 3
    card_paid = day + np.where(fails_again, 8, np.where(fails, 3, 0))
    card_paid += np.where(fails, rng.integers(0, 3, size=len(account)), 0)
    is_late = rng.random(len(account)) < logistic(-1.8 - 1.3 * solvency)
    lateness = np.where(
        is_late, 2 + rng.exponential(16, len(account)), -rng.exponential(5, len(account))
    )
    paid = np.where(by_card, card_paid, np.maximum(day + 1, due + np.rint(lateness)))
    is_unpaid = is_void | (rng.random(len(account)) < 0.15 * logistic(-3.0 - 1.2 * solvency))
    paid = np.where(is_unpaid | (paid > calendar.end), FAR, paid).astype(np.int64)
    failed_days[failed_days > calendar.end] = FAR
    failed_days[is_void] = FAR
    return Invoices(account, day, due, amount, is_void, paid, failed_days)


def _regular(
    population: Population, lives: Lives, calendar: Calendar
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Account, day and cents of the invoices at the starts of billing periods."""
    account, opened, closed = lives.changes.spells()
    closed = np.minimum(closed, calendar.end + 1)
    # Periods count from the signing; a customer who comes back starts to count anew.
    anchor = np.where(
        opened == population.first_day[account], population.signed_day[account], opened
    )
    period = population.billing_months[account]
    months = (calendar.end - anchor.min(initial=calendar.end)) // 30 + 2
    step = np.arange(months)
    day = add_months(np.repeat(anchor, months), (step[None, :] * period[:, None]).ravel())
    row = np.repeat(np.arange(len(account)), months)
    is_billed = (day >= opened[row]) & (day < closed[row])
    row, day = row[is_billed], day[is_billed]
    return account[row], day, lives.changes.mrr_on(account[row], day) * period[row]


def _upgrades(population: Population, lives: Lives) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Account, day and cents of what is bought within a billing period, for the rest of it."""
    changes = lives.changes
    row = np.flatnonzero(np.isin(changes.kind, (EXPANDED, ABSORBED)))
    account, day = changes.account[row], changes.day[row]
    gained = changes.mrr_on(account, day) - changes.mrr_on(account, day - 1)
    # The rest of the period: whole months to the next renewal, modulo the period.
    period = population.billing_months[account]
    months_left = (changes.renewal_day[row] - day) / _MID_YEAR
    rest = np.mod(months_left, period)
    amount = np.rint(gained * rest).astype(np.int64)
    is_billed = amount > 0
    return account[is_billed], day[is_billed], amount[is_billed]


def invoice_tables(
    invoices: Invoices, population: Population, calendar: Calendar, randomness: Randomness
) -> tuple[dict, dict]:
    """The invoices, and the attempts to pay them."""
    rng = randomness.stream("payments")
    size = len(invoices.account)
    currency = population.currency[invoices.account]
    issued = invoices.day * DAY_SECONDS + 6 * 3600
    voided = issued + 4 * DAY_SECONDS
    is_void = invoices.is_void & (voided < (calendar.end + 1) * DAY_SECONDS)
    is_written_off = (invoices.paid_day == FAR) & (invoices.due < calendar.end - 120)
    status = np.select([is_void, invoices.paid_day < FAR, is_written_off], [0, 1, 2], 3)
    invoice_table = {
        "invoice_id": keys("inv", np.arange(size)),
        "account_id": keys("acct", invoices.account),
        "issued_at": moments(issued),
        "due_at": moments(invoices.due * DAY_SECONDS + 23 * 3600),
        "amount_cents": whole(invoices.amount),
        "currency": texts(CURRENCIES, currency),
        "status": texts(("void", "paid", "uncollectible", "open"), status),
        "voided_at": moments(np.where(is_void, voided, NEVER)),
    }
    paid = np.flatnonzero(invoices.paid_day < FAR)
    failed, attempt = np.nonzero(invoices.failed_days < FAR)
    refunded = paid[rng.random(len(paid)) < 0.003]
    refund_day = invoices.paid_day[refunded] + rng.integers(3, 20, size=len(refunded))
    refunded, refund_day = (
        refunded[refund_day <= calendar.end],
        refund_day[refund_day <= calendar.end],
    )
    refund = -np.rint(invoices.amount[refunded] * rng.uniform(0.1, 0.5, len(refunded)))
    row = np.concatenate([paid, failed, refunded])
    day = np.concatenate(
        [invoices.paid_day[paid], invoices.failed_days[failed, attempt], refund_day]
    )
    amount = np.concatenate([invoices.amount[paid], invoices.amount[failed], refund])
    outcome = np.repeat([0, 1, 2], [len(paid), len(failed), len(refunded)])
    # An attempt follows its invoice's hour; a payment follows the failed attempts of its day.
    second = day * DAY_SECONDS + 7 * 3600 + rng.integers(40_000, size=len(row))
    order = np.lexsort((second, row))
    payment_table = {
        "payment_id": keys("pay", np.arange(len(row))),
        "invoice_id": keys("inv", row[order]),
        "attempted_at": moments(second[order]),
        "amount_cents": whole(amount[order]),
        "currency": texts(CURRENCIES, currency[row[order]]),
        "outcome": texts(("paid", "failed", "refunded"), outcome[order]),
    }
    return invoice_table, payment_table


def exchange_rate_table(calendar: Calendar, randomness: Randomness) -> dict:
    """One rate per currency and day; US dollars are always worth one."""
    rng = randomness.stream("exchange rates")
    days = np.arange(calendar.start, calendar.end + 1)
    steps = 0.004 * rng.standard_normal((2, len(days)))
    rates = np.array([[1.08], [1.27]]) * np.exp(np.cumsum(steps, axis=1) * 0.8)
    return {
        "currency": texts(CURRENCIES, np.repeat(np.arange(3), len(days))),
        "rate_date": dates(np.tile(days, 3)),
        "usd_per_unit": numbers(np.concatenate([np.ones(len(days)), np.round(rates, 5).ravel()])),
    }
