"""Sales within a term: begun by health, closed weeks later, won or lost by chance."""

from dataclasses import dataclass

import numpy as np

from simulator.assumptions import PRODUCTS, Assumptions
from simulator.calendar import FAR
from simulator.life.contracts import ContractBook
from simulator.life.prospects import beginning_a_sale


@dataclass(frozen=True)
class Sales:
    """One entry per attempt to sell more within a term; `closed` is FAR while it is open."""

    account: np.ndarray
    product: np.ndarray
    created: np.ndarray
    closed: np.ndarray
    is_won: np.ndarray


class SalesDesk:
    """The sales under way, at most one per customer, and the log of those that were closed.

    How long a sale takes and whether it is won is drawn by the week, so that one under way says
    about the future that it may be won, and nothing about whether the customer stays.
    """

    def __init__(self, count: int, rules: Assumptions) -> None:
        self._rules = rules
        self._product = np.zeros(count, dtype=np.int64)
        self._created = np.full(count, FAR)
        self._log: list[tuple[np.ndarray, ...]] = []
        self.is_selling = np.zeros(count, dtype=bool)

    def lose(self, accounts: np.ndarray, days: np.ndarray) -> None:
        """Sales to customers who leave are lost."""
        rows = np.flatnonzero(self.is_selling[accounts])
        self._close(accounts[rows], days[rows], won=False)

    def work(
        self,
        health: np.ndarray,
        is_here: np.ndarray,
        is_due: np.ndarray,
        day: np.ndarray,
        book: ContractBook,
        rng: np.random.Generator,
    ) -> None:
        """A week's work: some sales are closed, but in the week of a renewal; then some begin."""
        rules, count = self._rules, len(health)
        closes = self.is_selling & is_here & ~is_due & (rng.random(count) < rules.sale_closing)
        fails = rng.random(count) < rules.sale_failure
        won, lost = np.flatnonzero(closes & ~fails), np.flatnonzero(closes & fails)
        book.expand(won, self._product[won], day[won], rng)
        self._close(won, day[won], won=True)
        self._close(lost, day[lost], won=False)

        begins = ~self.is_selling & is_here & (rng.random(count) < beginning_a_sale(health, rules))
        wants_addon = rng.random(count) < rules.crosssell_share
        addon = 1 + rng.integers(len(PRODUCTS) - 1, size=count)
        owns = book.has_product[np.arange(count), addon]
        self._product[begins] = np.where(wants_addon & ~owns, addon, 0)[begins]
        self._created[begins] = day[begins]
        self.is_selling |= begins

    def all(self) -> Sales:
        """Every sale there was, those under way last."""
        under_way = np.flatnonzero(self.is_selling)
        self._close(under_way, np.full(len(under_way), FAR), won=False)
        return Sales(*(np.concatenate(column) for column in zip(*self._log, strict=True)))

    def _close(self, accounts: np.ndarray, days: np.ndarray, won: bool) -> None:
        self._log.append(
            (
                accounts,
                self._product[accounts],
                self._created[accounts],
                days,
                np.full(len(accounts), won),
            )
        )
        self.is_selling[accounts] = False
