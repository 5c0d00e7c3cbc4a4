"""Zeros, Ones, Constant: one number for all."""

from __future__ import annotations

import numpy as np

from pellucid.basics.arrays import HostArray
from pellucid.basics.checks import check_float
from pellucid.basics.component import Equation, Example
from pellucid.interfaces.initializer import Initializer


class Zeros(Initializer):
    """``θ = 0``. Not for weights: units that start equal stay equal."""

    equations = (Equation("theta", r"\theta = 0", "np.zeros(shape)"),)

    def __call__(self, rng: np.random.Generator, shape: tuple[int, ...], fan_in: int, fan_out: int) -> HostArray:
        return np.zeros(shape)


class Ones(Initializer):
    """``θ = 1``."""

    equations = (Equation("theta", r"\theta = 1", "np.ones(shape)"),)

    def __call__(self, rng: np.random.Generator, shape: tuple[int, ...], fan_in: int, fan_out: int) -> HostArray:
        return np.ones(shape)


class Constant(Initializer):
    """``θ = value``. Not for weights: units that start equal stay equal.

    Args:
        value: the number.
    """

    equations = (Equation("theta", r"\theta = \mathrm{value}", "np.full(shape, float(value))"),)
    examples = (Example({"value": 0.25}),)

    def __init__(self, value: float) -> None:
        check_float(self, "value", value, "(-inf, inf)")
        self.value = value

    def __call__(self, rng: np.random.Generator, shape: tuple[int, ...], fan_in: int, fan_out: int) -> HostArray:
        return np.full(shape, float(self.value))
