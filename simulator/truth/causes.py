"""Why each lost customer left: what every part of its health added to the odds."""

import numpy as np

from simulator.assumptions import SHOCKS, Assumptions
from simulator.calendar import Calendar
from simulator.life.leaving import onboarding_fade
from simulator.life.lifecycles import AT_RENEWAL, BY_MERGER, Churns, Lifecycles
from simulator.life.playbooks import treatment_shifts
from simulator.life.population import Population

PARTS = ("standing_fit", "onboarding", "vacant_sponsor", *SHOCKS, "drift", "playbook")
CAUSES = (*PARTS, "chance", "merger")
# A part that multiplies the odds by less than this (1.3) is no reason to leave.
_LEAST_LOG_ODDS = 0.25


def churn_causes(
    churns: Churns,
    population: Population,
    lifecycles: Lifecycles,
    calendar: Calendar,
    rules: Assumptions,
) -> tuple[np.ndarray, np.ndarray]:
    """What each part of its health added to a lost customer's log-odds of leaving.

    Returns the main cause (index into `CAUSES`) and all contributions (rows x `PARTS`), against a
    customer of average health with a sponsor. "drift" is the part of the weekly deviation that no
    shock explains; "chance" is the cause where no part speaks for leaving; "merger" is not the
    customer's choice, whatever its health.
    """
    account, week = churns.account, churns.week
    monday = calendar.first_monday + 7 * week
    slope = np.where(churns.way == AT_RENEWAL, rules.renewal_slope, rules.cancel_slope)
    weeks_since = (monday - lifecycles.weekly_spell_start[account, week]) / 7
    onboarding = population.onboarding_effect[account] * onboarding_fade(weeks_since, rules)
    standing = population.health_mean[account] - rules.health_mean
    shocks = lifecycles.lingering[:, account, week].astype(np.float64)
    deviation = (
        lifecycles.weekly_health[account, week] - population.health_mean[account] - onboarding
    )
    drift = deviation - shocks.sum(axis=0)
    parts = np.vstack(
        [
            -slope * standing,
            -slope * onboarding,
            rules.vacancy_effect * lifecycles.weekly_vacant[account, week],
            -slope * shocks,
            -slope * drift,
            treatment_shifts(rules)[lifecycles.weekly_treatment[account, week]],
        ]
    ).T
    main = np.where(
        parts.max(axis=1) < _LEAST_LOG_ODDS, CAUSES.index("chance"), parts.argmax(axis=1)
    )
    main = np.where(churns.way == BY_MERGER, CAUSES.index("merger"), main)
    return main, parts
