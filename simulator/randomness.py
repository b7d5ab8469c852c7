"""Random numbers by name: each part of the company draws from a stream of its own."""

import zlib

import numpy as np


class Randomness:
    """Independent generators, each fixed by the seed and the name of what it is for.

    Streams by name keep one part of the company unchanged when another draws more numbers:
    adding a column to tickets does not move a single churn date.
    """

    def __init__(self, seed: int) -> None:
        self._seed = seed

    def stream(self, name: str, *keys: int) -> np.random.Generator:
        words = [self._seed, zlib.crc32(name.encode()), *keys]
        return np.random.Generator(np.random.PCG64(np.random.SeedSequence(words)))


def choose(rng: np.random.Generator, shares: np.ndarray) -> np.ndarray:
    """One column index per row of `shares` (rows sum to 1), drawn by those shares."""
    edges = np.cumsum(shares, axis=1)[:, :-1]
    return (rng.random(len(shares))[:, None] >= edges).sum(axis=1)
