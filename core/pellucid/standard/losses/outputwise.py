"""What losses that compare prediction and target number by number have in common; MSE, the plainest of them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from math import prod

import numpy as np

from pellucid.basics.arrays import Array, HostArray, Shape
from pellucid.basics.component import Equation, Example
from pellucid.basics.errors import ShapeError
from pellucid.interfaces.context import Context
from pellucid.interfaces.objective import Loss
from pellucid.standard.rows import contiguous, converted, reject, require_rows, weight_per_row


class Outputwise(Loss, ABC):
    """The mean over outputs, then the weighted mean over samples.

    With a weight for each step of a sequence, (N, T) for (N, T, J), it is the mean over the outputs of a step, then the
    weighted mean over steps. A target of shape (N,) also serves a prediction of shape (N, 1), as a column; nothing else
    is broadcast.
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
        weighed = shape[:1] if weight is None else shape[: max(1, min(weight.ndim, len(shape) - 1))]
        rows = (prod(weighed), prod(shape[len(weighed) :]))
        loss = ctx.scratch("loss", (), "float64")
        ctx.dprediction = ctx.scratch("dprediction", shape)
        self.compute(
            ctx,
            contiguous(ctx, prediction, "prediction").reshape(rows),
            converted(ctx, target, prediction.dtype, "target").reshape(rows),
            weight_per_row(ctx, self, weight, weighed),
            loss,
            ctx.dprediction.reshape(rows),
        )
        return loss

    def backward(self, ctx: Context) -> Array:
        return ctx.dprediction

    def check(self, target: HostArray, output_shape: Shape) -> None:
        """Targets must be finite numbers, as many as the model has outputs.

        Raises:
            DataError: with the row and the value.
        """
        column = ((),) if output_shape == (1,) else ()
        require_rows(self, target, (output_shape, *column))
        reject(self, target, ~np.isfinite(target), "finite targets", "Clean the data first.")


class MSE(Outputwise):
    """``L = Σᵢ wᵢ lᵢ / Σᵢ wᵢ`` with ``lᵢ = (1/J) Σⱼ (ŷᵢⱼ − tᵢⱼ)²``: the mean over samples and outputs.

    Shapes: prediction (N, …), J outputs a sample; target: the same; weight (N,), or (N, T) for (N, T, …).
    """

    equations = (
        Equation("l", r"l_i = \frac1J \sum_j (\hat y_{ij} - t_{ij})^2",
                 "np.mean((prediction - t.reshape(prediction.shape)).reshape(*w.shape, -1) ** 2, axis=-1)"),
        Equation("loss", r"L = \frac{\sum_i w_i l_i}{\sum_i w_i}", "np.sum(w * l) / np.sum(w)"),
        Equation(
            "dprediction",
            r"d\hat y_{ij} = \frac{w_i}{\sum_k w_k} \frac{2 (\hat y_{ij} - t_{ij})}{J}",
            "w.reshape(*w.shape, *(1,) * (prediction.ndim - w.ndim)) * 2 * (prediction - t.reshape(prediction.shape))"
            " / (prediction.size / w.size) / np.sum(w)",
        ),
    )  # fmt: skip
    examples = (Example({}, ((3,), (3,))),)
    predicts = "values"

    def compute(
        self, ctx: Context, prediction: Array, target: Array, weight: Array | None, loss: Array, gradient: Array
    ) -> None:
        ctx.ops.mse(prediction, target, weight, loss, gradient)

    def default_metrics(self, *, labels: bool) -> Sequence[str]:
        return () if labels else ("core/rmse", "core/r2")
