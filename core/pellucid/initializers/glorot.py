"""Glorot: keep the variance of signal and gradient through linear or tanh layers."""

from __future__ import annotations

from typing import Any

import numpy as np

from pellucid.checks import check_choice
from pellucid.component import Equation, Example
from pellucid.initializer import Initializer
from pellucid.initializers.scaled import DISTRIBUTIONS, draw


class Glorot(Initializer):
    """``θ`` of mean 0 and variance ``2/(fan_in + fan_out)`` (Glorot & Bengio, 2010), also called Xavier.

    A compromise between 1/fan_in, which keeps the signal's size, and 1/fan_out, which keeps the gradient's.

    Args:
        distribution: ``"normal"``, or ``"uniform"`` in ±√(6/(fan_in + fan_out)).
    """

    equations = (
        Equation("mean", r"\operatorname{E} \theta = 0", "0"),
        Equation(
            "variance",
            r"\operatorname{Var} \theta = \frac{2}{n_\mathrm{in} + n_\mathrm{out}}",
            "2 / (fan_in + fan_out)",
        ),
    )
    examples = (Example({"distribution": "normal"}), Example({"distribution": "uniform"}))

    def __init__(self, distribution: str = "uniform") -> None:
        check_choice(self, "distribution", distribution, DISTRIBUTIONS)
        self.distribution = distribution

    def __call__(
        self, rng: np.random.Generator, shape: tuple[int, ...], fan_in: int, fan_out: int
    ) -> np.ndarray[Any, Any]:
        return draw(rng, self.distribution, 2 / max(fan_in + fan_out, 1), shape)
