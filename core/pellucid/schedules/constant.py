"""Constant: the learning rate stays as it is."""

from __future__ import annotations

from pellucid.component import Equation
from pellucid.schedule import Schedule


class Constant(Schedule):
    """``factor = 1``."""

    equations = (Equation("factor", r"f_s = 1", "1.0"),)

    def __call__(self, step: int, total: int) -> float:
        return 1.0
