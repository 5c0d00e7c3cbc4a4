"""Folds: what each member of an ensemble holds out, where nobody has held anything out for it."""

from __future__ import annotations

import numpy as np
from pellucid import HostArray, Sampler, Samples, Split

FOLDS = 5
"""Parts, of which each member holds out one."""
LEAST_ROWS = 20
"""Of a fold: fewer would say nothing of an epoch."""


def folds_of(y: HostArray, folds: int, seed: int) -> list[HostArray]:
    """The rows of each fold: drawn by the seed, classes in proportion. One empty fold where there are too few rows."""
    if len(y) < LEAST_ROWS * folds:
        return [np.arange(0)]
    order = np.random.default_rng([seed, folds]).permutation(len(y))
    if y.dtype.kind in "iu" and (y.ndim == 1 or y.shape[1] == 1):
        order = order[np.argsort(y.reshape(-1)[order], kind="stable")]
    return [np.sort(order[k::folds]) for k in range(folds)]


class Without(Sampler):
    """The shuffled rows of the data but those that are held out.

    Args:
        held: their numbers.
    """

    examples = ()

    def __init__(self, held: HostArray) -> None:
        self.held = held

    def order(self, rng: np.random.Generator, data: Split | Samples, *, epoch: int, batch_size: int) -> HostArray:
        left = np.ones(len(data), bool)
        left[self.held] = False
        return rng.permutation(np.flatnonzero(left))
