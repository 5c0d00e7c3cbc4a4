"""What holds for an initializer: finite float64 of the right shape, drawn from the given generator alone."""

from __future__ import annotations

import numpy as np

from pellucid.glassbox.equations import require_equations
from pellucid.glassbox.failure import require, require_same
from pellucid.testing.check import checks, has_expressions
from pellucid.testing.subject import Subject
from pellucid.testing.varied import other_arguments

SHAPES = (
    ((200, 120), 200, 120), ((40, 600), 40, 600), ((6_000,), 40, 90), ((3, 3, 60, 40), 540, 360),
    ((60, 50, 7), 420, 350), ((2, 4_000), 2, 4_000), ((4_000, 1), 4_000, 1),
)  # fmt: skip
"""(shape, fan_in, fan_out) with many numbers: of a matrix, a vector, filters; the fans differ enough to tell one from
the other."""


def values(subject: Subject) -> None:
    """It gives finite float64 numbers of the shape asked for, also where the shape is empty or a scalar."""
    initializer = subject.create()
    for shape in ((4, 3), (3, 4), (7,), (), (0, 3), (2, 3, 4), (3, 3, 2, 5), (2, 1, 2, 1, 2), (1, 130), (130, 1)):
        fans = (shape[0], shape[-1]) if shape else (0, 0)
        drawn = initializer(np.random.default_rng(0), shape, *fans)
        good = isinstance(drawn, np.ndarray | np.floating | float) and np.shape(drawn) == shape
        good = good and np.asarray(drawn).dtype == np.float64 and bool(np.isfinite(drawn).all())
        require(good, f"The values for shape {shape} are wrong.", expected=f"finite float64 of shape {shape}",
                received=repr(drawn), remedy="Return rng.normal(…, shape) or the like; guard fans of 0.")  # fmt: skip


def same_generator(subject: Subject) -> None:
    """The same generator gives the same values, another one others unless the equation of 'theta' says all of them."""
    initializer = subject.create()
    for shape, fan_in, fan_out in (((5, 4), 5, 4), ((3, 2, 2, 5), 12, 20)):
        first, second, other = (
            np.asarray(initializer(np.random.default_rng(seed), shape, fan_in, fan_out)) for seed in (3, 3, 4)
        )
        require_same("What a second call with the same generator gives", second, first, "Draw from rng alone.")
        require(not _drawn(subject) or not np.array_equal(first, other), "Two generators give the same values.",
                expected="other numbers", received="the same", remedy="Draw from the rng that is given.")  # fmt: skip


def drawn_apart(subject: Subject) -> None:
    """Numbers of one parameter are drawn one by one: no row, no column and no filter repeats another."""
    for shape, fan_in, fan_out in SHAPES:
        drawn = np.asarray(subject.create()(np.random.default_rng(6), shape, fan_in, fan_out), np.float64)
        spread = float(drawn.std())
        for axis, length in enumerate(shape):
            others = drawn.size // length
            if length < 2 or others < 2 or spread == 0:
                continue
            means = drawn.mean(axis=axis).std() * np.sqrt(length) / spread  # about 1, of equal rows √length
            require(
                means < max(1.4, 0.5 * np.sqrt(length)), f"Along axis {axis} of shape {shape} the numbers repeat.",
                expected="numbers drawn one by one", received=f"means that vary {means:.3g} times as much",
                remedy="Draw all of the shape: rng.normal(…, shape).",
            )  # fmt: skip


def _drawn(subject: Subject) -> bool:
    """Whether its equations speak of a distribution: of a variance, and of theta by no expression."""
    told = {equation.of for equation in subject.target.equations if equation.python is not None}
    return "variance" in told and "theta" not in told


def equations(subject: Subject) -> None:
    """The equations hold for every rank: 'theta' exactly, 'mean' and 'variance' within 3 % or what chance does.

    Names: shape, fan_in, fan_out, the constructor's arguments.
    """
    _compare(subject, SHAPES)


def _compare(subject: Subject, shapes: tuple[tuple[tuple[int, ...], int, int], ...]) -> None:
    """Hold the equations of an initializer against what it draws for these shapes."""
    initializer = subject.create()
    for shape, fan_in, fan_out in shapes:
        drawn = np.asarray(initializer(np.random.default_rng(4), shape, fan_in, fan_out))
        names = {"shape": shape, "fan_in": fan_in, "fan_out": fan_out}
        found = require_equations(initializer, names, {"theta": drawn}, 1e-12, where=f" for shape {shape}")
        remedy = "One of the two is wrong: the equation or the code."
        spread, chance = max(float(drawn.std()), 1e-300), 5 / np.sqrt(drawn.size)
        if "mean" in found:
            distance = abs(float(drawn.mean()) - found["mean"]) / spread
            require(distance < max(0.03, chance), f"The mean for shape {shape} is wrong.", expected=found["mean"],
                    received=drawn.mean(), remedy=remedy)  # fmt: skip
        if "variance" in found:
            ratio = float(drawn.var()) / max(float(found["variance"]), 1e-300)
            require(abs(ratio - 1) < max(0.03, 1.5 * chance) or drawn.var() == found["variance"],
                    f"The variance for shape {shape}, fan_in={fan_in}, fan_out={fan_out} is wrong.",
                    expected=found["variance"], received=drawn.var(), remedy=remedy)  # fmt: skip


OTHERS = other_arguments(equations, far_away=lambda subject: _compare(subject, SHAPES[:3]))
CHECKS = (
    *checks(values, same_generator), *checks(drawn_apart, applies=_drawn),
    *checks(equations, applies=has_expressions), *OTHERS,
)  # fmt: skip
