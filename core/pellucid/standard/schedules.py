"""The built-in schedules: a factor on the learning rate over the steps."""

from __future__ import annotations

from math import cos, pi
from typing import ClassVar

from pellucid.basics.checks import check_float, check_int
from pellucid.basics.component import Equation, Example
from pellucid.basics.errors import ConfigError
from pellucid.interfaces.schedule import Schedule
from pellucid.standard.streams import tell

_NO_PLAN = (
    "The cosine schedule does not know how many steps there will be: single steps have no plan, nor has data whose end "
    "nobody knows, so after the warm-up the learning rate stays as it is. Give their number, "
    'schedule={"type": "cosine", "steps": …}, or train with fit; of a feed say how many rows an epoch has.'
)
_OVER = (
    "The cosine schedule is over after the {} 'steps' that it was given: the learning rate is 0, and nothing more is "
    "trained. Give it more steps or a 'final' above 0; for a new beginning, make a new Trainer."
)
_LATE = (
    "The cosine schedule leaves this call of fit at most {:.1g} of the learning rate: {} of the {} steps up to its end "
    "were taken before, and it goes on from there. For a new beginning, such as on other data, make a new Trainer of "
    "the same model."
)
_EARLY = (
    "The warm-up of the cosine schedule takes {} steps, and this call of fit ends after {}: no more than {:.1g} of the "
    "learning rate is reached. Take a shorter warm-up or more epochs."
)
_LITTLE = 0.05
"""Of the learning rate."""


class Constant(Schedule):
    """``factor = 1``."""

    equations = (Equation("factor", r"f_s = 1", "1.0"),)

    def __call__(self, step: int, total: int) -> float:
        return 1.0


class Cosine(Schedule):
    """``factor = final + (1 − final)·½(1 + cos πp)``, p from 0 to 1 after the warm-up (Loshchilov & Hutter, 2017).

    During the warm-up the factor rises evenly, ``(step + 1)/warmup``. After the last step it stays at ``final``. Steps
    without a plan, ``train_step``, have no last one: p stays 0, and a warning asks for ``steps``. Steps after the last
    one, whose rate is 0, have a warning too.

    Args:
        warmup: number of steps of the warm-up, at least 0.
        final: the factor at the end, in [0, 1].
        steps: number of steps from the first to the end, above ``warmup``; None takes the planned length of the run:
            all steps of the trainer so far, and those of this call of ``fit``.
    """

    equations = (
        Equation(
            "p",
            r"p = \min\left(1, \frac{s - s_w}{S - s_w}\right)",
            "min(1, max(0, step - warmup) / max((steps or total) - warmup, 1)) if steps or total else 0",
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
        end = self.steps or total
        if not end:
            tell(_NO_PLAN, stacklevel=7)  # where train_step is called
        elif self.steps and step >= end and self.final == 0:
            tell(_OVER.format(end), stacklevel=8)  # where fit is called
        if step < self.warmup:
            return (step + 1) / self.warmup
        progress = min(1.0, (step - self.warmup) / max(end - self.warmup, 1)) if end else 0.0
        return self.final + (1 - self.final) * (1 + cos(pi * progress)) / 2

    def starts(self, step: int, total: int) -> None:
        """Warn if nearly all of the plan lies behind: the rate only falls from here. Or if all of it is warm-up."""
        length = self.steps or total
        if step < length <= self.warmup:
            tell(_EARLY.format(self.warmup, length, length / self.warmup), stacklevel=6)
        factor = self(step, total) if self.warmup < step < length else 1.0
        if factor < _LITTLE:
            tell(_LATE.format(factor, step, length), stacklevel=6)
