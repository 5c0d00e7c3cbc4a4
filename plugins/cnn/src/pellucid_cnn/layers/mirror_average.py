"""MirrorAverage: what a network says of an image and of its mirror image, averaged once it is trained."""

from __future__ import annotations

from typing import Any

from pellucid import Array, Context, Equation, Example, Interval, Layer, Shape, ShapeError


class MirrorAverage(Layer):
    """``y = ½ (f(x) + f(mirror(x)))`` in evaluation, ``y = f(x)`` in training.

    For things whose mirror image is as good, and networks that were trained with ``random_flip``: two opinions are
    better than one, for twice the time of a prediction (Krizhevsky, Sutskever & Hinton, 2012, §4.1).

    Args:
        layer: f.

    Shapes: x (N, H, W, C) -> y as f has it.
    """

    equations = (
        Equation("y", r"y = \tfrac12 (f(x) + f(\bar x)), \quad \bar x_{nij} = x_{n,i,W-1-j} \quad\text{in evaluation}",
                 why="the layer inside computes f, by equations of its own"),
        Equation("dx", r"dx = \tfrac12 (J_f(x)^\top dy + \overline{J_f(\bar x)^\top dy})"),
    )
    examples = (
        Example({"layer": {"type": "cnn/conv2d", "filters": 2, "activation": "tanh"}}, ((2, 3, 1),)),
        Example({"layer": {"type": "sequential", "layers": ["flatten", {"type": "dense", "units": 2}]}}, ((2, 3, 1),)),
    )
    capturable = True  # whether the layer inside is, is asked of that layer

    def __init__(self, layer: Layer) -> None:
        self.layer = layer

    def build(self, input_shape: Shape) -> None:
        self._check(input_shape)
        self.layer.build(input_shape)

    def output_shape(self, input_shape: Shape) -> Any:
        self._check(input_shape)
        return self.layer.output_shape(input_shape)

    def _check(self, shape: Shape) -> None:
        if len(shape) != 3:
            raise ShapeError(
                f"MirrorAverage takes images, samples of shape (height, width, channels). Received: {tuple(shape)}, "
                f"{len(shape)} axes."
            )

    def output_interval(self, *inputs: Interval) -> Interval:
        return self.layer.output_interval(*inputs)

    def as_calls(self, ctx: Context, x: Any) -> Any:
        """The forward as calls of its layer on Variables, see :func:`pellucid.slopes`."""
        y = self.layer(x)
        return y if ctx.training else 0.5 * (y + self.layer(x[:, :, ::-1]))

    def forward(self, ctx: Context, x: Array) -> Array:
        seen = self.layer.forward(ctx.child(0, ctx.needs_dx), x)
        if ctx.training:
            return seen
        mirrored = _mirrored(ctx, "x", x)
        y = ctx.scratch("y", seen.shape)
        ctx.ops.copy(self.layer.forward(ctx.child(1, ctx.needs_dx), mirrored), y)
        ctx.ops.add_scaled(y, seen, 1.0)
        ctx.ops.scale(y, 0.5)
        return y

    def backward(self, ctx: Context, dy: Array) -> Array | None:
        if ctx.training:
            return self.layer.backward(ctx.child(0), dy)
        half = ctx.scratch("half", dy.shape)
        ctx.ops.copy(dy, half)
        ctx.ops.scale(half, 0.5)
        direct, other = (self.layer.backward(ctx.child(i), half) for i in range(2))
        if not ctx.needs_dx[0]:
            return None
        dx = _mirrored(ctx, "dx", other)
        ctx.ops.add_scaled(dx, direct, 1.0)
        return dx


def _mirrored(ctx: Context, name: str, x: Array) -> Array:
    """Left and right exchanged, in memory of its own."""
    out = ctx.scratch(("mirrored", name), x.shape)
    ctx.ops.spoil()  # a view that runs backwards, for which there is no kernel
    ctx.ops.copy(x[:, :, ::-1], out)
    return out
