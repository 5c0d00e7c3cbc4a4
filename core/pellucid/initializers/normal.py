"""Normal: start with normal numbers of a given spread."""

from __future__ import annotations

from typing import Any

import numpy as np

from pellucid.checks import check_float
from pellucid.component import Equation
from pellucid.initializer import Initializer


class Normal(Initializer):
    """``θ ~ N(mean, std²)``.

    Args:
        std: the standard deviation, at least 0.
        mean: the mean.
    """

    equations = (
        Equation("theta", r"\theta \sim \mathcal{N}(\mathrm{mean}, \mathrm{std}^2)"),
        Equation("mean", r"\operatorname{E} \theta = \mathrm{mean}", "mean"),
        Equation("variance", r"\operatorname{Var} \theta = \mathrm{std}^2", "std**2"),
    )

    def __init__(self, std: float = 0.01, mean: float = 0.0) -> None:
        check_float(self, "std", std, "[0, inf)")
        check_float(self, "mean", mean, "(-inf, inf)")
        self.std = std
        self.mean = mean

    def __call__(
        self, rng: np.random.Generator, shape: tuple[int, ...], fan_in: int, fan_out: int
    ) -> np.ndarray[Any, Any]:
        return rng.normal(self.mean, self.std, shape)
