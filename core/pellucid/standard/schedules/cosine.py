"""Cosine: a warm-up, then half a cosine down."""

from __future__ import annotations

from math import cos, pi
from typing import ClassVar

from pellucid.basics.checks import check_float, check_int
from pellucid.basics.component import Equation, Example
from pellucid.basics.errors import ConfigError
from pellucid.standard.schedules.planned import Planned

_EARLY = (
    "The warm-up of the cosine schedule takes {} steps, and this call of fit ends after {}: no more than {:.1g} of the "
    "learning rate is reached. Take a shorter warm-up or more epochs."
)


class Cosine(Planned):
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
    called = "cosine"

    def __init__(self, *, warmup: int = 0, final: float = 0.0, steps: int | None = None) -> None:
        check_int(self, "warmup", warmup, "[0, inf)")
        check_float(self, "final", final, "[0, 1]")
        self.check_steps(steps)
        if steps is not None and steps <= warmup:
            raise ConfigError(f"The 'steps' of Cosine must be an int above warmup = {warmup}. Received: {steps}.")
        self.warmup = warmup
        self.final = final
        self.steps = steps

    @property
    def peak(self) -> int:  # type: ignore[override]
        return self.warmup

    def __call__(self, step: int, total: int) -> float:
        end = self.end(step, total, over=self.final == 0, meanwhile="after the warm-up ")
        if step < self.warmup:
            return (step + 1) / self.warmup
        progress = min(1.0, (step - self.warmup) / max(end - self.warmup, 1)) if end else 0.0
        return self.final + (1 - self.final) * (1 + cos(pi * progress)) / 2

    def remark(self, step: int, length: int) -> str | None:
        if step < length <= self.warmup:
            return _EARLY.format(self.warmup, length, length / self.warmup)
        return super().remark(step, length)
