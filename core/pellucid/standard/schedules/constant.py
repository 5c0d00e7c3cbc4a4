"""Constant and ScaledRate: the same factor throughout, alone or on another schedule."""

from __future__ import annotations

from typing import ClassVar

from pellucid.basics.checks import check_float, check_int
from pellucid.basics.component import Equation, Example
from pellucid.interfaces.schedule import Schedule


class Constant(Schedule):
    """``factor = 1``."""

    equations = (Equation("factor", r"f_s = 1", "1.0"),)

    def __call__(self, step: int, total: int) -> float:
        return 1.0


class ScaledRate(Schedule):
    """``factor = c·f_s`` of another schedule, from step ``since`` on: what ``reduce_on_plateau`` makes of it.

    Args:
        schedule: f.
        by: c, at least 0.
        since: the first step of which it holds; before it the factor is f_s.
    """

    equations = (
        Equation("f", r"f_s \text{ of the other schedule}", "schedule(step, total)"),
        Equation("factor", r"c \cdot f_s \text{ if } s \ge s_0 \text{ else } f_s", "by * f if step >= since else f"),
    )
    symbols: ClassVar = {"c": "by", "s_0": "since"}
    examples = (
        Example({"schedule": {"type": "core/constant"}, "by": 0.5}),
        Example({"schedule": {"type": "core/inverse_time", "decay": 0.1}, "by": 0.5, "since": 3}),
    )
    instead_of: Schedule | None
    """Of one that a callback puts in place of the trainer's: what that was, and what checkpoints note."""

    def __init__(self, schedule: Schedule, by: float, *, since: int = 0) -> None:
        check_float(self, "by", by, "[0, inf)")
        check_int(self, "since", since, "[0, inf)")
        self.schedule = schedule
        self.by = by
        self.since = since

    def __call__(self, step: int, total: int) -> float:
        factor = self.schedule(step, total)
        return self.by * factor if step >= self.since else factor

    def starts(self, step: int, total: int) -> None:
        self.schedule.starts(step, total)
