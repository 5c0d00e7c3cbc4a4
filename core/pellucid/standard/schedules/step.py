"""StepRate: down in steps, at parts of the run or every so many steps."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from pellucid.basics.checks import check_float, check_int
from pellucid.basics.component import Equation, Example
from pellucid.basics.errors import ConfigError
from pellucid.standard.schedules.planned import Planned


class StepRate(Planned):
    """``factor = c^k``, k how often it has fallen: at the parts ``at`` of the run, or ``every`` so many steps.

    Steps without a plan, ``train_step``, know no parts of a run: the factor stays 1, and a warning asks for ``steps``;
    with ``every`` no plan is needed.

    Args:
        factor: c, in (0, 1]; what is left of the rate at every fall.
        at: the parts of the run at which it falls, in (0, 1), ascending: (0.5, 0.75) is a half and three quarters.
        every: in place of ``at``, the number of steps after which it falls, again and again.
        steps: number of steps that ``at`` are parts of; None takes the planned length of the run.

    Source: He et al., Deep Residual Learning, 2016, §4.2, for the parts.
    """

    equations = (
        Equation("k", r"k = \lfloor s/n \rfloor, \text{ or how many } a_i S \le s",
                 "step // every if every else sum(np.round(a * (steps or total), 6) <= step for a in at)"
                 " if steps or total else 0"),
        Equation("factor", r"f_s = c^k", "float(factor ** k)"),
    )  # fmt: skip
    symbols: ClassVar = {"c": "factor", "a": "at", "n": "every", "S": "steps"}
    examples = (Example(), Example({"at": [0.25, 0.8], "steps": 8}), Example({"factor": 0.5, "every": 3}))
    called = "step"

    def __init__(
        self, factor: float = 0.1, *, at: Sequence[float] = (0.5, 0.75), every: int | None = None,
        steps: int | None = None,
    ) -> None:  # fmt: skip
        check_float(self, "factor", factor, "(0, 1]")
        if every is not None:
            check_int(self, "every", every, "[1, inf)")
        for part in at:
            check_float(self, "at", part, "(0, 1)")
        if list(at) != sorted(at):
            raise ConfigError(f"The 'at' of StepRate must ascend, as (0.5, 0.75) does. Received: {at!r}.")
        self.check_steps(steps)
        self.factor = factor
        self.at = at
        self.every = every
        self.steps = steps

    def __call__(self, step: int, total: int) -> float:
        if self.every is not None:
            return float(self.factor ** (step // self.every))
        end = self.end(step, total)
        return float(self.factor ** sum(round(part * end, 6) <= step for part in self.at)) if end else 1.0

    def remark(self, step: int, length: int) -> str | None:
        return super().remark(step, length) if self.every is None else None
