"""The types of arrays and shapes: one home for them."""

from __future__ import annotations

from typing import Any

import numpy

Array = Any
"""An array of the backend's own namespace: ``numpy.ndarray`` or ``cupy.ndarray``."""
HostArray = numpy.ndarray[Any, Any]
"""An array of NumPy's, in the host's memory."""
Shape = tuple[int | None, ...]
"""A shape without the batch axis; None stands for an axis of variable length."""
