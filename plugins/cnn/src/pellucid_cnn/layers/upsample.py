"""Upsample: a larger image of the same scene, by repeating pixels or by drawing lines between them."""

from __future__ import annotations

from typing import Any, Literal

from pellucid import Array, Context, Equation, Example, Interval, Layer, Shape, check_choice, contiguous

from pellucid_cnn.geometry import Size, check_images, check_pair, pair


def _matrix(axis: int) -> str:
    """The rows of A (axis 0) or B (axis 1), for ``nearest`` and ``bilinear``, as a Python expression."""
    size, factor = f"x.shape[{axis + 1}]", f"np.broadcast_to(factor, 2)[{axis}]"
    centre = f"np.clip((np.arange(y.shape[{axis + 1}])[:, None] + 0.5) / {factor} - 0.5, 0, {size} - 1)"
    linear = f"np.maximum(0, 1 - abs({centre} - np.arange({size})))"
    repeated = f"np.eye({size}).repeat({factor}, axis=0)"
    return f"{linear} if interpolation == 'bilinear' else {repeated}"


class Upsample(Layer):
    """``y[n] = A x[n] Bᵀ``: A along the height, B along the width, the same for every channel.

    ``nearest`` repeats each pixel, A[i, h] = [⌊i/f⌋ = h]. ``bilinear`` puts pixel i of y at u = (i + ½)/f − ½ of x,
    kept inside of the image, and takes A[i, h] = max(0, 1 − |u − h|), so that centres stay centres. Backward is the
    transpose: ``dx = Aᵀ dy B``. ``nearest`` has a kernel; ``bilinear`` is array code, so training steps that contain it
    are not recorded.

    Args:
        factor: f, pixels of y for each pixel of x: a number, or two.
        interpolation: ``"nearest"`` or ``"bilinear"``.

    Shapes: x (N, H, W, C) -> y (N, f·H, f·W, C); A (f·H, H); B (f·W, W).

    Source: Odena, Dumoulin & Olah, Deconvolution and Checkerboard Artifacts, 2016.
    """

    equations = (
        Equation("A", r"A_{ih} = [\lfloor i/f \rfloor = h] \quad\text{or}\quad \max(0, 1 - |u_i - h|)", _matrix(0)),
        Equation("B", r"B_{jw} = [\lfloor j/f' \rfloor = w] \quad\text{or}\quad \max(0, 1 - |u'_j - w|)", _matrix(1)),
        Equation(
            "y", r"y_{nijc} = \textstyle\sum_{hw} A_{ih} B_{jw} x_{nhwc}", "np.einsum('ih,jw,nhwc->nijc', A, B, x)"
        ),
        Equation(
            "dx",
            r"dx_{nhwc} = \textstyle\sum_{ij} A_{ih} B_{jw} dy_{nijc}",
            "np.einsum('ih,jw,nijc->nhwc', A, B, dy)",
        ),
    )
    examples = (
        Example({}, ((None, 2, 2),)),
        Example({"factor": (1, 3)}, ((2, 2, 1),)),
        Example({"factor": [3, 2], "interpolation": "bilinear"}, ((3, 1, 2),)),
    )
    capturable = True

    def __init__(self, factor: Size = 2, interpolation: Literal["nearest", "bilinear"] = "nearest") -> None:
        check_pair(self, "factor", factor)
        check_choice(self, "interpolation", interpolation, ("nearest", "bilinear"))
        self.factor = factor
        self.interpolation = interpolation

    def output_shape(self, input_shape: Shape) -> Any:
        channels = check_images(self, input_shape)
        sizes = zip(input_shape[:2], pair(self.factor), strict=True)
        return (*(None if size is None else factor * size for size, factor in sizes), channels)

    def output_interval(self, *inputs: Interval) -> Interval:
        return inputs[0]

    def forward(self, ctx: Context, x: Array) -> Array:
        x = contiguous(ctx, x, "x")
        ctx.shape = x.shape
        y = ctx.scratch("y", (x.shape[0], *self.output_shape(x.shape[1:])))
        if self.interpolation == "nearest":
            ctx.op("cnn/upsample_nearest_forward")(x, pair(self.factor), y)
        else:
            ctx.op("cnn/upsample_bilinear_forward")(x, y)
        return y

    def backward(self, ctx: Context, dy: Array) -> Array:
        dx, gradient = ctx.scratch("dx", ctx.shape), contiguous(ctx, dy, "dy")
        if self.interpolation == "nearest":
            ctx.op("cnn/upsample_nearest_backward")(gradient, pair(self.factor), dx)
        else:
            ctx.op("cnn/upsample_bilinear_backward")(gradient, dx)
        return dx
