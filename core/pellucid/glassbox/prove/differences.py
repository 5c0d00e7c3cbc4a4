"""Central differences in float64: what a gradient is held against, and how a kink is told from a mistake."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from pellucid.basics.arrays import HostArray

STEP = 1e-5
"""h of the central difference ``(L(x + h) − L(x − h)) / 2h``, relative to max(1, |x|): its error, of order h², and the
rounding error ε/h are then both about 1e-10."""
FINER = 3
"""So often a tenth of the step is tried where the two differ, as long as the difference depends on the step."""
ROUNDING = 1e-14
"""Of a loss, relative to it: what it may be off by because it was computed in float64."""


@dataclass(frozen=True)
class Measured:
    """A gradient held against the central difference.

    Attributes:
        slope: the central difference.
        error: ``|a − n| / max(size, |a|, |n|)`` of the gradient a and the difference n.
        kink: whether the two differ and the slopes to the left and to the right do so, too, however near, or the
            difference is another one at every step, however small: there is no derivative to compare with.
    """

    slope: float
    error: float
    kink: bool = False


def measured(
    value: Callable[[], float], x: HostArray, i: int, gradient: float, tolerance: float, *,
    size: float = 1.0, at: float | None = None, jump: float = 1e-4, rounding: float = 0.0,
) -> Measured:  # fmt: skip
    """Compare a gradient with the slope of ``value()`` at element i of ``x``, which is changed in place and put back.

    Args:
        size: what the gradient is measured by where it is smaller: the size of what was added up to it.
        at: the number whose size the step is relative to, if other than the element.
        jump: relative to size, by how much the slopes to both sides differ at a kink.
        rounding: of the value, relative to it: what it can make of the difference is within the tolerance.
    """
    step = STEP * max(1.0, abs(float(x.flat[i]) if at is None else at))
    left, right = _beside(value, x, i, step)
    noise = rounding / tolerance  # where it is that large, all else is measured by it
    n, error = (right - left) / (2 * step), _distance(gradient, left, right, step, size, noise)
    if error < tolerance:
        return Measured(n, error)
    middle, differ = value(), []
    differ.append(abs((right - middle) - (middle - left)) / step)
    for _ in range(FINER):  # a kink within the step, but not at x, is left behind; and what is too steep for it
        step, before = step / 10, n
        left, right = _beside(value, x, i, step)
        n, error = (right - left) / (2 * step), _distance(gradient, left, right, step, size, noise)
        differ.append(abs((right - middle) - (middle - left)) / step)
        if error < tolerance or abs(n - before) < tolerance * max(size, abs(n)):
            break
    beside = differ[0] > jump * size and differ[-1] > differ[0] / 2
    unsettled = abs(n - before) > max(abs(n), abs(gradient)) / 2  # one that is wrong stays as wrong at each step
    kink = not error < tolerance and (beside or unsettled)
    return Measured(n, error, kink)


def slope(value: Callable[[], float], x: HostArray, i: int, step: float) -> float:
    """The central difference at element i."""
    left, right = _beside(value, x, i, step)
    return (right - left) / (2 * step)


def _beside(value: Callable[[], float], x: HostArray, i: int, step: float) -> tuple[float, float]:
    """The value to the left and to the right of where it is."""
    before = x.flat[i]
    x.flat[i] = before + step
    right = value()
    x.flat[i] = before - step
    left = value()
    x.flat[i] = before
    return left, right


def _distance(a: float, left: float, right: float, step: float, size: float, noise: float) -> float:
    n = (right - left) / (2 * step)
    return abs(a - n) / max(size, abs(a), abs(n), noise * max(abs(left), abs(right)) / step)
