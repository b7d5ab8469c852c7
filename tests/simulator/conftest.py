"""The companies that these tests look at, each made once."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from simulator import SimulationSummary, write_company
from simulator.life.contracts import EXPANDED, RENEWED, next_day
from simulator.life.world import World, invent
from simulator.truth.futures import weekly_probabilities


@pytest.fixture(scope="session")
def company(tmp_path_factory: pytest.TempPathFactory) -> SimulationSummary:
    """The default company: 1,000 customers over 24 months."""
    return write_company(tmp_path_factory.mktemp("simulated") / "company")


@pytest.fixture(scope="session")
def folder(company: SimulationSummary) -> Path:
    return company.folder


@dataclass(frozen=True)
class Outcome:
    """Which rows' days are over, and of those whether it happened."""

    is_over: np.ndarray
    happened: np.ndarray


@dataclass(frozen=True)
class LargeWorld:
    """Many customers and their true probabilities on every fourth Sunday; no files."""

    world: World
    account: np.ndarray
    sunday: np.ndarray
    leaving: np.ndarray
    buying: np.ndarray

    def lost_within(self, days: int) -> Outcome:
        churns = self.world.lives.churns
        lost = next_day(churns.account, churns.day, self.account, self.sunday)
        is_over = self.sunday + days <= self.world.calendar.end
        return Outcome(is_over, (lost <= self.sunday + days)[is_over])

    def bought_within(self, days: int) -> Outcome:
        """More seats or another product, bought while the customer has not left."""
        changes, churns = self.world.lives.changes, self.world.lives.churns
        follows = np.zeros(len(changes.day), dtype=bool)
        follows[1:] = (changes.account[1:] == changes.account[:-1]) & (
            changes.product[1:] == changes.product[:-1]
        )
        more = np.zeros(len(changes.day), dtype=bool)
        more[1:] = follows[1:] & (changes.quantity[1:] > changes.quantity[:-1])
        buys = (changes.kind == EXPANDED) | ((changes.kind == RENEWED) & more)
        bought = next_day(changes.account[buys], changes.day[buys], self.account, self.sunday)
        lost = next_day(churns.account, churns.day, self.account, self.sunday)
        is_over = self.sunday + days <= self.world.calendar.end
        return Outcome(is_over, ((bought <= self.sunday + days) & (bought < lost))[is_over])


@pytest.fixture(scope="session")
def large() -> LargeWorld:
    """Large enough that chance moves a tenth of the rows by less than what is asserted."""
    world = invent(accounts=6000, months=24, seed=17)
    account, week, leaving, buying = weekly_probabilities(
        world.population,
        world.lives,
        world.calendar,
        world.chain,
        world.rules,
        lambda _done: None,
        every=4,
    )
    sunday = world.calendar.first_monday + 7 * week + 6
    return LargeWorld(world, account, sunday, leaving, buying)
