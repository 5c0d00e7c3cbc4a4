"""LayerNorm: give every row mean 0 and variance 1 over its features, then a learned scale and shift."""

from __future__ import annotations

from typing import ClassVar

from pellucid.basics.arrays import Array, Shape
from pellucid.basics.checks import check_float
from pellucid.basics.component import Equation, Example
from pellucid.interfaces.context import Context
from pellucid.interfaces.layer import Layer
from pellucid.interfaces.parameters import Param
from pellucid.standard.initializers import Ones
from pellucid.standard.layers.rows import as_rows, features


class LayerNorm(Layer):
    """``y = γ ⊙ (x − μ)/√(σ² + ε) + β`` with the mean μ and biased variance σ² of each row (Ba, Kiros & Hinton, 2016).

    The rows do not see each other, so training and evaluation are the same.

    Args:
        eps: ε, keeps the root away from zero.

    Shapes: x (N, …, F) -> y of the same shape; γ, β (F,).
    """

    equations = (
        Equation("mu", r"\mu_n = \tfrac{1}{F} \sum_f x_{nf}", "x.mean(-1, keepdims=True)"),
        Equation("var", r"\sigma_n^2 = \tfrac{1}{F} \sum_f (x_{nf} - \mu_n)^2", "x.var(-1, keepdims=True)"),
        Equation("xhat", r"\hat x = (x - \mu) / \sqrt{\sigma^2 + \varepsilon}", "(x - mu) / np.sqrt(var + eps)"),
        Equation("y", r"y = \gamma \odot \hat x + \beta", "gamma * xhat + beta"),
        Equation("dgamma", r"d\gamma = \sum_n dy_n \odot \hat x_n", "(dy * xhat).reshape(-1, x.shape[-1]).sum(0)"),
        Equation("dbeta", r"d\beta = \sum_n dy_n", "dy.reshape(-1, x.shape[-1]).sum(0)"),
        Equation("g", r"g = dy \odot \gamma", "dy * gamma"),
        Equation(
            "dx",
            r"dx_n = \frac{1}{\sqrt{\sigma_n^2 + \varepsilon}} \left(g_n - \tfrac{1}{F} \sum_f g_{nf}"
            r" - \hat x_n \tfrac{1}{F} \sum_f g_{nf} \hat x_{nf}\right)",
            "(g - g.mean(-1, keepdims=True) - xhat * (g * xhat).mean(-1, keepdims=True)) / np.sqrt(var + eps)",
        ),
    )
    symbols: ClassVar = {"gamma": "gamma", "beta": "beta"}
    examples = (Example({}), Example({"eps": 1e-3}, ((3, 4),)))
    capturable = True
    gamma: Param
    beta: Param

    def __init__(self, eps: float = 1e-5) -> None:
        check_float(self, "eps", eps, "(0, inf)")
        self.eps = eps

    def build(self, input_shape: Shape) -> None:
        n = features(self, input_shape)
        self.gamma = self.param("gamma", (n,), init=Ones())
        self.beta = self.param("beta", (n,))

    def output_shape(self, input_shape: Shape) -> Shape:
        features(self, input_shape)
        return input_shape

    def forward(self, ctx: Context, x: Array) -> Array:
        y = ctx.scratch("y", x.shape)
        ctx.x = as_rows(ctx, x, "x")  # (rows, F)
        ctx.mean, ctx.inv_std = ctx.scratch("mean", ctx.x.shape[:1]), ctx.scratch("inv_std", ctx.x.shape[:1])
        ctx.ops.layer_norm_forward(
            ctx.x, self.gamma.data, self.beta.data, self.eps, ctx.mean, ctx.inv_std, y.reshape(ctx.x.shape)
        )
        return y

    def backward(self, ctx: Context, dy: Array) -> Array | None:
        dgamma = self.gamma.grad if self.gamma.trainable else None
        dbeta = self.beta.grad if self.beta.trainable else None
        dx = ctx.scratch("dx", ctx.x.shape) if ctx.needs_dx[0] else None
        rows_of_dy = as_rows(ctx, dy, "dy")
        ctx.ops.layer_norm_backward(rows_of_dy, ctx.x, self.gamma.data, ctx.mean, ctx.inv_std, dgamma, dbeta, dx)
        return None if dx is None else dx.reshape(dy.shape)
