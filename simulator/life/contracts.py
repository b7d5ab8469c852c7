"""What each customer has bought, kept as a log of changes of terms."""

from dataclasses import dataclass

import numpy as np

from simulator.assumptions import PRODUCTS, Assumptions
from simulator.calendar import FAR, add_months
from simulator.life.population import Population
from simulator.life.prospects import growing_at_renewal, shrinking_at_renewal

OPENED, RENEWED, EXPANDED, CLOSED, PAUSED, RESUMED, ABSORBED = range(7)
KINDS = ("opened", "renewed", "expanded", "closed", "paused", "resumed", "absorbed")


@dataclass(frozen=True)
class Changes:
    """One entry per account, product and day on which its terms changed, in that order.

    `until` is the day of the next change of the same product, FAR when there is none. Entries
    of kind CLOSED end the product; they have no quantity and no MRR. Those of kind PAUSED keep
    their quantity and have no MRR.
    """

    account: np.ndarray
    product: np.ndarray
    day: np.ndarray
    kind: np.ndarray
    quantity: np.ndarray
    mrr_cents: np.ndarray
    renewal_day: np.ndarray
    until: np.ndarray

    def spells(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Account, first day and day of the end (FAR while open) of each time as a customer."""
        is_start = (self.product == 0) & (self.kind == OPENED)
        is_end = (self.product == 0) & (self.kind == CLOSED)
        account, opened = self.account[is_start], self.day[is_start]
        return account, opened, next_day(self.account[is_end], self.day[is_end], account, opened)

    def mrr_on(self, account: np.ndarray, day: np.ndarray) -> np.ndarray:
        """MRR in cents of each account at the end of each day, all products together."""
        total = np.zeros(len(account), dtype=np.int64)
        line = self.account * len(PRODUCTS) + self.product
        keys = line * FAR + self.day
        for product in range(len(PRODUCTS)):
            wanted = account * len(PRODUCTS) + product
            found = np.searchsorted(keys, wanted * FAR + day, side="right") - 1
            is_known = (found >= 0) & (line[np.maximum(found, 0)] == wanted)
            total += np.where(is_known, self.mrr_cents[np.maximum(found, 0)], 0)
        return total


class ContractBook:
    """The terms in force, and the log of how they came about."""

    def __init__(self, population: Population, rules: Assumptions) -> None:
        self._rules = rules
        self._term_months = population.term_months
        self._is_monthly = population.is_monthly
        self._base_products = population.has_product
        self.seats = population.seats.copy()
        self.seat_price = population.seat_price.copy()
        self.has_product = population.has_product.copy()
        self.addon_mrr = np.zeros(population.has_product.shape, dtype=np.int64)
        self.addon_quantity = np.zeros(population.has_product.shape, dtype=np.int64)
        self.renewal_day = population.first_renewal.copy()
        self.is_paused = np.zeros(population.size, dtype=bool)
        self._addon_share = np.array(rules.addon_price_share)
        self._log: list[tuple[np.ndarray, ...]] = []

    def open(
        self,
        accounts: np.ndarray,
        days: np.ndarray,
        renewal_days: np.ndarray,
        rng: np.random.Generator,
    ) -> None:
        """A customer comes, or comes back, with the products it signed for."""
        self.renewal_day[accounts] = renewal_days
        self.has_product[accounts] = self._base_products[accounts]
        for product in range(1, len(PRODUCTS)):
            members = accounts[self.has_product[accounts, product]]
            self._price_addon(members, product, rng)
        self._record_all(accounts, days, OPENED)

    def renew(
        self,
        accounts: np.ndarray,
        days: np.ndarray,
        health: np.ndarray,
        rng: np.random.Generator,
    ) -> None:
        """A new term starts on the renewal day, with more, fewer or as many units as before."""
        rules = self._rules
        is_monthly = self._is_monthly[accounts]
        grows = rng.random(len(accounts)) < growing_at_renewal(health, is_monthly, rules)
        shrinking = shrinking_at_renewal(health, is_monthly, rules)
        shrinks = ~grows & (rng.random(len(accounts)) < shrinking)
        self._grow_seats(accounts[grows], rules.renewal_expansion_size, rng)
        self._shrink(accounts[shrinks], rng)
        rise = rules.price_rise * rng.uniform(0.2, 1.8, len(accounts))
        rise = np.where(self._is_monthly[accounts], 0.0, rise)
        self.seat_price[accounts] = np.rint(self.seat_price[accounts] * (1 + rise))
        self.renewal_day[accounts] = add_months(days, self._term_months[accounts])
        self._record_all(accounts, days, RENEWED)

    def expand(
        self,
        accounts: np.ndarray,
        product: np.ndarray,
        days: np.ndarray,
        rng: np.random.Generator,
    ) -> None:
        """More seats (product 0) or one more product in the middle of a term.

        A purchase during a pause ends it.
        """
        self._resume_others(accounts, product, days)
        for code in range(1, len(PRODUCTS)):
            self._price_addon(accounts[product == code], code, rng)
        self.has_product[accounts, product] = True
        self._grow_seats(accounts[product == 0], self._rules.expansion_size, rng)
        self._record(accounts, product, days, EXPANDED)

    def absorb(self, accounts: np.ndarray, days: np.ndarray, seats: np.ndarray) -> None:
        """Customers take over the seats of others, at their own price; that too ends a pause."""
        core = np.zeros(len(accounts), dtype=np.int64)
        self._resume_others(accounts, core, days)
        self.seats[accounts] += seats
        self._record(accounts, core, days, ABSORBED)

    def pause(self, accounts: np.ndarray, days: np.ndarray) -> None:
        """The contract stays, nothing is paid."""
        self.is_paused[accounts] = True
        self._record_all(accounts, days, PAUSED)

    def resume(self, accounts: np.ndarray, days: np.ndarray) -> None:
        self.is_paused[accounts] = False
        self._record_all(accounts, days, RESUMED)

    def close(self, accounts: np.ndarray, days: np.ndarray) -> None:
        """All products end."""
        self.is_paused[accounts] = False
        self._record_all(accounts, days, CLOSED)

    def changes(self) -> Changes:
        account, product, day, kind, quantity, mrr, renewal = (
            np.concatenate(column) for column in zip(*self._log, strict=True)
        )
        order = np.lexsort((day, product, account))
        account, product, day = account[order], product[order], day[order]
        until = np.full(len(order), FAR, dtype=np.int64)
        is_followed = (account[1:] == account[:-1]) & (product[1:] == product[:-1])
        until[:-1][is_followed] = day[1:][is_followed]
        return Changes(
            account=account,
            product=product,
            day=day,
            kind=kind[order],
            quantity=quantity[order],
            mrr_cents=mrr[order],
            renewal_day=renewal[order],
            until=until,
        )

    def _price_addon(self, accounts: np.ndarray, product: int, rng: np.random.Generator) -> None:
        core = self.seats[accounts] * self.seat_price[accounts]
        share = self._addon_share[product - 1] * rng.uniform(0.7, 1.3, len(accounts))
        self.addon_mrr[accounts, product] = np.rint(core * share / 100) * 100
        self.addon_quantity[accounts, product] = 1 + self.seats[accounts] // 4

    def _grow_seats(self, accounts: np.ndarray, size: float, rng: np.random.Generator) -> None:
        more = self.seats[accounts] * size * rng.uniform(0.4, 1.6, len(accounts))
        self.seats[accounts] += np.maximum(1, np.rint(more)).astype(np.int64)

    def _shrink(self, accounts: np.ndarray, rng: np.random.Generator) -> None:
        """Fewer seats, or for a third of those who have add-ons, one add-on less."""
        owned = self.has_product[accounts, 1:]
        drops = (rng.random(len(accounts)) < 1 / 3) & owned.any(axis=1)
        dropping = accounts[drops]
        # The last add-on owned: reversed, argmax finds the first true.
        product = len(PRODUCTS) - 1 - owned[drops][:, ::-1].argmax(axis=1)
        days = self.renewal_day[dropping]
        self._record(dropping, product, days, CLOSED)
        self.has_product[dropping, product] = False
        remaining = accounts[~drops]
        size = self._rules.renewal_contraction_size * rng.uniform(0.4, 1.6, len(remaining))
        fewer = np.rint(self.seats[remaining] * size).astype(np.int64)
        self.seats[remaining] = np.maximum(1, self.seats[remaining] - np.maximum(1, fewer))

    def _resume_others(self, accounts: np.ndarray, product: np.ndarray, days: np.ndarray) -> None:
        """End the pause of these accounts for all their products but the one given."""
        paused = self.is_paused[accounts]
        accounts, product, days = accounts[paused], product[paused], days[paused]
        self.is_paused[accounts] = False
        others = self.has_product[accounts].copy()
        others[np.arange(len(accounts)), product] = False
        row, other = np.nonzero(others)
        self._record(accounts[row], other, days[row], RESUMED)

    def _record_all(self, accounts: np.ndarray, days: np.ndarray, kind: int) -> None:
        row, product = np.nonzero(self.has_product[accounts])
        self._record(accounts[row], product, days[row], kind)

    def _record(
        self, accounts: np.ndarray, product: np.ndarray, days: np.ndarray, kind: int
    ) -> None:
        is_core = product == 0
        mrr = np.where(
            is_core,
            self.seats[accounts] * self.seat_price[accounts],
            self.addon_mrr[accounts, product],
        )
        quantity = np.where(is_core, self.seats[accounts], self.addon_quantity[accounts, product])
        is_closed, is_free = kind == CLOSED, kind in (CLOSED, PAUSED)
        self._log.append(
            (
                accounts.astype(np.int64),
                product.astype(np.int64),
                days.astype(np.int64),
                np.full(len(accounts), kind, dtype=np.int64),
                np.where(is_closed, 0, quantity),
                np.where(is_free, 0, mrr),
                self.renewal_day[accounts],
            )
        )


def next_day(
    accounts: np.ndarray, days: np.ndarray, wanted: np.ndarray, after: np.ndarray
) -> np.ndarray:
    """For each wanted account the first of its days after the one given; FAR if there is none."""
    keys = np.append(np.sort(accounts * FAR + days), -1)
    nearest = keys[np.searchsorted(keys[:-1], wanted * FAR + after, side="right")]
    return np.where(nearest // FAR == wanted, nearest % FAR, FAR)
