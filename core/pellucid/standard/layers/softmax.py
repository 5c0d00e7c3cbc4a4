"""Softmax: scores become probabilities that add up to 1."""

from __future__ import annotations

from pellucid.basics.arrays import Array, Shape
from pellucid.basics.component import Equation, Example
from pellucid.interfaces.context import Context
from pellucid.interfaces.layer import Layer
from pellucid.standard.layers.rows import as_rows, features


class Softmax(Layer):
    """``y_k = e^{x_k} / Σ_j e^{x_j}`` over the last axis, shifted by its maximum so that nothing overflows.

    Every output depends on every input of its row: the backward multiplies by the full Jacobian diag(y) − y yᵀ. Before
    cross-entropy leave it out: the loss ``softmax_cross_entropy`` takes logits.

    Shapes: x (N, …, K) -> y of the same shape.
    """

    equations = (
        Equation(
            "y", r"y_k = \frac{e^{x_k}}{\sum_j e^{x_j}}", "np.exp(x) / np.exp(x).sum(-1, keepdims=True)"
        ),
        Equation(
            "dx", r"dx = y \odot \left(dy - \sum_j dy_j\, y_j\right)", "y * (dy - (dy * y).sum(-1, keepdims=True))"
        ),
    )  # fmt: skip
    examples = (Example(), Example({}, ((3, 4),)), Example({}, ((1,),)))
    capturable = True

    def output_shape(self, input_shape: Shape) -> Shape:
        features(self, input_shape)
        return input_shape

    def forward(self, ctx: Context, x: Array) -> Array:
        y = ctx.scratch("y", x.shape)
        ctx.y = y.reshape(-1, x.shape[-1])  # (rows, K)
        ctx.ops.softmax_forward(as_rows(ctx, x, "x"), ctx.y)
        return y

    def backward(self, ctx: Context, dy: Array) -> Array:
        dx = ctx.scratch("dx", dy.shape)
        ctx.ops.softmax_backward(as_rows(ctx, dy, "dy"), ctx.y, dx.reshape(ctx.y.shape))
        return dx
