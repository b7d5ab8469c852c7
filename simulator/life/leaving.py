"""How customers leave: what a week's health, sponsor and treatment make of the chance.

Shifts are what a treatment adds to the log-odds; without one the shift is 0.
"""

import numpy as np

from simulator.assumptions import Assumptions


def onboarding_fade(weeks_since_start: np.ndarray, rules: Assumptions) -> np.ndarray:
    """How much of the onboarding effect is left."""
    return np.exp(-np.maximum(weeks_since_start, 0.0) / rules.onboarding_fade_weeks)


def leaving_base(segment: np.ndarray, is_monthly: np.ndarray, rules: Assumptions) -> np.ndarray:
    """Log-odds of not renewing at health 0 with a sponsor."""
    by_term = np.array([rules.renewal_base, rules.monthly_renewal_base])
    return by_term[is_monthly.astype(np.int64), segment]


def leaving_at_renewal(
    base: np.ndarray,
    health: np.ndarray,
    vacant: np.ndarray,
    shift: np.ndarray,
    rules: Assumptions,
) -> np.ndarray:
    """Probability of not renewing; broadcasts like its arguments."""
    return logistic(base - rules.renewal_slope * health + rules.vacancy_effect * vacant + shift)


def leaving_mid_term(
    segment: np.ndarray,
    health: np.ndarray,
    vacant: np.ndarray,
    shift: np.ndarray,
    rules: Assumptions,
) -> np.ndarray:
    """Probability of cancelling in a week without a renewal; broadcasts like its arguments."""
    base = np.array(rules.cancel_base)[segment]
    uplift = np.exp(-rules.cancel_slope * health + rules.vacancy_effect * vacant + shift)
    return np.minimum(base * uplift, rules.cancel_cap)


def logistic(log_odds: np.ndarray) -> np.ndarray:
    return 1.0 / (1.0 + np.exp(-log_odds))
