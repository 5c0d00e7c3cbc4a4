"""Alike: batches of samples that are alike, in random order."""

from __future__ import annotations

import numpy as np
from pellucid import Example, HostArray, Sampler, Samples, Split, check_int


class Alike(Sampler):
    """Sorts the samples by a number of theirs, cuts them into batches, and visits these in random order.

    Args:
        column: the number that samples are sorted by, a column of ``x``.
    """

    examples = (Example(), Example({"column": 3}))

    def __init__(self, column: int = 0) -> None:
        check_int(self, "column", column, "[0, inf)")
        self.column = column

    def order(self, rng: np.random.Generator, data: Split | Samples, *, epoch: int, batch_size: int) -> HostArray:
        by = np.asarray(data.x)[:, self.column]
        *batches, last = np.array_split(np.argsort(by, kind="stable"), range(batch_size, len(data), batch_size))
        rng.shuffle(batches)  # the last may be shorter, and stays there
        return np.concatenate([*batches, last])
