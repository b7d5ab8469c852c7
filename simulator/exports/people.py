"""Customers, the people who work there, and the success managers who look after them."""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from simulator.assumptions import COUNTRIES, INDUSTRIES, REGIONS
from simulator.calendar import DAY_SECONDS, FAR, NEVER, Calendar
from simulator.columns import flags, keys, midnight, moments, numbers, strings, texts, whole
from simulator.exports.names import TITLES, company_names, people_names
from simulator.life.contracts import next_day
from simulator.life.lifecycles import Lifecycles
from simulator.life.population import ENTERPRISE, Population
from simulator.randomness import Randomness

ROLES = ("sponsor", "champion", "admin", "user")
_CSM_TEAM_SIZE = 8


@dataclass(frozen=True)
class Contacts:
    """One entry per person, ordered by account; `first[a]`: the first row of account a."""

    account: np.ndarray
    role: np.ndarray
    joined: np.ndarray
    left: np.ndarray
    first: np.ndarray
    standing: np.ndarray

    def someone(self, rng: np.random.Generator, accounts: np.ndarray) -> np.ndarray:
        """A contact of each account who stays throughout: sponsors come and go, these do not."""
        return self.first[accounts] + rng.integers(self.standing[accounts])

    def keys(self, rows: np.ndarray) -> pa.Array:
        return keys("con", rows)


def draw_contacts(
    population: Population, lifecycles: Lifecycles, randomness: Randomness
) -> Contacts:
    """Champions, admins and users first, then every sponsor that the account has had."""
    rng = randomness.stream("contacts")
    count = population.size
    standing = 1 + rng.integers(1, 3, size=count) + population.segment
    account = np.repeat(np.arange(count), standing)
    place = np.arange(len(account)) - np.repeat(np.cumsum(standing) - standing, standing)
    role = np.minimum(place + 1, 3)
    joined = population.signed_day[account] - rng.integers(5, 400, size=len(account))

    sponsor_account = np.concatenate([np.arange(count), lifecycles.arrivals[0]])
    before = population.signed_day - rng.integers(30, 1500, size=count)
    sponsor_joined = np.concatenate([before, lifecycles.arrivals[1]])
    order = np.lexsort((sponsor_joined, sponsor_account))
    sponsor_account, sponsor_joined = sponsor_account[order], sponsor_joined[order]
    sponsor_left = next_day(*lifecycles.departures, sponsor_account, sponsor_joined)

    account = np.concatenate([account, sponsor_account])
    role = np.concatenate([role, np.zeros(len(sponsor_account), dtype=np.int64)])
    joined = np.concatenate([joined, sponsor_joined])
    left = np.concatenate([np.full(standing.sum(), FAR), sponsor_left])
    order = np.lexsort((joined, role == 0, account))
    account = account[order]
    return Contacts(
        account=account,
        role=role[order],
        joined=joined[order],
        left=left[order],
        first=np.searchsorted(account, np.arange(count)),
        standing=standing,
    )


def contact_table(contacts: Contacts, domains: np.ndarray, randomness: Randomness) -> dict:
    rng = randomness.stream("contact names")
    size = len(contacts.account)
    place = np.arange(size) - contacts.first[contacts.account] + 1
    full_name, handle = _people(rng, place)
    titles = [title for role in ROLES for title in TITLES[role]]
    starts = np.cumsum([0] + [len(TITLES[role]) for role in ROLES[:-1]])
    widths = np.array([len(TITLES[role]) for role in ROLES])
    title = starts[contacts.role] + rng.integers(widths[contacts.role])
    return {
        "contact_id": contacts.keys(np.arange(size)),
        "account_id": keys("acct", contacts.account),
        "email": strings(handle + "@" + domains[contacts.account]),
        "full_name": strings(full_name),
        "title": texts(titles, title),
        "role": texts(ROLES, contacts.role),
        "is_executive_sponsor": flags(contacts.role == 0),
        "joined_at": midnight(contacts.joined),
        "left_at": midnight(contacts.left, contacts.left < FAR),
    }


def account_table(
    population: Population, lifecycles: Lifecycles, calendar: Calendar, randomness: Randomness
) -> tuple[dict, np.ndarray]:
    """The table, and the mail domain of each account."""
    rng = randomness.stream("accounts")
    size = population.size
    names = company_names(randomness.stream("company names"), INDUSTRIES, population.industry)
    domains = np.array([name.lower().replace(" ", "-") + ".example" for name in names], object)

    groups = np.flatnonzero(population.segment == ENTERPRISE)
    is_child = (population.segment != ENTERPRISE) & (rng.random(size) < 0.04) & (len(groups) > 0)
    parent = groups[rng.integers(len(groups), size=size)] if len(groups) else np.zeros(size)
    merged = lifecycles.churns.into >= 0
    is_child[lifecycles.churns.account[merged]] = True
    parent[lifecycles.churns.account[merged]] = lifecycles.churns.into[merged]

    last_churn = np.full(size, NEVER)
    last_churn[lifecycles.churns.account] = lifecycles.churns.day
    is_gone = ~lifecycles.is_open[:, -1] & (last_churn != NEVER)
    # The CRM learns of a loss some days late.
    closed = (last_churn + 1 + rng.integers(25, size=size)) * DAY_SECONDS + 15 * 3600
    is_closed = is_gone & (closed < (calendar.end + 1) * DAY_SECONDS)
    signed = population.signed_day * DAY_SECONDS + 9 * 3600 + rng.integers(28_000, size=size)
    created = signed - rng.integers(20, 120, size=size) * DAY_SECONDS
    last_touch = (calendar.end - rng.integers(30, size=size)) * DAY_SECONDS
    updated = np.maximum(np.where(is_closed, closed, last_touch), signed)
    table = {
        "account_id": keys("acct", np.arange(size)),
        "account_name": strings(names),
        "parent_account_id": keys("acct", parent, known=is_child),
        "industry": texts(INDUSTRIES, population.industry),
        "region": texts(REGIONS, population.region),
        "country": texts([entry[0] for entry in COUNTRIES], population.country),
        "employee_count": whole(population.employees, kind=pa.int32()),
        "touch_tier": texts(("high", "mid", "low"), population.touch),
        "csm_id": keys("csm", population.csm, 3),
        "signed_at": moments(signed),
        "closed_at": moments(np.where(is_closed, closed, NEVER)),
        "created_at": moments(created),
        "updated_at": moments(updated),
    }
    return table, domains


def csm_table(population: Population, randomness: Randomness) -> dict:
    """The managers of accounts, then those who lead them, one for each eight."""
    count = len(population.csm_region)
    leads = -(-count // _CSM_TEAM_SIZE)
    number = np.arange(count + leads)
    is_lead = number >= count
    region = np.concatenate([population.csm_region, population.csm_region[::_CSM_TEAM_SIZE]])
    full_name, handle = _people(randomness.stream("csms"), number)
    return {
        "csm_id": keys("csm", number, 3),
        "csm_name": strings(full_name),
        "email": strings(handle + "@vendor.example"),
        "manager_id": keys("csm", count + number // _CSM_TEAM_SIZE, 3, known=~is_lead),
        "team": texts([f"{name} success" for name in REGIONS], region),
        "region": texts(REGIONS, region),
        "weekly_capacity_hours": numbers(np.where(is_lead, 8.0, 32.0)),
    }


def _people(rng: np.random.Generator, number: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Full names, and mail handles made different by the number."""
    first, last = (part.astype(object) for part in people_names(rng, len(number)))
    full_name = first + " " + last
    handle = first + "." + last + number.astype(str).astype(object)
    return full_name, np.array([text.lower() for text in handle], dtype=object)
