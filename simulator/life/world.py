"""The company before anything of it is written down: its customers and what befell them."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date

from threadpoolctl import threadpool_limits

from simulator.assumptions import Assumptions
from simulator.calendar import Calendar
from simulator.life.latent import HealthChain, build_chain
from simulator.life.lives import Lives, live
from simulator.life.population import Population, draw_population
from simulator.mess import USUAL_MESS, Mess
from simulator.randomness import Randomness

# Fixed, so that what a clone shows does not depend on the day it is run.
DEFAULT_END = date(2026, 10, 31)


@dataclass(frozen=True)
class World:
    """Everything that is drawn before the observables are; `rules` are those under the mess."""

    calendar: Calendar
    rules: Assumptions
    mess: Mess
    randomness: Randomness
    population: Population
    chain: HealthChain
    lives: Lives


def invent(
    accounts: int = 1000,
    months: int = 24,
    seed: int = 11,
    end_date: date = DEFAULT_END,
    assumptions: Assumptions | None = None,
    mess: Mess = USUAL_MESS,
    progress: Callable[[float], None] = lambda _done: None,
) -> World:
    """Draw `accounts` customers and live through the `months` months that end with `end_date`.

    Raises ValueError for fewer than one account or month.
    """
    if accounts < 1 or months < 1:
        raise ValueError(f"a company needs accounts and months, not {accounts} and {months}")
    rules = rules_under(mess, assumptions or Assumptions())
    randomness = Randomness(seed)
    calendar = Calendar.of_months(months, end_date)
    population = draw_population(accounts, calendar, rules, mess, randomness)
    chain = build_chain(rules)
    # One thread, so that the last bits of a sum are the same on any number of cores.
    with threadpool_limits(limits=1, user_api="blas"):
        lives = live(population, calendar, chain, rules, randomness, progress)
    return World(calendar, rules, mess, randomness, population, chain, lives)


def rules_under(mess: Mess, rules: Assumptions) -> Assumptions:
    """The rules without what is switched off."""
    return replace(
        rules,
        merger=rules.merger if "mergers" in mess else 0.0,
        reactivation=rules.reactivation if "reactivations" in mess else 0.0,
        pause=rules.pause if "pauses" in mess else 0.0,
        sale_base=rules.sale_base if "midterm-upgrades" in mess else 0.0,
    )
