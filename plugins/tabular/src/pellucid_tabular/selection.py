"""Selection: which members an ensemble is made of, chosen greedily on validation rows."""

from __future__ import annotations

from math import inf

import numpy as np
from pellucid import HostArray

ROUNDS = 32
"""Members that are added at the most, each perhaps several times."""


class Selection:
    """Greedy selection with replacement (Caruana et al., Ensemble Selection from Libraries of Models, 2004): begin with
    none, and add the member whose addition makes the mean of all added so far best on the validation rows, again and
    again; a member's weight is how often it was added. Of all these means the best one counts.

    Values are compared by their mean squared error, and so are probabilities with what is true (Brier's score), after
    the label smoothing that members were trained with is taken out, ``(p − ε/C) / (1 − ε)``: a mean of cautious members
    is more cautious still, which is no reason to take one alone. Both are squares of the mean of the members'
    residuals, so that a round costs products of K numbers, whatever the rows.

    Args:
        members: K.
        kind: ``values``, ``classes`` or ``answers``, what outputs are.
        y: the targets, (N, …): as the members are trained on them.
        smoothing: ε.
    """

    def __init__(self, members: int, kind: str, y: HostArray, smoothing: float = 0.0) -> None:
        self.kind, self.y, self.smoothing = kind, y, smoothing
        self._residuals: list[HostArray | None] = [None] * members
        self._gram = np.zeros((members, members))

    def take(self, k: int, outputs: HostArray) -> None:
        """Member k gives these outputs (N, C) now."""
        own = self._residual(outputs)
        self._residuals[k] = own if np.isfinite(own).all() else None
        for j, other in enumerate(self._residuals):
            if other is not None and self._residuals[k] is not None:
                self._gram[k, j] = self._gram[j, k] = float(np.dot(own, other)) / len(own)

    def _residual(self, outputs: HostArray) -> HostArray:
        """What a member says less what is true, (N·C,)."""
        if self.kind == "values":
            return (outputs.reshape(-1) - self.y.reshape(-1)).astype(np.float32)
        z = outputs.astype(np.float64)
        if self.kind == "answers":
            z = np.concatenate([np.zeros_like(z.reshape(-1, 1)), z.reshape(-1, 1)], axis=1)
        p = np.exp(z - z.max(-1, keepdims=True))
        p /= p.sum(-1, keepdims=True)
        p = (p - self.smoothing / p.shape[1]) / (1 - self.smoothing)
        p[np.arange(len(p)), self.y.reshape(-1).astype(np.int64)] -= 1
        return p.reshape(-1).astype(np.float32)

    def weights(self) -> HostArray | None:
        """(K,), each ≥ 0, with the sum 1; None if no member has given anything finite."""
        have = np.array([residual is not None for residual in self._residuals])
        if not have.any():
            return None
        counts = np.zeros(len(have), np.int64)
        best, chosen = inf, counts
        for n in range(1, ROUNDS + 1):
            sums = counts @ self._gram @ counts + 2 * (self._gram @ counts) + np.diag(self._gram)
            scores = np.where(have, sums / n**2, inf)
            k = int(np.argmin(scores))
            counts = counts.copy()
            counts[k] += 1
            if scores[k] < best:
                best, chosen = float(scores[k]), counts
        made: HostArray = chosen / chosen.sum()
        return made
