"""Schedule: how the learning rate changes over the steps of a run."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import ClassVar

from pellucid.basics.component import Component


class Schedule(Component, ABC):
    """A pure function of the step, so that a run can continue anywhere with the same bits."""

    kind: ClassVar[str] = "schedule"

    @abstractmethod
    def __call__(self, step: int, total: int) -> float:
        """The factor on the learning rate for the step number ``step`` (0 is the first) of ``total`` planned ones.

        Both count from the trainer's first step on. Single steps, ``train_step``, have no plan: ``total`` is 0. A
        schedule that needs it then goes on as if there were no end, and warns; it must not end after one step.
        """

    def starts(self, step: int, total: int) -> None:
        """A call of ``fit`` with a plan of its own begins at this step: the place for a warning if little is left."""
