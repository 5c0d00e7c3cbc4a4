"""Uniform: first values between two bounds."""

from __future__ import annotations

import numpy as np
from pellucid import Equation, HostArray, Initializer, check_float


class Uniform(Initializer):
    """``θ`` uniform in ±limit.

    Args:
        limit: the largest value, at least 0.
    """

    equations = (
        Equation("mean", r"\operatorname{E} \theta = 0", "0"),
        Equation("variance", r"\operatorname{Var} \theta = \frac{\mathrm{limit}^2}{3}", "limit**2 / 3"),
    )

    def __init__(self, limit: float = 1.0) -> None:
        check_float(self, "limit", limit, "[0, inf)")
        self.limit = limit

    def __call__(self, rng: np.random.Generator, shape: tuple[int, ...], fan_in: int, fan_out: int) -> HostArray:
        return rng.uniform(-self.limit, self.limit, shape)
