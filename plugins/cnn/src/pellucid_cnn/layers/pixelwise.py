"""Pixelwise: a layer of vectors, applied to the channels of every pixel."""

from __future__ import annotations

from typing import Any

from pellucid import Array, Context, Equation, Example, Interval, Layer, Shape, ShapeError, as_rows, contiguous


class Pixelwise(Layer):
    """``y[n, i, j] = f(x[n, i, j])``: every pixel is a sample of f, a network in the network (Lin, Chen & Yan, 2014).

    So any layer that takes vectors, of whatever plugin, has its place among convolutions. With ``dense`` it is a
    convolution of size 1. A layer that draws random numbers would take pixels for samples: use it outside.

    Args:
        layer: f, from (C,) to (K,).

    Shapes: x (N, …, C) -> y (N, …, K).
    """

    equations = (
        Equation("y", r"y_{nij} = f(x_{nij})", why="the layer inside computes f, by equations of its own"),
        Equation("dx", r"dx_{nij} = J_f(x_{nij})^\top dy_{nij}"),
    )
    examples = (
        Example({"layer": {"type": "core/dense", "units": 2, "activation": "tanh"}}, ((2, 3, 4),)),
        Example({"layer": {"type": "core/layer_norm"}}, ((2, 2, 3),)),
    )
    capturable = True  # whether the layer inside is, is asked of that layer

    def __init__(self, layer: Layer) -> None:
        self.layer = layer

    def build(self, input_shape: Shape) -> None:
        self.layer.build(input_shape[-1:])
        self.output_shape(input_shape)

    def output_shape(self, input_shape: Shape) -> Shape:
        if len(input_shape) < 2:
            raise ShapeError(
                f"Pixelwise needs images, samples of shape (height, width, channels). Received: {tuple(input_shape)}, "
                f"{len(input_shape)} axes. For vectors use the layer inside, {type(self.layer).__name__}, by itself."
            )
        result = self.layer.output_shape(input_shape[-1:])
        if len(result) != 1 or not isinstance(result[0], int):
            raise ShapeError(
                f"The layer inside Pixelwise, {type(self.layer).__name__}, must give one vector for the "
                f"{input_shape[-1]} channels of a pixel. It gives {result}. Choose one whose output is (units,)."
            )
        return (*input_shape[:-1], result[0])

    def output_interval(self, *inputs: Interval) -> Interval:
        return self.layer.output_interval(*inputs)

    def as_calls(self, ctx: Context, x: Any) -> Any:
        """The forward as a call of its layer on Variables, see :func:`pellucid.slopes`."""
        y = self.layer(x.reshape(-1, x.shape[-1]))
        return y.reshape(*x.shape[:-1], y.shape[-1])

    def forward(self, ctx: Context, x: Array) -> Array:
        y = self.layer.forward(ctx.child(0, ctx.needs_dx), as_rows(ctx, x, "x"))
        ctx.shape = x.shape
        return contiguous(ctx, y, "y").reshape(*x.shape[:-1], y.shape[-1])

    def backward(self, ctx: Context, dy: Array) -> Array | None:
        dx = self.layer.backward(ctx.child(0), as_rows(ctx, dy, "dy"))
        return None if dx is None else contiguous(ctx, dx, "dx").reshape(ctx.shape)
