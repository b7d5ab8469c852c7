"""What customers say and learn: surveys, training, the community."""

import numpy as np

from simulator.calendar import DAY_SECONDS, NEVER, Calendar
from simulator.columns import keys, moments, numbers, texts
from simulator.exports.observed_states import Moments, ObservedStates, happen, office_seconds
from simulator.exports.people import Contacts
from simulator.life.leaving import logistic
from simulator.life.lifecycles import Lifecycles
from simulator.life.population import Population
from simulator.randomness import Randomness

SURVEYS = ("nps", "csat", "ces")
_SCALES = np.array([[0, 10], [1, 5], [1, 7]])
_COURSES = ("Getting started", "Power user", "Reports in depth", "Automation", "Administration")
_COMMENTS = (
    "We are thinking about alternatives.",
    "Too many problems lately.",
    "It does the job, but support takes long.",
    "Fine for what we need.",
    "Good product, please keep improving the reports.",
    "Our teams would not want to work without it.",
)


def survey_tables(
    population: Population,
    lifecycles: Lifecycles,
    observed: ObservedStates,
    contacts: Contacts,
    calendar: Calendar,
    randomness: Randomness,
) -> tuple[dict, dict]:
    """Invitations and answers. Those who are unhappy answer less, so silence is a sign too."""
    rng = randomness.stream("surveys")
    asked = _invitations(rng, population, lifecycles, calendar)
    survey = asked[1]
    sent: Moments = asked[0]
    contact = contacts.someone(rng, sent.account)
    goodwill = observed.goodwill[sent.account, sent.week]
    friction = observed.friction[sent.account, sent.week]

    answers = rng.random(sent.size) < logistic(-0.60 + 0.50 * goodwill)
    delay = (rng.exponential(3.0, sent.size) * DAY_SECONDS).astype(np.int64) + 600
    submitted = sent.second + delay
    answers &= submitted < (calendar.end + 1) * DAY_SECONDS
    # Lost customers do not answer old mail.
    answers &= lifecycles.is_open[sent.account, calendar.week_of(submitted // DAY_SECONDS)]
    noise = rng.standard_normal(sent.size)
    ideal = np.select(
        [survey == 0, survey == 1],
        [
            7.7 + 1.05 * goodwill - 0.5 * friction + 1.6 * noise,
            3.8 + 0.40 * goodwill - 0.35 * friction + 0.75 * noise,
        ],
        5.0 + 0.50 * goodwill - 0.50 * friction + 1.1 * noise,
    )
    low, high = _SCALES[survey].T
    score = np.clip(np.rint(ideal), low, high)
    position = (score - low) / (high - low)
    comment = np.clip(np.rint(position * 5), 0, 5).astype(np.int64)
    has_comment = rng.random(sent.size) < 0.35
    chosen = np.flatnonzero(answers)
    invitation_table = {
        "invitation_id": keys("ask", np.arange(sent.size)),
        "account_id": keys("acct", sent.account),
        "contact_id": contacts.keys(contact),
        "survey_type": texts(SURVEYS, survey),
        "sent_at": moments(sent.second),
    }
    response_table = {
        "response_id": keys("resp", np.arange(len(chosen))),
        "account_id": keys("acct", sent.account[chosen]),
        "contact_id": contacts.keys(contact[chosen]),
        "survey_type": texts(SURVEYS, survey[chosen]),
        "score": numbers(score[chosen]),
        "scale_min": numbers(low[chosen]),
        "scale_max": numbers(high[chosen]),
        "submitted_at": moments(submitted[chosen]),
        "comment": texts(_COMMENTS, comment[chosen], has_comment[chosen]),
    }
    return invitation_table, response_table


def _invitations(
    rng: np.random.Generator, population: Population, lifecycles: Lifecycles, calendar: Calendar
) -> tuple[Moments, np.ndarray]:
    """NPS twice a year, CSAT each quarter, CES ten weeks after the start, to some contacts each."""
    week = np.arange(calendar.weeks)[None, :]
    phase = rng.integers(26, size=population.size)[:, None]
    since = (calendar.first_monday + 7 * week - lifecycles.weekly_spell_start) // 7
    due = np.stack(
        [(week + phase) % 26 == 0, (week + phase) % 13 == 6, (since >= 10) & (since < 11)]
    )
    due &= lifecycles.is_settled
    survey, account, asked_week = np.nonzero(due)
    people = np.where(survey == 2, 1, 1 + population.segment[account])
    survey, account, asked_week = (np.repeat(c, people) for c in (survey, account, asked_week))
    day = calendar.first_monday + 7 * asked_week + 1
    second = day * DAY_SECONDS + office_seconds(rng, population.region[account])
    order = np.lexsort((second, account))
    order = order[(day[order] >= calendar.start) & (day[order] <= calendar.end)]
    return Moments(account[order], asked_week[order], second[order]), survey[order]


def training_table(
    population: Population,
    lifecycles: Lifecycles,
    observed: ObservedStates,
    contacts: Contacts,
    calendar: Calendar,
    randomness: Randomness,
) -> dict:
    """Seats in sessions: many in the first quarter, some later; the unwilling stay away."""
    rng = randomness.stream("training")
    weeks = np.arange(calendar.weeks)[None, :]
    since = (calendar.first_monday + 7 * weeks - lifecycles.weekly_spell_start) / 7
    size_effect = (np.maximum(lifecycles.weekly_seats, 1) / 20.0) ** 0.6
    rate = size_effect * (0.035 + 0.22 * np.exp(-np.maximum(since, 0) / 7))
    held = happen(rng, rate, population, lifecycles, calendar)
    # Sessions are booked two weeks ahead: the last ones have not taken place yet.
    scheduled = held.second + 14 * DAY_SECONDS
    week = calendar.week_of(scheduled // DAY_SECONDS)
    is_past = scheduled < (calendar.end + 1) * DAY_SECONDS
    is_customer = lifecycles.is_open[held.account, week]
    goodwill = observed.goodwill[held.account, week]
    draw = rng.random(held.size)
    stays_away = logistic(-1.55 - 0.75 * goodwill)
    outcome = np.where(draw < stays_away, 1, np.where(draw < stays_away + 0.08, 2, 0))
    outcome = np.where(is_customer, outcome, 2)
    outcome = np.where(is_past, outcome, 3)
    chosen = np.flatnonzero(is_customer | ~is_past)
    account, scheduled, outcome = held.account[chosen], scheduled[chosen], outcome[chosen]
    return {
        "enrollment_id": keys("enr", np.arange(len(chosen))),
        "account_id": keys("acct", account),
        "contact_id": contacts.keys(contacts.someone(rng, account)),
        "course": texts(_COURSES, rng.integers(len(_COURSES), size=len(chosen))),
        "scheduled_at": moments(scheduled),
        "outcome": texts(("completed", "no_show", "cancelled", "scheduled"), outcome),
        "completed_at": moments(_completed(scheduled, outcome, calendar)),
    }


def _completed(scheduled: np.ndarray, outcome: np.ndarray, calendar: Calendar) -> np.ndarray:
    ended = np.minimum(scheduled + 5400, (calendar.end + 1) * DAY_SECONDS - 1)
    return np.where(outcome == 0, ended, NEVER)


def post_table(
    population: Population,
    lifecycles: Lifecycles,
    observed: ObservedStates,
    contacts: Contacts,
    calendar: Calendar,
    randomness: Randomness,
) -> dict:
    """Posts of the third of customers who take part in the community at all."""
    rng = randomness.stream("community")
    takes_part = rng.random(population.size) < 0.35
    keenness = 0.05 * rng.gamma(1.2, 1.0, population.size) * takes_part
    rate = keenness[:, None] * np.exp(0.5 * observed.goodwill + 0.3 * observed.usage)
    posted = happen(rng, rate, population, lifecycles, calendar)
    kinds = ("question", "answer", "vote", "idea")
    kind = np.searchsorted([0.35, 0.60, 0.90], rng.random(posted.size))
    return {
        "post_id": keys("post", np.arange(posted.size)),
        "account_id": keys("acct", posted.account),
        "contact_id": contacts.keys(contacts.someone(rng, posted.account)),
        "post_type": texts(kinds, kind),
        "posted_at": moments(posted.second),
    }
