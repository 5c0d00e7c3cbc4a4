"""Planned: schedules over a number of steps, those that they are given or those that a run has planned."""

from __future__ import annotations

from abc import ABC

from pellucid.basics.checks import check_int
from pellucid.interfaces.schedule import Schedule
from pellucid.standard.streams import tell

_NO_PLAN = (
    "The {name} schedule does not know how many steps there will be: single steps have no plan, nor has data whose end "
    "nobody knows, so {meanwhile}the learning rate stays as it is. Give their number, "
    'schedule={{"type": "{name}", "steps": …}}, or train with fit; of a feed say how many rows an epoch has.'
)
_OVER = (
    "The {name} schedule is over after the {steps} 'steps' that it was given: the learning rate is 0, and nothing more "
    "is trained. Give it more steps or a 'final' above 0; for a new beginning, make a new Trainer."
)
_LATE = (
    "The {name} schedule leaves this call of fit at most {factor:.1g} of the learning rate: {step} of the {steps} "
    "steps up to its end were taken before, and it goes on from there. For a new beginning, such as on other data, "
    "make a new Trainer of the same model."
)
_LITTLE = 0.05
"""Of the learning rate."""


class Planned(Schedule, ABC):
    """One over so many ``steps``, or, where that is None, over those that the run has planned.

    Attributes:
        called: its name in configurations.
        peak: the step behind which it only falls.
    """

    called: str
    peak = 0
    steps: int | None

    def check_steps(self, steps: int | None) -> None:
        if steps is not None:
            check_int(self, "steps", steps, "[1, inf)")

    def end(self, step: int, total: int, *, over: bool = False, meanwhile: str = "") -> int:
        """Its last step S, or 0 if nobody knows, which it says. ``over``: at S its factor is 0, and it says so."""
        end = self.steps or total
        if not end:
            tell(_NO_PLAN.format(name=self.called, meanwhile=meanwhile))  # where train_step is called
        elif over and self.steps and step >= end:
            tell(_OVER.format(name=self.called, steps=end))  # where fit is called
        return end

    def starts(self, step: int, total: int) -> None:
        remark = self.remark(step, self.steps or total)
        if remark is not None:
            tell(remark)

    def remark(self, step: int, length: int) -> str | None:
        """What is to be said when a call of ``fit`` begins at this step, of so many to the end: that nearly all of the
        plan lies behind, for the rate only falls from here."""
        factor = self(step, length) if self.peak < step < length else 1.0
        return _LATE.format(name=self.called, factor=factor, step=step, steps=length) if factor < _LITTLE else None
