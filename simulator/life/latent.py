"""Latent health as a Markov chain on a grid, so that its future can be computed exactly.

An account's health is a standing mean (fit, CSM, industry, products), an onboarding effect that
fades, and a weekly deviation. The deviation and whether a sponsor is there form a chain with
finitely many states: the simulator draws from its transition matrix and the truth is computed
with the same matrix, without approximation.
"""

from dataclasses import dataclass

import numpy as np

from simulator.assumptions import SHOCKS, Assumptions

PRESENT, VACANT = 0, 1
DEPARTURE = SHOCKS.index("sponsor_departure")
QUIET = len(SHOCKS)


@dataclass(frozen=True)
class HealthChain:
    """The chain over levels (deviation) and sponsor (present, vacant).

    `levels`: deviation of each level. `kernels[k, i, j]`: probability of going from level i to j
    when shock k strikes (the last k: none). `shocks[s]`: probability of each k when the sponsor is
    present or vacant. `matrix`: the whole chain, states ordered present levels, vacant levels.
    """

    levels: np.ndarray
    kernels: np.ndarray
    shocks: np.ndarray
    matrix: np.ndarray
    stationary: np.ndarray
    replaced: float

    def step(
        self, rng: np.random.Generator, level: np.ndarray, vacant: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Next level and vacancy of each account, and the shock that struck it."""
        edges = np.cumsum(self.shocks[vacant.astype(np.int64)], axis=1)[:, :-1]
        shock = (rng.random(len(level))[:, None] >= edges).sum(axis=1)
        moves = np.cumsum(self.kernels[shock, level], axis=1)[:, :-1]
        following = (rng.random(len(level))[:, None] >= moves).sum(axis=1)
        is_filled = rng.random(len(level)) < self.replaced
        return following, (vacant & ~is_filled) | (shock == DEPARTURE), shock


def build_chain(rules: Assumptions) -> HealthChain:
    count = rules.deviation_levels
    levels = (np.arange(count) - count // 2) * rules.deviation_step
    shifts = [rules.shock_shifts[name] for name in SHOCKS] + [0.0]
    kernels = np.stack([_kernel(levels, shift, rules) for shift in shifts])

    present = np.array([rules.shock_probabilities[name] for name in SHOCKS] + [0.0])
    present[QUIET] = 1.0 - present.sum()
    # A vacant seat cannot be left.
    vacant = present.copy()
    vacant[QUIET] += vacant[DEPARTURE]
    vacant[DEPARTURE] = 0.0

    staying = np.delete(np.arange(len(shifts)), DEPARTURE)
    with_sponsor = np.tensordot(present[staying], kernels[staying], axes=1)
    without = np.tensordot(vacant, kernels, axes=1)
    matrix = np.block(
        [
            [with_sponsor, present[DEPARTURE] * kernels[DEPARTURE]],
            [rules.sponsor_replaced * without, (1.0 - rules.sponsor_replaced) * without],
        ]
    )
    return HealthChain(
        levels=levels,
        kernels=kernels,
        shocks=np.stack([present, vacant]),
        matrix=matrix,
        stationary=_stationary(np.tensordot(present, kernels, axes=1)),
        replaced=rules.sponsor_replaced,
    )


def _kernel(levels: np.ndarray, shift: float, rules: Assumptions) -> np.ndarray:
    """A normal step around the persisting deviation plus the shift, cut to the grid."""
    centre = rules.deviation_persistence * levels + shift
    distance = (levels[None, :] - centre[:, None]) / rules.deviation_noise
    weight = np.exp(-0.5 * distance**2)
    return weight / weight.sum(axis=1, keepdims=True)


def _stationary(matrix: np.ndarray) -> np.ndarray:
    share = np.full(len(matrix), 1.0 / len(matrix))
    for _ in range(400):
        share = share @ matrix
    return share / share.sum()
