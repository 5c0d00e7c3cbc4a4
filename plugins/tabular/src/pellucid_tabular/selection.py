"""Selection: which members an ensemble is made of, chosen greedily on validation rows."""

from __future__ import annotations

from math import inf
from typing import Any

import numpy as np
from pellucid import HostArray

ROUNDS = 32
"""Members that are added at the most, each perhaps several times."""


class Selection:
    """Greedy selection with replacement (Caruana et al., Ensemble Selection from Libraries of Models, 2004): begin with
    none, and add the member whose addition makes the mean of all added so far best on the validation rows, again and
    again; a member's weight is how often it was added. Of all these means the best one counts.

    Values are compared by their mean squared error, probabilities by ``−log p(true class)``.

    Args:
        members: K.
        kind: ``values``, ``classes`` or ``answers``, what outputs are.
        y: the targets, (N, …): as the members are trained on them.
    """

    def __init__(self, members: int, kind: str, y: HostArray) -> None:
        self.kind, self.y = kind, y
        n = y.size if kind == "values" else len(y)
        self._found = np.full((members, n), np.nan, np.float32)  # residuals; or probabilities of what is true
        self._gram = np.zeros((members, members))
        self._have = np.zeros(members, bool)

    def take(self, k: int, outputs: HostArray) -> None:
        """Member k gives these outputs (N, C) now."""
        self._found[k] = self._of(outputs)
        self._have[k] = bool(np.isfinite(self._found[k]).all())
        if self.kind == "values" and self._have[k]:
            row = self._found[self._have] @ self._found[k] / self._found.shape[1]
            self._gram[k, self._have] = self._gram[self._have, k] = row

    def _of(self, outputs: HostArray) -> HostArray:
        if self.kind == "values":
            return (outputs.reshape(-1) - self.y.reshape(-1)).astype(np.float32)
        z = outputs.astype(np.float64)
        with np.errstate(over="ignore"):
            if self.kind == "answers":
                sign = np.where(self.y.reshape(-1) > 0.5, 1.0, -1.0)
                return (1 / (1 + np.exp(-sign * z.reshape(-1)))).astype(np.float32)
            p = np.exp(z - z.max(-1, keepdims=True))
        chosen: Any = p[np.arange(len(p)), self.y.reshape(-1).astype(np.int64)] / p.sum(-1)
        return np.asarray(chosen, np.float32)

    def weights(self) -> HostArray | None:
        """(K,), each ≥ 0, with the sum 1; None if no member has given anything finite."""
        if not self._have.any():
            return None
        counts = np.zeros(len(self._have), np.int64)
        best, chosen = inf, counts
        for _ in range(ROUNDS):
            scores = self._scores(counts)
            k = int(np.argmin(scores))
            counts = counts.copy()
            counts[k] += 1
            if scores[k] < best:
                best, chosen = float(scores[k]), counts
        made: HostArray = chosen / chosen.sum()
        return made

    def _scores(self, counts: HostArray) -> HostArray:
        """Of each member how good the mean is with it added; infinite for those that have nothing to add."""
        n = counts.sum() + 1
        if self.kind == "values":
            scores = (counts @ self._gram @ counts + 2 * (self._gram @ counts) + np.diag(self._gram)) / n**2
        else:
            so_far = counts[self._have].astype(np.float32) @ self._found[self._have]
            scores = np.full(len(counts), np.inf)
            means = (self._found[self._have] + so_far) / np.float32(n)
            scores[self._have] = -np.log(np.maximum(means, np.float32(1e-30))).mean(1)
        return np.where(self._have, scores, np.inf)
