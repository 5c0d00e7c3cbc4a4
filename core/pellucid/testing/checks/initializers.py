"""What holds for an initializer: finite float64 of the right shape, drawn from the given generator alone."""

from __future__ import annotations

import numpy as np

from pellucid.glassbox.equations import require_equations
from pellucid.glassbox.failure import require, require_same
from pellucid.testing.check import checks, has_expressions
from pellucid.testing.subject import Subject

FANS = ((300, 200), (50, 600))
"""(fan_in, fan_out), different enough to tell one from the other."""


def values(subject: Subject) -> None:
    """It gives finite float64 numbers of the shape asked for, also where the shape is empty or a scalar."""
    initializer = subject.create()
    for shape in ((4, 3), (7,), (), (0, 3), (2, 3, 4)):
        fans = (shape[0], shape[-1]) if shape else (0, 0)
        drawn = initializer(np.random.default_rng(0), shape, *fans)
        good = isinstance(drawn, np.ndarray | np.floating | float) and np.shape(drawn) == shape
        good = good and np.asarray(drawn).dtype == np.float64 and bool(np.isfinite(drawn).all())
        require(good, f"The values for shape {shape} are wrong.", expected=f"finite float64 of shape {shape}",
                received=repr(drawn), remedy="Return rng.normal(…, shape) or the like; guard fans of 0.")  # fmt: skip


def same_generator(subject: Subject) -> None:
    """The same generator gives the same values."""
    initializer = subject.create()
    first, second = (np.asarray(initializer(np.random.default_rng(3), (5, 4), 5, 4)) for _ in range(2))
    require_same("What a second call with the same generator gives", second, first, "Draw from rng alone.")


def equations(subject: Subject) -> None:
    """The equations hold: 'theta' exactly, 'mean' and 'variance' within 2 % over many values.

    Names: shape, fan_in, fan_out, the constructor's arguments.
    """
    initializer = subject.create()
    for fan_in, fan_out in FANS:
        shape = (fan_in, fan_out)
        drawn = np.asarray(initializer(np.random.default_rng(4), shape, fan_in, fan_out))
        names = {"shape": shape, "fan_in": fan_in, "fan_out": fan_out}
        found = require_equations(initializer, names, {"theta": drawn}, 1e-12)
        remedy = "One of the two is wrong: the equation or the code."
        spread = max(float(drawn.std()), 1e-300)
        if "mean" in found:
            distance = abs(float(drawn.mean()) - found["mean"]) / spread
            require(distance < 0.03, "The mean is wrong.", expected=found["mean"], received=drawn.mean(), remedy=remedy)
        if "variance" in found:
            ratio = float(drawn.var()) / max(float(found["variance"]), 1e-300)
            require(abs(ratio - 1) < 0.03 or drawn.var() == found["variance"],
                    f"The variance for fan_in={fan_in}, fan_out={fan_out} is wrong.", expected=found["variance"],
                    received=drawn.var(), remedy=remedy)  # fmt: skip


CHECKS = (*checks(values, same_generator), *checks(equations, applies=has_expressions))
