"""Constant and Scaled: the same factor throughout, alone or on another schedule."""

from __future__ import annotations

from pellucid.basics.checks import check_float
from pellucid.basics.component import Equation, Example
from pellucid.interfaces.schedule import Schedule


class Constant(Schedule):
    """``factor = 1``."""

    equations = (Equation("factor", r"f_s = 1", "1.0"),)

    def __call__(self, step: int, total: int) -> float:
        return 1.0


class Scaled(Schedule):
    """``factor = c·f_s`` of another schedule: what ``reduce_on_plateau`` makes of it.

    Args:
        schedule: f.
        by: c, at least 0.
    """

    equations = (
        Equation("f", r"f_s \text{ of the other schedule}", "schedule(step, total)"),
        Equation("factor", r"c \cdot f_s", "by * f"),
    )
    examples = (Example({"schedule": {"type": "core/constant"}, "by": 0.5}),)
    instead_of: Schedule | None
    """Of one that a callback puts in place of the trainer's: what that was, and what checkpoints note."""

    def __init__(self, schedule: Schedule, by: float) -> None:
        check_float(self, "by", by, "[0, inf)")
        self.schedule = schedule
        self.by = by

    def __call__(self, step: int, total: int) -> float:
        return self.by * self.schedule(step, total)

    def starts(self, step: int, total: int) -> None:
        self.schedule.starts(step, total)
