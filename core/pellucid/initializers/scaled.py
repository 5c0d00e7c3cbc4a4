"""Drawing with a given variance, normal or uniform: what He's and Glorot's initializers share."""

from __future__ import annotations

from math import sqrt
from typing import Any

import numpy as np

DISTRIBUTIONS = ("normal", "uniform")


def draw(rng: np.random.Generator, distribution: str, variance: float, shape: tuple[int, ...]) -> np.ndarray[Any, Any]:
    """Numbers of mean 0 and this variance: N(0, variance), or uniform in ±√(3·variance)."""
    if distribution == "normal":
        return rng.normal(0.0, sqrt(variance), shape)
    limit = sqrt(3 * variance)
    return rng.uniform(-limit, limit, shape)
