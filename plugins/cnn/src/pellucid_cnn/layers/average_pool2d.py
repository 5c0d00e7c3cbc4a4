"""AveragePool2D: of each window the mean; a smaller image of the same scene."""

from __future__ import annotations

from pellucid import Array, Context, Equation, contiguous

from pellucid_cnn.layers.pool import PIXELS, STRIDE, Pool
from pellucid_cnn.layers.window import window_equations


class AveragePool2D(Pool):
    """``y[a, b, c] = mean_ij x[a·s + i − p, b·s + j − p, c]`` over the cells in the image: padding is not counted
    (LeCun et al., Gradient-based learning applied to document recognition, 1998).

    Args:
        size: height and width of the window: a number, or two.
        stride: pixels from one window to the next; None is ``size``: the windows touch.
        padding: ``"valid"``, ``"same"`` (⌈H/stride⌉ windows), or numbers of rows and columns around the image, less
            than the window's.

    Shapes: x (N, H, W, C) -> y (N, OH, OW, C). Without padding OH = ⌊(H − size)/stride⌋ + 1: rows that do not fill a
        window are left out; ``"same"`` keeps them.

    Raises:
        ShapeError: the samples are no images, or the window is larger than the padded image.
    """

    equations = (
        *window_equations("np.broadcast_to(size, 2)", STRIDE, dilation="1"),
        Equation("M", r"M_{abhw} = [(h, w) \text{ lies in the window at } (a, b)]", PIXELS),
        Equation("m", r"m_{ab} = \textstyle\sum_{hw} M_{abhw}", "M.sum((2, 3))[..., None]"),
        Equation(
            "y",
            r"y_{nabc} = \tfrac{1}{m_{ab}} \textstyle\sum_{hw} M_{abhw}\, x_{nhwc}",
            "np.einsum('abhw,nhwc->nabc', M, x) / m",
        ),
        Equation(
            "dx",
            r"dx_{nhwc} = \textstyle\sum_{ab} M_{abhw}\, dy_{nabc} / m_{ab}",
            "np.einsum('abhw,nabc->nhwc', M, dy / m)",
        ),
    )

    def forward(self, ctx: Context, x: Array) -> Array:
        x = contiguous(ctx, x, "x")
        ctx.shape, ctx.geometry = x.shape, self.geometry(*x.shape[1:3])
        y = ctx.scratch("y", (x.shape[0], *self.output_shape(x.shape[1:])))
        ctx.op("cnn/average_pool2d_forward")(x, self.window, ctx.geometry, y)
        return y

    def backward(self, ctx: Context, dy: Array) -> Array:
        dx = ctx.scratch("dx", ctx.shape)
        ctx.op("cnn/average_pool2d_backward")(contiguous(ctx, dy, "dy"), self.window, ctx.geometry, dx)
        return dx
