"""The types of arrays and shapes, and what is asked of them everywhere: one home for them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from math import inf
from numbers import Real
from typing import Any

import numpy

from pellucid.basics.errors import DataError

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


def named_parts(given: Any, name: str) -> Iterator[tuple[str, Any]]:
    """Each array of what may be one, a tuple or a table of them, or None; and what messages call it, ``y['price']``."""
    if isinstance(given, tuple | dict):
        items = given.items() if isinstance(given, dict) else enumerate(given)
        yield from ((f"{name}[{key!r}]", part) for key, part in items)
    elif given is not None:
        yield name, given


def parts_of(given: Any) -> tuple[Any, ...]:
    """The same arrays, without names."""
    return tuple(given.values()) if isinstance(given, dict) else () if given is None else as_tuple(given)


def mapped(function: Callable[..., Any], given: Any, *name: str) -> Any:
    """The same of what a function makes of each; with a name it is also told what messages call it."""
    if isinstance(given, tuple) and not name:  # as at every step
        return tuple(map(function, given))
    if isinstance(given, (tuple, dict)):
        made = [function(part, *name and (called,)) for called, part in named_parts(given, "".join(name))]
        return tuple(made) if isinstance(given, tuple) else dict(zip(given, made, strict=True))
    return None if given is None else function(given, *name)


def taken(given: Any, rows: Any) -> Any:
    """These rows of each array."""
    return mapped(lambda part: part[rows], given)


def fits(shape: tuple[int, ...], declared: Shape) -> bool:
    """Whether a shape is the declared one, in which None stands for any length."""
    return len(shape) == len(declared) and all(d in (None, n) for n, d in zip(shape, declared, strict=True))


_NUMBERS = (Real, numpy.bool_)


def as_array(given: Any, name: str) -> HostArray:
    """What means real numbers (an array, a list, a data frame, a memory map) as an array of NumPy's: the one place
    where the arrays of users come in.

    Args:
        given: what the user gave; an array that is one of NumPy's already is not copied, and a memory map stays one.
        name: what it is called in messages.

    Raises:
        DataError: it means none: texts, complex numbers, rows of several lengths, a sparse matrix; or an entry is
            missing or masked. What lies under a mask is never taken for data.
    """
    if type(given) in (numpy.ndarray, numpy.memmap) and given.dtype.kind in "fiub":
        return given
    if isinstance(given, list | tuple) and any(isinstance(part, numpy.ma.MaskedArray) for part in given):
        given = numpy.ma.array(given)  # of a list, asarray would take what lies under the masks of its parts
    if isinstance(given, numpy.ma.MaskedArray) and numpy.ma.getmaskarray(given).any():
        masked = numpy.argwhere(numpy.ma.getmaskarray(given))
        raise DataError(
            f"{name} has masked entries: {len(masked)}, the first at {tuple(masked[0].tolist())} (counted from 0). "
            "Expected: a number everywhere. Fill them in, x.filled(0.0), or leave these rows out."
        )
    try:
        array = numpy.asarray(given)
    except (ValueError, TypeError, RuntimeError, OverflowError) as error:
        raise DataError(
            f"{name} must hold real numbers, with rows of one length. Received: a {type(given).__name__}, of which "
            f"NumPy says: {str(error).partition('.')[0]}. Convert it: numpy.asarray(…, dtype='float32')."
        ) from error
    if array.dtype.kind not in "fiub":
        wrong = [entry for entry in array.flat if not isinstance(entry, _NUMBERS)][:1]
        remedy = "Every entry must be a number: none missing, complex, a date or a list."
        if not wrong:
            remedy = "All its entries are numbers. Say of which type: x.astype(float), or astype(int) for labels."
        elif isinstance(wrong[0], str | bytes):
            remedy = "Number the names of classes: names, y = numpy.unique(y, return_inverse=True); Split(x, y, names)."
        elif hasattr(given, "toarray"):
            remedy = "It is sparse: give x.toarray()."
        received = "".join([f"dtype {array.dtype}", *(f", with {entry!r:.60}" for entry in wrong)])
        raise DataError(f"{name} must hold real numbers. Received: {received}. {remedy}")
    return array
