"""one_blas_thread: NumPy's products on one thread, where there are thousands of small ones."""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from threading import Lock

import numpy as np

NAMES = (("scipy_openblas", "64_"), ("scipy_openblas", ""), ("openblas", "64_"), ("openblas", ""))
"""What its functions begin and end with, by how an OpenBLAS was built."""
_LOCK = Lock()
_inside: list[int] = []
"""Those who are within, each with the number that was set when the first of them came."""


@contextmanager
def one_blas_thread() -> Iterator[None]:
    """Within: the OpenBLAS that came with NumPy uses one thread, in all of the process; another BLAS is left alone.

    ``set_num_threads`` governs pellucid's kernels, and not this one. Its threads wait for each other by spinning: where
    other processes have the cores, small products take many times as long on two of them as on one.
    """
    switch = _switch()
    if switch is None:
        yield
        return
    get, put = switch
    with _LOCK:
        _inside.append(_inside[0] if _inside else get())
        put(1)
    try:
        yield
    finally:
        with _LOCK:
            before = _inside.pop()
            if not _inside:
                put(before)


@lru_cache(maxsize=1)
def _switch() -> tuple[Callable[[], int], Callable[[int], None]] | None:
    """How many threads NumPy's OpenBLAS uses, and what sets it; None where it is another, or cannot be told."""
    package = Path(np.__file__).parent
    for path in sorted([*package.parent.glob("numpy.libs/*openblas*"), *package.glob(".dylibs/*openblas*")]):
        try:
            library = ctypes.CDLL(str(path))  # NumPy has loaded it, so this is the same one
        except OSError:
            continue
        for begin, end in NAMES:
            get = getattr(library, f"{begin}_get_num_threads{end}", None)
            put = getattr(library, f"{begin}_set_num_threads{end}", None)
            if get is not None and put is not None:
                return get, put
    return None
