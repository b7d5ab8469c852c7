"""The whole company: drawn, lived, written, with the truth beside it."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pyarrow as pa
import pyarrow.csv as pa_csv

from simulator.assumptions import Assumptions
from simulator.billing import (
    draw_invoices,
    exchange_rate_table,
    invoice_tables,
    subscription_table,
)
from simulator.calendar import Calendar, to_date
from simulator.deals import opportunity_table
from simulator.latent import build_chain
from simulator.lives import Lives, live
from simulator.mess import USUAL_MESS, Mess, count_table
from simulator.mess.delivery import Delivery
from simulator.moods import Moods, draw_moods
from simulator.people import account_table, contact_table, csm_table, draw_contacts
from simulator.population import Population, draw_population
from simulator.randomness import Randomness
from simulator.success import (
    activity_table,
    goal_table,
    onboarding_table,
    override_table,
    task_table,
)
from simulator.support import ticket_table
from simulator.truth import churn_causes, churn_probabilities
from simulator.truth_files import write_truth
from simulator.usage import UsageStream, feature_table
from simulator.voices import post_table, survey_tables, training_table
from simulator.writing import CompanyFolder

# Fixed, so that what a clone shows does not depend on the day it is run.
DEFAULT_END = date(2026, 10, 31)
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
    seed: int = 6,
    end_date: date = DEFAULT_END,
    progress: Progress = _silent,
    assumptions: Assumptions | None = None,
    mess: Mess = USUAL_MESS,
) -> SimulationSummary:
    """Write a company's files in the contract's form to `out_dir`, and its truth to `truth/`.

    `accounts` customers in all, over the `months` months that end with `end_date`; the same
    arguments give the same bytes. `progress` is called with the step and the fraction done.
    Raises ValueError for fewer than one account or month, FileExistsError for a folder that holds
    something else than an earlier company.
    """
    if accounts < 1 or months < 1:
        raise ValueError(f"a company needs accounts and months, not {accounts} and {months}")
    rules = assumptions or Assumptions()
    randomness = Randomness(seed)
    calendar = Calendar.of_months(months, end_date)
    folder = CompanyFolder(Path(out_dir))
    delivery = Delivery(folder, mess, calendar, randomness)

    progress("customers", 0.0)
    population = draw_population(accounts, calendar, rules, randomness)
    chain = build_chain(rules)
    lives = live(
        population,
        calendar,
        chain,
        rules,
        randomness,
        lambda done: progress("customers", 0.05 * done),
    )
    moods = draw_moods(population, lives, rules, randomness)
    main_cause, parts = churn_causes(lives.churns, population, lives, calendar, rules)

    rows: dict[str, int] = {}
    progress("tables", 0.06)
    for name, columns in _tables(population, lives, moods, main_cause, calendar, randomness):
        rows[name] = delivery.write(name, pa.table(columns))
    usage = UsageStream(population, lives, moods, calendar, rules, randomness)
    rows["product.events"] = 0
    spans = calendar.months()
    for number, (month, first, last) in enumerate(spans):
        progress(f"events of {month}", 0.15 + 0.60 * number / len(spans))
        events = usage.month(number, first, last)
        rows["product.events"] += delivery.write_events(month, events)

    probabilities = churn_probabilities(
        population,
        lives,
        calendar,
        chain,
        rules,
        lambda done: progress("truth", 0.75 + 0.25 * done),
    )
    write_truth(
        folder.draft / "truth",
        population,
        lives,
        calendar,
        rules,
        probabilities,
        (main_cause, parts),
    )
    pa_csv.write_csv(count_table(delivery.counts()), folder.draft / "truth" / "mess.csv")
    summary = SimulationSummary(
        folder=folder.target,
        accounts=accounts,
        months=months,
        seed=seed,
        start_date=to_date(calendar.start),
        end_date=to_date(calendar.end),
        open_accounts=int(lives.is_open[:, -1].sum()),
        churned_accounts=len(set(lives.churns.account.tolist())),
        tables=rows,
    )
    folder.finish(
        {
            "accounts": accounts,
            "months": months,
            "seed": seed,
            "mess": list(mess),
            "start_date": summary.start_date.isoformat(),
            "end_date": summary.end_date.isoformat(),
            "churned_accounts": summary.churned_accounts,
            "rows": rows,
        }
    )
    progress("done", 1.0)
    return summary


def _tables(
    population: Population,
    lives: Lives,
    moods: Moods,
    main_cause,
    calendar: Calendar,
    randomness: Randomness,
):
    """Name and columns of each contract table but the events, parents first."""
    account_columns, domains = account_table(population, lives, calendar, randomness)
    contacts = draw_contacts(population, lives, randomness)
    world = (population, lives, moods, contacts, calendar, randomness)
    yield "crm.csms", csm_table(population, randomness)
    yield "crm.accounts", account_columns
    yield "crm.contacts", contact_table(contacts, domains, randomness)
    yield "crm.activities", activity_table(*world)
    yield "crm.tasks", task_table(population, lives, moods, calendar, randomness)
    yield "crm.opportunities", opportunity_table(population, lives, calendar, randomness)
    yield (
        "billing.subscriptions",
        subscription_table(population, lives, main_cause, randomness),
    )
    invoices = draw_invoices(population, lives, moods, calendar, randomness)
    invoice_columns, payment_columns = invoice_tables(invoices, population, calendar, randomness)
    yield "billing.invoices", invoice_columns
    yield "billing.payments", payment_columns
    yield "product.features", feature_table()
    yield "support.tickets", ticket_table(*world)
    invitations, responses = survey_tables(*world)
    yield "survey.invitations", invitations
    yield "survey.responses", responses
    yield "training.enrollments", training_table(*world)
    yield "community.posts", post_table(*world)
    yield "success.goals", goal_table(population, lives, calendar, randomness)
    yield "success.onboarding_steps", onboarding_table(population, calendar, randomness)
    yield "success.health_overrides", override_table(population, lives, calendar, randomness)
    yield "finance.exchange_rates", exchange_rate_table(calendar, randomness)
