"""The types of arrays and shapes, and what is asked of them everywhere: one home for them."""

from __future__ import annotations

from math import inf
from typing import Any

import numpy

Array = Any
"""An array of the backend's own namespace: ``numpy.ndarray`` or ``cupy.ndarray``."""
HostArray = numpy.ndarray[Any, Any]
"""An array of NumPy's, in the host's memory."""
Shape = tuple[int | None, ...]
"""A shape without the batch axis; None stands for an axis of variable length."""
Interval = tuple[float, float]
"""The least and the greatest value that numbers may have."""
UNBOUNDED: Interval = (-inf, inf)


def as_tuple(one_or_several: Any) -> tuple[Any, ...]:
    """What may be one thing or a tuple of several, such as a layer's outputs, as a tuple."""
    return one_or_several if isinstance(one_or_several, tuple) else (one_or_several,)


def fits(shape: tuple[int, ...], declared: Shape) -> bool:
    """Whether a shape is the declared one, in which None stands for any length."""
    return len(shape) == len(declared) and all(d in (None, n) for n, d in zip(shape, declared, strict=True))
