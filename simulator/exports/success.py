"""Customer success at work: contacts made, tasks, goals, onboardings, words against the score."""

import numpy as np
import pyarrow as pa

from simulator.assumptions import CURRENCIES, Assumptions
from simulator.calendar import DAY_SECONDS, NEVER, Calendar, add_months
from simulator.columns import flags, keys, midnight, missing, moments, numbers, texts, whole
from simulator.exports.observed_states import ObservedStates, happen, office_seconds
from simulator.exports.people import Contacts
from simulator.exports.seasons import Seasons
from simulator.life.leaving import logistic
from simulator.life.lifecycles import Lifecycles
from simulator.life.playbooks import BANDS, DRAWN, HELD_OUT, NOT_CHOSEN, OUTREACH, PLAYBOOKS
from simulator.life.population import Population
from simulator.randomness import Randomness, choose

_ACTIVITIES = ("call", "email", "meeting", "business_review", "note")
# Per week and touch tier (high, mid, low): calls, mails, meetings, reviews, notes.
_RATES = np.array(
    [
        [0.22, 0.55, 0.24, 0.075, 0.10],
        [0.09, 0.28, 0.075, 0.030, 0.05],
        [0.02, 0.10, 0.006, 0.002, 0.02],
    ]
)
STEPS = (
    ("kick-off", 7),
    ("technical set-up", 21),
    ("data import", 35),
    ("first workflow", 49),
    ("team training", 63),
    ("go-live", 77),
)
_TEMPLATES = ("self-service", "guided", "enterprise programme")
# How long a good, an average and a bad onboarding takes, against plan; how many steps it skips.
_PACE = np.array([0.95, 1.25, 2.1])
_SKIPS = np.array([0.01, 0.04, 0.22])
# How much longer it takes by segment, and how much that varies between accounts and steps.
_STRETCH = np.array([0.5, 1.0, 1.6])
_PACE_SPREAD, _STEP_SPREAD = 0.15, 0.08
_VALUE_STEP = 3
# Work by the calendar, beside the playbooks that are tried out.
_ROUTINES = ("onboarding check-in", "renewal preparation")
_TASK_TYPES = ("check-in", "preparation", "outreach", "acceleration", "review")
_DAYS_TO_DO = np.array([14, 30, 7, 14, 21])


def activity_table(
    population: Population,
    lifecycles: Lifecycles,
    observed: ObservedStates,
    contacts: Contacts,
    calendar: Calendar,
    randomness: Randomness,
    seasons: Seasons,
) -> dict:
    rng = randomness.stream("activities")
    goodwill_all = observed.goodwill
    rate = _RATES[population.touch].sum(axis=1)[:, None] * np.exp(0.18 * goodwill_all)
    held = happen(rng, rate, population, lifecycles, calendar)
    account = held.account
    mix = _RATES / _RATES.sum(axis=1, keepdims=True)
    kind = choose(rng, mix[population.touch[account]])
    goodwill = goodwill_all[account, held.week]
    is_vacant = lifecycles.weekly_vacant[account, held.week]

    is_invitation = (kind == 2) | (kind == 3)
    comes = rng.random(held.size) < logistic(1.25 + 1.05 * goodwill - 0.9 * is_vacant)
    inbound = (kind <= 1) & (rng.random(held.size) < logistic(-1.2 + 0.6 * goodwill))
    answers = (kind == 1) & ~inbound & (rng.random(held.size) < logistic(0.4 + 0.7 * goodwill))
    delay = rng.exponential(1.3, held.size) * np.exp(-0.3 * goodwill) * DAY_SECONDS
    answered = held.second + 300 + delay.astype(np.int64)
    answers &= answered < (calendar.end + 1) * DAY_SECONDS
    columns = {
        "activity_id": keys("act", np.arange(held.size)),
        "account_id": keys("acct", account),
        "contact_id": contacts.keys(contacts.someone(rng, account)),
        "csm_id": keys("csm", population.csm[account], 3),
        "activity_type": texts(_ACTIVITIES, kind),
        "occurred_at": moments(held.second),
        "is_inbound": flags(inbound),
        "was_attended": flags(comes, is_invitation),
        "responded_at": moments(np.where(answers, answered, NEVER)),
        "notes": missing(held.size),
    }
    # A stream of its own, and last: the others are the same with and without such a week.
    off = randomness.stream("meetings called off")
    takes_place = seasons.takes_place(off, held.second // DAY_SECONDS) | ~is_invitation
    return {name: column.filter(pa.array(takes_place)) for name, column in columns.items()}


def task_table(
    population: Population, lifecycles: Lifecycles, calendar: Calendar, randomness: Randomness
) -> dict:
    """Work by the calendar, and what the waves of playbooks listed.

    An account that the draw holds out has a task that is not done; one that its manager was free
    to treat, and did not, has none. `is_holdout` is null where there was no draw.
    """
    rng = randomness.stream("tasks")
    account, opened, playbook, band, arm = _listed(lifecycles, calendar)
    order = np.lexsort((playbook, opened, account))
    account, opened, playbook, band, arm = (
        column[order] for column in (account, opened, playbook, band, arm)
    )
    count = len(account)
    opened_at = opened * DAY_SECONDS + office_seconds(rng, population.region[account])
    took = (rng.gamma(2.0, 4.0, count) * DAY_SECONDS).astype(np.int64)
    now = (calendar.end + 1) * DAY_SECONDS
    is_held = arm == HELD_OUT
    is_done = (opened_at + took < now) & (rng.random(count) < 0.93) & ~is_held
    is_escalated = (playbook == len(_ROUTINES) + OUTREACH) & (rng.random(count) < 0.15) & ~is_held
    is_escalated &= opened_at + took // 2 < now
    return {
        "task_id": keys("task", np.arange(count)),
        "account_id": keys("acct", account),
        "csm_id": keys("csm", population.csm[account], 3),
        "playbook": texts((*_ROUTINES, *PLAYBOOKS), playbook),
        "task_type": texts(_TASK_TYPES, playbook),
        "opened_at": moments(opened_at),
        "due_at": moments(opened_at + _DAYS_TO_DO[playbook] * DAY_SECONDS),
        "completed_at": moments(np.where(is_done, opened_at + took, NEVER)),
        "escalated_at": moments(np.where(is_escalated, opened_at + took // 2, NEVER)),
        "is_holdout": flags(is_held, is_held | (arm == DRAWN)),
        "risk_band": texts(BANDS, np.maximum(band, 0), band >= 0),
    }


def _listed(lifecycles: Lifecycles, calendar: Calendar) -> tuple[np.ndarray, ...]:
    """Account, day, playbook, band and arm of each task; -1 for no band and no arm."""
    monday = calendar.first_monday + 7 * np.arange(calendar.weeks)[None, :]
    is_due = np.stack(
        [
            (monday - lifecycles.weekly_spell_start) // 7 == 4,
            # Monthly terms never have so long to go.
            (lifecycles.weekly_renewal_day - monday) // 7 == 12,
        ]
    )
    routine, account, week = np.nonzero(is_due & lifecycles.is_settled)
    opened = calendar.first_monday + 7 * week
    known = (opened >= calendar.start) & (opened <= calendar.end)
    account, opened, routine = account[known], opened[known], routine[known]
    none = np.full(len(account), -1)
    waves = lifecycles.enrolments
    has_task = waves.arm != NOT_CHOSEN
    return (
        np.concatenate([account, waves.account[has_task]]),
        np.concatenate([opened, waves.day[has_task]]),
        np.concatenate([routine, len(_ROUTINES) + waves.playbook[has_task]]),
        np.concatenate([none, waves.band[has_task]]),
        np.concatenate([none, waves.arm[has_task]]),
    )


def days_to_value(segment: np.ndarray, shares: np.ndarray, pace: float) -> np.ndarray:
    """Expected days from signing to the first workflow, of those who get there.

    `shares` are those of good, average and bad onboardings; `pace` stretches them all.
    """
    arriving = shares * (1.0 - _SKIPS)
    spread = np.exp(0.5 * (_PACE_SPREAD**2 + _STEP_SPREAD**2))
    usual = float(arriving @ _PACE / arriving.sum()) * spread * pace
    return STEPS[_VALUE_STEP][1] * _STRETCH[segment] * usual


def onboarding_table(
    population: Population, calendar: Calendar, rules: Assumptions, randomness: Randomness
) -> dict:
    """The steps of every onboarding, also of those long past; a bad one is slow or never ends."""
    rng = randomness.stream("onboarding")
    account = np.repeat(np.arange(population.size), len(STEPS))
    step = np.tile(np.arange(len(STEPS)), population.size)
    stretch = _STRETCH[population.segment]
    days = np.array([entry[1] for entry in STEPS])
    planned = population.signed_day[account] + np.rint(days[step] * stretch[account])
    pace = _PACE[population.onboarding] * np.exp(
        _PACE_SPREAD * rng.standard_normal(population.size)
    )
    pace *= np.where(population.is_new_way, rules.new_onboarding_pace, 1.0)
    ended = population.signed_day[account] + np.rint(
        days[step]
        * stretch[account]
        * pace[account]
        * np.exp(_STEP_SPREAD * rng.standard_normal(len(step)))
    )
    previous = np.where(step == 0, 0, days[step - 1])
    begun = population.signed_day[account] + np.rint(previous * stretch[account] * pace[account])
    begun = np.minimum(begun, ended)
    skipped = rng.random(len(step)) < _SKIPS[population.onboarding[account]]
    begun, ended = begun.astype(np.int64), ended.astype(np.int64)
    is_begun = begun <= calendar.end
    is_done = (ended <= calendar.end) & ~skipped
    return {
        "account_id": keys("acct", account),
        "template": texts(_TEMPLATES, population.segment[account]),
        "step": texts([entry[0] for entry in STEPS], step),
        "planned_at": midnight(planned),
        "started_at": midnight(begun, is_begun),
        "completed_at": midnight(ended, is_done),
    }


def goal_table(
    population: Population, lifecycles: Lifecycles, calendar: Calendar, randomness: Randomness
) -> dict:
    """One goal a quarter for customers with a success plan, and what the set-up cost.

    How much of a goal is reached follows average health over its quarter; it is confirmed some
    weeks after. A goal set while a customer leaves is never confirmed.
    """
    rng = randomness.stream("goals")
    has_plan = rng.random(population.size) < np.array([0.95, 0.75, 0.35])[population.touch]
    quarters = calendar.weeks // 13 + 1
    account = np.repeat(np.flatnonzero(has_plan), quarters)
    quarter = np.tile(np.arange(quarters), int(has_plan.sum()))
    begins = np.maximum(calendar.start, population.first_day)[account] + 14 + 91 * quarter
    week = calendar.week_of(begins)
    is_set = (begins <= calendar.end) & lifecycles.is_open[account, week]
    account, begins, week = account[is_set], begins[is_set], week[is_set]

    value = population.seats[account] * population.seat_price[account] * 12
    target = np.rint(value * rng.uniform(0.15, 0.35, len(account)) / 1000) * 1000
    due_week = np.minimum(week + 13, calendar.weeks - 1)
    sums = np.cumsum(lifecycles.weekly_health, axis=1, dtype=np.float64)
    health = (sums[account, due_week] - sums[account, week]) / np.maximum(due_week - week, 1)
    reached = 0.25 + 0.95 * logistic(0.3 + 0.9 * health + 0.6 * rng.standard_normal(len(account)))
    confirmed = begins + 91 + rng.integers(0, 21, size=len(account))
    is_confirmed = (confirmed <= calendar.end) & lifecycles.is_open[
        account, calendar.week_of(confirmed)
    ]
    is_confirmed &= rng.random(len(account)) < 0.85
    kind = rng.integers(3, size=len(account))

    planned = np.flatnonzero(has_plan)
    cost = np.rint(
        population.seats * population.seat_price * rng.uniform(3.0, 8.0, population.size)
    )
    simulate_lifecycles = add_months(population.signed_day, 3)[planned]
    known = simulate_lifecycles <= calendar.end
    planned, simulate_lifecycles = planned[known], simulate_lifecycles[known]
    all_accounts = np.concatenate([account, planned])
    count = len(all_accounts)
    return {
        "goal_id": keys("goal", np.arange(count)),
        "account_id": keys("acct", all_accounts),
        "value_type": texts(
            ("annual_savings", "efficiency_gains", "risk_reduction", "implementation_cost"),
            np.concatenate([kind, np.full(len(planned), 3)]),
        ),
        "target_cents": whole(np.concatenate([target, cost[planned]])),
        "achieved_cents": whole(
            np.concatenate([np.rint(target * reached), cost[planned]]),
            np.concatenate([is_confirmed, np.ones(len(planned), bool)]),
        ),
        "currency": texts(CURRENCIES, population.currency[all_accounts]),
        "evidence": texts(("measured", "stated", "estimated"), rng.integers(3, size=count)),
        "set_at": midnight(np.concatenate([begins, population.signed_day[planned]])),
        "achieved_at": midnight(
            np.concatenate([confirmed, simulate_lifecycles]),
            np.concatenate([is_confirmed, np.ones(len(planned), bool)]),
        ),
    }


def override_table(
    population: Population, lifecycles: Lifecycles, calendar: Calendar, randomness: Randomness
) -> dict:
    """A manager now and then knows better; they are right a little more often than not."""
    rng = randomness.stream("overrides")
    rate = np.full((population.size, 1), 0.0006)
    held = happen(rng, rate, population, lifecycles, calendar)
    health = lifecycles.weekly_health[held.account, held.week]
    score = np.clip(np.rint(62 + 14 * health + 18 * rng.standard_normal(held.size)), 0, 100)
    reasons = (
        "Sponsor confirmed the renewal in person",
        "New management is reviewing all contracts",
        "Seasonal business, low usage is expected",
        "Heard that a competitor is in the building",
    )
    good = np.array([0, 2])[rng.integers(2, size=held.size)]
    bad = np.array([1, 3])[rng.integers(2, size=held.size)]
    return {
        "override_id": keys("ovr", np.arange(held.size)),
        "account_id": keys("acct", held.account),
        "score": numbers(score),
        "reason": texts(reasons, np.where(score >= 60, good, bad)),
        "author": keys("csm", population.csm[held.account], 3),
        "set_at": moments(held.second),
        "expires_at": moments(held.second + 30 * DAY_SECONDS),
    }
