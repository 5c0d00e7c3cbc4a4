"""HeldOut: the rows that early stopping looks at, the same ones in every call of ``partial_fit``."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from pellucid import HostArray, Split

from pellucid_tabular.estimators.distinct import Distinct, in_proportion

MOST = 10_000
"""Rows that are kept of those that come part by part."""


class HeldOut:
    """Rows to validate on. Part by part, the content of a row alone decides whether it is held out, so a row that comes
    again is never trained on; where there are more than ``MOST``, it also decides which stay."""

    def __init__(self) -> None:
        self.split: Split | None = None
        self._keys = np.zeros(0, np.uint64)

    @staticmethod
    def chooses(keys: HostArray, fraction: float) -> HostArray:
        """Which rows are held out, a truth value each."""
        turned = keys * np.uint64(0xD1342543DE82EF95)  # keys are in order: another order of them
        return turned < np.uint64(min(int(fraction * 2**64), 2**64 - 1))

    def add(self, taken: Callable[[HostArray], Split], found: Distinct, held: HostArray, *, keep: bool) -> bool:
        """Note these of the distinct rows, each as often as it weighs; with ``keep`` besides those of earlier calls.
        Whether other rows are held out now than before."""
        if not keep:
            weight = None if found.weight is None else found.weight[held]
            self.split, self._keys = taken(found.rows[held][in_proportion(weight, len(held))]), found.keys[held]
            return True
        new = held[~np.isin(found.keys[held], self._keys)]
        if not len(new):
            return False
        more = taken(found.rows[new])
        split = more if self.split is None else Split(_joined(self.split.x, more.x), _joined(self.split.y, more.y))
        keys = np.concatenate([self._keys, found.keys[new]])
        chosen = np.sort(np.argsort(keys)[:MOST])
        self.split, self._keys = split.take(chosen), keys[chosen]
        return True


def stratified(n: int, count: int, labels: HostArray | None, rng: np.random.Generator) -> HostArray:
    """Which ``count`` of ``n`` rows are held out, a truth value each, of every class in proportion."""
    order = rng.permutation(n)
    _, which, sizes = np.unique(
        np.zeros(n) if labels is None else labels[order], return_inverse=True, return_counts=True
    )
    number = np.empty(n, np.int64)  # of a row within its class
    number[which.argsort(kind="stable")] = np.arange(n) - np.repeat(sizes.cumsum() - sizes, sizes)
    chosen = np.zeros(n, bool)
    chosen[order[np.argsort((number + 0.5) / sizes[which], kind="stable")[:count]]] = True
    return chosen


def _joined(first: Any, second: Any) -> Any:
    if isinstance(first, tuple):
        return tuple(map(_joined, first, second))
    return np.concatenate([first, second])
