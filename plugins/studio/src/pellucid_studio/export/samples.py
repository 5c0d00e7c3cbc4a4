"""What a page takes from data: the shape of a sample, the range of its numbers, and samples to begin with."""

from __future__ import annotations

from dataclasses import dataclass
from math import isqrt
from typing import Any

import numpy as np
from pellucid import ConfigError, DataError, FinishedRun, HostArray, Layer, Split, require_runtime
from pellucid.registry.registry import default_registry

SHOWN = 300
"""Samples of a public data set that a page holds unless told otherwise."""
PICTURES = 20
"""Of these so many pictures at the most."""
CODES = 300
"""Samples whose codes tell from where to where codes go."""
_LOOKED_AT = 2000
_SMALLEST_SIDE = 8


@dataclass(frozen=True)
class Picture:
    """How a drawing becomes a sample: ``low + (high − low)·ink``, or of dark ink ``high − (high − low)·ink``.

    Attributes:
        height, width, channels: of a sample.
        low, high: the numbers of no light and of full light in the data.
        dark: whether the background is light.
    """

    height: int
    width: int
    channels: int
    low: float = 0.0
    high: float = 1.0
    dark: bool = False


def data_of(
    run: FinishedRun[Layer], data: str | None, target: str | None = None
) -> tuple[Split | None, bool]:  # fmt: skip
    """Test samples, or those of ``data``, and whether they are known to be new to the network; None for a model file
    that knows of none.

    Raises:
        DataError, ConfigError: the data cannot be read.
    """
    if data is None and "data" not in run.sections:
        return None, False
    for part in ("test", "validation", "train"):
        try:
            return run.samples(data, part, target), data is None and part == "test"
        except DataError:
            if part == "train" or run.is_file(data):
                raise
    return None, False


def is_public(run: FinishedRun[Layer], data: str | None) -> bool:
    """Whether the samples are of a data set that everybody has, and no one's own files."""
    if run.is_file(data):
        return False
    named = str(run.sections.get("data", {}).get("type", "")) if data is None else data
    return bool(named) and default_registry().find("dataset", named).vendor == "datasets"


def first_of(split: Split) -> HostArray:
    """The samples themselves, of several inputs the first."""
    x: Any = split.x[0] if isinstance(split.x, tuple) else split.x
    return np.asarray(x)


def sample_shape(model: Layer, x: HostArray | None) -> tuple[int, ...]:
    """The shape of a sample in the units of the data; without data that of the model's input.

    Raises:
        ConfigError: its size varies.
    """
    shape = require_runtime(model).input_shapes[0] if x is None else x.shape[1:]
    if None in shape:
        raise ConfigError(
            f"A page needs samples of one size. Received: a model of samples of shape {tuple(shape)}, such as "
            "sequences. Use it with pellucid predict, or a view of the studio."
        )
    return tuple(n for n in shape if n is not None)


def picture_of(shape: tuple[int, ...], x: HostArray | None, *, named: bool) -> Picture | None:
    """How samples of this shape are pictures; None where they are not.

    Rows of h² numbers are taken for pictures, if there are at least 64 and their columns have no names; of two axes
    what has at least 8 numbers along both.
    """
    side = isqrt(shape[0]) if len(shape) == 1 else 0
    if len(shape) == 1 and (named or side < _SMALLEST_SIDE or side * side != shape[0]):
        return None
    if len(shape) == 2 and min(shape) >= _SMALLEST_SIDE:
        size = (*shape, 1)
    elif len(shape) == 3 and shape[2] in (1, 3):
        size = shape
    elif side:
        size = (side, side, 1)
    else:
        return None
    if x is None:
        return Picture(*size)
    seen = x[:_LOOKED_AT].reshape(-1, *size).astype(np.float64)
    low, high = float(seen.min()), float(seen.max())
    edges = np.concatenate([seen[:, 0].ravel(), seen[:, -1].ravel(), seen[:, :, 0].ravel(), seen[:, :, -1].ravel()])
    return Picture(*size, low, high if high > low else low + 1, bool(np.median(edges) > (low + high) / 2))


def chosen(split: Split, count: int) -> Split:
    """Some of the samples, evenly from all of them."""
    return split.take(np.unique(np.linspace(0, len(split) - 1, min(count, len(split))).astype(int)))


def ranges(model: Layer, x: HostArray | None, width: int) -> list[dict[str, float | None]]:
    """For each column where its field begins, ends and stands: 1 % and 99 % of the samples, and their median; without
    data what a standardization knows, or nothing."""
    if x is not None:
        low, middle, high = np.percentile(x.reshape(len(x), -1).astype(np.float64), [1, 50, 99], axis=0)
    else:
        fitted = next((t for t in require_runtime(model).transforms if {"mean", "std"} <= set(t.fitted)), None)
        if fitted is None:
            return [{"low": None, "high": None, "value": 0.0} for _ in range(width)]
        state = fitted.state()
        middle, spread = state["mean"].ravel(), 2 * state["std"].ravel()
        low, high = middle - spread, middle + spread
    return [
        {"low": float(a), "high": float(c if c > a else a + 1), "value": float(b)}
        for a, b, c in zip(low, middle, high, strict=True)
    ]
