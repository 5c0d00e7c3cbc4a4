"""ExponentialRate: down by the same factor in the same number of steps, for ever."""

from __future__ import annotations

from typing import ClassVar

from pellucid.basics.checks import check_float
from pellucid.basics.component import Equation, Example
from pellucid.standard.schedules.planned import Planned


class ExponentialRate(Planned):
    """``factor = decay^(s/S)``: after every S steps ``decay`` times what it was, and evenly so in between.

    It goes on falling behind S. Steps without a plan, ``train_step``, have no S: the factor stays 1, and a warning asks
    for ``steps``.

    Args:
        decay: the factor after S steps, in (0, 1].
        steps: S; None takes the planned length of the run, so that ``decay`` is what is left at its end. The γ per step
            of other libraries is decay with ``steps=1``.
    """

    equations = (Equation("factor", r"f_s = d^{s/S}", "decay ** (step / (steps or total)) if steps or total else 1.0"),)
    symbols: ClassVar = {"d": "decay", "S": "steps"}
    examples = (Example(), Example({"decay": 0.5, "steps": 4}))
    called = "exponential"

    def __init__(self, decay: float = 0.01, *, steps: int | None = None) -> None:
        check_float(self, "decay", decay, "(0, 1]")
        self.check_steps(steps)
        self.decay = decay
        self.steps = steps

    def __call__(self, step: int, total: int) -> float:
        end = self.end(step, total)
        return float(self.decay ** (step / end)) if end else 1.0
