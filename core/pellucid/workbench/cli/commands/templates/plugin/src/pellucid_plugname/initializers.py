"""Uniform: first values of a parameter, uniform in ±limit."""

from __future__ import annotations

import numpy as np
from pellucid import Equation, Example, HostArray, Initializer, check_float


class Uniform(Initializer):
    """``θ ~ U(−limit, limit)``.

    Args:
        limit: the largest value, at least 0.
    """

    equations = (
        Equation("mean", r"\operatorname{E} \theta = 0", "0.0"),
        Equation("variance", r"\operatorname{Var} \theta = \tfrac13 \mathrm{limit}^2", "limit**2 / 3"),
    )
    examples = (Example(), Example({"limit": 2.0}))

    def __init__(self, limit: float = 0.1) -> None:
        check_float(self, "limit", limit, "[0, inf)")
        self.limit = limit

    def __call__(self, rng: np.random.Generator, shape: tuple[int, ...], fan_in: int, fan_out: int) -> HostArray:
        return rng.uniform(-self.limit, self.limit, shape)
