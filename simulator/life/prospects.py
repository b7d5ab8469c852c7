"""Customers as seen from a week: what of their future is settled, and what it makes of each state.

A state is a level of health's weekly deviation and whether a sponsor is there, in the order of
the chain's matrix: all levels with a sponsor, then all levels without.
"""

from dataclasses import dataclass, fields
from typing import Self

import numpy as np

from simulator.assumptions import Assumptions
from simulator.calendar import add_months
from simulator.life.latent import HealthChain
from simulator.life.leaving import (
    leaving_at_renewal,
    leaving_base,
    leaving_mid_term,
    logistic,
    onboarding_fade,
)
from simulator.life.population import Population


@dataclass(frozen=True)
class Prospects:
    """One entry per customer; `renewal_day` is the next one from the week looked at."""

    segment: np.ndarray
    term_months: np.ndarray
    health_mean: np.ndarray
    onboarding_effect: np.ndarray
    is_behind: np.ndarray
    is_reviewed: np.ndarray
    spell_start: np.ndarray
    renewal_day: np.ndarray

    @classmethod
    def of(
        cls,
        population: Population,
        accounts: np.ndarray,
        spell_start: np.ndarray,
        renewal_day: np.ndarray,
    ) -> Self:
        """Those of some accounts, with the start of their time as customers and next renewal."""
        return cls(
            segment=population.segment[accounts],
            term_months=population.term_months[accounts],
            health_mean=population.health_mean[accounts],
            onboarding_effect=population.onboarding_effect[accounts],
            is_behind=population.is_behind[accounts],
            is_reviewed=population.is_reviewed[accounts],
            spell_start=np.asarray(spell_start, dtype=np.int64),
            renewal_day=np.asarray(renewal_day, dtype=np.int64),
        )

    @property
    def size(self) -> int:
        return len(self.segment)

    def take(self, rows: np.ndarray) -> Self:
        return type(self)(**{entry.name: getattr(self, entry.name)[rows] for entry in fields(self)})

    def mean_health(self, monday: int, rules: Assumptions) -> np.ndarray:
        """Health without the weekly deviation, in the week of a Monday."""
        fade = onboarding_fade((monday - self.spell_start) / 7, rules)
        return self.health_mean + self.onboarding_effect * fade

    def renewal_from(self, day: int) -> np.ndarray:
        """The first renewal on the day or after it, if the customer renews until then."""
        renewal = self.renewal_day.copy()
        while (late := np.flatnonzero(renewal < day)).size:
            renewal[late] = add_months(renewal[late], self.term_months[late])
        return renewal


class WeeklyChances:
    """What may happen to customers in a week, for every state they may be in."""

    def __init__(self, chain: HealthChain, rules: Assumptions) -> None:
        self.rules = rules
        self.matrix = chain.matrix
        self.deviation = np.tile(chain.levels, 2)
        self.vacant = np.repeat([0.0, 1.0], len(chain.levels))

    @property
    def states(self) -> int:
        return len(self.deviation)

    def health(self, prospects: Prospects, monday: int) -> np.ndarray:
        """Customers x states."""
        return prospects.mean_health(monday, self.rules)[:, None] + self.deviation

    def leaving(
        self,
        prospects: Prospects,
        monday: int,
        renewal_day: np.ndarray,
        shifts: np.ndarray,
    ) -> tuple[np.ndarray, np.ndarray]:
        """Probability of leaving by choice (customers x shifts x states), and whose renewal is due.

        `shifts` are those of the treatments that are distinguished.
        """
        rules, mean = self.rules, prospects.mean_health(monday, self.rules)
        # The chance in mid-term is a product of the customer's own factor and one of the state,
        # so that no exponential has to be taken per customer and state.
        own = np.array(rules.cancel_base)[prospects.segment] * np.exp(-rules.cancel_slope * mean)
        by_state = np.exp(
            -rules.cancel_slope * self.deviation
            + rules.vacancy_effect * self.vacant
            + shifts[:, None]
        )
        chance = np.minimum(own[:, None, None] * by_state, rules.cancel_cap)
        is_due = (renewal_day >= monday) & (renewal_day < monday + 7)
        due = np.flatnonzero(is_due)
        base = leaving_base(prospects.segment[due], prospects.term_months[due] == 1, rules)
        chance[due] = leaving_at_renewal(
            base[:, None, None],
            mean[due, None, None] + self.deviation,
            self.vacant,
            shifts[:, None],
            rules,
        )
        return chance, is_due

    def growing_at_renewal(self, prospects: Prospects, monday: int) -> np.ndarray:
        """Probability that a customer who renews buys more (customers x states)."""
        return growing_at_renewal(
            self.health(prospects, monday), (prospects.term_months == 1)[:, None], self.rules
        )

    def shrinking_at_renewal(self, prospects: Prospects, monday: int) -> np.ndarray:
        """Probability that a customer who renews buys less (customers x states)."""
        health, is_monthly = self.health(prospects, monday), (prospects.term_months == 1)[:, None]
        growing = growing_at_renewal(health, is_monthly, self.rules)
        return (1.0 - growing) * shrinking_at_renewal(health, is_monthly, self.rules)

    def beginning_a_sale(self, prospects: Prospects, monday: int) -> np.ndarray:
        """Probability that a sale is begun with a customer that has none (customers x states)."""
        return beginning_a_sale(self.health(prospects, monday), self.rules)


def growing_at_renewal(
    health: np.ndarray, is_monthly: np.ndarray, rules: Assumptions
) -> np.ndarray:
    factor = np.where(is_monthly, rules.monthly_change_factor, 1.0)
    return factor * logistic(rules.renewal_expansion_base + rules.renewal_change_slope * health)


def shrinking_at_renewal(
    health: np.ndarray, is_monthly: np.ndarray, rules: Assumptions
) -> np.ndarray:
    """Of those who renew and do not buy more."""
    factor = np.where(is_monthly, rules.monthly_change_factor, 1.0)
    return factor * logistic(rules.renewal_contraction_base - rules.renewal_change_slope * health)


def beginning_a_sale(health: np.ndarray, rules: Assumptions) -> np.ndarray:
    return np.minimum(rules.sale_base * np.exp(rules.sale_slope * health), 1.0)


def leaving_now(
    segment: np.ndarray,
    is_monthly: np.ndarray,
    is_due: np.ndarray,
    health: np.ndarray,
    vacant: np.ndarray,
    shift: np.ndarray,
    rules: Assumptions,
) -> np.ndarray:
    """Probability of leaving by choice this week, of customers whose state is known."""
    base = leaving_base(segment, is_monthly, rules)
    return np.where(
        is_due,
        leaving_at_renewal(base, health, vacant, shift, rules),
        leaving_mid_term(segment, health, vacant, shift, rules),
    )
