"""Cube: a layer whose work is done by ops of this plugin."""

from __future__ import annotations

from pellucid import Array, Context, Equation, Example, Layer, Shape


class Cube(Layer):
    """``y = x³`` for each number.

    Shapes: x (N, …) -> y of the same shape.
    """

    equations = (
        Equation("y", r"y = x^3", "x**3"),
        Equation("dx", r"dx = 3 x^2 \odot dy", "3 * x**2 * dy"),
    )
    examples = (Example(), Example(input_shapes=((2, 3),)))
    capturable = True  # all work is done by ops, on memory from ctx.scratch

    def output_shape(self, input_shape: Shape) -> Shape:
        return input_shape

    def forward(self, ctx: Context, x: Array) -> Array:
        ctx.x = x
        y = ctx.scratch("y", x.shape)
        ctx.op("plugname/cube_forward")(x, y)
        return y

    def backward(self, ctx: Context, dy: Array) -> Array:
        dx = ctx.scratch("dx", dy.shape)
        ctx.op("plugname/cube_backward")(dy, ctx.x, dx)
        return dx
