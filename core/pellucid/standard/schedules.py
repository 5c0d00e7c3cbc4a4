"""The built-in schedules: a factor on the learning rate over the steps."""

from __future__ import annotations

from math import cos, pi
from typing import ClassVar

from pellucid.basics.checks import check_float, check_int
from pellucid.basics.component import Equation, Example
from pellucid.basics.errors import ConfigError
from pellucid.interfaces.schedule import Schedule


class Constant(Schedule):
    """``factor = 1``."""

    equations = (Equation("factor", r"f_s = 1", "1.0"),)

    def __call__(self, step: int, total: int) -> float:
        return 1.0


class Cosine(Schedule):
    """``factor = final + (1 − final)·½(1 + cos πp)``, p from 0 to 1 after the warm-up (Loshchilov & Hutter, 2017).

    During the warm-up the factor rises evenly, ``(step + 1)/warmup``. After the last step it stays at ``final``.

    Args:
        warmup: number of steps of the warm-up, at least 0.
        final: the factor at the end, in [0, 1].
        steps: number of steps from the first to the end, above ``warmup``; None takes the planned length of the run,
            which grows when ``fit`` is called again.
    """

    equations = (
        Equation(
            "p",
            r"p = \min\left(1, \frac{s - s_w}{S - s_w}\right)",
            "min(1, max(0, step - warmup) / max((steps or total) - warmup, 1))",
        ),
        Equation(
            "factor",
            r"f_s = \frac{s + 1}{s_w} \text{ if } s < s_w"
            r" \text{ else } f_\infty + (1 - f_\infty) \frac{1 + \cos \pi p}{2}",
            "(step + 1) / warmup if step < warmup else final + (1 - final) * (1 + np.cos(np.pi * p)) / 2",
        ),
    )
    symbols: ClassVar = {"s_w": "warmup", "f_infty": "final", "S": "steps"}
    examples = (Example(), Example({"warmup": 3, "final": 0.1}), Example({"warmup": 2, "steps": 8}))

    def __init__(self, *, warmup: int = 0, final: float = 0.0, steps: int | None = None) -> None:
        check_int(self, "warmup", warmup, "[0, inf)")
        check_float(self, "final", final, "[0, 1]")
        if steps is not None:
            check_int(self, "steps", steps, "[1, inf)")
            if steps <= warmup:
                raise ConfigError(f"The 'steps' of Cosine must be an int above warmup = {warmup}. Received: {steps}.")
        self.warmup = warmup
        self.final = final
        self.steps = steps

    def __call__(self, step: int, total: int) -> float:
        if step < self.warmup:
            return (step + 1) / self.warmup
        length = max((self.steps or total) - self.warmup, 1)
        progress = min(1.0, (step - self.warmup) / length)
        return self.final + (1 - self.final) * (1 + cos(pi * progress)) / 2
