"""What a page is told of data: how many inputs, which classes, the points of a plane, some pictures."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from pellucid import HostArray, Samples, Splits
from pellucid.basics.arrays import as_tuple

from pellucid_studio.arrays import packed

MOST_POINTS, MOST_PICTURES = 1_000, 12
Bounds = tuple[tuple[float, float], ...]
"""Of each axis: two of a plane, one of a line."""


def data_of(name: str, splits: Splits, bounds: Bounds | None = None) -> dict[str, Any]:
    """DATA of the protocol; ``outputs`` is how many numbers the last layer has to give, None where nothing says so;
    ``bounds`` are those of the plane or the line, where the samples lie in one."""
    x, y = first_of(splits.train, MOST_POINTS)
    first = as_tuple(x)[0]
    labels = y is not None and np.asarray(y).dtype.kind in "iub" and np.asarray(y).ndim == 1
    told: dict[str, Any] = {
        "name": name, "inputs": int(math.prod(first.shape[1:])),
        "task": "classification" if labels else "regression" if y is not None else "reconstruction",
        "classes": [str(c) for c in splits.classes][:100] if splits.classes is not None and labels else None,
        "outputs": _outputs(splits, labels), "bounds": None if bounds is None else [list(axis) for axis in bounds],
        "points": None, "test": None, "pictures": False, "rows": len(splits.train),
    }  # fmt: skip
    if bounds is not None:
        told["points"] = _points(x, y)
        told["test"] = _points(*first_of(splits.test, MOST_POINTS)) if len(splits.test) else None
    images = as_pictures(first[:MOST_PICTURES])
    if images is not None:
        told["pictures"] = packed(images)
        told["labels"] = packed(np.asarray(y)[:MOST_PICTURES]) if labels else None
    return told


def _outputs(splits: Splits, labels: bool) -> int | None:
    if splits.classes is not None:
        return len(splits.classes)
    if splits.train.y is None or isinstance(splits.train, Samples):
        return None
    y = np.asarray(splits.train.y)
    return int(y.max()) + 1 if labels else int(math.prod(y.shape[1:]))


def first_of(part: Any, most: int) -> tuple[Any, Any]:
    """The first samples of a part and their targets."""
    split = part.take(np.arange(min(most, len(part)))) if isinstance(part, Samples) or len(part) > most else part
    x = as_tuple(split.x)
    return tuple(np.asarray(each) for each in x) if len(x) > 1 else np.asarray(x[0]), split.y


def _points(x: Any, y: Any) -> dict[str, Any]:
    return {"x": packed(np.asarray(x)), "y": None if y is None else packed(np.asarray(y))}


def bounds_of(x: HostArray) -> Bounds:
    """A square around the points of a plane, or a piece of a line, a little larger."""
    low, high = x.min(axis=0).astype(float), x.max(axis=0).astype(float)
    half = 0.6 * float(max(high - low)) or 1.0
    return tuple((middle - half, middle + half) for middle in (low + high) / 2)


def as_pictures(x: HostArray) -> HostArray | None:
    """Samples that are pictures, (n, h, w): one channel, or a square in a row of numbers from 0 to 1."""
    if x.ndim == 4 and x.shape[-1] == 1:
        return x[..., 0]
    if x.ndim == 3:
        return x
    side = math.isqrt(int(x.shape[1])) if x.ndim == 2 else 0
    if side >= 8 and side * side == x.shape[1] and float(x.min()) >= 0:
        return x.reshape(-1, side, side)
    return None
