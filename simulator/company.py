"""The whole company: drawn, lived, written, with the truth beside it."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv as pa_csv

from simulator.assumptions import Assumptions
from simulator.calendar import to_date
from simulator.defects import USUAL_SWITCHES, Switches, count_table
from simulator.defects.delivery import Delivery
from simulator.exports.billing import exchange_rate_table, invoice_tables, subscription_table
from simulator.exports.deals import opportunity_table
from simulator.exports.invoices import Invoices, draw_invoices
from simulator.exports.observed_states import ObservedStates, draw_observed_states
from simulator.exports.people import account_table, contact_table, csm_table, draw_contacts
from simulator.exports.seasons import Seasons
from simulator.exports.success import (
    activity_table,
    goal_table,
    onboarding_table,
    override_table,
    task_table,
)
from simulator.exports.support import ticket_table
from simulator.exports.surveys import post_table, survey_tables, training_table
from simulator.exports.usage import UsageStream, feature_table
from simulator.life.world import DEFAULT_END, World, simulate_world
from simulator.truth.causes import churn_causes
from simulator.truth.files import write_truth
from simulator.truth.futures import weekly_probabilities
from simulator.writing import CompanyFolder

Progress = Callable[[str, float], None]


@dataclass(frozen=True)
class SimulationSummary:
    """What was written. `tables` holds rows by contract table, `product.events` among them."""

    folder: Path
    accounts: int
    months: int
    seed: int
    start_date: date
    end_date: date
    open_accounts: int
    churned_accounts: int
    tables: dict[str, int]


def _silent(step: str, fraction: float) -> None:
    """Report nothing."""


def write_company(
    out_dir: Path | str,
    accounts: int = 1000,
    months: int = 24,
    seed: int = 11,
    end_date: date = DEFAULT_END,
    progress: Progress = _silent,
    assumptions: Assumptions | None = None,
    switches: Switches = USUAL_SWITCHES,
) -> SimulationSummary:
    """Write a company's files in the contract's form to `out_dir`, and its truth to `truth/`.

    `accounts` customers in all, over the `months` months that end with `end_date`; the same
    arguments give the same bytes. `switches` are what befalls it and its exports, counted in
    `truth/mess.csv`. `progress` is called with the step and the fraction done.
    Raises ValueError for fewer than one account or month, FileExistsError for a folder that holds
    something else than an earlier company.
    """
    progress("customers", 0.0)
    world = simulate_world(
        accounts,
        months,
        seed,
        end_date,
        assumptions,
        switches,
        lambda done: progress("customers", 0.05 * done),
    )
    calendar, rules, randomness = world.calendar, world.rules, world.randomness
    population, lifecycles = world.population, world.lifecycles
    folder = CompanyFolder(Path(out_dir))
    delivery = Delivery(folder, switches, calendar, randomness)
    observed = draw_observed_states(population, lifecycles, rules, randomness)
    main_cause, parts = churn_causes(lifecycles.churns, population, lifecycles, calendar, rules)

    rows: dict[str, int] = {}
    progress("tables", 0.06)
    seasons = Seasons(calendar, switches)
    invoices = draw_invoices(world, observed)
    for name, columns in _tables(world, observed, seasons, invoices, main_cause):
        rows[name] = delivery.write(name, pa.table(columns))
    usage = UsageStream(population, lifecycles, observed, calendar, rules, randomness, seasons)
    rows["product.events"] = 0
    spans = calendar.months()
    for number, (month, first, last) in enumerate(spans):
        progress(f"events of {month}", 0.15 + 0.60 * number / len(spans))
        events = usage.month(number, first, last)
        rows["product.events"] += delivery.write_events(month, events)

    weeks = weekly_probabilities(world, lambda done: progress("truth", 0.75 + 0.25 * done))
    write_truth(folder.draft / "truth", world, weeks, (main_cause, parts))
    counts = [
        *population.counts(switches),
        *lifecycles.counts(switches),
        *invoices.counts(switches),
    ]
    counts += [*seasons.counts(), *delivery.counts()]
    pa_csv.write_csv(count_table(counts), folder.draft / "truth" / "mess.csv")
    summary = SimulationSummary(
        folder=folder.target,
        accounts=accounts,
        months=months,
        seed=seed,
        start_date=to_date(calendar.start),
        end_date=to_date(calendar.end),
        open_accounts=int(lifecycles.is_open[:, -1].sum()),
        churned_accounts=len(set(lifecycles.churns.account.tolist())),
        tables=rows,
    )
    folder.finish(
        {
            "accounts": accounts,
            "months": months,
            "seed": seed,
            "mess": list(switches),
            "pandemic_week": seasons.pandemic_monday,
            "start_date": summary.start_date.isoformat(),
            "end_date": summary.end_date.isoformat(),
            "churned_accounts": summary.churned_accounts,
            "rows": rows,
        }
    )
    progress("done", 1.0)
    return summary


def _tables(
    world: World,
    observed: ObservedStates,
    seasons: Seasons,
    invoices: Invoices,
    main_cause: np.ndarray,
) -> Iterator[tuple[str, dict]]:
    """Name and columns of each contract table but the events, parents first."""
    population, lifecycles = world.population, world.lifecycles
    calendar, randomness = world.calendar, world.randomness
    account_columns, domains = account_table(population, lifecycles, calendar, randomness)
    contacts = draw_contacts(population, lifecycles, randomness)
    seen = (population, lifecycles, observed, contacts, calendar, randomness)
    yield "crm.csms", csm_table(population, randomness)
    yield "crm.accounts", account_columns
    yield "crm.contacts", contact_table(contacts, domains, randomness)
    yield "crm.activities", activity_table(*seen, seasons)
    yield "crm.tasks", task_table(population, lifecycles, calendar, randomness)
    yield "crm.opportunities", opportunity_table(population, lifecycles, calendar, randomness)
    yield (
        "billing.subscriptions",
        subscription_table(population, lifecycles, main_cause, randomness),
    )
    invoice_columns, payment_columns = invoice_tables(invoices, population, calendar, randomness)
    yield "billing.invoices", invoice_columns
    yield "billing.payments", payment_columns
    yield "product.features", feature_table()
    yield "support.tickets", ticket_table(*seen, seasons)
    invitations, responses = survey_tables(*seen)
    yield "survey.invitations", invitations
    yield "survey.responses", responses
    yield "training.enrollments", training_table(*seen)
    yield "community.posts", post_table(*seen)
    yield "success.goals", goal_table(population, lifecycles, calendar, randomness)
    yield (
        "success.onboarding_steps",
        onboarding_table(population, calendar, world.rules, randomness),
    )
    yield "success.health_overrides", override_table(population, lifecycles, calendar, randomness)
    yield "finance.exchange_rates", exchange_rate_table(calendar, randomness)
