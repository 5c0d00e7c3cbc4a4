"""Ones: start at one, as the scales of normalisation do."""

from __future__ import annotations

from typing import Any

import numpy as np

from pellucid.component import Equation
from pellucid.initializer import Initializer


class Ones(Initializer):
    """``θ = 1``."""

    equations = (Equation("theta", r"\theta = 1", "np.ones(shape)"),)

    def __call__(
        self, rng: np.random.Generator, shape: tuple[int, ...], fan_in: int, fan_out: int
    ) -> np.ndarray[Any, Any]:
        return np.ones(shape)
