"""The companies that these tests look at, each made once."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from simulator import SimulationSummary, write_company
from simulator.life.contracts import CLOSED, EXPANDED, RENEWED, Changes, next_day
from simulator.life.world import World, simulate_world
from simulator.truth.futures import WeeklyTruth, weekly_probabilities


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
    weeks: WeeklyTruth

    @property
    def sunday(self) -> np.ndarray:
        return self.world.calendar.first_monday + 7 * self.weeks.week + 6

    def lost_within(self, days: int) -> Outcome:
        churns = self.world.lifecycles.churns
        lost = next_day(churns.account, churns.day, self.weeks.account, self.sunday)
        is_over = self.sunday + days <= self.world.calendar.end
        return Outcome(is_over, (lost <= self.sunday + days)[is_over])

    def bought_within(self, days: int) -> Outcome:
        """More seats or another product, bought while the customer has not left."""
        changes, difference = self._quantities()
        buys = (changes.kind == EXPANDED) | ((changes.kind == RENEWED) & (difference > 0))
        return self._changed_within(days, buys)

    def shrunk_within(self, days: int) -> Outcome:
        """Fewer seats, or a product less of a customer who stays."""
        changes, difference = self._quantities()
        churns = self.world.lifecycles.churns
        stays = churns.find(changes.account, changes.day) == len(churns.account)
        drops = (changes.kind == CLOSED) & stays
        return self._changed_within(days, drops | ((changes.kind == RENEWED) & (difference < 0)))

    def _quantities(self) -> tuple[Changes, np.ndarray]:
        """The changes, and by how many units each differs from the one before it; 0 at first."""
        changes = self.world.lifecycles.changes
        follows = (changes.account == np.roll(changes.account, 1)) & (
            changes.product == np.roll(changes.product, 1)
        )
        return changes, np.where(follows, changes.quantity - np.roll(changes.quantity, 1), 0)

    def _changed_within(self, days: int, chosen: np.ndarray) -> Outcome:
        changes, churns = self.world.lifecycles.changes, self.world.lifecycles.churns
        account, sunday = self.weeks.account, self.sunday
        changed = next_day(changes.account[chosen], changes.day[chosen], account, sunday)
        lost = next_day(churns.account, churns.day, account, sunday)
        is_over = sunday + days <= self.world.calendar.end
        return Outcome(is_over, ((changed <= sunday + days) & (changed < lost))[is_over])


@pytest.fixture(scope="session")
def large() -> LargeWorld:
    """Large enough that chance moves a tenth of the rows by less than what is asserted."""
    world = simulate_world(accounts=6000, months=24, seed=17)
    weeks = weekly_probabilities(world, lambda _done: None, every=4)
    return LargeWorld(world, weeks)
