"""Flatten and Reshape: the same numbers in another shape."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

from pellucid.basics.arrays import Array, Interval, Shape
from pellucid.basics.checks import check_int, check_type
from pellucid.basics.component import Equation, Example
from pellucid.basics.errors import ShapeError
from pellucid.interfaces.context import Context
from pellucid.interfaces.layer import Layer
from pellucid.standard.rows import contiguous


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

    def output_interval(self, *inputs: Interval) -> Interval:
        return inputs[0]

    def forward(self, ctx: Context, x: Array) -> Array:
        ctx.shape = x.shape
        return contiguous(ctx, x, "x").reshape(ctx.shape[0], prod(ctx.shape[1:]))

    def backward(self, ctx: Context, dy: Array) -> Array:
        return contiguous(ctx, dy, "dy").reshape(ctx.shape)


class Reshape(Layer):
    """``vec(y[n]) = vec(x[n])``, the last axis fastest, for a given shape of ``y[n]``; nothing is computed.

    It ends networks of dense layers whose output is to be a picture, and undoes :class:`Flatten`.

    Args:
        shape: the new axes without the batch, every size at least 1; empty for one number a sample.

    Shapes: x (N, a, b, …) -> y (N, \\*shape), with as many numbers in a sample as before.

    Raises:
        ShapeError: a sample has another number of features, or one that varies.
    """

    equations = (
        Equation("y", r"\operatorname{vec}(y_n) = \operatorname{vec}(x_n)", "x.reshape(len(x), *shape)"),
        Equation("dx", r"\operatorname{vec}(dx_n) = \operatorname{vec}(dy_n)", "dy.reshape(x.shape)"),
    )
    examples = (
        Example({"shape": (2, 3)}, ((6,),)),
        Example({"shape": [3, 2, 2]}, ((4, 3),)),
        Example({"shape": ()}, ((1, 1),)),
    )
    capturable = True

    def __init__(self, shape: Sequence[int]) -> None:
        check_type(self, "shape", shape, (list, tuple), "a list of sizes, such as [28, 28, 1]")
        for i, size in enumerate(shape):
            check_int(self, f"shape[{i}]", size, "[1, inf)")
        self.shape = shape

    def output_shape(self, input_shape: Shape) -> Shape:
        known = [n for n in input_shape if n is not None]
        varies = len(known) != len(input_shape)
        if varies or prod(known) != prod(self.shape):
            features = "a number of features that varies" if varies else f"{prod(known)} features"
            raise ShapeError(
                f"Reshape makes samples of shape {tuple(self.shape)}, which hold {prod(self.shape)} features. "
                f"Received: samples of shape {tuple(input_shape)}, {features}. "
                "Give a shape with as many, or change the width of the layer before."
            )
        return tuple(self.shape)

    def output_interval(self, *inputs: Interval) -> Interval:
        return inputs[0]

    def forward(self, ctx: Context, x: Array) -> Array:
        ctx.shape = x.shape
        return contiguous(ctx, x, "x").reshape(ctx.shape[0], *self.shape)

    def backward(self, ctx: Context, dy: Array) -> Array:
        return contiguous(ctx, dy, "dy").reshape(ctx.shape)
