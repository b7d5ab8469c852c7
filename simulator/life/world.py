"""The company before anything of it is written down: its customers and what befell them."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date

from threadpoolctl import threadpool_limits

from simulator.assumptions import Assumptions
from simulator.calendar import Calendar
from simulator.defects import USUAL_SWITCHES, Switches
from simulator.life.latent import HealthChain, build_chain
from simulator.life.lifecycles import Lifecycles, simulate_lifecycles
from simulator.life.population import Population, draw_population
from simulator.randomness import Randomness

# Fixed, so that what a clone shows does not depend on the day it is run.
DEFAULT_END = date(2026, 10, 31)


@dataclass(frozen=True)
class World:
    """Everything that is drawn before the observables are; `rules` are the scenarios'."""

    calendar: Calendar
    rules: Assumptions
    switches: Switches
    randomness: Randomness
    population: Population
    chain: HealthChain
    lifecycles: Lifecycles


def simulate_world(
    accounts: int = 1000,
    months: int = 24,
    seed: int = 11,
    end_date: date = DEFAULT_END,
    assumptions: Assumptions | None = None,
    switches: Switches = USUAL_SWITCHES,
    progress: Callable[[float], None] = lambda _done: None,
) -> World:
    """Draw `accounts` customers and live through the `months` months that end with `end_date`.

    Raises ValueError for fewer than one account or month.
    """
    if accounts < 1 or months < 1:
        raise ValueError(f"a company needs accounts and months, not {accounts} and {months}")
    rules = rules_under(switches, assumptions or Assumptions())
    randomness = Randomness(seed)
    calendar = Calendar.of_months(months, end_date)
    population = draw_population(accounts, calendar, rules, switches, randomness)
    chain = build_chain(rules)
    # One thread, so that the last bits of a sum are the same on any number of cores.
    with threadpool_limits(limits=1, user_api="blas"):
        lifecycles = simulate_lifecycles(population, calendar, chain, rules, randomness, progress)
    return World(calendar, rules, switches, randomness, population, chain, lifecycles)


def rules_under(switches: Switches, rules: Assumptions) -> Assumptions:
    """The rules without what is switched off."""
    return replace(
        rules,
        merger=rules.merger if "mergers" in switches else 0.0,
        reactivation=rules.reactivation if "reactivations" in switches else 0.0,
        pause=rules.pause if "pauses" in switches else 0.0,
        sale_base=rules.sale_base if "midterm-upgrades" in switches else 0.0,
    )
