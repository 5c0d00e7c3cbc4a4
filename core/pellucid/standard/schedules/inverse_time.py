"""InverseTime: the rate that Robbins and Monro asked for."""

from __future__ import annotations

from typing import ClassVar

from pellucid.basics.checks import check_float, check_int
from pellucid.basics.component import Equation, Example
from pellucid.interfaces.schedule import Schedule


class InverseTime(Schedule):
    """``factor = 1/(1 + d·t)``, so that η_t = η₀/(1 + d·t), t the time: steps, or ``every`` so many of them.

    Steps get shorter, and their sum has no bound: Σ1/t grows for ever, Σ1/t² does not, which is what convergence of
    stochastic gradients asks for (Robbins & Monro, 1951). It needs no plan.

    Args:
        decay: d, at least 0.
        every: steps that make one unit of t; with those of an epoch, d is per epoch.
    """

    equations = (Equation("factor", r"f_s = \frac{1}{1 + d\, s / n}", "1 / (1 + decay * step / every)"),)
    symbols: ClassVar = {"d": "decay", "n": "every"}
    examples = (Example(), Example({"decay": 0.5, "every": 4}))

    def __init__(self, decay: float = 1e-3, *, every: int = 1) -> None:
        check_float(self, "decay", decay, "[0, inf)")
        check_int(self, "every", every, "[1, inf)")
        self.decay = decay
        self.every = every

    def __call__(self, step: int, total: int) -> float:
        return 1 / (1 + self.decay * step / self.every)
