"""Deals as the CRM keeps them: sign-ups, renewals, sales and lost customers."""

import numpy as np

from simulator.assumptions import CURRENCIES, PRODUCTS
from simulator.calendar import DAY_SECONDS, FAR, NEVER, Calendar
from simulator.columns import flags, keys, moments, texts, whole
from simulator.life.contracts import OPENED, RENEWED, next_day
from simulator.life.lifecycles import Lifecycles
from simulator.life.population import Population
from simulator.randomness import Randomness


def opportunity_table(
    population: Population, lifecycles: Lifecycles, calendar: Calendar, randomness: Randomness
) -> dict:
    """Sign-ups, renewals of terms of a year and more, sales, and every lost customer."""
    rng = randomness.stream("opportunities")
    new = _new_deals(population, lifecycles)
    renewals = _renewals(population, lifecycles, calendar)
    sales = lifecycles.sales
    more = (sales.account, sales.product, sales.created, sales.closed, sales.is_won)
    kind = np.repeat([0, 1, 2], [len(new[0]), len(renewals[0]), len(sales.account)])
    account, product, created, closed, won = (
        np.concatenate(parts) for parts in zip(new, renewals, more, strict=True)
    )
    order = np.lexsort((created, account))
    kind, account, product, created, closed, won = (
        column[order] for column in (kind, account, product, created, closed, won)
    )
    is_open = closed == FAR
    valued_on = np.where(is_open, calendar.end, np.where(won, closed, closed - 1))
    mrr = lifecycles.changes.mrr_on(account, np.maximum(valued_on, population.first_day[account]))
    share = np.where(kind == 2, rng.uniform(0.08, 0.30, len(account)), 1.0)
    hour = 9 * 3600 + rng.integers(28_000, size=len(account))
    closed_at = closed * DAY_SECONDS + hour
    stage = np.where(is_open, rng.integers(3, size=len(account)), np.where(won, 3, 4))
    return {
        "opportunity_id": keys("opp", np.arange(len(account))),
        "account_id": keys("acct", account),
        "opportunity_type": texts(("new", "renewal", "expansion"), kind),
        "product": texts(PRODUCTS, np.maximum(product, 0), product >= 0),
        "stage": texts(("discovery", "proposal", "negotiation", "won", "lost"), stage),
        "amount_cents": whole(np.rint(mrr * 12 * share)),
        "currency": texts(CURRENCIES, population.currency[account]),
        "created_at": moments(np.minimum(created * DAY_SECONDS + 8 * 3600, closed_at)),
        "closed_at": moments(np.where(is_open, NEVER, closed_at)),
        "is_won": flags(won, ~is_open),
    }


def _new_deals(population: Population, lifecycles: Lifecycles) -> tuple[np.ndarray, ...]:
    changes = lifecycles.changes
    row = np.flatnonzero((changes.product == 0) & (changes.kind == OPENED))
    account, opened = changes.account[row], changes.day[row]
    is_first = opened == population.first_day[account]
    closed = np.where(is_first, population.signed_day[account], opened)
    count = len(row)
    return account, np.full(count, -1), closed - 60, closed, np.ones(count, dtype=bool)


def _renewals(
    population: Population, lifecycles: Lifecycles, calendar: Calendar
) -> tuple[np.ndarray, ...]:
    """A renewal is opened 90 days before its day whatever comes of it, and closed on its day.

    Monthly terms renew without a deal; a lost one is written down when notice is given, and so
    is a cancellation before the renewal was opened.
    """
    changes = lifecycles.changes
    is_term = (changes.product == 0) & np.isin(changes.kind, (OPENED, RENEWED))
    account, started = changes.account[is_term], changes.day[is_term]
    renewal = changes.renewal_day[is_term]
    lost = next_day(lifecycles.churns.account, lifecycles.churns.day, account, started)
    is_lost = lost <= renewal
    end = np.minimum(lost, renewal)
    created = np.maximum(renewal - 90, started)
    is_deal = (population.term_months[account] > 1) & (created <= calendar.end) & (created < end)
    created = np.where(is_deal, created, notice_day(lost))
    closed = np.where(end <= calendar.end, end, FAR)
    chosen = is_deal | is_lost
    count = int(chosen.sum())
    return (
        account[chosen],
        np.full(count, -1),
        created[chosen],
        closed[chosen],
        (~is_lost & (closed < FAR))[chosen],
    )


def notice_day(lost: np.ndarray) -> np.ndarray:
    """When a lost customer gave notice: between the Monday of the week and its last day.

    Within the week, so that no week's end knows more than the truth computed for it.
    """
    monday = lost - (lost + 3) % 7
    return monday + (lost - monday) // 2
