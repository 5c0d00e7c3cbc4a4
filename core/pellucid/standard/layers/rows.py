"""What layers ask of their input: its features, and its rows in memory, as the ops take them."""

from __future__ import annotations

from pellucid.basics.arrays import Array, Shape
from pellucid.basics.component import Component
from pellucid.basics.errors import ShapeError
from pellucid.interfaces.context import Context


def contiguous(ctx: Context, x: Array, name: str) -> Array:
    """``x`` itself if it lies in memory row after row; otherwise a copy of it, the scratch ``name``."""
    if x.flags.c_contiguous:
        return x
    copied = ctx.scratch(("contiguous", name), x.shape, x.dtype)
    ctx.ops.copy(x, copied)
    return copied


def as_rows(ctx: Context, x: Array, name: str) -> Array:
    """``x`` (N, …, features) as (rows, features): a view, or a view of a copy if ``x`` is not contiguous."""
    return contiguous(ctx, x, name).reshape(-1, x.shape[-1])


def features(layer: Component, input_shape: Shape) -> int:
    """The length of the last axis, which must be known.

    Raises:
        ShapeError: there is no last axis, or its length varies.
    """
    n = input_shape[-1] if input_shape else None
    if n is None:
        raise ShapeError(
            f"{type(layer).__name__} needs an input whose last axis, the features, has a fixed length. "
            f"Received: samples of shape {tuple(input_shape)}, {len(input_shape)} axes. "
            "Give input_shape=(features,), or reshape before."
        )
    return n
