"""Flatten: all axes but the batch become one."""

from __future__ import annotations

from math import prod

from pellucid.basics.arrays import Array, Shape
from pellucid.basics.component import Equation, Example
from pellucid.basics.errors import ShapeError
from pellucid.interfaces.context import Context
from pellucid.interfaces.layer import Layer
from pellucid.standard.layers.rows import contiguous


class Flatten(Layer):
    """``y[n] = vec(x[n])``, the last axis fastest; nothing is computed.

    Shapes: x (N, a, b, …) -> y (N, a·b·…).
    """

    equations = (
        Equation("y", r"y_n = \operatorname{vec}(x_n)", "x.reshape(len(x), int(np.prod(x.shape[1:])))"),
        Equation("dx", r"dx_n = \operatorname{vec}^{-1}(dy_n)", "dy.reshape(x.shape)"),
    )
    examples = (Example({}, ((3, 2),)), Example({}, ((2, 3, 4),)), Example({}, ((),)))
    capturable = True

    def output_shape(self, input_shape: Shape) -> Shape:
        known = [n for n in input_shape if n is not None]
        if len(known) != len(input_shape):
            raise ShapeError(
                f"Flatten cannot flatten samples of varying shape {input_shape}: the number of features would vary. "
                "Pool or pad the variable axis before."
            )
        return (prod(known),)

    def forward(self, ctx: Context, x: Array) -> Array:
        ctx.shape = x.shape
        return contiguous(ctx, x, "x").reshape(ctx.shape[0], prod(ctx.shape[1:]))

    def backward(self, ctx: Context, dy: Array) -> Array:
        return contiguous(ctx, dy, "dy").reshape(ctx.shape)
