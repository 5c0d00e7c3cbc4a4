"""Plain: a backend whose every operation is that of the specification, by NumPy."""

from __future__ import annotations

from typing import Any

import numpy
from pellucid import Array, Ops


class Plain(Ops):
    """The operations of ``pellucid.Ops`` on arrays of NumPy. Override here what you have a faster way for."""

    name = "plugname/plain"
    xp: Any = numpy

    def address(self, a: Array) -> int:
        return int(a.ctypes.data)

    def add_scaled(self, out: Array, x: Array, factor: float) -> None:
        """out ← out + factor · x, as the specification says, without a copy where x can be added as it is."""
        out += x if factor == 1 else factor * x
