"""Row: a component held against an oracle, and how far apart the two were."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

LIMIT = 1e-10
Pairs = Iterable[tuple[Any, Any]]
"""What we computed and what the oracle did, array by array."""


@dataclass(frozen=True)
class Row:
    """What was found of a component.

    Attributes:
        kind, name: ``loss``, ``core/mae``.
        against: whose code, or which formula, it was compared with.
        arrays: how many were compared: outputs, and gradients of inputs and of parameters.
        worst: the largest difference of an element, over the largest element of its array or 1.
        limit: what that may be.
    """

    kind: str
    name: str
    against: str
    arrays: int
    worst: float
    limit: float = LIMIT

    @property
    def holds(self) -> bool:
        return self.arrays > 0 and self.worst <= self.limit

    @property
    def told(self) -> str:
        """A line of the table."""
        return f"| {self.kind} `{self.name}` | {self.against} | {self.arrays:,} | {self.worst:.1e} |"


def row(kind: str, name: str, against: str, pairs: Pairs, limit: float = LIMIT) -> Row:
    """Compare all pairs."""
    worst, arrays = 0.0, 0
    for ours, theirs in pairs:
        mine, other = np.asarray(ours, float), np.asarray(theirs, float)
        assert mine.shape == other.shape, f"{name}: {mine.shape} and {other.shape}"
        scale = max(1.0, float(np.abs(other).max(initial=0.0)))
        off = float(np.abs(mine - other).max(initial=0.0)) / scale
        worst, arrays = max(worst, off if off == off else np.inf), arrays + 1
    return Row(kind, name, against, arrays, worst, limit)


def report(rows: Iterable[Row]) -> int:
    """Print them; 1 if one does not hold."""
    found = []
    for each in rows:
        found.append(each)
        print(each.told, flush=True)
    return int(not all(each.holds for each in found))


def repeated(rounds: int, compared: Any) -> Iterator[tuple[Any, Any]]:
    """The pairs of ``compared(rng)`` for so many seeds."""
    for seed in range(rounds):
        yield from compared(np.random.default_rng(seed))
