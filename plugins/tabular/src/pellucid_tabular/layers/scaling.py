"""Scaling: a learned factor for each feature."""

from __future__ import annotations

from typing import ClassVar

from pellucid import Array, Context, Equation, Example, Layer, Ones, Param, Shape

from pellucid_tabular.layers.numbers import each_number


class Scaling(Layer):
    """``y = s ⊙ x``, a diagonal matrix: each feature is made as large as it is of use, before they are mixed.

    It stands before the first dense layer and learns faster than that: of many features a few count, and to turn one up
    or down takes one step of one factor instead of a whole row of weights (Holzmüller et al., Better by Default, 2024,
    §3).

    Shapes: x (N, D) -> y (N, D); s (D,), which begins at 1.
    """

    equations = (
        Equation("y", r"y = s \odot x", "s * x"),
        Equation("ds", r"ds = \sum_n dy_n \odot x_n", "(dy * x).sum(0)"),
        Equation("dx", r"dx = s \odot dy", "s * dy"),
    )
    symbols: ClassVar = {"s": "scale"}
    examples = (Example(), Example({}, ((70,),)))
    capturable = True
    scale: Param

    def build(self, input_shape: Shape) -> None:
        self.scale = self.param("scale", (each_number(self, input_shape),), init=Ones())

    def output_shape(self, input_shape: Shape) -> Shape:
        return (each_number(self, input_shape),)

    def forward(self, ctx: Context, x: Array) -> Array:
        ctx.x, y = x, ctx.scratch("y", x.shape)
        ctx.op("tabular/scaling_forward")(x, self.scale.data, y)
        return y

    def backward(self, ctx: Context, dy: Array) -> Array | None:
        dscale = self.scale.grad if self.scale.trainable else None
        dx = ctx.scratch("dx", dy.shape) if ctx.needs_dx[0] else None
        ctx.op("tabular/scaling_backward")(dy, ctx.x, self.scale.data, dscale, dx)
        return dx
