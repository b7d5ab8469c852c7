"""The help desk: tickets follow friction, and stop when a customer loses interest."""

import numpy as np
import pyarrow as pa

from simulator.calendar import DAY_SECONDS, NEVER, Calendar
from simulator.columns import flags, keys, moments, numbers, texts, whole
from simulator.exports.observed_states import ObservedStates, happen
from simulator.exports.people import Contacts
from simulator.exports.seasons import Seasons
from simulator.life.leaving import logistic
from simulator.life.lifecycles import Lifecycles
from simulator.life.population import Population
from simulator.randomness import Randomness, choose

PRIORITIES = ("low", "normal", "high", "urgent")
# Area, whether a core function is concerned, share of tickets in calm and in friction.
_AREAS = (
    ("records", True, 0.14, 0.22),
    ("search", True, 0.11, 0.14),
    ("imports and exports", True, 0.10, 0.17),
    ("approvals", True, 0.07, 0.10),
    ("reports", False, 0.16, 0.11),
    ("workflows", False, 0.12, 0.10),
    ("integrations", False, 0.12, 0.09),
    ("user administration", False, 0.10, 0.04),
    ("invoices", False, 0.08, 0.03),
)
_SUBJECTS = (
    "Question about {}",
    "How do we set up {}?",
    "Problem with {}",
    "{} does not work as expected",
    "{}: urgent, our team is blocked",
)
_BODIES = (
    "Could you point us to the right setting? There is no hurry.",
    "We would like to roll this out to another team and need some guidance.",
    "This worked last week. Please tell us what has changed.",
    "Several of our users report the same error since this morning.",
    "We cannot close our day without this. Please call us back.",
)
_CHANNELS = ("email", "web", "chat", "phone")
_AGENTS = 14
# Median hours to the first answer and to the solution, by priority.
_ANSWER_HOURS = np.array([9.0, 5.0, 2.2, 0.8])
_SOLUTION_HOURS = np.array([40.0, 30.0, 22.0, 12.0])


def ticket_table(
    population: Population,
    lifecycles: Lifecycles,
    observed: ObservedStates,
    contacts: Contacts,
    calendar: Calendar,
    randomness: Randomness,
    seasons: Seasons,
) -> dict:
    rng = randomness.stream("tickets")
    size_effect = (np.maximum(lifecycles.weekly_seats, 1) / 20.0) ** 0.5
    tendency = logistic(2.2 + 1.6 * observed.usage)
    rate = 0.12 * size_effect * tendency * np.exp(0.60 * observed.friction) * seasons.ticket_rate()
    happened = happen(rng, rate, population, lifecycles, calendar)
    account, count = happened.account, happened.size
    friction = observed.friction[account, happened.week]

    heat = logistic(-1.0 + 1.1 * friction)
    shares = np.stack(
        [0.30 * (1 - heat), 0.55 - 0.20 * heat, 0.12 + 0.28 * heat, 0.03 + 0.22 * heat], axis=1
    )
    priority = choose(rng, shares / shares.sum(axis=1, keepdims=True))
    calm = np.array([entry[2] for entry in _AREAS])
    tense = np.array([entry[3] for entry in _AREAS])
    area = choose(rng, calm + (tense - calm) * heat[:, None])
    wording = np.clip(priority + (rng.random(count) < 0.5), 0, len(_SUBJECTS) - 1)

    backlog = 0.35 * np.sin(happened.week / 9.0) + 0.35 * rng.standard_normal(count)
    answer = _ANSWER_HOURS[priority] * np.exp(backlog + 0.7 * rng.standard_normal(count))
    solution = answer + _SOLUTION_HOURS[priority] * np.exp(
        0.9 * rng.standard_normal(count) + 0.15 * friction
    )
    answered = happened.second + (answer * 3600).astype(np.int64)
    solved = happened.second + (solution * 3600).astype(np.int64)
    is_escalated = rng.random(count) < logistic(-4.2 + 0.9 * friction + 0.7 * (priority - 1))
    escalated = happened.second + ((0.3 + rng.random(count)) * answer * 3600).astype(np.int64)
    now = (calendar.end + 1) * DAY_SECONDS
    is_solved = solved < now
    is_rated = is_solved & (rng.random(count) < 0.32)
    satisfaction = 4.2 - 0.55 * friction - 0.12 * np.log(answer) + 0.9 * rng.standard_normal(count)
    reopened = np.where(is_solved, rng.poisson(0.06 + 0.10 * heat), 0)
    status = np.select(
        [is_solved & (solved < now - 7 * DAY_SECONDS), is_solved],
        [0, 1],
        np.where(answered < now, 2, 3),
    )
    subjects = [wording_.format(entry[0]) for wording_ in _SUBJECTS for entry in _AREAS]
    return {
        "ticket_id": keys("tick", np.arange(count)),
        "account_id": keys("acct", account),
        "contact_id": contacts.keys(contacts.someone(rng, account)),
        "subject": texts(subjects, wording * len(_AREAS) + area),
        "body": texts(_BODIES, wording),
        "product_area": texts([entry[0] for entry in _AREAS], area),
        "is_core_function": flags(np.array([entry[1] for entry in _AREAS])[area]),
        "priority": texts(PRIORITIES, priority),
        "severity": texts(("S4", "S3", "S2", "S1"), priority),
        "channel": texts(_CHANNELS, rng.integers(len(_CHANNELS), size=count)),
        "assignee": texts(
            [f"agent {number + 1}" for number in range(_AGENTS)],
            rng.integers(_AGENTS, size=count),
        ),
        "created_at": moments(happened.second),
        "first_response_at": moments(np.where(answered < now, answered, NEVER)),
        "solved_at": moments(np.where(is_solved, solved, NEVER)),
        "escalated_at": moments(np.where(is_escalated & (escalated < now), escalated, NEVER)),
        "reopened_count": whole(reopened, kind=pa.int32()),
        "status": texts(("closed", "solved", "pending", "new"), status),
        "csat_score": numbers(np.clip(np.rint(satisfaction), 1, 5), is_rated),
    }
