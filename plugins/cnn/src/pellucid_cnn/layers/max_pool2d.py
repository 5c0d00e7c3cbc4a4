"""MaxPool2D: of each window the largest number, so that a feature counts wherever it lies in it."""

from __future__ import annotations

from pellucid import Array, Context, Equation, contiguous

from pellucid_cnn.layers.pool import PIXELS, STRIDE, Pool
from pellucid_cnn.layers.window import window_equations
from pellucid_cnn.ops.pooling import argmax_type

_WINDOWS = "np.where(M[None, ..., None] > 0, x[:, None, None], -np.inf)"


class MaxPool2D(Pool):
    """``y[a, b, c] = max_ij x[a·s + i − p, b·s + j − p, c]`` over the cells in the image (Zhou & Chellappa, 1988;
    Goodfellow, Bengio & Courville, Deep Learning, §9.3). The gradient goes to the largest cell, of equal ones to the
    first.

    Args:
        size: height and width of the window: a number, or two.
        stride: pixels from one window to the next; None is ``size``: the windows touch.
        padding: ``"valid"``, ``"same"`` (⌈H/stride⌉ windows), or numbers of rows and columns around the image, less
            than the window's. Padding is never the largest.

    Shapes: x (N, H, W, C) -> y (N, OH, OW, C). Without padding OH = ⌊(H − size)/stride⌋ + 1: rows that do not fill a
        window are left out; ``"same"`` keeps them.

    Raises:
        ShapeError: the samples are no images, or the window is larger than the padded image.
    """

    equations = (
        *window_equations("np.broadcast_to(size, 2)", STRIDE, dilation="1"),
        Equation("M", r"M_{abhw} = [(h, w) \text{ lies in the window at } (a, b)]", PIXELS),
        Equation("y", r"y_{nabc} = \max_{hw:\, M_{abhw} = 1} x_{nhwc}", f"{_WINDOWS}.max((3, 4))"),
        Equation(
            "k",
            r"k_{nabc} = \min \{hW + w :\; M_{abhw} = 1,\; x_{nhwc} = y_{nabc}\} \quad\text{of equal ones the first}",
            f"{_WINDOWS}.reshape(*y.shape[:3], -1, y.shape[3]).argmax(3)",
        ),
        Equation(
            "dx",
            r"dx_{nhwc} = \sum_{ab} [hW + w = k_{nabc}]\, dy_{nabc}",
            "np.einsum('nabpc,nabc->npc', np.arange(x[0, ..., 0].size)[:, None] == k[:, :, :, None], dy)"
            ".reshape(x.shape)",
        ),
    )

    def forward(self, ctx: Context, x: Array) -> Array:
        x = contiguous(ctx, x, "x")
        ctx.shape, ctx.geometry = x.shape, self.geometry(*x.shape[1:3])
        y = ctx.scratch("y", (x.shape[0], *self.output_shape(x.shape[1:])))
        ctx.argmax = ctx.scratch("argmax", y.shape, argmax_type(self.window))
        ctx.op("cnn/max_pool2d_forward")(x, self.window, ctx.geometry, y, ctx.argmax)
        return y

    def backward(self, ctx: Context, dy: Array) -> Array:
        dx = ctx.scratch("dx", ctx.shape)
        ctx.op("cnn/max_pool2d_backward")(contiguous(ctx, dy, "dy"), ctx.argmax, self.window, ctx.geometry, dx)
        return dx
