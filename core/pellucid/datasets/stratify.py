"""choose_rows: draw a part of a data set by seed, each class in proportion."""

from __future__ import annotations

from typing import Any

import numpy as np

Rows = np.ndarray[Any, Any]


def choose_rows(rows: Rows, n: int, labels: Rows | None, rng: np.random.Generator) -> tuple[Rows, Rows]:
    """Divide ``rows`` into (the rest, ``n`` chosen ones), both in their original order.

    Args:
        rows: row numbers, ascending.
        n: how many to choose, at most ``len(rows)``.
        labels: class labels of the whole data set, indexed by row number, for a choice in proportion to the classes;
            or None for a choice among all alike.
        rng: decides which.
    """
    order = rng.permutation(len(rows))
    if labels is None:
        positions = order[:n]
    else:
        shuffled = labels[rows][order]
        classes, sizes = np.unique(shuffled, return_counts=True)
        quotas = apportion(n, sizes)
        positions = np.concatenate(
            [order[shuffled == label][:quota] for label, quota in zip(classes, quotas, strict=True)]
        )
    chosen = np.zeros(len(rows), bool)
    chosen[positions] = True
    return rows[~chosen], rows[chosen]


def apportion(n: int, sizes: Rows) -> Rows:
    """Share ``n`` seats in proportion to ``sizes`` by largest remainders: each share is its exact quota rounded up or
    down, and they add up to ``n``. Equal remainders: the first class first. No share exceeds its size.

    >>> apportion(5, np.array([4, 2, 2]))
    array([3, 1, 1])
    """
    quotas, remainders = np.divmod(n * sizes.astype(np.int64), sizes.sum())
    seats_left = n - int(quotas.sum())
    quotas[np.argsort(-remainders, kind="stable")[:seats_left]] += 1
    return quotas
