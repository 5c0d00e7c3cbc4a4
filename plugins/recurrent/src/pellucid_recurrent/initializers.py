"""forget_bias: a memory that at first forgets little."""

from __future__ import annotations

from typing import Any

import numpy as np
from pellucid import Equation, Example, Initializer, check_float


class ForgetBias(Initializer):
    """The bias of an lstm: ``value`` for the forget gate, the second of four quarters, and 0 for the others.

    Args:
        value: 1 lets σ(1) = 0.73 of the cell pass at first (Jozefowicz, Zaremba & Sutskever, 2015).
    """

    equations = (
        Equation(
            "theta", r"\theta = [0, \mathrm{value}, 0, 0]",
            "np.where(np.arange(shape[-1]) * 4 // max(shape[-1], 1) == 1, value, 0.0) * np.ones(shape)",
        ),
    )  # fmt: skip
    examples = (Example({}), Example({"value": 2.0}))

    def __init__(self, value: float = 1.0) -> None:
        check_float(self, "value", value, "(-inf, inf)")
        self.value = value

    def __call__(
        self, rng: np.random.Generator, shape: tuple[int, ...], fan_in: int, fan_out: int
    ) -> np.ndarray[Any, Any]:
        n = shape[-1] if shape else 1
        row = np.where(np.arange(n) * 4 // n == 1, float(self.value), 0.0)
        return np.ones(shape) * (row if shape else row[0])
