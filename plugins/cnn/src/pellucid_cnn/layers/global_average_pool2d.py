"""GlobalAveragePool2D: the mean of each channel over the whole image, which ends a network of convolutions."""

from __future__ import annotations

from pellucid import Array, Context, Equation, Example, Interval, Layer, Shape, contiguous

from pellucid_cnn.geometry import Geometry, check_images


class GlobalAveragePool2D(Layer):
    """``y[n, c] = mean_hw x[n, h, w, c]``; ``dx = dy/(H·W)`` (Lin, Chen & Yan, Network in Network, 2014).

    The images may be of any size, so a network that ends this way is not tied to one.

    Shapes: x (N, H, W, C) -> y (N, C).
    """

    equations = (
        Equation("y", r"y_{nc} = \tfrac{1}{HW} \textstyle\sum_{hw} x_{nhwc}", "x.mean((1, 2))"),
        Equation(
            "dx", r"dx_{nhwc} = \tfrac{1}{HW}\, dy_{nc}", "dy[:, None, None] / x[0, :, :, 0].size * np.ones(x.shape)"
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
        y = ctx.scratch("y", (x.shape[0], 1, 1, x.shape[3]))
        ctx.op("cnn/average_pool2d_forward")(x, x.shape[1:3], Geometry(), y)  # one window, the image
        return y.reshape(x.shape[0], x.shape[3])

    def backward(self, ctx: Context, dy: Array) -> Array:
        dx = ctx.scratch("dx", ctx.shape)
        n, height, width, channels = ctx.shape
        dy_windows = contiguous(ctx, dy, "dy").reshape(n, 1, 1, channels)
        ctx.op("cnn/average_pool2d_backward")(dy_windows, (height, width), Geometry(), dx)
        return dx
