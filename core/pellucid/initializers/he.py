"""He: keep the variance of the signal through layers of rectifiers."""

from __future__ import annotations

from typing import Any

import numpy as np

from pellucid.checks import check_choice
from pellucid.component import Equation, Example
from pellucid.initializer import Initializer
from pellucid.initializers.scaled import DISTRIBUTIONS, draw


class He(Initializer):
    """``θ`` of mean 0 and variance ``2/fan_in`` (He, Zhang, Ren & Sun, 2015).

    A rectifier silences half of its input, which the 2 makes up for: the signal keeps its size from layer to layer.

    Args:
        distribution: ``"normal"``, or ``"uniform"`` in ±√(6/fan_in).
    """

    equations = (
        Equation("mean", r"\operatorname{E} \theta = 0", "0"),
        Equation("variance", r"\operatorname{Var} \theta = \frac{2}{n_\mathrm{in}}", "2 / fan_in"),
    )
    examples = (Example({"distribution": "normal"}), Example({"distribution": "uniform"}))

    def __init__(self, distribution: str = "normal") -> None:
        check_choice(self, "distribution", distribution, DISTRIBUTIONS)
        self.distribution = distribution

    def __call__(
        self, rng: np.random.Generator, shape: tuple[int, ...], fan_in: int, fan_out: int
    ) -> np.ndarray[Any, Any]:
        return draw(rng, self.distribution, 2 / max(fan_in, 1), shape)
