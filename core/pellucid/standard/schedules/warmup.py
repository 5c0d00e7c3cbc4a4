"""Warmup: a rate that rises evenly, before any other schedule."""

from __future__ import annotations

from typing import ClassVar

from pellucid.basics.checks import check_int
from pellucid.basics.component import Equation, Example
from pellucid.interfaces.schedule import Schedule
from pellucid.registry.config import read
from pellucid.standard.streams import tell

_EARLY = (
    "The warm-up takes {} steps, and this call of fit ends after {}: no more than {:.1g} of the learning rate is "
    "reached. Take a shorter warm-up or more epochs."
)


class Warmup(Schedule):
    """``factor = (s + 1)/w`` for the first w steps, then another schedule, over the steps that are left.

    The first gradients are those of random weights, and what Adam divides by is known from few of them: short steps do
    no harm there (Goyal et al., 2017, §2.2; Ma & Yarats, 2021). ``{"type": "warmup", "steps": w, "schedule":
    "cosine"}`` is ``{"type": "cosine", "warmup": w}``.

    Args:
        steps: w, number of steps of the warm-up.
        schedule: what follows; its first step is the one behind the warm-up.
    """

    equations = (
        Equation("f", r"f_{s - w} \text{ of the other schedule, over } S - w \text{ steps}",
                 "schedule(max(step - steps, 0), max(total - steps, 1) if total else 0)"),
        Equation("factor", r"\frac{s + 1}{w} \text{ if } s < w \text{ else } f_{s - w}",
                 "(step + 1) / steps if step < steps else f"),
    )  # fmt: skip
    symbols: ClassVar = {"w": "steps"}
    examples = (
        Example({"steps": 3}),
        Example({"steps": 2, "schedule": {"type": "core/exponential", "decay": 0.5, "steps": 4}}),
    )

    def __init__(self, steps: int, schedule: Schedule | str = "constant") -> None:
        check_int(self, "steps", steps, "[1, inf)")
        self.steps = steps
        self.schedule: Schedule = read("schedule", schedule, path="schedule")

    def __call__(self, step: int, total: int) -> float:
        if step < self.steps:
            return (step + 1) / self.steps
        return self.schedule(step - self.steps, max(total - self.steps, 1) if total else 0)

    def starts(self, step: int, total: int) -> None:
        """Warn if all of the plan is warm-up; else the other one may."""
        if step < total <= self.steps:
            tell(_EARLY.format(self.steps, total, total / self.steps))
        elif total > self.steps:
            self.schedule.starts(max(step - self.steps, 0), total - self.steps)
