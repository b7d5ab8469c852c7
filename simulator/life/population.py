"""Who the customers are: everything about an account that is settled when it signs."""

from dataclasses import dataclass

import numpy as np

from simulator.assumptions import (
    COUNTRIES,
    CURRENCIES,
    INDUSTRIES,
    PRODUCTS,
    REGIONS,
    TERMS,
    Assumptions,
)
from simulator.calendar import Calendar, add_months
from simulator.defects import Count, Switches
from simulator.defects.counts import FACT
from simulator.randomness import Randomness, choose

SMB, MID_MARKET, ENTERPRISE = range(3)
# Months between invoices, by segment, for terms of a year and more.
_BILLING_PERIODS = np.array([1, 3, 12])
_BILLING_SHARES = np.array([[0.50, 0.10, 0.40], [0.20, 0.35, 0.45], [0.00, 0.30, 0.70]])
_INDUSTRY_SHARES = np.array([0.17, 0.12, 0.12, 0.13, 0.11, 0.09, 0.07, 0.06, 0.05, 0.08])


@dataclass(frozen=True)
class Population:
    """One entry per account in every array; codes index the tuples in `assumptions`."""

    segment: np.ndarray
    industry: np.ndarray
    region: np.ndarray
    country: np.ndarray
    currency: np.ndarray
    employees: np.ndarray
    touch: np.ndarray
    csm: np.ndarray
    plan: np.ndarray
    term_months: np.ndarray
    billing_months: np.ndarray
    signed_day: np.ndarray
    first_day: np.ndarray
    first_renewal: np.ndarray
    seats: np.ndarray
    seat_price: np.ndarray
    has_product: np.ndarray
    is_new_way: np.ndarray
    onboarding: np.ndarray
    fit: np.ndarray
    onboarding_effect: np.ndarray
    health_mean: np.ndarray
    csm_skill: np.ndarray
    csm_region: np.ndarray

    @property
    def size(self) -> int:
        return len(self.segment)

    @property
    def is_monthly(self) -> np.ndarray:
        return self.term_months == 1

    def counts(self, switches: Switches) -> list[Count]:
        accounts = {
            f"accounts in {name}": ("currency-mix", self.currency == code)
            for code, name in enumerate(CURRENCIES)
            if name != "USD"
        } | {"accounts that prepay": ("annual-prepayment", self.billing_months > 1)}
        return [
            Count(name, "billing.subscriptions", unit, int(chosen.sum()), FACT)
            for unit, (name, chosen) in accounts.items()
            if name in switches
        ]

    @property
    def is_behind(self) -> np.ndarray:
        """Whose onboarding goes worse than well."""
        return self.onboarding > 0

    @property
    def is_reviewed(self) -> np.ndarray:
        """Who is large enough for meetings with executives."""
        return self.touch < 2


def draw_population(
    count: int, calendar: Calendar, rules: Assumptions, switches: Switches, randomness: Randomness
) -> Population:
    """`count` customers, some signed before the calendar's start, the others within it."""
    rng = randomness.stream("population")
    signed_day, first_day = _signing_days(rng, count, calendar, rules)
    is_new_way = signed_day >= programme_day(calendar, rules)
    segment = choose(
        rng, np.array([rules.segment_shares, rules.new_segment_shares])[is_new_way.astype(int)]
    )
    employees = _employees(rng, segment, rules)
    industry = choose(rng, np.tile(_INDUSTRY_SHARES, (count, 1)))
    region = choose(rng, np.tile(rules.region_shares, (count, 1)))
    country = _countries(rng, region)
    currency = np.array([CURRENCIES.index(entry[3]) for entry in COUNTRIES])[country]
    if "currency-mix" not in switches:
        currency = np.zeros_like(currency)
    term_months = np.array(TERMS)[choose(rng, np.array(rules.term_shares)[segment])]
    billing = _BILLING_PERIODS[choose(rng, _BILLING_SHARES[segment])]
    if "annual-prepayment" not in switches:
        billing = np.ones_like(billing)
    first_renewal = _first_renewals(signed_day, first_day, term_months)

    spread = np.array(rules.seats_spread)[segment]
    seats = np.array(rules.seats_median)[segment] * np.exp(spread * rng.standard_normal(count))
    seats = np.maximum(2, np.rint(seats)).astype(np.int64)
    price = np.array(rules.seat_price_cents)[segment]
    plan = np.minimum(2, segment + (rng.random(count) < 0.25))
    price = price * (0.85 + 0.15 * (plan - segment + 1)) * rng.uniform(0.85, 1.15, count)
    has_product = np.ones((count, len(PRODUCTS)), dtype=bool)
    addon_share = np.array(rules.addon_shares)[segment]
    has_product[:, 1:] = rng.random((count, len(PRODUCTS) - 1)) < addon_share[:, None] * 0.6

    csm, csm_skill, csm_region = _assign_csms(rng, segment, region, rules)
    onboarding = choose(rng, onboarding_shares(rules)[is_new_way.astype(int)])
    fit = rng.standard_normal(count)
    industry_mood = rules.industry_effect * rng.standard_normal(len(INDUSTRIES))
    health_mean = (
        rules.health_mean
        + rules.fit_effect * fit
        + rules.csm_effect * csm_skill[csm]
        + industry_mood[industry]
        + rules.addon_effect * (has_product[:, 1:].sum(axis=1) - 0.7)
    )
    return Population(
        segment=segment,
        industry=industry,
        region=region,
        country=country,
        currency=currency,
        employees=employees,
        touch=choose(rng, np.array(rules.touch_shares)[segment]),
        csm=csm,
        plan=plan,
        term_months=term_months,
        billing_months=np.where(term_months == 1, 1, billing),
        signed_day=signed_day,
        first_day=first_day,
        first_renewal=first_renewal,
        seats=seats,
        seat_price=np.rint(price).astype(np.int64),
        has_product=has_product,
        is_new_way=is_new_way,
        onboarding=onboarding,
        fit=fit,
        onboarding_effect=np.array(rules.onboarding_effects)[onboarding],
        health_mean=health_mean,
        csm_skill=csm_skill,
        csm_region=csm_region,
    )


def _employees(rng: np.random.Generator, segment: np.ndarray, rules: Assumptions) -> np.ndarray:
    spread = np.array(rules.employees_spread)[segment]
    drawn = np.array(rules.employees_median)[segment] * np.exp(
        spread * rng.standard_normal(len(segment))
    )
    lowest, highest = np.array([2, 100, 1000])[segment], np.array([99, 999, 90_000])[segment]
    return np.clip(np.rint(drawn), lowest, highest).astype(np.int64)


def _countries(rng: np.random.Generator, region: np.ndarray) -> np.ndarray:
    shares = np.array(
        [[entry[2] if entry[1] == name else 0.0 for entry in COUNTRIES] for name in REGIONS]
    )
    return choose(rng, shares[region])


def programme_day(calendar: Calendar, rules: Assumptions) -> int:
    """First day of the new onboarding: the first of a month."""
    day = calendar.start + rules.programme_after * (calendar.end - calendar.start)
    return int((np.datetime64(int(day), "D").astype("M8[M]") + 1).astype("M8[D]").astype(np.int64))


def onboarding_shares(rules: Assumptions) -> np.ndarray:
    """Shares of good, average and bad onboardings, in the old way and in the new."""
    return np.array([rules.onboarding_shares, rules.new_onboarding_shares])


def _signing_days(
    rng: np.random.Generator, count: int, calendar: Calendar, rules: Assumptions
) -> tuple[np.ndarray, np.ndarray]:
    """Day of signing and first day covered.

    Customers signed before the calendar's start are taken over on its first day in the middle
    of their term, as in a move to a new billing system: their cover begins there.
    """
    is_opening = rng.random(count) < rules.opening_share
    before = calendar.start - 20 - np.floor(1400 * rng.random(count) ** 1.3).astype(np.int64)
    # Sign-ups grow over time: the square root leans the uniform draw towards the end.
    span = max(calendar.end - calendar.start - 14, 1)
    within = calendar.start + 7 + np.floor(span * rng.random(count) ** 0.85).astype(np.int64)
    signed = np.where(is_opening, before, np.minimum(within, calendar.end))
    signed -= np.maximum(_day_of_month(signed) - 28, 0)
    return signed, np.where(is_opening, calendar.start, signed)


def _first_renewals(
    signed: np.ndarray, first_day: np.ndarray, term_months: np.ndarray
) -> np.ndarray:
    """First day after the first covered term: an anniversary of the signing."""
    elapsed = _months_between(signed, first_day)
    terms = np.where(first_day > signed, elapsed // term_months + 1, 1)
    renewal = add_months(signed, terms * term_months)
    too_soon = renewal <= first_day + 7
    return np.where(too_soon, add_months(signed, (terms + 1) * term_months), renewal)


def _day_of_month(days: np.ndarray) -> np.ndarray:
    moments = days.astype("M8[D]")
    return (moments - moments.astype("M8[M]").astype("M8[D]")).astype(np.int64) + 1


def _months_between(earlier: np.ndarray, later: np.ndarray) -> np.ndarray:
    """Whole months from the earlier to the later day."""
    months = later.astype("M8[D]").astype("M8[M]") - earlier.astype("M8[D]").astype("M8[M]")
    return months.astype(np.int64) - (_day_of_month(later) < _day_of_month(earlier))


def _assign_csms(
    rng: np.random.Generator, segment: np.ndarray, region: np.ndarray, rules: Assumptions
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Success manager of each account, and each manager's skill and region.

    Managers work for one region; those of enterprise accounts carry fewer of them.
    """
    load = np.array([0.7, 1.2, 2.2])[segment]
    csm = np.zeros(len(segment), dtype=np.int64)
    regions: list[int] = []
    for code in range(len(REGIONS)):
        members = np.flatnonzero(region == code)
        needed = max(1, round(load[members].sum() / rules.accounts_per_csm))
        csm[members] = len(regions) + rng.integers(needed, size=len(members))
        regions += [code] * needed
    return csm, rng.standard_normal(len(regions)), np.array(regions)
