"""Medians, and how sure their ratio is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

DRAWS = 4000


@dataclass(frozen=True)
class Ratio:
    """How many times faster than the best of several peers: the ratio of medians and its 95 % interval."""

    best: str
    value: float
    low: float
    high: float


def median(values: Sequence[float]) -> float:
    return float(np.median(values))


def ratio_to_best(ours: Sequence[float], peers: Mapping[str, Sequence[float]]) -> Ratio:
    """Bootstrap over rounds, which are drawn for all contestants together as they were measured together.

    In every draw the best peer is chosen anew, so the interval knows that "the best of several" is itself uncertain.
    """
    names = list(peers)
    times = np.array([ours, *(peers[name] for name in names)])  # (contestants, rounds)
    rng = np.random.default_rng(0)
    drawn = np.median(times[:, rng.integers(times.shape[1], size=(DRAWS, times.shape[1]))], axis=-1)
    ratios = drawn[1:].min(axis=0) / drawn[0]
    medians = np.median(times, axis=1)
    low, high = np.quantile(ratios, (0.025, 0.975))
    return Ratio(names[int(medians[1:].argmin())], float(medians[1:].min() / medians[0]), float(low), float(high))
