"""Memory behind which nothing can be read: whoever reads a number too far ends the process, and not with a number.

Fences (pellucid.testing.guarded) see what is written beside an array; a vector that is loaded beyond its end goes
unnoticed there, and under a sanitizer where the array is a part of a larger one.
"""

from __future__ import annotations

import ctypes
import mmap
import sys
from math import prod
from typing import Any

import numpy as np
from pellucid.testing.guarded import FENCE, FILLED, Fences

POSSIBLE = sys.platform == "linux"


def empty(self: Fences, shape: Any, dtype: Any = float, *_: Any, **__: Any) -> Any:
    """As ``Fences.empty``: a new array that holds NaN, behind a fence and right before a page that is closed."""
    shape, dtype = (shape,) if isinstance(shape, int | np.integer) else tuple(shape), np.dtype(dtype)
    size = int(prod(shape)) * dtype.itemsize
    end = -(-(FENCE + size) // mmap.PAGESIZE) * mmap.PAGESIZE
    whole = np.frombuffer(mmap.mmap(-1, end + mmap.PAGESIZE, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS), np.uint8)
    block = whole[:end]
    block[...] = FILLED
    closed = ctypes.CDLL(None).mprotect(ctypes.c_void_p(whole.ctypes.data + end), ctypes.c_size_t(mmap.PAGESIZE), 0)
    assert closed == 0
    self._blocks.append((block, end - size, size))
    array = block[end - size :].view(dtype).reshape(shape)
    if dtype.kind == "b":
        array[...] = True
    return array
