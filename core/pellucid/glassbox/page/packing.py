"""Packed: arrays as one compressed text in a page, each at its place."""

from __future__ import annotations

import base64
import zlib
from typing import Any

import numpy as np

from pellucid.basics.arrays import HostArray

TYPES = ("u1", "i4", "f4", "f8")
"""What a page can hold; see ``arrays.js``."""


def type_of(array: HostArray) -> str:
    """The smallest of the types that holds these numbers exactly; f8 of whole numbers beyond 2⁵³, which it rounds."""
    if array.dtype.kind == "b":
        return "u1"
    if array.dtype.kind in "iu":
        small = not array.size or (int(array.min()) >= -(2**31) and int(array.max()) < 2**31)
        return "i4" if small else "f8"
    return "f4" if array.dtype.itemsize <= 4 else "f8"


class Packed:
    """Arrays behind each other, the bytes of each sorted by their significance, so that like stands by like.

    Attributes:
        size: bytes before compression.
    """

    def __init__(self) -> None:
        self._parts: list[bytes] = []
        self.size = 0

    def add(self, array: HostArray, kind: str | None = None) -> list[Any]:
        """Append one; returns ``[type, offset]``. Its length the page knows from its shape."""
        kind = kind or type_of(array)
        flat = np.ascontiguousarray(array).ravel().astype(f"<{kind}")
        planes = flat.view(np.uint8).reshape(-1, flat.itemsize).T
        place = self.size
        self._parts.append(planes.tobytes())
        self.size += flat.nbytes
        return [kind, place]

    def add_places(self, places: HostArray) -> list[Any]:
        """Append whole numbers that mostly grow by the same: their differences."""
        return self.add(np.diff(places.ravel().astype(np.int64), prepend=0), "i4")

    def text(self) -> str:
        """All of it, deflated, in base64."""
        deflate = zlib.compressobj(6, zlib.DEFLATED, -15)
        packed = b"".join([deflate.compress(part) for part in self._parts] + [deflate.flush()])
        return base64.b64encode(packed).decode("ascii")
