"""Zeros: start at zero, as biases do."""

from __future__ import annotations

from typing import Any

import numpy as np

from pellucid.component import Equation
from pellucid.initializer import Initializer


class Zeros(Initializer):
    """``θ = 0``. Not for weights: units that start equal stay equal."""

    equations = (Equation("theta", r"\theta = 0", "np.zeros(shape)"),)

    def __call__(
        self, rng: np.random.Generator, shape: tuple[int, ...], fan_in: int, fan_out: int
    ) -> np.ndarray[Any, Any]:
        return np.zeros(shape)
