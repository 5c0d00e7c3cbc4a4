"""require_slope: all gradients of a call at once, by the slope along one random direction: two calls, however many
numbers there are."""

from __future__ import annotations

from typing import Any

import numpy as np

from pellucid.basics.arrays import HostArray
from pellucid.glassbox.failure import ConformanceError
from pellucid.interfaces.context import Context
from pellucid.interfaces.parameters import Param
from pellucid.testing.gradients import REMEDY
from pellucid.testing.trial import Arrays, CallTrial

WIDTHS = (1e-5, 1e-6, 1e-7)
"""h of ``(L(v + h d) − L(v − h d)) / 2h``."""
DIRECTIONS = 3
TOLERANCE = 2e-6


def require_slope(
    trial: CallTrial, when: str, *given: Any, training: bool = True, step: int = 0, epoch: int = 0
) -> None:
    """Raise ConformanceError if the gradients at floating inputs and parameters do not give the slope of the total
    along random directions; ``when`` completes "the gradients …".

    Where the slope itself depends on how wide it is taken, as at a kink, nothing is said. Only of trials in float64 on
    the reference.
    """
    given, stopped = given or trial.given, dict[Any, Any]()  # what is stopped stays as it is at this point

    def context() -> Context:
        ctx = trial.context(training=training, step=step, epoch=epoch)
        ctx.hold(stopped)
        return ctx

    found = trial.call(*given, ctx=context())
    if not _finite(found.arrays):
        return
    pairs = [(x, dx) for x, dx in zip(trial.differentiated(given), found.dx, strict=True) if x.dtype.kind == "f"]
    if any(dx is None or dx.shape != x.shape for x, dx in pairs):
        shapes = [None if dx is None else dx.shape for _, dx in pairs]
        _fail(when, f"one of shape {[x.shape for x, _ in pairs]}", shapes)
    pairs += [(param.data, found.grads[param.path]) for param in trial.moved(step)]
    rng = np.random.default_rng(11)

    def total() -> float:
        with np.errstate(all="ignore"):
            return trial.total(trial.forward(context(), *given), given)

    for _ in range(DIRECTIONS):
        direction = [rng.normal(size=x.shape) * np.maximum(1.0, np.abs(x)) for x, _ in pairs]
        expected = float(sum(np.sum(dx * d) for (_, dx), d in zip(pairs, direction, strict=True)))
        slopes, jumps, middle = [], [], total()
        for width in WIDTHS:
            left, right = (_moved(pairs, direction, sign * width, total) for sign in (-1, 1))
            slopes.append((right - left) / (2 * width))
            jumps.append(abs((right - middle) - (middle - left)) / width)
            noise = 1e-14 * max(abs(left), abs(right)) / width
            allowed = TOLERANCE * max(1.0, abs(expected), abs(slopes[-1])) + noise
            if abs(slopes[-1] - expected) <= allowed or not np.isfinite(slopes[-1]):
                return
    if jumps[0] > 1e-4 and jumps[1] > 0.5 * jumps[0]:
        return  # a kink: the slopes to both sides go on differing
    if max(slopes) - min(slopes) > 0.1 * min(abs(slopes[0] - expected), max(map(abs, slopes))):
        return  # one nearby, or far too steep for differences
    expectation = f"{slopes[0]:.9g} by a central difference along a random direction"
    _fail(f"{when}{_blamed(trial.moved(step), pairs, total)}", expectation, f"{expected:.9g} from backward")


def _blamed(params: list[Param], pairs: Any, total: Any) -> str:
    """Which of the gradients do not give the slope along a direction of their own."""
    names = [*(f"input {i}" for i in range(len(pairs) - len(params))), *(f"'{param.path}'" for param in params)]
    wrong, rng = [], np.random.default_rng(13)
    for name, (x, dx) in zip(names, pairs, strict=True):
        direction = [rng.normal(size=x.shape)]
        left, right = (_moved([(x, dx)], direction, sign * WIDTHS[0], total) for sign in (-1, 1))
        expected, slope = float(np.sum(dx * direction[0])), (right - left) / (2 * WIDTHS[0])
        if abs(slope - expected) > TOLERANCE * max(1.0, abs(expected), abs(slope)):
            wrong.append(name)
    return f", at {', '.join(wrong)}," if wrong and len(pairs) > 1 else ""


def _moved(pairs: Any, direction: Any, by: float, total: Any) -> float:
    """The total with all variables moved."""
    before: list[HostArray] = [x.copy() for x, _ in pairs]
    for (x, _), d in zip(pairs, direction, strict=True):
        x += by * d
    try:
        return float(total())
    finally:
        for (x, _), old in zip(pairs, before, strict=True):
            x[...] = old


def _finite(arrays: Arrays | list[HostArray]) -> bool:
    return all(bool(np.isfinite(array).all()) for array in arrays)


def _fail(when: str, expected: Any, received: Any) -> None:
    raise ConformanceError(f"The gradients {when} are wrong.", expected=expected, received=received, remedy=REMEDY)
