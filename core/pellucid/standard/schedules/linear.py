"""LinearRate: evenly from one factor to another."""

from __future__ import annotations

from typing import ClassVar

from pellucid.basics.checks import check_float
from pellucid.basics.component import Equation, Example
from pellucid.standard.schedules.planned import Planned


class LinearRate(Planned):
    """``factor = start + (final − start)·p``, p from 0 to 1 over the steps; after the last it stays at ``final``.

    Steps without a plan, ``train_step``, have no last one: p stays 0, and a warning asks for ``steps``.

    Args:
        final: the factor at the end, in [0, 1].
        start: that of the first step, in [0, 1].
        steps: number of steps from the first to the end; None takes the planned length of the run.

    Source: Goodfellow, Bengio & Courville, Deep Learning, §8.3.1, equation 8.14.
    """

    equations = (
        Equation("p", r"p = \min\left(1, \tfrac{s}{S}\right)",
                 "min(1, step / (steps or total)) if steps or total else 0"),
        Equation("factor", r"f_s = f_0 + (f_\infty - f_0)\,p", "start + (final - start) * p"),
    )  # fmt: skip
    symbols: ClassVar = {"f_0": "start", "f_infty": "final", "S": "steps"}
    examples = (Example(), Example({"final": 0.1, "start": 0.8}), Example({"steps": 8}))
    called = "linear"

    def __init__(self, *, final: float = 0.0, start: float = 1.0, steps: int | None = None) -> None:
        check_float(self, "final", final, "[0, 1]")
        check_float(self, "start", start, "[0, 1]")
        self.check_steps(steps)
        self.final = final
        self.start = start
        self.steps = steps

    def __call__(self, step: int, total: int) -> float:
        end = self.end(step, total, over=self.final == 0)
        progress = min(1.0, step / end) if end else 0.0
        return self.start + (self.final - self.start) * progress

    def remark(self, step: int, length: int) -> str | None:
        return super().remark(step, length) if self.start >= self.final else None  # else it rises: little is meant
