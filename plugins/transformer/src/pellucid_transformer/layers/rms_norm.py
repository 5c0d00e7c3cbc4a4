"""RMSNorm: each position has the root mean square 1; no mean is taken away, and nothing is added."""

from __future__ import annotations

from typing import ClassVar

from pellucid import Array, Context, Equation, Example, Layer, Ones, Param, Shape, as_rows, check_float, features


class RMSNorm(Layer):
    """``y = g ⊙ x/√(mean(x²) + ε)``, the mean over the features of each row (Zhang & Sennrich, 2019).

    Args:
        eps: ε, keeps the root away from zero; at least 1e-37, which float32 holds.

    Shapes: x (N, …, F) -> y of the same shape; g (F,).
    """

    equations = (
        Equation("r", r"r_n = 1/\sqrt{\tfrac1F \sum_f x_{nf}^2 + \varepsilon}",
                 "1 / np.sqrt((x**2).mean(-1, keepdims=True) + eps)"),
        Equation("xhat", r"\hat x_n = r_n x_n", "r * x"),
        Equation("y", r"y = g \odot \hat x", "g * xhat"),
        Equation("dg", r"dg = \sum_n dy_n \odot \hat x_n", "(dy * xhat).reshape(-1, x.shape[-1]).sum(0)"),
        Equation("u", r"u = dy \odot g", "dy * g"),
        Equation("dx", r"dx_n = r_n \left(u_n - \hat x_n \tfrac1F \sum_f u_{nf} \hat x_{nf}\right)",
                 "r * (u - xhat * (u * xhat).mean(-1, keepdims=True))"),
    )  # fmt: skip
    symbols: ClassVar = {"g": "gain"}
    examples = (Example({}), Example({"eps": 1e-3}, ((3, 4),)))
    capturable = True
    each_position = True
    gain: Param

    def __init__(self, eps: float = 1e-5) -> None:
        check_float(self, "eps", eps, "[1e-37, inf)")
        self.eps = eps

    def build(self, input_shape: Shape) -> None:
        self.gain = self.param("gain", (features(self, input_shape),), init=Ones())

    def output_shape(self, input_shape: Shape) -> Shape:
        features(self, input_shape)
        return input_shape

    def forward(self, ctx: Context, x: Array) -> Array:
        y = ctx.scratch("y", x.shape)
        ctx.x = as_rows(ctx, x, "x")  # (rows, F)
        ctx.inverse = ctx.scratch("inverse", ctx.x.shape[:1])
        ctx.op("transformer/rms_norm_forward")(ctx.x, self.gain.data, self.eps, ctx.inverse, y.reshape(ctx.x.shape))
        return y

    def backward(self, ctx: Context, dy: Array) -> Array | None:
        dgain = self.gain.grad if self.gain.trainable else None
        dx = ctx.scratch("dx", ctx.x.shape) if ctx.needs_dx[0] else None
        rows = as_rows(ctx, dy, "dy")
        ctx.op("transformer/rms_norm_backward")(rows, ctx.x, self.gain.data, ctx.inverse, dgain, dx)
        return None if dx is None else dx.reshape(dy.shape)
