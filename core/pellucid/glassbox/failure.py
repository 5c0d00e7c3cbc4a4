"""ConformanceError: what a case says when it fails, and the comparisons that word it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np


class ConformanceError(AssertionError):
    """A promise of the contracts is broken.

    Args:
        what: what is wrong, a sentence.
        expected, received: the two that differ.
        remedy: what to do about it.
        where: the component and the case; :meth:`Case.run` fills it in.
    """

    def __init__(self, what: str, *, expected: Any, received: Any, remedy: str, where: str = "") -> None:
        super().__init__(what)
        self.what, self.expected, self.received, self.remedy, self.where = what, expected, received, remedy, where

    def __str__(self) -> str:
        place = f"{self.where}: " if self.where else ""
        return f"{place}{self.what}\n  Expected: {self.expected}\n  Received: {self.received}\n  Remedy: {self.remedy}"


def require(condition: Any, what: str, *, expected: Any, received: Any, remedy: str) -> None:
    """Raise ConformanceError unless the condition holds."""
    if not condition:
        raise ConformanceError(what, expected=expected, received=received, remedy=remedy)


def require_close(name: str, received: Any, expected: Any, tolerance: float, remedy: str) -> None:
    """Raise ConformanceError unless both have one shape and ``|r − e| ≤ tolerance·max(1, |e|)`` everywhere.

    The message shows the worst element. A tolerance of 0 asks for the same numbers.
    """
    r, e = np.asarray(received), np.asarray(expected)
    require(r.shape == e.shape, f"{name} has the wrong shape.", expected=e.shape, received=r.shape, remedy=remedy)
    if np.array_equal(r, e):  # large data sets are compared too, and need no further memory then
        return
    wide = np.result_type(e.dtype, r.dtype, np.float64)
    with np.errstate(invalid="ignore", over="ignore"):
        distance = np.abs(r.astype(wide) - e.astype(wide)) / np.maximum(1.0, np.abs(e.astype(wide)))
    distance = np.where(np.isnan(distance), np.where(np.isnan(r) & np.isnan(e), 0.0, np.inf), distance)
    distance = np.where(r == e, 0.0, distance)  # equal infinities, and 0 == −0
    if distance.size == 0 or distance.max() <= tolerance:
        return
    worst = np.unravel_index(int(distance.argmax()), distance.shape)
    place = f" at {tuple(int(i) for i in worst)}" if distance.ndim else ""
    many = f" ({int((distance > tolerance).sum())} of {distance.size} elements differ)" if distance.size > 1 else ""
    raise ConformanceError(f"{name} is wrong{place}{many}.", expected=e[worst], received=r[worst], remedy=remedy)


def require_all_close(
    when: str, received: Mapping[str, Any], expected: Mapping[str, Any], remedy: str, tolerance: float = 0.0
) -> None:
    """Raise ConformanceError unless what is named by paths holds the same numbers, ``when`` that is."""
    for path, value in received.items():
        require_close(f"'{path}' {when}", value, expected[path], tolerance, remedy)


def require_same(name: str, received: Any, expected: Any, remedy: str) -> None:
    """Raise ConformanceError unless both hold the same numbers exactly."""
    require_close(name, received, expected, 0.0, remedy)
