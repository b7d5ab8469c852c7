"""Subscriptions, deals, invoices, payments and exchange rates."""

import numpy as np
import pyarrow as pa

from simulator.assumptions import CURRENCIES, PLANS, PRODUCT_UNITS, PRODUCTS
from simulator.calendar import DAY_SECONDS, FAR, NEVER, Calendar
from simulator.columns import dates, flags, keys, midnight, moments, numbers, texts, whole
from simulator.exports.deals import notice_day
from simulator.exports.invoices import Invoices
from simulator.life.contracts import CLOSED
from simulator.life.lifecycles import Lifecycles
from simulator.life.population import Population
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


def subscription_table(
    population: Population, lifecycles: Lifecycles, main_cause: np.ndarray, randomness: Randomness
) -> dict:
    """One row per product and period of unchanged terms; each renewal starts a new row."""
    rng = randomness.stream("subscriptions")
    changes, churns = lifecycles.changes, lifecycles.churns
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
        "status": texts(("active", "ended"), (ended < FAR).astype(np.int32)),
        "auto_renews": flags(population.term_months[account] <= 12),
        # The last day of the term; the next one would start on the renewal day.
        "renewal_date": dates(changes.renewal_day[rows] - 1),
        "usage_limit": numbers(changes.quantity[rows] * 100.0, has_limit),
    }


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
    status = np.select(
        [invoices.is_credit, is_void, invoices.paid_day < FAR, is_written_off], [0, 1, 2, 3], 4
    )
    invoice_table = {
        "invoice_id": keys("inv", np.arange(size)),
        "account_id": keys("acct", invoices.account),
        "issued_at": moments(issued),
        "due_at": moments(invoices.due * DAY_SECONDS + 23 * 3600),
        "amount_cents": whole(invoices.amount),
        "currency": texts(CURRENCIES, currency),
        "status": texts(("credit", "void", "paid", "uncollectible", "open"), status),
        "voided_at": moments(np.where(is_void, voided, NEVER)),
    }
    paid = np.flatnonzero(invoices.paid_day < FAR)
    failed, attempt = np.nonzero(invoices.failed_days < FAR)
    refunded = np.flatnonzero(invoices.refund_day < FAR)
    row = np.concatenate([paid, failed, refunded])
    day = np.concatenate(
        [
            invoices.paid_day[paid],
            invoices.failed_days[failed, attempt],
            invoices.refund_day[refunded],
        ]
    )
    amount = np.concatenate(
        [invoices.amount[paid], invoices.amount[failed], invoices.refund[refunded]]
    )
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
