"""Eight activations, each a function of one number, and what they share; and softmax, a function of a row."""

from __future__ import annotations

from abc import ABC
from math import inf
from typing import ClassVar

from pellucid.basics.arrays import UNBOUNDED, Array, Interval, Shape
from pellucid.basics.checks import check_float
from pellucid.basics.component import Equation, Example
from pellucid.interfaces.context import Context
from pellucid.interfaces.layer import Layer
from pellucid.standard.ops.activations import DEFAULT_ALPHA, NEEDS_INPUT
from pellucid.standard.rows import as_rows, features

_INTERVALS: dict[str, Interval] = {
    "relu": (0.0, inf), "sigmoid": (0.0, 1.0), "tanh": (-1.0, 1.0), "softplus": (0.0, inf),
    "silu": (-0.2785, inf), "gelu": (-0.17, inf),
}  # fmt: skip


def interval_of(activation: str | None, alpha: float | None = None) -> Interval:
    """The values that an activation, by its name, gives for any input; None is the identity."""
    alpha = DEFAULT_ALPHA.get(activation or "", 0.0) if alpha is None else alpha
    if activation == "elu":
        return -alpha, inf
    if activation == "leaky_relu":
        return (-inf if alpha else 0.0), inf
    return _INTERVALS.get(activation or "", UNBOUNDED)


class Elementwise(Layer, ABC):
    """``y = f(x)``, ``dx = dy ⊙ f′(x)``. Shapes: any; y has the shape of x.

    A subclass names its op, one of ``pellucid.standard.ops.activations.ACTIVATIONS``.
    """

    examples = (Example(), Example({}, ((3, 4),)))
    capturable = True
    op: ClassVar[str]
    alpha: float | None = None
    """The activation's α, if it has one."""

    def output_shape(self, input_shape: Shape) -> Shape:
        return input_shape

    def output_interval(self, *inputs: Interval) -> Interval:
        return interval_of(self.op, self.alpha)

    def forward(self, ctx: Context, x: Array) -> Array:
        ctx.x = x if self.op in NEEDS_INPUT else None
        ctx.y = ctx.scratch("y", x.shape)
        ctx.ops.activation_forward(self.op, x, ctx.y, self.alpha)
        return ctx.y

    def backward(self, ctx: Context, dy: Array) -> Array:
        dx = ctx.scratch("dx", ctx.y.shape)
        ctx.ops.activation_backward(self.op, dy, ctx.x, ctx.y, dx, self.alpha)
        return dx


class ReLU(Elementwise):
    """``y = max(0, x)``, with the derivative 0 at x = 0 (Glorot, Bordes & Bengio, 2011).

    Shapes: any; y has the shape of x.
    """

    op = "relu"
    equations = (
        Equation("y", r"y = \max(0, x)", "np.maximum(x, 0)"),
        Equation("dx", r"dx = dy \odot [x > 0]", "dy * (x > 0)"),
    )


class LeakyReLU(Elementwise):
    """``y = x`` where x > 0, else ``y = αx`` (Maas, Hannun & Ng, 2013); the derivative at 0 is α.

    Args:
        alpha: the slope α on the left, at least 0.

    Shapes: any; y has the shape of x.
    """

    op = "leaky_relu"
    equations = (
        Equation("y", r"y = x \text{ if } x > 0 \text{ else } \alpha x", "np.where(x > 0, x, alpha * x)"),
        Equation("dx", r"dx = dy \odot (1 \text{ if } x > 0 \text{ else } \alpha)", "dy * np.where(x > 0, 1, alpha)"),
    )
    examples = (Example(), Example({"alpha": 0.3}, ((3, 4),)))

    def __init__(self, alpha: float = 0.01) -> None:
        check_float(self, "alpha", alpha, "[0, inf)")
        self.alpha = alpha


class ELU(Elementwise):
    """``y = x`` where x > 0, else ``y = α(eˣ − 1)`` (Clevert, Unterthiner & Hochreiter, 2016).

    Args:
        alpha: the limit −α on the left, at least 0; with α = 1 the derivative is continuous.

    Shapes: any; y has the shape of x.
    """

    op = "elu"
    equations = (
        Equation(
            "y",
            r"y = x \text{ if } x > 0 \text{ else } \alpha (e^x - 1)",
            "np.where(x > 0, x, alpha * np.expm1(np.minimum(x, 0)))",
        ),
        Equation(
            "dx",
            r"dx = dy \odot (1 \text{ if } x > 0 \text{ else } \alpha e^x)",
            "dy * np.where(x > 0, 1, alpha * np.exp(np.minimum(x, 0)))",
        ),
    )
    examples = (Example(), Example({"alpha": 0.3}, ((3, 4),)))

    def __init__(self, alpha: float = 1.0) -> None:
        check_float(self, "alpha", alpha, "[0, inf)")
        self.alpha = alpha


class Sigmoid(Elementwise):
    """``y = σ(x) = 1/(1 + e⁻ˣ)``, computed without overflow. Binary cross-entropy takes logits: before it leave the
    sigmoid out, a Trainer refuses it.

    Shapes: any; y has the shape of x.
    """

    op = "sigmoid"
    equations = (
        Equation("y", r"y = \frac{1}{1 + e^{-x}}", "1 / (1 + np.exp(-x))"),
        Equation("dx", r"dx = dy \odot y \odot (1 - y)", "dy * y * (1 - y)"),
    )


class Tanh(Elementwise):
    """``y = tanh x``.

    Shapes: any; y has the shape of x.
    """

    op = "tanh"
    equations = (
        Equation("y", r"y = \tanh x", "np.tanh(x)"),
        Equation("dx", r"dx = dy \odot (1 - y^2)", "dy * (1 - y**2)"),
    )


class Softplus(Elementwise):
    """``y = log(1 + eˣ)``, computed without overflow; its derivative is the sigmoid (Dugas et al., 2001).

    Shapes: any; y has the shape of x.
    """

    op = "softplus"
    equations = (
        Equation("y", r"y = \log(1 + e^x)", "np.logaddexp(0, x)"),
        Equation("dx", r"dx = dy \odot \sigma(x)", "dy / (1 + np.exp(-x))"),
    )


class SiLU(Elementwise):
    """``y = x σ(x)``, also called swish (Elfwing, Uchibe & Doya, 2018).

    Shapes: any; y has the shape of x.
    """

    op = "silu"
    equations = (
        Equation("s", r"s = \sigma(x)", "1 / (1 + np.exp(-x))"),
        Equation("y", r"y = x \odot s", "x * s"),
        Equation("dx", r"dx = dy \odot s \odot (1 + x \odot (1 - s))", "dy * s * (1 + x * (1 - s))"),
    )


class GELU(Elementwise):
    """``y = x Φ(x)`` with the exact normal distribution function Φ, not an approximation (Hendrycks & Gimpel, 2016).

    Shapes: any; y has the shape of x.
    """

    op = "gelu"
    equations = (
        Equation(
            "Phi",
            r"\Phi = \tfrac12 \left(1 + \operatorname{erf}(x / \sqrt 2)\right)",
            "0.5 * (1 + erf(x / np.sqrt(2)))",
        ),
        Equation("y", r"y = x \odot \Phi", "x * Phi"),
        Equation(
            "dx",
            r"dx = dy \odot \left(\Phi + x \odot \tfrac{1}{\sqrt{2 \pi}} e^{-x^2 / 2}\right)",
            "dy * (Phi + x * np.exp(-(x**2) / 2) / np.sqrt(2 * np.pi))",
        ),
    )


class Softmax(Layer):
    """``y_k = e^{x_k} / Σ_j e^{x_j}`` over the last axis, shifted by its maximum so that nothing overflows.

    Every output depends on every input of its row: the backward multiplies by the full Jacobian diag(y) − y yᵀ. Before
    cross-entropy leave it out: the loss ``softmax_cross_entropy`` takes logits, and a Trainer refuses it.

    Shapes: x (N, …, K) -> y of the same shape.
    """

    equations = (
        Equation("y", r"y_k = \frac{e^{x_k}}{\sum_j e^{x_j}}", "np.exp(x) / np.exp(x).sum(-1, keepdims=True)"),
        Equation(
            "dx", r"dx = y \odot \left(dy - \sum_j dy_j\, y_j\right)", "y * (dy - (dy * y).sum(-1, keepdims=True))"
        ),
    )
    examples = (Example(), Example({}, ((3, 4),)), Example({}, ((1,),)))
    capturable = True

    def output_shape(self, input_shape: Shape) -> Shape:
        features(self, input_shape)
        return input_shape

    def output_interval(self, *inputs: Interval) -> Interval:
        return 0.0, 1.0

    def forward(self, ctx: Context, x: Array) -> Array:
        y = ctx.scratch("y", x.shape)
        ctx.y = y.reshape(-1, x.shape[-1])  # (rows, K)
        ctx.ops.softmax_forward(as_rows(ctx, x, "x"), ctx.y)
        return y

    def backward(self, ctx: Context, dy: Array) -> Array:
        dx = ctx.scratch("dx", dy.shape)
        ctx.ops.softmax_backward(as_rows(ctx, dy, "dy"), ctx.y, dx.reshape(ctx.y.shape))
        return dx
