"""Coslog: cosines whose periods double, from fast trials at the beginning to a long way down at the end."""

from __future__ import annotations

from math import cos, log2, pi
from typing import ClassVar

from pellucid import Equation, Example, Schedule, check_int, tell

NO_PLAN = (
    "The coslog schedule does not know how many steps there will be: single steps have no plan, so the learning rate "
    'stays as it is. Give their number, schedule={"type": "tabular/coslog", "steps": …}, or train with fit.'
)


class Coslog(Schedule):
    """``factor = ½(1 − cos(2π log₂(1 + (2ᶜ − 1)p)))``, p from 0 to 1: c waves, each twice as long as the one before.

    The rate rises and falls c times. Each fall leaves weights that are worth choosing from, so that the best epoch on
    validation rows may be one long before the end; and a run of any length has had high rates and low ones
    (Holzmüller et al., Better by Default, 2024, "coslog₄"). A step counts by its middle: the first one moves, too.

    Args:
        cycles: c, the number of waves.
        steps: number of steps to the end; None takes the planned length of the run. Behind it p stays 1, and the rate
            0.
    """

    equations = (
        Equation("p", r"p = \min\left(1, \frac{s + 1/2}{S}\right)", "min(1, (step + 0.5) / (steps or total or 1))"),
        Equation(
            "factor", r"f_s = \frac12 \left(1 - \cos(2\pi \log_2(1 + (2^c - 1) p))\right)",
            "0.5 * (1 - np.cos(2 * np.pi * np.log2(1 + (2**cycles - 1) * p))) if steps or total else 1.0",
        ),
    )  # fmt: skip
    symbols: ClassVar = {"c": "cycles", "S": "steps"}
    examples = (Example(), Example({"cycles": 2, "steps": 8}))

    def __init__(self, cycles: int = 4, *, steps: int | None = None) -> None:
        check_int(self, "cycles", cycles, "[1, 20]")
        if steps is not None:
            check_int(self, "steps", steps, "[1, inf)")
        self.cycles = cycles
        self.steps = steps

    def __call__(self, step: int, total: int) -> float:
        end = self.steps or total
        if not end:
            tell(NO_PLAN)
            return 1.0
        p = min(1.0, (step + 0.5) / end)
        return 0.5 * (1 - cos(2 * pi * log2(1 + (2**self.cycles - 1) * p)))
