"""Interval: between which bounds a figure lies, at which confidence, and by which method."""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt
from statistics import NormalDist

import numpy as np

from pellucid.basics.arrays import HostArray

LEVEL = 0.95
DRAWS = 1_000


@dataclass(frozen=True)
class Interval:
    """A confidence interval.

    Attributes:
        low, high: its bounds.
        level: how often such intervals hold the true figure, 0.95 for example.
        method: how it was made, as it is to be reported: ``"Wilson"``, ``"bootstrap, 1,000 draws, seed 0"``.
    """

    low: float
    high: float
    level: float
    method: str


def wilson(successes: float, n: float, level: float = LEVEL) -> Interval:
    """Wilson's score interval of a fraction ``p̂ = k/n``: all p that a test at this level would not refuse.

    ``(p̂ + z²/2n ± z √(p̂(1 − p̂)/n + z²/4n²)) / (1 + z²/n)``, with z the ``(1 + level)/2`` quantile of the normal
    distribution. Unlike ``p̂ ± z √(p̂(1 − p̂)/n)`` it stays in [0, 1] and has a width where k is 0 or n.

    Source: Wilson, Probable inference, the law of succession, and statistical inference, 1927.
    """
    z = NormalDist().inv_cdf((1 + level) / 2)
    p = successes / n
    middle, half = p + z * z / (2 * n), z * sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    scale = 1 + z * z / n
    low = 0.0 if successes == 0 else (middle - half) / scale  # where rounding would leave a trace
    high = 1.0 if successes == n else (middle + half) / scale
    return Interval(low, high, level, "Wilson")


def percentiles(figures: HostArray, seed: int, level: float = LEVEL) -> Interval:
    """The percentile interval of a figure's bootstrap draws (Efron & Tibshirani, 1993, §13.3); draws without the
    figure, such as the ROC-AUC of a single class, are left out."""
    known = figures[np.isfinite(figures)]
    method = f"bootstrap, {len(known):,} draws, seed {seed}"
    if not len(known):
        return Interval(float("nan"), float("nan"), level, method)
    low, high = np.quantile(known, [(1 - level) / 2, (1 + level) / 2])
    return Interval(float(low), float(high), level, method)


def resampled(n: int, rng: np.random.Generator) -> HostArray:
    """How often each of n samples is drawn, (n,), when n are drawn with replacement."""
    return np.bincount(rng.integers(n, size=n), minlength=n)


def resampled_means(values: HostArray, draws: int, rng: np.random.Generator) -> HostArray:
    """Means of the columns over rows drawn with replacement: values (N, J) -> (draws, J)."""
    n = len(values)
    return np.stack([resampled(n, rng) @ values for _ in range(draws)]) / n
