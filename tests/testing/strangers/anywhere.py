"""Layers of strangers whose arguments may have any sign, and whose inputs any size."""

from __future__ import annotations

from typing import Any

import numpy as np
from pellucid import Equation, Example, check_float

from tests.testing.strangers.layers import Same


class Wave(Same):
    """``y = sin(ω x + φ)``, ω and φ any numbers."""

    equations = (
        Equation("y", r"y = \sin(\omega x + \varphi)", "np.sin(omega * x + phase)"),
        Equation("dx", r"dx = \omega \cos(\omega x + \varphi)\, dy", "omega * np.cos(omega * x + phase) * dy"),
    )
    examples = (Example(), Example({"omega": 3.0, "phase": 0.5}, ((2, 3),)))

    def __init__(self, omega: float = 1.0, phase: float = 0.0) -> None:
        check_float(self, "omega", omega, "(-inf, inf)")
        check_float(self, "phase", phase, "(-inf, inf)")
        self.omega = omega
        self.phase = phase

    def forward(self, ctx: Any, x: Any) -> Any:
        ctx.x = x
        return np.sin(self.omega * x + self.phase)

    def backward(self, ctx: Any, dy: Any) -> Any:
        return self.omega * np.cos(self.omega * ctx.x + self.phase) * dy


class Bent(Same):
    """``y = x`` above 0 and ``a x`` below, a any number."""

    equations = (
        Equation("y", r"y = x [x > 0] + a x [x \le 0]", "np.where(x > 0, x, slope * x)"),
        Equation("dx", r"dx = dy ([x > 0] + a [x \le 0])", "dy * np.where(x > 0, 1.0, slope)"),
    )
    examples = (Example(), Example({"slope": 0.5}, ((2, 3),)))

    def __init__(self, slope: float = 0.1) -> None:
        check_float(self, "slope", slope, "(-inf, inf)")
        self.slope = slope

    def forward(self, ctx: Any, x: Any) -> Any:
        ctx.above = x > 0
        return np.where(ctx.above, x, self.slope * x)

    def backward(self, ctx: Any, dy: Any) -> Any:
        return np.where(ctx.above, dy, self.slope * dy)


class Squash(Same):
    """``y = x / √(x² + ε)``: −1 and 1 far out, steep at 0."""

    equations = (
        Equation("r", r"r = \sqrt{x^2 + \varepsilon}", "np.sqrt(x**2 + eps)"),
        Equation("y", r"y = x / r", "x / r"),
        Equation("dx", r"dx = \varepsilon\, dy / r^3", "dy * eps / r**3"),
    )
    examples = (Example(), Example({"eps": 1.0}, ((2, 3),)))

    def __init__(self, eps: float = 1e-2) -> None:
        check_float(self, "eps", eps, "(0, inf)")
        self.eps = eps

    def forward(self, ctx: Any, x: Any) -> Any:
        ctx.r = np.sqrt(x * x + self.eps)
        return x / ctx.r

    def backward(self, ctx: Any, dy: Any) -> Any:
        return dy * (self.eps / ctx.r**3)
