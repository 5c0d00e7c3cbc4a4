"""What holds for a schedule: a pure function of the step that gives finite factors."""

from __future__ import annotations

import warnings
from math import isfinite
from typing import Any

from pellucid.basics.component import CHANGES
from pellucid.basics.errors import PellucidWarning
from pellucid.glassbox.equations import require_equations
from pellucid.glassbox.failure import require
from pellucid.testing.check import checks, has_expressions
from pellucid.testing.subject import Subject
from pellucid.testing.varied import other_arguments

_LONG = (0, 1, 9, 10, 99, 100, 999, 1_000, 1_001, 4_999, 5_000, 9_999, 10_000, 10_001, 99_999, 1_000_000, 10_000_000)
PLANNED = (
    *((step, 10) for step in range(13)),
    *((step, total) for total in (0, 1_000, 10_000, 1_000_000) for step in (*_LONG, 5, 237, 12_345)),
    (0, 1), (1, 1), (2, 1),
)  # fmt: skip
"""(step, total): single steps have no plan (total 0), runs are short or long, and may go on beyond their plan."""


def _factor(schedule: Any, step: int, total: int) -> Any:
    """The factor; where there is no plan, the schedule may ask for one by a warning."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", PellucidWarning)
        return schedule(step, total)


def factors(subject: Subject) -> None:
    """It gives a finite float of at least 0 for every step, within the plan, beyond it, and without one."""
    schedule = subject.create()
    for step, total in PLANNED:
        factor = _factor(schedule, step, total)
        require(isinstance(factor, float) and isfinite(factor) and factor >= 0,
                f"The factor of step {step} of {total} is no finite float of at least 0.", expected="such a float",
                received=repr(factor), remedy="Guard divisions: total may be 0, step may be beyond total.")  # fmt: skip


def endless(subject: Subject) -> None:
    """Without a plan it is not over: where a long plan would still train, single steps do."""
    schedule = subject.create()
    for step in (1, 5, 1_000, 20_000):
        planned, alone = _factor(schedule, step, 10**6), _factor(schedule, step, 0)
        require(
            alone > 0 or planned == 0, f"Without a plan (total 0) the factor of step {step} is 0: nothing is trained.",
            expected="a factor above 0", received=repr(alone), remedy="Go on as at the beginning of a long plan.",
        )  # fmt: skip


def pure(subject: Subject) -> None:
    """The factor depends on step and total alone, so that a run can continue anywhere."""
    schedule = subject.create()
    changes = CHANGES.count
    forwards = [_factor(schedule, *planned) for planned in PLANNED]
    backwards = [_factor(schedule, *planned) for planned in reversed(PLANNED)][::-1]
    require(
        forwards == backwards and CHANGES.count == changes, "The factor depends on earlier calls.", expected=forwards,
        received=backwards, remedy="Compute it from step and total; keep nothing on self.",
    )  # fmt: skip


def equations(subject: Subject) -> None:
    """The equation of 'factor' gives what the code gives; names: step, total, the constructor's arguments."""
    schedule = subject.create()
    for step, total in PLANNED:
        computed, where = {"factor": _factor(schedule, step, total)}, f" in step {step} of {total}"
        require_equations(schedule, {"step": step, "total": total}, computed, 1e-12, where=where)


OTHERS = other_arguments(equations)
CHECKS = (*checks(factors, endless, pure), *checks(equations, applies=has_expressions), *OTHERS)
