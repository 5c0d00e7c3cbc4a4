"""GlobalMaxPool2D: the largest number of each channel in the whole image: is the feature there, anywhere?"""

from __future__ import annotations

from pellucid import Array, Context, Equation, Example, Interval, Layer, Shape, contiguous

from pellucid_cnn.geometry import Geometry, check_images
from pellucid_cnn.ops.pooling import argmax_type


class GlobalMaxPool2D(Layer):
    """``y[n, c] = max_hw x[n, h, w, c]``; the gradient goes to the largest pixel, of equal ones to the first (Oquab et
    al., Is object localization for free?, 2015).

    Images of more than 255 pixels are pooled by array code, and training steps that contain it are not recorded.

    Shapes: x (N, H, W, C) -> y (N, C), images of any size.
    """

    equations = (
        Equation("y", r"y_{nc} = \max_{hw} x_{nhwc}", "x.max((1, 2))"),
        Equation(
            "k",
            r"k_{nc} = \min \{hW + w :\; x_{nhwc} = y_{nc}\} \quad\text{of equal ones the first}",
            "x.reshape(len(x), -1, y.shape[1]).argmax(1)",
        ),
        Equation(
            "dx",
            r"dx_{nhwc} = [hW + w = k_{nc}]\, dy_{nc}",
            "((np.arange(x[0, ..., 0].size)[:, None] == k[:, None]) * dy[:, None]).reshape(x.shape)",
        ),
    )
    examples = (Example({}, ((3, 2, 4),)), Example({}, ((None, None, 2),)))
    capturable = True

    def output_shape(self, input_shape: Shape) -> Shape:
        return (check_images(self, input_shape),)

    def output_interval(self, *inputs: Interval) -> Interval:
        return inputs[0]

    def forward(self, ctx: Context, x: Array) -> Array:
        x = contiguous(ctx, x, "x")
        ctx.shape = x.shape
        n, height, width, channels = x.shape
        y = ctx.scratch("y", (n, 1, 1, channels))
        ctx.argmax = ctx.scratch("argmax", y.shape, argmax_type((height, width)))
        ctx.op("cnn/max_pool2d_forward")(x, (height, width), Geometry(), y, ctx.argmax)  # one window, the image
        return y.reshape(n, channels)

    def backward(self, ctx: Context, dy: Array) -> Array:
        dx = ctx.scratch("dx", ctx.shape)
        dy_windows = contiguous(ctx, dy, "dy").reshape(ctx.argmax.shape)
        ctx.op("cnn/max_pool2d_backward")(dy_windows, ctx.argmax, ctx.shape[1:3], Geometry(), dx)
        return dx
