"""InverseSqrt: a learning rate that rises, then falls for ever, however long the run."""

from __future__ import annotations

from math import sqrt

from pellucid import Equation, Example, Schedule, check_int


class InverseSqrt(Schedule):
    """``factor = min((s + 1)/w, √(w/(s + 1)))`` in step s; see Vaswani et al., 2017, section 5.3.

    Args:
        warmup: w, the number of steps until the factor is 1.
    """

    equations = (
        Equation(
            "factor", r"f_s = \min\left(\frac{s + 1}{w}, \sqrt{\frac{w}{s + 1}}\right)",
            "min((step + 1) / warmup, (warmup / (step + 1)) ** 0.5)",
        ),
    )  # fmt: skip
    symbols = {"w": "warmup"}  # noqa: RUF012
    examples = (Example(), Example({"warmup": 4}))

    def __init__(self, warmup: int = 100) -> None:
        check_int(self, "warmup", warmup, "[1, inf)")
        self.warmup = warmup

    def __call__(self, step: int, total: int) -> float:
        return min((step + 1) / self.warmup, sqrt(self.warmup / (step + 1)))
