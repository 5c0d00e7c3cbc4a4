"""Rowwise: what losses have in common that compare a row of scores, or a vector, with its target, in array code."""

from __future__ import annotations

from abc import ABC, abstractmethod

from pellucid.basics.arrays import Array
from pellucid.basics.errors import ShapeError
from pellucid.interfaces.context import Context
from pellucid.interfaces.objective import Loss
from pellucid.standard.ops.objectives import weighted_mean
from pellucid.standard.rows import as_rows, converted, weight_per_row


class Rowwise(Loss, ABC):
    """The weighted mean over rows, each the last axis of a prediction (N, …, K): a sample, or a step of a sequence."""

    capturable = True  # where array code can be captured; elsewhere `spoil` says that it cannot

    @abstractmethod
    def compute(self, ctx: Context, prediction: Array, target: Array, gradient: Array) -> Array:
        """The loss of each row, lᵢ (rows,), from predictions (rows, K) and their targets; fills ∂lᵢ/∂prediction."""

    def rows_of(self, ctx: Context, prediction: Array, target: Array) -> Array:
        """The targets of the rows, (rows, K): as many numbers as are predicted.

        Raises:
            ShapeError: they have another shape.
        """
        if target.shape != prediction.shape:
            raise ShapeError(
                f"{type(self).__name__} needs a target of the prediction's shape {prediction.shape}. Received: "
                f"{target.shape}. Reshape the target, or give the last layer as many units as there are targets."
            )
        return converted(ctx, target, prediction.dtype, "target").reshape(-1, prediction.shape[-1])

    def forward(self, ctx: Context, prediction: Array, target: Array, weight: Array | None = None) -> Array:
        rows = as_rows(ctx, prediction, "prediction")
        told = self.rows_of(ctx, prediction, target)
        row_weight = weight_per_row(ctx, self, weight, prediction.shape[:-1])
        loss = ctx.scratch("loss", (), "float64")
        ctx.dprediction = ctx.scratch("dprediction", prediction.shape)
        gradient = ctx.dprediction.reshape(rows.shape)
        ctx.ops.spoil()
        weighted_mean(ctx.xp, self.compute(ctx, rows, told, gradient), row_weight, loss, gradient)
        return loss

    def backward(self, ctx: Context) -> Array:
        return ctx.dprediction


class OfLabels(Rowwise, ABC):
    """A loss of the scores of K classes, with the index of the right one as target."""

    def rows_of(self, ctx: Context, prediction: Array, target: Array) -> Array:
        if target.shape != prediction.shape[:-1]:
            raise ShapeError(
                f"{type(self).__name__} needs class indices of shape {prediction.shape[:-1]}. Received: a target of "
                f"shape {target.shape}. Reshape the target, or take the index of the class, t.argmax(axis=-1)."
            )
        return converted(ctx, target, "int64", "target").reshape(-1)


def in_range(ctx: Context, labels: Array, classes: int) -> tuple[Array, Array]:
    """The labels, 0 for those that are no class; and what each row is multiplied by, 1, and NaN for these: the step is
    refused, and no device has to be waited for."""
    right = (labels >= 0) & (labels < classes)
    return ctx.xp.where(right, labels, 0), ctx.xp.where(right, 1.0, float("nan"))
