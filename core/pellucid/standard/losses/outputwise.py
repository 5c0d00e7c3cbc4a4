"""Outputwise: what losses that compare prediction and target number by number have in common."""

from __future__ import annotations

from abc import ABC, abstractmethod
from math import prod
from typing import Any

import numpy as np

from pellucid.basics.arrays import Array
from pellucid.basics.errors import ShapeError
from pellucid.interfaces.context import Context
from pellucid.interfaces.objective import Loss
from pellucid.standard.layers.rows import contiguous
from pellucid.standard.losses.rows import converted, reject, require_rows, weight_per_row


class Outputwise(Loss, ABC):
    """The mean over outputs, then the weighted mean over samples.

    A target of shape (N,) also serves a prediction of shape (N, 1), as a column; nothing else is broadcast.
    """

    capturable = True

    @abstractmethod
    def compute(
        self, ctx: Context, prediction: Array, target: Array, weight: Array | None, loss: Array, gradient: Array
    ) -> None:
        """Fill loss and gradient from prediction and target (rows, outputs)."""

    def forward(self, ctx: Context, prediction: Array, target: Array, weight: Array | None = None) -> Array:
        shape = prediction.shape
        if target.shape != shape and (*target.shape, 1) != shape:
            raise ShapeError(
                f"{type(self).__name__} needs a target of the prediction's shape {shape}. Received: {target.shape}. "
                "Reshape the target, or give the last layer as many units as there are targets."
            )
        rows = (shape[0], prod(shape[1:]))
        loss = ctx.scratch("loss", (), "float64")
        ctx.dprediction = ctx.scratch("dprediction", shape)
        self.compute(
            ctx,
            contiguous(ctx, prediction, "prediction").reshape(rows),
            converted(ctx, target, prediction.dtype, "target").reshape(rows),
            weight_per_row(ctx, self, weight, shape[:1]),
            loss,
            ctx.dprediction.reshape(rows),
        )
        return loss

    def backward(self, ctx: Context) -> Array:
        return ctx.dprediction

    def check(self, target: np.ndarray[Any, Any], output_shape: tuple[int | None, ...]) -> None:
        """Targets must be finite numbers, as many as the model has outputs.

        Raises:
            DataError: with the row and the value.
        """
        column = ((),) if output_shape == (1,) else ()
        require_rows(self, target, (output_shape, *column))
        reject(self, target, ~np.isfinite(target), "finite targets", "Clean the data first.")
