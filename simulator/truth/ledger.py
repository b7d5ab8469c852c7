"""MRR movements as the log of contract changes tells them, month by month.

Written from the definitions (DECISIONS.md), not from the warehouse's SQL: the two check each other.
"""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from simulator.assumptions import CURRENCIES
from simulator.calendar import Calendar
from simulator.columns import dates, keys, texts, whole
from simulator.life.contracts import CLOSED, Changes

MOVEMENTS = ("new", "expansion", "contraction", "churn", "reactivation")
NEW, EXPANSION, CONTRACTION, CHURN, REACTIVATION = range(len(MOVEMENTS))


@dataclass(frozen=True)
class _Standing:
    """Account x measured day: MRR in cents, and whether a contract covers the day."""

    mrr: np.ndarray
    is_covered: np.ndarray


def mrr_movements(changes: Changes, currency: np.ndarray, calendar: Calendar) -> pa.Table:
    """One row per account and month with MRR at its opening or its closing.

    `currency`: index into CURRENCIES of each account. A month opens on its first day and closes on
    the next month's first day, the last one on the calendar's last day; the first one opens before
    any contract, so that every cent has a movement. Losses are negative; opening plus the five
    movements is closing.
    """
    days = measured_days(changes, calendar)
    standing = _measure(changes, days, len(currency))
    movement = _classify(standing)
    opening, closing = standing.mrr[:, :-1], standing.mrr[:, 1:]
    account, month = np.nonzero((opening > 0) | (closing > 0))
    opening, closing = opening[account, month], closing[account, month]
    kind = movement[account, month]
    columns = {
        "account_id": keys("acct", account),
        "currency": texts(CURRENCIES, currency[account]),
        "month": dates(days[month]),
        "opening_mrr_cents": whole(opening),
    }
    for code, name in enumerate(MOVEMENTS):
        columns[f"{name}_cents"] = whole(np.where(kind == code, closing - opening, 0))
    return pa.table(columns | {"closing_mrr_cents": whole(closing)})


def measured_days(changes: Changes, calendar: Calendar) -> np.ndarray:
    """The month starts from before the first contract on, and the calendar's last day."""
    first, last = (
        np.datetime64(int(day), "D").astype("M8[M]")
        for day in (changes.day.min() - 1, calendar.end)
    )
    starts = np.arange(first, last + 1).astype("M8[D]").astype(np.int64)
    return np.unique(np.append(starts, calendar.end))


def _measure(changes: Changes, days: np.ndarray, accounts: int) -> _Standing:
    """What holds on each measured day: each change adds its terms from the first of them on that
    it holds on, and takes them away on the first that it does not."""
    begins, ends = (np.searchsorted(days, day) for day in (changes.day, changes.until))
    is_contract = (changes.kind != CLOSED).astype(np.int64)
    mrr, contracts = np.zeros((2, accounts, len(days) + 1), dtype=np.int64)
    for total, terms in ((mrr, changes.mrr_cents), (contracts, is_contract)):
        np.add.at(total, (changes.account, begins), terms)
        np.add.at(total, (changes.account, ends), -terms)
    return _Standing(mrr.cumsum(axis=1)[:, :-1], contracts.cumsum(axis=1)[:, :-1] > 0)


def _classify(standing: _Standing) -> np.ndarray:
    """The movement of each account and month; of no meaning where MRR did not change."""
    pays = standing.mrr > 0
    has_paid = np.logical_or.accumulate(pays, axis=1)
    # Whether it has paid since it was last without a contract on a measured day.
    stays = pays & standing.is_covered
    for day in range(1, stays.shape[1]):
        stays[:, day] |= stays[:, day - 1] & standing.is_covered[:, day]
    change = np.diff(standing.mrr, axis=1)
    is_gone = ~standing.is_covered[:, 1:]
    return np.select(
        [change < 0, stays[:, :-1], has_paid[:, :-1]],
        [np.where(is_gone, CHURN, CONTRACTION), EXPANSION, REACTIVATION],
        NEW,
    )
