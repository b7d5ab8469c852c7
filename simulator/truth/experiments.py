"""What the playbooks and the programme change truly do, beside what comparisons would say."""

from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa

from simulator.assumptions import SEGMENTS
from simulator.calendar import FAR, to_date
from simulator.columns import dates, keys, numbers, texts, whole
from simulator.exports.success import days_to_value
from simulator.life.contracts import next_day
from simulator.life.playbooks import ARMS, BANDS, CHOSEN, DRAWN, HELD_OUT, NOT_CHOSEN, PLAYBOOKS
from simulator.life.population import onboarding_shares, programme_day
from simulator.life.prospects import Prospects
from simulator.life.world import World
from simulator.truth.futures import retention_from_the_start

# An enrolment is judged on the days after its own until the next wave.
EFFECT_DAYS = 90
_YEAR_DAYS, _YEAR_WEEKS = 365, 52
EVERY_BAND = "all"


@dataclass(frozen=True)
class _Outcomes:
    """Of accounts and days: whether each left within the days after, and whether that is known."""

    left: np.ndarray
    is_over: np.ndarray


def _outcomes(world: World, account: np.ndarray, day: np.ndarray, days: int) -> _Outcomes:
    churns = world.lifecycles.churns
    lost = next_day(churns.account, churns.day, account, day - 1)
    return _Outcomes(lost <= day + days, day + days <= world.calendar.end)


def enrolment_table(world: World) -> pa.Table:
    """One row per account on a wave's list, with both of its futures."""
    enrolments = world.lifecycles.enrolments
    seen = _outcomes(world, enrolments.account, enrolments.day, EFFECT_DAYS)
    return pa.table(
        {
            "account_id": keys("acct", enrolments.account),
            "enrolled_on": dates(enrolments.day),
            "playbook": texts(PLAYBOOKS, enrolments.playbook),
            "risk_band": texts(BANDS, enrolments.band),
            "arm": texts(ARMS, enrolments.arm),
            "churn_probability_untreated": numbers(np.round(enrolments.leaving_untreated, 6)),
            "churn_probability_treated": numbers(np.round(enrolments.leaving_treated, 6)),
            "churned": whole(seen.left, seen.is_over, pa.int8()),
        }
    )


def playbook_effects(world: World) -> pa.Table:
    """One row per playbook and band of risk, and per playbook over all bands.

    Effects are differences of 90-day retention in percentage points. `true_effect_pp` is the mean
    of the exact effects on the accounts listed; `drawn_difference_pp` compares the drawn with the
    held out; `listed_difference_pp` all treated with all untreated on the list;
    `naive_difference_pp` the treated with everybody else who was a customer on that day.
    Differences are null where one side has no account whose days are over.
    """
    enrolments, rows = world.lifecycles.enrolments, []
    seen = _outcomes(world, enrolments.account, enrolments.day, EFFECT_DAYS)
    for code, playbook in enumerate(PLAYBOOKS):
        for band in (EVERY_BAND, *BANDS):
            mine = enrolments.playbook == code
            if band != EVERY_BAND:
                mine &= enrolments.band == BANDS.index(band)
            if not mine.any():
                continue
            arm, is_treated = enrolments.arm, enrolments.is_treated
            effect = enrolments.leaving_untreated[mine] - enrolments.leaving_treated[mine]
            known = mine & seen.is_over
            drawn, held = known & (arm == DRAWN), known & (arm == HELD_OUT)
            rows.append(
                {
                    "playbook": playbook,
                    "risk_band": band,
                    "listed": int(mine.sum()),
                    "drawn": int((mine & (arm == DRAWN)).sum()),
                    "held_out": int((mine & (arm == HELD_OUT)).sum()),
                    "chosen": int((mine & (arm == CHOSEN)).sum()),
                    "not_chosen": int((mine & (arm == NOT_CHOSEN)).sum()),
                    "true_effect_pp": round(100 * float(effect.mean()), 3),
                    "drawn_difference_pp": _difference(~seen.left, drawn, held),
                    "drawn_standard_error_pp": _standard_error(~seen.left, drawn, held),
                    "listed_difference_pp": _difference(
                        ~seen.left, known & is_treated, known & ~is_treated
                    ),
                    "naive_difference_pp": _naive_difference(world, known & is_treated, ~seen.left)
                    if band == EVERY_BAND
                    else None,
                }
            )
    names = list(rows[0]) if rows else ["playbook", "risk_band"]
    return pa.table({name: [row[name] for row in rows] for name in names})


def _difference(stays: np.ndarray, one: np.ndarray, other: np.ndarray) -> float | None:
    if not one.any() or not other.any():
        return None
    return round(100 * float(stays[one].mean() - stays[other].mean()), 3)


def _standard_error(stays: np.ndarray, one: np.ndarray, other: np.ndarray) -> float | None:
    if not one.any() or not other.any():
        return None
    shares = [(float(stays[side].mean()), int(side.sum())) for side in (one, other)]
    variance = sum(share * (1 - share) / size for share, size in shares)
    return round(100 * float(np.sqrt(variance)), 3)


def _naive_difference(world: World, treated: np.ndarray, stays: np.ndarray) -> float | None:
    """Treated customers against all others of the same days."""
    enrolments, calendar = world.lifecycles.enrolments, world.calendar
    others, treated_keys = [], enrolments.account[treated] * FAR + enrolments.day[treated]
    for day in np.unique(enrolments.day[treated]):
        week = int(calendar.week_of(np.array([day]))[0])
        account = np.flatnonzero(world.lifecycles.is_open[:, max(week - 1, 0)])
        account = account[~np.isin(account * FAR + day, treated_keys)]
        seen = _outcomes(world, account, np.full(len(account), day), EFFECT_DAYS)
        others.append(~seen.left[seen.is_over])
    if not others or not sum(map(len, others)):
        return None
    return round(100 * float(stays[treated].mean() - np.concatenate(others).mean()), 3)


def programme_change(world: World) -> dict:
    """The new onboarding: its effect on the customers who got it, and before against after.

    The effect compares the new onboarding with the old one for the same customers. The naive
    comparison sets those who signed before against those who signed after, who are others.
    """
    population, calendar, rules = world.population, world.calendar, world.rules
    begins = programme_day(calendar, rules)
    new = np.flatnonzero(population.is_new_way)
    before = np.flatnonzero(~population.is_new_way & (population.signed_day >= calendar.start))
    old_shares, new_shares = onboarding_shares(rules)
    facts = {
        "begins_on": to_date(begins).isoformat(),
        "customers_before": len(before),
        "customers_after": len(new),
        "segment_shares_before": _segment_shares(population.segment[before]),
        "segment_shares_after": _segment_shares(population.segment[new]),
    }
    if not len(new):
        return facts
    by_onboarding = _first_year_retention(world, new)
    old, latest = (float((by_onboarding @ shares).mean()) for shares in (old_shares, new_shares))
    pace = rules.new_onboarding_pace
    old_days = days_to_value(population.segment[new], old_shares, 1.0)
    new_days = days_to_value(population.segment[new], new_shares, pace)
    return facts | {
        "first_year_retention": {
            "old_onboarding": round(old, 5),
            "new_onboarding": round(latest, 5),
            "effect_pp": round(100 * (latest - old), 3),
        },
        "days_to_value": {
            "old_onboarding": round(float(old_days.mean()), 2),
            "new_onboarding": round(float(new_days.mean()), 2),
            "effect_days": round(float((new_days - old_days).mean()), 2),
        },
        "observed_first_year_retention": {
            "before": _observed_first_year(world, before),
            "after": _observed_first_year(world, new),
        },
    }


def _segment_shares(segment: np.ndarray) -> dict[str, float]:
    return {
        name: round(float((segment == code).mean()), 4) if len(segment) else 0.0
        for code, name in enumerate(SEGMENTS)
    }


def _first_year_retention(world: World, accounts: np.ndarray) -> np.ndarray:
    """Probability of staying a year after a good, average and bad onboarding (accounts x 3)."""
    population, rules = world.population, world.rules
    prospects = Prospects.of(
        population, accounts, population.signed_day[accounts], population.first_renewal[accounts]
    )
    columns = []
    for code, effect in enumerate(rules.onboarding_effects):
        supposed = replace(
            prospects,
            onboarding_effect=np.full(len(accounts), effect),
            is_behind=np.full(len(accounts), code > 0),
        )
        columns.append(
            retention_from_the_start(supposed, _YEAR_WEEKS, world.calendar, world.chain, rules)
        )
    return np.stack(columns, axis=1)


def _observed_first_year(world: World, accounts: np.ndarray) -> float | None:
    day = world.population.signed_day[accounts]
    seen = _outcomes(world, accounts, day, _YEAR_DAYS)
    known = ~seen.left[seen.is_over]
    return round(float(known.mean()), 5) if len(known) else None
