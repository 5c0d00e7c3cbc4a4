"""Rows of a batch, as layers and losses hand them to the ops, and what they ask of shapes, weights and targets."""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np

from pellucid.basics.arrays import Array, HostArray, Shape, fits
from pellucid.basics.checks import check_int
from pellucid.basics.component import Component
from pellucid.basics.errors import ConfigError, DataError, ShapeError
from pellucid.interfaces.context import Context
from pellucid.interfaces.objective import Batch


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


def converted(ctx: Context, array: Array, dtype: Any, name: str) -> Array:
    """``array`` in this dtype and contiguous: itself if it is so already, else a copy, the scratch ``name``."""
    if array.dtype == dtype:
        return contiguous(ctx, array, name)
    copied = ctx.scratch(("converted", name), array.shape, dtype)
    ctx.ops.copy(array, copied)
    return copied


def weight_per_row(ctx: Context, loss: Component, weight: Array | None, shape: tuple[int, ...]) -> Array | None:
    """One weight for each of prod(shape) rows; sets ``ctx.count`` to their sum (to the number of rows without weights).

    Args:
        weight: one per row (of ``shape``), or one per sample (``shape[:1]``), which then holds for all its rows.

    Raises:
        ShapeError: it is neither.
    """
    if weight is None:
        ctx.count = float(prod(shape))
        return None
    if weight.shape != shape:
        if weight.shape != shape[:1]:
            raise ShapeError(
                f"The weights of {type(loss).__name__} must have shape {shape} or {shape[:1]}. "
                f"Received: {tuple(weight.shape)}. Pass one weight per sample, or one per row of the prediction."
            )
        spread = ctx.scratch("weight", shape, weight.dtype)
        spread[...] = weight.reshape(-1, *(1 for _ in shape[1:]))
        weight = spread
    ctx.count = float(weight.sum(dtype="float64"))
    return weight.reshape(-1)


def mask_of(objective: Component, batch: Batch) -> Array:
    """The last input of a batch, which says which steps there are, truth values (N, T).

    Raises:
        ConfigError: it is none.
    """
    mask = batch.inputs[-1]
    if len(batch.inputs) < 2 or mask.ndim != 2 or mask.dtype != bool:
        raise ConfigError(
            f"{type(objective).__name__} needs a model whose last input is a mask (N, T) of truth values, as "
            f"pellucid.Sequences give it. Received: {len(batch.inputs)} input(s), the last of {mask.dtype} and shape "
            f"{tuple(mask.shape)}."
        )
    return mask


def masked_weight(ctx: Context, batch: Batch) -> Array:
    """What each step weighs, (N, T): where the mask says there is none, nothing."""
    weight = batch.inputs[-1].astype(ctx.dtype)
    if batch.weight is not None:
        weight *= batch.weight.reshape(*batch.weight.shape, *(1,) * (2 - batch.weight.ndim))
    return weight


def check_ignore(loss: Component, ignore: int | None) -> None:
    """Raise ConfigError unless the label that is ignored is an integer or None."""
    if ignore is not None:
        check_int(loss, "ignore", ignore, "(-inf, inf)")


def counted(
    ctx: Context, target: Array, weight: Array | None, ignore: int, dtype: Any
) -> tuple[Array, Array]:
    """The target with 0 where it is ``ignore``, and the weights with 0 there; sets ``ctx.count`` to their sum.

    target, weight: of one shape.
    """
    used = target != ignore
    kept = used.astype(dtype) if weight is None else ctx.xp.where(used, weight, 0).astype(dtype)
    ctx.count = float(kept.sum(dtype="float64"))
    return ctx.xp.where(used, target, 0).astype(target.dtype), kept


def require_rows(loss: Component, target: HostArray, shapes: tuple[Shape, ...]) -> None:
    """Raise DataError unless samples of ``target`` have one of these shapes (None: any length)."""
    if any(fits(target.shape[1:], shape) for shape in shapes):
        return
    wanted = " or ".join(str(("N", *("any" if n is None else n for n in shape))).replace("'", "") for shape in shapes)
    raise DataError(
        f"{type(loss).__name__} needs a target of shape {wanted} for this model's output. Received: {target.shape}. "
        "Reshape the target, or give the last layer as many units as there are targets."
    )


def reject(loss: Component, target: HostArray, wrong: HostArray, expected: str, remedy: str) -> None:
    """Raise DataError that names the first row and value where ``wrong`` (of the target's shape) is True."""
    if not wrong.any():
        return
    place = np.unravel_index(int(wrong.argmax()), wrong.shape)
    column = f", column {', '.join(str(int(i)) for i in place[1:])}" if len(place) > 1 else ""
    more = int(wrong.sum()) - 1
    raise DataError(
        f"{type(loss).__name__} needs {expected}. Received: {target[place]!s} in row {int(place[0])}{column}"
        f"{f' (and {more} more)' if more else ''}. {remedy}"
    )
