"""Noise: batches that are drawn, and that have no rows to ask for."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from pellucid import Batch, Example, Feed, check_int


class Noise(Feed):
    """Uniform numbers x (N, 2), and whether their sum is above 1.

    Args:
        rows: samples of an epoch.
    """

    examples = (Example(), Example({"rows": 40}))
    rows: int

    def __init__(self, rows: int = 320) -> None:
        check_int(self, "rows", rows, "[1, inf)")
        self.rows = rows

    def batches(self, rng: np.random.Generator, epoch: int, start: int, size: int | None) -> Iterator[Batch]:
        rng.random((start, 2))  # the same numbers for every row, wherever one begins
        for first in range(start, self.rows, size or 32):
            x = rng.random((min(size or 32, self.rows - first), 2))
            yield Batch(x, (x.sum(axis=1) > 1).astype(int))
