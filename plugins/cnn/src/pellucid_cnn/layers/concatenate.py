"""Concatenate: the channels of two inputs side by side, as a U-Net joins what it saw with what it understood."""

from __future__ import annotations

from pellucid import Array, Context, Equation, Example, Interval, Layer, Shape, ShapeError


class Concatenate(Layer):
    """``y = [a, b]`` along the last axis; the gradient is taken apart again: ``[da, db] = dy``.

    Shapes: a (N, …, A), b (N, …, B) -> y (N, …, A + B).
    """

    equations = (
        Equation("y", r"y = [a, b]", "np.concatenate([x0, x1], axis=-1)"),
        Equation("dx0", r"da = dy_{1 \dots A}", "dy[..., : x0.shape[-1]]"),
        Equation("dx1", r"db = dy_{A+1 \dots A+B}", "dy[..., x0.shape[-1] :]"),
    )
    examples = (Example({}, ((3, 2, 4), (3, 2, 3))), Example({}, ((2,), (3,))))
    capturable = True

    def output_shape(self, a: Shape, b: Shape) -> Shape:
        if len(a) != len(b) or not a or a[:-1] != b[:-1] or a[-1] is None or b[-1] is None:
            raise ShapeError(
                f"Concatenate joins inputs that differ in their last axis only, the channels. Received: samples of "
                f"shapes {tuple(a)} and {tuple(b)}. Give both the same height and width."
            )
        return (*a[:-1], a[-1] + b[-1])

    def output_interval(self, *inputs: Interval) -> Interval:
        return min(low for low, _ in inputs), max(high for _, high in inputs)

    def forward(self, ctx: Context, a: Array, b: Array) -> Array:
        ctx.shapes = a.shape, b.shape
        y = ctx.scratch("y", (*a.shape[:-1], a.shape[-1] + b.shape[-1]))
        ctx.op("cnn/concatenate")(a, b, y)
        return y

    def backward(self, ctx: Context, dy: Array) -> tuple[Array, Array]:
        da, db = (ctx.scratch(name, shape) for name, shape in zip(("da", "db"), ctx.shapes, strict=True))
        ctx.op("cnn/split")(dy, da, db)
        return da, db
