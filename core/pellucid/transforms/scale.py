"""scale: multiply by a factor and add an offset."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from pellucid.checks import check_float
from pellucid.component import Equation, Example
from pellucid.errors import ConfigError
from pellucid.transform import HostArray, Transform, floating


class Scale(Transform):
    """``y = factor·x + offset``: ``Scale(2, -1)`` takes [0, 1] to [−1, 1].

    Args:
        factor: multiplies every value; not 0.
        offset: is added to every value.

    Shapes: (N, …) to (N, …).
    """

    equations = (Equation("y", r"y = a\,x + b", "factor * x + offset"),)
    symbols: ClassVar = {"factor": "factor", "offset": "offset"}
    examples = (Example({"factor": 2.0, "offset": -1.0}),)

    def __init__(self, factor: float = 1.0, offset: float = 0.0) -> None:
        check_float(self, "factor", factor, "(-inf, inf)")
        check_float(self, "offset", offset, "(-inf, inf)")
        if factor == 0:
            raise ConfigError("The 'factor' of Scale must not be 0: every value would become the same. Received: 0.")
        self.factor = factor
        self.offset = offset

    def apply(self, x: HostArray) -> HostArray:
        y = np.multiply(x, self.factor, dtype=floating(x))
        y += self.offset
        return y

    def inverse(self, y: HostArray) -> HostArray:
        x = np.subtract(y, self.offset, dtype=floating(y))
        x /= self.factor
        return x
