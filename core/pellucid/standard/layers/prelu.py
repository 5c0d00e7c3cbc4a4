"""PReLU: a rectifier whose slope on the left is learned."""

from __future__ import annotations

from typing import ClassVar

from pellucid.basics.arrays import Array, Shape
from pellucid.basics.checks import check_float
from pellucid.basics.component import Equation, Example
from pellucid.interfaces.context import Context
from pellucid.interfaces.layer import Layer
from pellucid.interfaces.parameters import Param
from pellucid.standard.arguments import check_bool
from pellucid.standard.initializers.fixed import Constant
from pellucid.standard.rows import features


class PReLU(Layer):
    """``y = x`` where x > 0, else ``y = α x`` with a learned α (He, Zhang, Ren & Sun, 2015).

    No weight decay reaches α: drawn to 0 it would be a relu. At x = 0 the derivative is α.

    Args:
        start: α at first.
        shared: one α for all; else one for each feature, the last axis (the channels of an image).

    Shapes: x (N, …, F) -> y of the same shape; α (F,), or (1,) if shared.
    """

    equations = (
        Equation("y", r"y = x \text{ if } x > 0 \text{ else } \alpha x", "np.where(x > 0, x, a * x)"),
        Equation("dx", r"dx = dy \odot (1 \text{ if } x > 0 \text{ else } \alpha)", "dy * np.where(x > 0, 1, a)"),
        Equation(
            "da", r"d\alpha = \sum_n dy_n \odot \min(x_n, 0)",
            "(dy * np.minimum(x, 0)).sum().reshape(1) if shared else "
            "(dy * np.minimum(x, 0)).reshape(-1, x.shape[-1]).sum(0)",
        ),
    )  # fmt: skip
    symbols: ClassVar = {"a": "alpha"}
    examples = (Example(), Example({"start": 0.1, "shared": True}, ((3, 4),)), Example({}, ((2, 3, 4),)))
    capturable = True  # where array code can be captured; elsewhere `spoil` says that it cannot
    alpha: Param

    def __init__(self, start: float = 0.25, *, shared: bool = False) -> None:
        check_float(self, "start", start, "(-inf, inf)")
        check_bool(self, "shared", shared)
        self.start = start
        self.shared = shared

    def build(self, input_shape: Shape) -> None:
        shape = (1,) if self.shared else (features(self, input_shape),)
        self.alpha = self.param("alpha", shape, init=Constant(self.start))

    def output_shape(self, input_shape: Shape) -> Shape:
        if not self.shared:
            features(self, input_shape)
        return input_shape

    def forward(self, ctx: Context, x: Array) -> Array:
        ctx.ops.spoil()
        ctx.x = x
        y = ctx.scratch("y", x.shape)
        y[...] = ctx.xp.where(x > 0, x, self.alpha.data * x)
        return y

    def backward(self, ctx: Context, dy: Array) -> Array | None:
        x = ctx.x
        if self.alpha.trainable:
            each = (dy * ctx.xp.minimum(x, 0)).reshape(-1, 1 if self.shared else x.shape[-1])
            self.alpha.grad += each.sum(axis=0, dtype="float64").astype(each.dtype)
        if not ctx.needs_dx[0]:
            return None
        dx = ctx.scratch("dx", x.shape)
        dx[...] = ctx.xp.where(x > 0, dy, self.alpha.data * dy)
        return dx
