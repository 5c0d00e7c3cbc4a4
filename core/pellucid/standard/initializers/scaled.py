"""He, Glorot, Lecun: drawn as widely as the numbers of inputs and outputs of a layer ask for."""

from __future__ import annotations

from abc import ABC
from math import sqrt

import numpy as np

from pellucid.basics.arrays import HostArray
from pellucid.basics.component import Equation, Example
from pellucid.interfaces.initializer import Initializer
from pellucid.standard.arguments import check_choice


class _OfVariance(Initializer, ABC):
    """Numbers of mean 0 and a variance that the fans decide: N(0, variance), or uniform in ±√(3·variance)."""

    examples = (Example({"distribution": "normal"}), Example({"distribution": "uniform"}))

    def __init__(self, distribution: str) -> None:
        check_choice(self, "distribution", distribution, ("normal", "uniform"))
        self.distribution = distribution

    def draw(self, rng: np.random.Generator, variance: float, shape: tuple[int, ...]) -> HostArray:
        if self.distribution == "normal":
            return rng.normal(0.0, sqrt(variance), shape)
        limit = sqrt(3 * variance)
        return rng.uniform(-limit, limit, shape)


class He(_OfVariance):
    """``θ`` of mean 0 and variance ``2/fan_in`` (He, Zhang, Ren & Sun, 2015).

    A rectifier silences half of its input, which the 2 makes up for: the signal keeps its size from layer to layer.

    Args:
        distribution: ``"normal"``, or ``"uniform"`` in ±√(6/fan_in).
    """

    equations = (
        Equation("mean", r"\operatorname{E} \theta = 0", "0"),
        Equation("variance", r"\operatorname{Var} \theta = \frac{2}{n_\mathrm{in}}", "2 / fan_in"),
    )

    def __init__(self, distribution: str = "normal") -> None:
        super().__init__(distribution)

    def __call__(self, rng: np.random.Generator, shape: tuple[int, ...], fan_in: int, fan_out: int) -> HostArray:
        return self.draw(rng, 2 / max(fan_in, 1), shape)


class Glorot(_OfVariance):
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

    def __init__(self, distribution: str = "uniform") -> None:
        super().__init__(distribution)

    def __call__(self, rng: np.random.Generator, shape: tuple[int, ...], fan_in: int, fan_out: int) -> HostArray:
        return self.draw(rng, 2 / max(fan_in + fan_out, 1), shape)


class Lecun(_OfVariance):
    """``θ`` of mean 0 and variance ``1/fan_in`` (LeCun, Bottou, Orr & Müller, Efficient BackProp, 1998).

    A sum of fan_in numbers keeps their variance. For tanh, for linear layers, and for what is normalised anyway.

    Args:
        distribution: ``"normal"``, or ``"uniform"`` in ±√(3/fan_in).
    """

    equations = (
        Equation("mean", r"\operatorname{E} \theta = 0", "0"),
        Equation("variance", r"\operatorname{Var} \theta = \frac{1}{n_\mathrm{in}}", "1 / fan_in"),
    )

    def __init__(self, distribution: str = "normal") -> None:
        super().__init__(distribution)

    def __call__(self, rng: np.random.Generator, shape: tuple[int, ...], fan_in: int, fan_out: int) -> HostArray:
        return self.draw(rng, 1 / max(fan_in, 1), shape)
