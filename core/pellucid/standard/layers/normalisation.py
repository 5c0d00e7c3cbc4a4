"""BatchNorm and LayerNorm: mean 0 and variance 1 for every feature over the batch, or for every row over its features;
then a learned scale and shift."""

from __future__ import annotations

from abc import ABC
from typing import ClassVar

from pellucid.basics.arrays import Array, Shape
from pellucid.basics.checks import check_float
from pellucid.basics.component import Equation, Example
from pellucid.basics.errors import DataError
from pellucid.interfaces.context import Context
from pellucid.interfaces.layer import Layer
from pellucid.interfaces.parameters import Param, State
from pellucid.standard.initializers.fixed import Ones
from pellucid.standard.rows import as_rows, features

_SCALED = (
    Equation("xhat", r"\hat x = (x - \mu) / \sqrt{\sigma^2 + \varepsilon}", "(x - mu) / np.sqrt(var + eps)"),
    Equation("y", r"y = \gamma \odot \hat x + \beta", "gamma * xhat + beta"),
    Equation("dgamma", r"d\gamma = \sum_n dy_n \odot \hat x_n", "(dy * xhat).reshape(-1, x.shape[-1]).sum(0)"),
    Equation("dbeta", r"d\beta = \sum_n dy_n", "dy.reshape(-1, x.shape[-1]).sum(0)"),
)


class _Normalised(Layer, ABC):
    """What both have: a scale γ and a shift β for each feature, and a y of the shape of x."""

    symbols: ClassVar = {"gamma": "gamma", "beta": "beta"}
    capturable = True
    gamma: Param
    beta: Param

    def build(self, input_shape: Shape) -> None:
        n = features(self, input_shape)
        self.gamma = self.param("gamma", (n,), init=Ones())
        self.beta = self.param("beta", (n,))

    def output_shape(self, input_shape: Shape) -> Shape:
        features(self, input_shape)
        return input_shape

    def _wanted(self, ctx: Context) -> tuple[Array | None, Array | None, Array | None]:
        """Where dγ, dβ and dx (rows, F) go; None where they are not wanted."""
        dgamma = self.gamma.grad if self.gamma.trainable else None
        dbeta = self.beta.grad if self.beta.trainable else None
        dx = ctx.scratch("dx", ctx.x.shape) if ctx.needs_dx[0] else None
        return dgamma, dbeta, dx


class BatchNorm(_Normalised):
    """``y = γ ⊙ (x − μ)/√(σ² + ε) + β`` with the mean μ and biased variance σ² of each feature (Ioffe & Szegedy, 2015).

    In training μ and σ² are those of the batch, and the running ones follow, once the step has been accepted:
    ``running ← momentum·running + (1 − momentum)·batch``. In evaluation the running ones are used. The last batch of an
    epoch counts by its rows (``Context.update``), and does not count where it is a single row, which has no variance.

    Args:
        momentum: the part of the running statistics that is kept at each full batch, in [0, 1).
        eps: ε, keeps the root away from zero; at least 1e-37, which float32 holds.

    Shapes: x (N, …, F) -> y of the same shape; statistics over all axes but the last; γ, β, μ, σ² (F,).

    Raises:
        DataError: in training, where full batches are single rows: y would be β, whatever x is.
    """

    equations = (
        Equation("mu", r"\mu = \tfrac{1}{N} \sum_n x_n", "x.mean(tuple(range(x.ndim - 1)))"),
        Equation("var", r"\sigma^2 = \tfrac{1}{N} \sum_n (x_n - \mu)^2", "x.var(tuple(range(x.ndim - 1)))"),
        *_SCALED,
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
            "running_mean", r"\mu_r \leftarrow m \mu_r + (1 - m) \mu", "momentum * running_mean + (1 - momentum) * mu"
        ),
        Equation(
            "running_var",
            r"\sigma_r^2 \leftarrow m \sigma_r^2 + (1 - m) \sigma^2",
            "momentum * running_var + (1 - momentum) * var",
        ),
    )
    symbols: ClassVar = {name: name for name in ("gamma", "beta", "running_mean", "running_var")}
    examples = (Example({}), Example({"momentum": 0.5, "eps": 1e-3}, ((3, 4),)))
    running_mean: State
    running_var: State

    def __init__(self, momentum: float = 0.9, eps: float = 1e-5) -> None:
        check_float(self, "momentum", momentum, "[0, 1)")
        check_float(self, "eps", eps, "[1e-37, inf)")
        self.momentum = momentum
        self.eps = eps

    def build(self, input_shape: Shape) -> None:
        super().build(input_shape)
        n = features(self, input_shape)
        self.running_mean = self.state("running_mean", (n,), fill=0.0)
        self.running_var = self.state("running_var", (n,), fill=1.0)

    def forward(self, ctx: Context, x: Array) -> Array:
        y = ctx.scratch("y", x.shape)
        ctx.x, rows_of_y = as_rows(ctx, x, "x"), y.reshape(-1, x.shape[-1])  # (rows, F)
        gamma, beta = self.gamma.data, self.beta.data
        if ctx.training:
            ctx.mu, ctx.var = ctx.scratch("mean", gamma.shape), ctx.scratch("var", gamma.shape)
            ctx.ops.batch_norm_forward(ctx.x, gamma, beta, self.eps, ctx.mu, ctx.var, rows_of_y)
            if len(ctx.x) > 1:
                ctx.update(self.running_mean, ctx.mu, 1 - self.momentum)
                ctx.update(self.running_var, ctx.var, 1 - self.momentum)
            elif len(ctx.x) == 1 and ctx.batch_share == 1:  # one row that is left over is not learned from, but passes
                raise DataError(
                    f"BatchNorm{f' at {ctx.path!r}' if ctx.path else ''} cannot be trained on batches of one row: a "
                    f"single row has no variance. Received: x of shape {x.shape}. Take a larger batch_size, or "
                    "layer_norm (of images: group_norm), which normalises each sample by itself."
                )
        else:
            ctx.mu, ctx.var = self.running_mean.data, self.running_var.data
            ctx.ops.batch_norm_inference(ctx.x, gamma, beta, ctx.mu, ctx.var, self.eps, rows_of_y)
        return y

    def backward(self, ctx: Context, dy: Array) -> Array | None:
        dgamma, dbeta, dx = self._wanted(ctx)
        backward = ctx.ops.batch_norm_backward if ctx.training else ctx.ops.batch_norm_inference_backward
        rows_of_dy = as_rows(ctx, dy, "dy")
        backward(rows_of_dy, ctx.x, self.gamma.data, ctx.mu, ctx.var, self.eps, dgamma, dbeta, dx)
        return None if dx is None else dx.reshape(dy.shape)


class LayerNorm(_Normalised):
    """``y = γ ⊙ (x − μ)/√(σ² + ε) + β`` with the mean μ and biased variance σ² of each row (Ba, Kiros & Hinton, 2016).

    The rows do not see each other, so training and evaluation are the same.

    Args:
        eps: ε, keeps the root away from zero; at least 1e-37, which float32 holds.

    Shapes: x (N, …, F) -> y of the same shape; γ, β (F,).
    """

    equations = (
        Equation("mu", r"\mu_n = \tfrac{1}{F} \sum_f x_{nf}", "x.mean(-1, keepdims=True)"),
        Equation("var", r"\sigma_n^2 = \tfrac{1}{F} \sum_f (x_{nf} - \mu_n)^2", "x.var(-1, keepdims=True)"),
        *_SCALED,
        Equation("inv_std", r"1 / \sqrt{\sigma_n^2 + \varepsilon}", "1 / np.sqrt(var + eps)"),
        Equation("g", r"g = dy \odot \gamma", "dy * gamma"),
        Equation(
            "dx",
            r"dx_n = \frac{1}{\sqrt{\sigma_n^2 + \varepsilon}} \left(g_n - \tfrac{1}{F} \sum_f g_{nf}"
            r" - \hat x_n \tfrac{1}{F} \sum_f g_{nf} \hat x_{nf}\right)",
            "(g - g.mean(-1, keepdims=True) - xhat * (g * xhat).mean(-1, keepdims=True)) * inv_std",
        ),
    )
    examples = (Example({}), Example({"eps": 1e-3}, ((3, 4),)))

    def __init__(self, eps: float = 1e-5) -> None:
        check_float(self, "eps", eps, "[1e-37, inf)")
        self.eps = eps

    def forward(self, ctx: Context, x: Array) -> Array:
        y = ctx.scratch("y", x.shape)
        ctx.x = as_rows(ctx, x, "x")  # (rows, F)
        ctx.mu, ctx.inv_std = ctx.scratch("mean", ctx.x.shape[:1]), ctx.scratch("inv_std", ctx.x.shape[:1])
        ctx.ops.layer_norm_forward(
            ctx.x, self.gamma.data, self.beta.data, self.eps, ctx.mu, ctx.inv_std, y.reshape(ctx.x.shape)
        )
        return y

    def backward(self, ctx: Context, dy: Array) -> Array | None:
        dgamma, dbeta, dx = self._wanted(ctx)
        rows_of_dy = as_rows(ctx, dy, "dy")
        ctx.ops.layer_norm_backward(rows_of_dy, ctx.x, self.gamma.data, ctx.mu, ctx.inv_std, dgamma, dbeta, dx)
        return None if dx is None else dx.reshape(dy.shape)
