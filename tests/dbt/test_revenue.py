"""Revenue marts against a second reading of the same histories, account by account in Python."""

from __future__ import annotations

import itertools
import random
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import pandas as pd
import pytest

from warehouse import Warehouse

AS_OF = date(2026, 1, 15)
FIRST_DAY = date(2024, 2, 1)
ACCOUNTS = 400
RENEWED_WITHIN = timedelta(days=45)
# The yen has no minor unit, the franc no rate.
WORTH = {"USD": Decimal("0.01"), "EUR": Decimal("0.0125"), "JPY": Decimal("0.008"), "CHF": None}
LEDGER = [
    "opening_mrr_cents",
    "new_cents",
    "expansion_cents",
    "contraction_cents",
    "churn_cents",
    "reactivation_cents",
    "closing_mrr_cents",
]
MARTS = ["+fct_mrr_movements", "+retention_monthly", "+churn_cohorts"]

pytestmark = pytest.mark.slow


@dataclass(frozen=True)
class Subscription:
    account_id: str
    currency: str
    mrr_cents: int
    started: date
    ended: date | None

    def covers(self, day: date) -> bool:
        return self.started <= day and (self.ended is None or self.ended > day)


Histories = dict[str, list[Subscription]]


def random_history(account_id: str, luck: random.Random) -> Iterator[Subscription]:
    """Renewals, gaps, overlaps, trials, empty periods and changes of currency."""
    currency = luck.choice(list(WORTH))
    started = FIRST_DAY + timedelta(days=luck.randrange(600))
    for _ in range(luck.randint(1, 6)):
        if luck.random() < 0.1:
            currency = luck.choice(list(WORTH))
        ended = started + timedelta(days=luck.choice([0, 14, 28, 31, 90, 365]))
        is_open_ended = luck.random() < 0.1
        mrr_cents = luck.choice([0, 1, 999, luck.randrange(1_000_000)])
        yield Subscription(
            account_id, currency, mrr_cents, started, None if is_open_ended else ended
        )
        started = ended + timedelta(days=luck.choice([-20, 0, 0, 0, 1, 45]))


@pytest.fixture(scope="module")
def exported() -> Histories:
    luck = random.Random(20260115)
    names = [f"a{number}" for number in range(ACCOUNTS)]
    return {name: list(random_history(name, luck)) for name in names}


def of_customers(periods: list[Subscription]) -> list[Subscription]:
    """The periods as they count: what held no day is not there, a renewal ends what it renews
    early, and all begins with the first paid day."""
    held = sorted((p for p in periods if p.ended is None or p.ended > p.started), key=by_start)
    read, has_licences = list(held), False
    for place, period in enumerate(held):
        before = held[:place]
        longest = max((p.ended or date.max for p in before), default=date.min)
        has_licences |= longest > period.started + RENEWED_WITHIN
        if not before or has_licences:
            continue
        renewed, others = before[-1], before[:-1]
        is_alone = all((p.ended or date.max) < period.started for p in others)
        is_continued = any(p.started == renewed.ended for p in held)
        is_open = renewed.started < period.started < (renewed.ended or date.min)
        if is_open and is_alone and not is_continued:
            read[place - 1] = replace(read[place - 1], ended=period.started)
    first_paid = min((p.started for p in held if p.mrr_cents > 0), default=date.max)
    return [
        replace(period, started=max(period.started, first_paid))
        for period in read
        if first_paid <= AS_OF and (period.ended is None or period.ended > first_paid)
    ]


def by_start(period: Subscription) -> date:
    return period.started


@pytest.fixture(scope="module")
def histories(exported: Histories) -> Histories:
    return {account: of_customers(periods) for account, periods in exported.items()}


def load(warehouse: Warehouse, histories: Histories) -> None:
    by = {"_source": "test", "_recorded_at": "2026-01-15T00:00:00Z", "_row_hash": ""}
    accounts = [
        {"account_id": name, "account_name": name, "signed_at": f"{FIRST_DAY}T00:00:00Z", **by}
        for name in histories
    ]
    subscriptions = [
        {
            "subscription_id": f"{period.account_id}-{number}",
            "account_id": period.account_id,
            "product": "one",
            "mrr_cents": period.mrr_cents,
            "currency": period.currency,
            "started_at": f"{period.started}T00:00:00Z",
            "ended_at": f"{period.ended}T00:00:00Z" if period.ended else None,
            **by,
        }
        for periods in histories.values()
        for number, period in enumerate(periods)
    ]
    rates = [
        {"currency": "EUR", "rate_date": "2025-01-01", "usd_per_unit": "1.25", **by},
        {"currency": "JPY", "rate_date": "2025-01-01", "usd_per_unit": "0.008", **by},
        {"currency": "EUR", "rate_date": "2026-01-16", "usd_per_unit": "7", **by},
    ]
    warehouse.replace_table("crm.accounts", pd.DataFrame(accounts))
    warehouse.replace_table("billing.subscriptions", pd.DataFrame(subscriptions))
    warehouse.replace_table("finance.exchange_rates", pd.DataFrame(rates))


def records(warehouse: Warehouse, mart: str) -> list[dict[str, Any]]:
    """The mart's rows, with days as days."""
    return [
        {name: v.date() if isinstance(v, pd.Timestamp) else v for name, v in row.items()}
        for row in warehouse.read(f"select * from marts.{mart}").to_dict("records")
    ]


def native_mrr(periods: list[Subscription], day: date) -> dict[str, int]:
    """Minor units per currency that a subscription covers; empty when the account is closed."""
    cents: dict[str, int] = defaultdict(int)
    for period in periods:
        if period.covers(day):
            cents[period.currency] += period.mrr_cents
    return dict(cents)


def worth(native: dict[str, int]) -> Decimal | None:
    """The reporting currency, rounded to the cent; None when a rate is unknown."""
    total = Decimal(0)
    for currency, cents in native.items():
        rate = WORTH[currency]
        if rate is None:
            return None
        total += cents * rate
    return total.quantize(Decimal("0.01"), ROUND_HALF_UP)


def month_starts(histories: Histories) -> list[date]:
    first = min(period.started for periods in histories.values() for period in periods)
    before = (first - timedelta(days=1)).replace(day=1)
    return [stamp.date() for stamp in pd.date_range(before, AS_OF, freq="MS")]


def expected_movements(histories: Histories) -> dict[tuple[str, date, str], tuple[int, ...]]:
    """The columns of LEDGER per account, month and currency."""
    days = [*month_starts(histories), AS_OF]
    rows: dict[tuple[str, date, str], tuple[int, ...]] = {}
    for account, periods in histories.items():
        has_paid_in_stay = False
        first_paid = min((p.started for p in periods if p.mrr_cents > 0), default=date.max)
        for opening_day, closing_day in itertools.pairwise(days):
            opening, closing = native_mrr(periods, opening_day), native_mrr(periods, closing_day)
            paid, pays = any(opening.values()), any(closing.values())
            for currency in {*opening, *closing}:
                change = closing.get(currency, 0) - opening.get(currency, 0)
                names = ["new", "expansion", "contraction", "churn", "reactivation"]
                amounts = dict.fromkeys(names, 0)
                if paid and not closing:
                    amounts["churn"] = change
                elif change < 0:
                    amounts["contraction"] = change
                elif has_paid_in_stay:
                    amounts["expansion"] = change
                else:
                    amounts["reactivation" if first_paid <= opening_day else "new"] = change
                rows[account, opening_day, currency] = (
                    opening.get(currency, 0),
                    *amounts.values(),
                    closing.get(currency, 0),
                )
            # Without a subscription on one of the days, whatever comes later is a return.
            has_paid_in_stay = bool(closing) and (has_paid_in_stay or pays)
    return rows


@pytest.fixture(scope="module")
def built(company: Warehouse, dbt_build: Callable[..., None], exported: Histories) -> Warehouse:
    load(company, exported)
    no_unit_tests = ["--exclude-resource-type", "unit_test"]
    dbt_build(company, AS_OF.isoformat(), "--select", *MARTS, *no_unit_tests)
    return company


def test_movements_are_those_of_a_plain_reading(built: Warehouse, histories: Histories) -> None:
    """A cent that appears in no movement, or in the wrong one, is revenue nobody can explain."""
    found = {
        (row["account_id"], row["month"], row["currency"]): tuple(row[name] for name in LEDGER)
        for row in records(built, "fct_mrr_movements")
    }
    assert found == expected_movements(histories)


def test_retention_is_that_of_the_closed_cohort(built: Warehouse, histories: Histories) -> None:
    """Who joins later, or cannot be converted, must not move what a cohort retains."""
    starts = month_starts(histories)
    native = {
        (account, day): native_mrr(periods, day)
        for account, periods in histories.items()
        for day in starts
    }
    found = {(row["from_date"], row["to_date"]): row for row in records(built, "retention_monthly")}
    paying_from = [day for day in starts if any(any(native[a, day].values()) for a in histories)]
    assert set(found) == {(start, end) for start in paying_from for end in starts if start < end}
    for (start, end), row in found.items():
        cohort = [account for account in histories if any(native[account, start].values())]
        churned = [account for account in cohort if not native[account, end]]
        both = [(worth(native[a, start]), worth(native[a, end])) for a in cohort]
        known = [(b, a) for b, a in both if b is not None and a is not None]
        start_mrr = sum(before for before, _ in known)
        assert (row["start_accounts"], row["churned_accounts"]) == (len(cohort), len(churned))
        assert row["unconverted_accounts"] == len(cohort) - len(known)
        if known and start_mrr:
            assert row["start_mrr"] == pytest.approx(float(start_mrr), abs=1e-6)
            nrr = sum(after for _, after in known) / start_mrr
            grr = sum(min(before, after) for before, after in known) / start_mrr
            assert row["nrr"] == pytest.approx(float(nrr), abs=1e-9)
            assert row["grr"] == pytest.approx(float(grr), abs=1e-9)


def test_cohorts_follow_accounts_and_do_not_know_the_future(
    built: Warehouse, histories: Histories
) -> None:
    """A young cohort's empty months shown as zero would read as a collapse."""
    signup = {
        account: min(period.started for period in periods)
        for account, periods in histories.items()
        if any(period.started <= AS_OF for period in periods)
    }
    rows = records(built, "churn_cohorts")
    assert {row["signup_quarter"] for row in rows} == {
        pd.Timestamp(day).to_period("Q").start_time.date() for day in signup.values()
    }
    for row in rows:
        quarter = pd.Timestamp(row["signup_quarter"]).to_period("Q")
        cohort = [a for a, day in signup.items() if pd.Timestamp(day).to_period("Q") == quarter]
        later = pd.DateOffset(months=row["months_since"])
        last = quarter.end_time.normalize() + later
        assert row["accounts"] == len(cohort)
        assert row["is_censored"] == (last.date() > AS_OF)
        if row["is_censored"]:
            assert pd.isna(row["logo_retention"])
            continue
        over = pd.Timedelta(days=int(row["months_since"] > 0))
        days = {a: (pd.Timestamp(signup[a]) + later - over).date() for a in cohort}
        kept = [account for account in cohort if native_mrr(histories[account], days[account])]
        assert row["retained_accounts"] == len(kept)
        assert row["logo_retention"] == pytest.approx(len(kept) / len(cohort))
