"""BatchNorm: give every feature mean 0 and variance 1 over the batch, then a learned scale and shift."""

from __future__ import annotations

from typing import ClassVar

from pellucid.basics.arrays import Array, Shape
from pellucid.basics.checks import check_float
from pellucid.basics.component import Equation, Example
from pellucid.interfaces.context import Context
from pellucid.interfaces.layer import Layer
from pellucid.interfaces.parameters import Param, State
from pellucid.standard.initializers import Ones
from pellucid.standard.layers.rows import as_rows, features


class BatchNorm(Layer):
    """``y = γ ⊙ (x − μ)/√(σ² + ε) + β`` with the mean μ and biased variance σ² of each feature (Ioffe & Szegedy, 2015).

    In training μ and σ² are those of the batch, and the running ones follow, once the step has been accepted:
    ``running ← momentum·running + (1 − momentum)·batch``. In evaluation the running ones are used.

    Args:
        momentum: the part of the running statistics that is kept at each step, in [0, 1).
        eps: ε, keeps the root away from zero.

    Shapes: x (N, …, F) -> y of the same shape; statistics over all axes but the last; γ, β, μ, σ² (F,).
    """

    equations = (
        Equation("mu", r"\mu = \tfrac{1}{N} \sum_n x_n", "x.mean(tuple(range(x.ndim - 1)))"),
        Equation("var", r"\sigma^2 = \tfrac{1}{N} \sum_n (x_n - \mu)^2", "x.var(tuple(range(x.ndim - 1)))"),
        Equation("xhat", r"\hat x = (x - \mu) / \sqrt{\sigma^2 + \varepsilon}", "(x - mu) / np.sqrt(var + eps)"),
        Equation("y", r"y = \gamma \odot \hat x + \beta", "gamma * xhat + beta"),
        Equation("dgamma", r"d\gamma = \sum_n dy_n \odot \hat x_n", "(dy * xhat).reshape(-1, x.shape[-1]).sum(0)"),
        Equation("dbeta", r"d\beta = \sum_n dy_n", "dy.reshape(-1, x.shape[-1]).sum(0)"),
        Equation(
            "dx",
            r"dx = \frac{\gamma}{\sqrt{\sigma^2 + \varepsilon}} \odot"
            r" \left(dy - \tfrac{1}{N} d\beta - \tfrac{1}{N} \hat x \odot d\gamma\right)",
            "gamma / np.sqrt(var + eps) * (dy - (dbeta + xhat * dgamma) * x.shape[-1] / x.size)",
        ),
        Equation(
            "y_evaluation",
            r"y = \gamma \odot \frac{x - \mu_r}{\sqrt{\sigma_r^2 + \varepsilon}} + \beta"
            r" \quad\text{in evaluation}",
            "gamma * (x - running_mean) / np.sqrt(running_var + eps) + beta",
        ),
        Equation(
            "running_mean",
            r"\mu_r \leftarrow m \mu_r + (1 - m) \mu",
            "momentum * running_mean + (1 - momentum) * mu",
        ),
        Equation(
            "running_var",
            r"\sigma_r^2 \leftarrow m \sigma_r^2 + (1 - m) \sigma^2",
            "momentum * running_var + (1 - momentum) * var",
        ),
    )
    symbols: ClassVar = {name: name for name in ("gamma", "beta", "running_mean", "running_var")}
    examples = (Example({}), Example({"momentum": 0.5, "eps": 1e-3}, ((3, 4),)))
    capturable = True
    gamma: Param
    beta: Param
    running_mean: State
    running_var: State

    def __init__(self, momentum: float = 0.9, eps: float = 1e-5) -> None:
        check_float(self, "momentum", momentum, "[0, 1)")
        check_float(self, "eps", eps, "(0, inf)")
        self.momentum = momentum
        self.eps = eps

    def build(self, input_shape: Shape) -> None:
        n = features(self, input_shape)
        self.gamma = self.param("gamma", (n,), init=Ones())
        self.beta = self.param("beta", (n,))
        self.running_mean = self.state("running_mean", (n,), fill=0.0)
        self.running_var = self.state("running_var", (n,), fill=1.0)

    def output_shape(self, input_shape: Shape) -> Shape:
        features(self, input_shape)
        return input_shape

    def forward(self, ctx: Context, x: Array) -> Array:
        y = ctx.scratch("y", x.shape)
        ctx.x, rows_of_y = as_rows(ctx, x, "x"), y.reshape(-1, x.shape[-1])  # (rows, F)
        gamma, beta = self.gamma.data, self.beta.data
        if ctx.training:
            ctx.mean, ctx.var = ctx.scratch("mean", gamma.shape), ctx.scratch("var", gamma.shape)
            ctx.ops.batch_norm_forward(ctx.x, gamma, beta, self.eps, ctx.mean, ctx.var, rows_of_y)
            if len(ctx.x):  # an empty batch has no statistics to learn from
                ctx.update(self.running_mean, ctx.mean, 1 - self.momentum)
                ctx.update(self.running_var, ctx.var, 1 - self.momentum)
        else:
            ctx.mean, ctx.var = self.running_mean.data, self.running_var.data
            ctx.ops.batch_norm_inference(ctx.x, gamma, beta, ctx.mean, ctx.var, self.eps, rows_of_y)
        return y

    def backward(self, ctx: Context, dy: Array) -> Array | None:
        dgamma = self.gamma.grad if self.gamma.trainable else None
        dbeta = self.beta.grad if self.beta.trainable else None
        dx = ctx.scratch("dx", ctx.x.shape) if ctx.needs_dx[0] else None
        backward = ctx.ops.batch_norm_backward if ctx.training else ctx.ops.batch_norm_inference_backward
        rows_of_dy = as_rows(ctx, dy, "dy")
        backward(rows_of_dy, ctx.x, self.gamma.data, ctx.mean, ctx.var, self.eps, dgamma, dbeta, dx)
        return None if dx is None else dx.reshape(dy.shape)
