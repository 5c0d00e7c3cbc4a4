"""class_weight: what each class weighs in the mean of a cross-entropy."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from pellucid.basics.arrays import Array
from pellucid.basics.checks import is_number, wrong
from pellucid.basics.errors import ConfigError, ShapeError
from pellucid.interfaces.context import Context
from pellucid.interfaces.objective import Loss

Weights = Sequence[float] | None


def checked_class_weight(
    loss: Loss, weights: Sequence[float] | str | None, *, number: int | None = None, name: str = "class_weight"
) -> Weights:
    """The argument itself. Raise ConfigError unless it is None or a number of at least 0 for each class, ``number`` of
    them, not all 0.

    ``"balanced"`` is refused with its remedy: a loss sees batches, and the classes' shares in the training data are
    none of its arguments, which a saved model holds.
    """
    if weights is None:
        return None
    if isinstance(weights, str) and weights == "balanced":
        raise ConfigError(
            f"The '{name}' of {type(loss).__name__} is a list of numbers: how often each class occurs is a fact "
            "of the training data, and what a model was trained with must not change with it. Received: 'balanced'. "
            "Write the numbers, (N / (K · numpy.bincount(y))).tolist(), or let an epoch visit all classes equally "
            'often: Trainer(…, sampler="balanced").'
        )
    expected = f"a list of {number or 'two or more'} numbers from 0 on, one for each class, not all 0, or None"
    if not isinstance(weights, list | tuple) or (len(weights) != number if number else len(weights) < 2):
        raise wrong(loss, name, expected, weights)
    if not all(is_number(w) and 0 <= w < float("inf") for w in weights) or not any(weights):
        raise wrong(loss, name, expected, weights)
    return weights


def require_one_each(loss: Loss, weights: Weights, classes: int | None, *, name: str = "class_weight") -> None:
    """Raise ConfigError if a model has another number of classes than there are weights."""
    if weights is not None and classes is not None and len(weights) != classes:
        raise ConfigError(
            f"The '{name}' of {type(loss).__name__} has {len(weights)} numbers, and the model {classes} outputs. "
            "Give a number for each class, in the order of their labels."
        )


def weights_of_labels(ctx: Context, loss: Loss, weights: Sequence[float], labels: Array, classes: int) -> Array:
    """``c_{tᵢ}`` of class indices (rows,)."""
    each = ctx.scratch("of_class", labels.shape)
    ctx.ops.gather(table_of(ctx, loss, weights, classes), labels, each)
    return each


def table_of(ctx: Context, loss: Loss, weights: Sequence[float], classes: int) -> Array:
    """The numbers as an array of the backend, (K,).

    Raises:
        ShapeError: there are others than K.
    """
    if len(weights) != classes:
        raise ShapeError(
            f"{type(loss).__name__} was given a number for each of {len(weights)} classes. Received: predictions of "
            f"{classes} classes. Give a number for each."
        )
    return ctx.ops.asarray(np.array(weights, ctx.dtype))


def weighed(ctx: Context, each: Array, weight: Array | None) -> Array:
    """``each`` times the weights of rows, if there are any; sets ``ctx.count`` to the sum."""
    if weight is not None:
        each = each * weight
    ctx.count = float(each.sum(dtype="float64"))
    return each
