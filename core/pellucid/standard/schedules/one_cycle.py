"""OneCycle: up to the full rate and down to almost nothing, once."""

from __future__ import annotations

from math import cos, pi
from typing import ClassVar

from pellucid.basics.checks import check_float
from pellucid.basics.component import Equation, Example
from pellucid.standard.schedules.planned import Planned


class OneCycle(Planned):
    """From ``start`` to 1 over the part ``rise`` of the steps, then to ``final``, each along half a cosine.

    The optimizer's rate is the largest, and may be several times what a constant one could be: it is reached when the
    weights are no longer the random first ones, and left long before the end (Smith & Topin, 2019, superconvergence).
    After the last step the factor stays at ``final``. Steps without a plan, ``train_step``, have no last one: the
    factor stays at ``start``, and a warning asks for ``steps``. The momentum stays what it is.

    Args:
        rise: the part of the steps in which the rate rises, in (0, 1).
        start: the first factor, in [0, 1].
        final: the last one, in [0, 1].
        steps: number of steps from the first to the end; None takes the planned length of the run.
    """

    equations = (
        Equation("q", r"q = \min\left(1, \tfrac{s}{S}\right)",
                 "min(1, step / (steps or total)) if steps or total else 0"),
        Equation("b", r"b = f_0 \text{ while } q < r, \; f_\infty \text{ after it}", "start if q < rise else final"),
        Equation("p", r"p = \frac{q}{r} \text{ while } q < r, \; 1 - \frac{q - r}{1 - r} \text{ after it}",
                 "q / rise if q < rise else 1 - (q - rise) / (1 - rise)"),
        Equation("factor", r"f_s = b + (1 - b) \frac{1 - \cos \pi p}{2}", "b + (1 - b) * (1 - np.cos(np.pi * p)) / 2"),
    )  # fmt: skip
    symbols: ClassVar = {"r": "rise", "f_0": "start", "f_infty": "final", "S": "steps"}
    examples = (Example(), Example({"rise": 0.5, "start": 0.1, "final": 0.01}), Example({"steps": 8}))
    called = "one_cycle"

    def __init__(self, *, rise: float = 0.3, start: float = 0.04, final: float = 0.0, steps: int | None = None) -> None:
        check_float(self, "rise", rise, "(0, 1)")
        check_float(self, "start", start, "[0, 1]")
        check_float(self, "final", final, "[0, 1]")
        self.check_steps(steps)
        self.rise = rise
        self.start = start
        self.final = final
        self.steps = steps

    def __call__(self, step: int, total: int) -> float:
        end = self.end(step, total, over=self.final == 0)
        q = min(1.0, step / end) if end else 0.0
        bottom, p = (
            (self.start, q / self.rise) if q < self.rise else (self.final, 1 - (q - self.rise) / (1 - self.rise))
        )
        return bottom + (1 - bottom) * (1 - cos(pi * p)) / 2

    def remark(self, step: int, length: int) -> str | None:
        return super().remark(step, length) if step > self.rise * length else None
