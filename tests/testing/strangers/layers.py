"""Layers as strangers write them: NumPy, a few lines each, right."""

from __future__ import annotations

from typing import Any

import numpy as np
from pellucid import Composite, Equation, Example, Layer, ShapeError, check_float, check_int

PLAIN = (Example(), Example({}, ((2, 3),)))


def features(layer: Any, shape: Any) -> int:
    """The length of the last axis."""
    if not shape or shape[-1] is None:
        raise ShapeError(f"{type(layer).__name__} takes features on the last axis. Received: {shape}, 0 features.")
    return shape[-1]


def vector(layer: Any, shape: Any) -> int:
    """The length of a sample that is a vector."""
    if len(shape) != 1 or shape[0] is None:
        raise ShapeError(f"{type(layer).__name__} takes vectors (F,), 1 axis. Received: {shape}.")
    return shape[0]


def sequence(layer: Any, shape: Any) -> int:
    """The features of a sample that is a sequence."""
    if len(shape) != 2 or shape[1] is None:
        raise ShapeError(f"{type(layer).__name__} takes sequences (T, F), 2 axes. Received: {shape}.")
    return shape[1]


class Same(Layer):
    """Any shape in, the same out."""

    def output_shape(self, input_shape: Any) -> Any:
        return input_shape


class Sine(Same):
    """``y = sin(ω x)``."""

    equations = (
        Equation("y", r"y = \sin \omega x", "np.sin(omega * x)"),
        Equation("dx", r"dx = \omega \cos(\omega x)\, dy", "omega * np.cos(omega * x) * dy"),
    )
    examples = (Example({"omega": 3.0}), Example({}, ((2, 3),)))

    def __init__(self, omega: float = 1.0) -> None:
        check_float(self, "omega", omega, "(0, inf)")
        self.omega = omega

    def forward(self, ctx: Any, x: Any) -> Any:
        ctx.x = x
        return np.sin(self.omega * x)

    def backward(self, ctx: Any, dy: Any) -> Any:
        return self.omega * np.cos(self.omega * ctx.x) * dy


class Gain(Same):
    """``y = x ⊙ g``, a factor for each feature."""

    equations = (
        Equation("y", r"y = x \odot g", "x * g"),
        Equation("dx", r"dx = dy \odot g", "dy * g"),
        Equation("dg", r"dg = \sum_n dy_n \odot x_n", "(dy * x).reshape(-1, x.shape[-1]).sum(0)"),
    )
    symbols = {"g": "gain"}  # noqa: RUF012
    examples = PLAIN

    def build(self, input_shape: Any) -> None:
        self.gain = self.param("gain", (features(self, input_shape),), init="ones")

    def output_shape(self, input_shape: Any) -> Any:
        features(self, input_shape)
        return input_shape

    def forward(self, ctx: Any, x: Any) -> Any:
        ctx.x = x
        return x * self.gain.data

    def backward(self, ctx: Any, dy: Any) -> Any:
        self.gain.grad += (dy * ctx.x).reshape(-1, dy.shape[-1]).sum(axis=0, dtype="float64")
        return dy * self.gain.data


class Affine(Layer):
    """``y = x W + b`` of vectors."""

    equations = (
        Equation("y", "y = x W + b", "x @ W + b"),
        Equation("dx", r"dx = dy\, W^\top", "dy @ W.T"),
        Equation("dW", r"dW = x^\top dy", "x.T @ dy"),
        Equation("db", r"db = \sum_n dy_n", "dy.sum(0)"),
    )
    symbols = {"W": "weight", "b": "bias"}  # noqa: RUF012
    examples = (Example({"units": 3}), Example({"units": 1}, ((2,),)))

    def __init__(self, units: int) -> None:
        check_int(self, "units", units, "[1, inf)")
        self.units = units

    def build(self, input_shape: Any) -> None:
        self.weight = self.param("weight", (vector(self, input_shape), self.units))
        self.bias = self.param("bias", (self.units,), init="zeros")

    def output_shape(self, input_shape: Any) -> Any:
        vector(self, input_shape)
        return (self.units,)

    def forward(self, ctx: Any, x: Any) -> Any:
        ctx.x = x
        return x @ self.weight.data + self.bias.data

    def backward(self, ctx: Any, dy: Any) -> Any:
        self.weight.grad += ctx.x.T @ dy
        self.bias.grad += dy.sum(axis=0, dtype="float64")
        return dy @ self.weight.data.T


class Hills(Layer):
    """``y_k = exp(−‖x − c_k‖² / 2σ²)``."""

    equations = (
        Equation("d", r"d_{nk} = \lVert x_n - c_k \rVert^2", "((x[:, None] - C) ** 2).sum(axis=2)"),
        Equation("y", r"y = e^{-d / 2\sigma^2}", "np.exp(-d / (2 * width**2))"),
        Equation("g", r"g = -y \odot dy / \sigma^2", "-y * dy / width**2"),
        Equation("dx", r"dx_n = \sum_k g_{nk} (x_n - c_k)", "g.sum(axis=1)[:, None] * x - g @ C"),
        Equation("dC", r"dC_k = \sum_n g_{nk} (c_k - x_n)", "g.sum(axis=0)[:, None] * C - g.T @ x"),
    )
    symbols = {"C": "centers"}  # noqa: RUF012
    examples = (Example({"units": 3}), Example({"units": 4, "width": 0.5}, ((2,),)))

    def __init__(self, units: int, width: float = 1.0) -> None:
        check_int(self, "units", units, "[1, inf)")
        check_float(self, "width", width, "(0, inf)")
        self.units = units
        self.width = width

    def build(self, input_shape: Any) -> None:
        self.centers = self.param("centers", (self.units, vector(self, input_shape)), init="normal")

    def output_shape(self, input_shape: Any) -> Any:
        vector(self, input_shape)
        return (self.units,)

    def forward(self, ctx: Any, x: Any) -> Any:
        d = ((x[:, None] - self.centers.data) ** 2).sum(axis=2)
        ctx.x, ctx.y = x, np.exp(-d / (2 * self.width**2))
        return ctx.y

    def backward(self, ctx: Any, dy: Any) -> Any:
        x, C = ctx.x, self.centers.data
        g = -ctx.y * dy / self.width**2
        self.centers.grad += g.sum(axis=0, dtype="float64")[:, None] * C - g.T @ x
        return g.sum(axis=1)[:, None] * x - g @ C


class Clip(Same):
    """``y = max(−a, min(a, x))``: the gradient passes where x lies strictly between."""

    equations = (
        Equation("y", r"y = \max(-a, \min(a, x))", "np.clip(x, -limit, limit)"),
        Equation("dx", r"dx = [|x| < a]\, dy", "(np.abs(x) < limit) * dy"),
    )
    examples = (Example(), Example({"limit": 1.5}, ((2, 3),)), Example({"limit": 6.0}))

    def __init__(self, limit: float = 1.0) -> None:
        check_float(self, "limit", limit, "(0, inf)")
        self.limit = limit

    def output_interval(self, *inputs: Any) -> Any:
        return -self.limit, self.limit

    def forward(self, ctx: Any, x: Any) -> Any:
        ctx.inside = abs(x) < self.limit
        return np.clip(x, -self.limit, self.limit)

    def backward(self, ctx: Any, dy: Any) -> Any:
        return dy * ctx.inside


class Bounded(Same):
    """``y = x / √(1 + x²)``."""

    equations = (
        Equation("y", r"y = x / \sqrt{1 + x^2}", "x / np.sqrt(1 + x**2)"),
        Equation("dx", r"dx = dy (1 + x^2)^{-3/2}", "dy * (1 + x**2) ** -1.5"),
    )
    examples = PLAIN

    def output_interval(self, *inputs: Any) -> Any:
        return -1.0, 1.0

    def forward(self, ctx: Any, x: Any) -> Any:
        ctx.r = 1 / np.sqrt(1 + x * x)
        return x * ctx.r

    def backward(self, ctx: Any, dy: Any) -> Any:
        return dy * ctx.r**3


class UnitRows(Same):
    """``y = x / √(Σ x² + ε)`` over the last axis."""

    equations = (
        Equation(
            "r",
            r"r = (\textstyle\sum_k x_k^2 + \varepsilon)^{-1/2}",
            "1 / np.sqrt((x**2).sum(-1, keepdims=True) + eps)",
        ),
        Equation("y", r"y = r x", "r * x"),
        Equation("dx", r"dx = r (dy - y \textstyle\sum_k y_k dy_k)", "r * (dy - y * (y * dy).sum(-1, keepdims=True))"),
    )
    examples = (Example(), Example({"eps": 0.1}, ((2, 3),)))

    def __init__(self, eps: float = 1e-4) -> None:
        check_float(self, "eps", eps, "(0, inf)")
        self.eps = eps

    def output_shape(self, input_shape: Any) -> Any:
        features(self, input_shape)
        return input_shape

    def forward(self, ctx: Any, x: Any) -> Any:
        big = np.maximum(abs(x).max(axis=-1, keepdims=True), 1)  # squares of large numbers overflow
        ctx.r = 1 / (big * np.sqrt(((x / big) ** 2).sum(axis=-1, keepdims=True) + self.eps / big / big))
        ctx.y = x * ctx.r
        return ctx.y

    def backward(self, ctx: Any, dy: Any) -> Any:
        return ctx.r * (dy - ctx.y * (ctx.y * dy).sum(axis=-1, keepdims=True))


class RowNorm(Same):
    """``y = (x − mean x) / √(var x + ε)`` over the last axis."""

    equations = (
        Equation("r", r"r = 1 / \sqrt{\sigma^2 + \varepsilon}", "1 / np.sqrt(x.var(-1, keepdims=True) + eps)"),
        Equation("y", r"y = r (x - \mu)", "r * (x - x.mean(-1, keepdims=True))"),
        Equation("dx", r"dx = r (dy - \overline{dy} - y\, \overline{y\, dy})",
                 "r * (dy - dy.mean(-1, keepdims=True) - y * (y * dy).mean(-1, keepdims=True))"),
    )  # fmt: skip
    examples = (Example(), Example({"eps": 0.01}, ((2, 3),)))

    def __init__(self, eps: float = 1e-3) -> None:
        check_float(self, "eps", eps, "(0, inf)")
        self.eps = eps

    def output_shape(self, input_shape: Any) -> Any:
        features(self, input_shape)
        return input_shape

    def forward(self, ctx: Any, x: Any) -> Any:
        centred = x - x.mean(axis=-1, keepdims=True)
        ctx.r = 1 / np.sqrt((centred**2).mean(axis=-1, keepdims=True) + self.eps)
        ctx.y = centred * ctx.r
        return ctx.y

    def backward(self, ctx: Any, dy: Any) -> Any:
        mean = dy.mean(axis=-1, keepdims=True)
        return ctx.r * (dy - mean - ctx.y * (ctx.y * dy).mean(axis=-1, keepdims=True))


class Centred(Layer):
    """``y = x − m``: m is the mean of the batch in training, a running mean in evaluation."""

    equations = (
        Equation("m", r"m = \tfrac1N \textstyle\sum_n x_n", "x.mean(0)"),
        Equation("y", r"y = x - m", "x - m"),
        Equation("dx", r"dx = dy - \overline{dy}", "dy - dy.mean(0)"),
        Equation("y_evaluation", r"y = x - M", "x - M"),
        Equation("M", r"M \leftarrow \rho M + (1 - \rho) m", "momentum * M + (1 - momentum) * m"),
    )
    symbols = {"M": "running"}  # noqa: RUF012
    examples = (Example(), Example({"momentum": 0.5}, ((3,),)))

    def __init__(self, momentum: float = 0.9) -> None:
        check_float(self, "momentum", momentum, "[0, 1)")
        self.momentum = momentum

    def build(self, input_shape: Any) -> None:
        self.running = self.state("running", (vector(self, input_shape),))

    def output_shape(self, input_shape: Any) -> Any:
        vector(self, input_shape)
        return input_shape

    def forward(self, ctx: Any, x: Any) -> Any:
        if not ctx.training:
            return x - self.running.data
        mean = x.sum(axis=0) / max(len(x), 1)
        if len(x):
            ctx.update(self.running, mean, 1 - self.momentum)
        return x - mean

    def backward(self, ctx: Any, dy: Any) -> Any:
        if not ctx.training:
            return dy
        return dy - dy.sum(axis=0) / max(len(dy), 1)


class Jitter(Same):
    """``y = x (1 + s n)`` with normal n in training."""

    equations = (
        Equation("f", r"f = 1 + s n, \quad n \sim \mathcal{N}(0, 1)", "1 + spread * normal"),
        Equation("y", r"y = x f", "x * f"),
        Equation("dx", r"dx = dy f", "dy * f"),
        Equation("y_evaluation", "y = x", "x"),
    )
    examples = (Example({"spread": 0.3}), Example({"spread": 1.0}, ((2, 3),)))

    def __init__(self, spread: float = 0.1) -> None:
        check_float(self, "spread", spread, "[0, inf)")
        self.spread = spread

    def forward(self, ctx: Any, x: Any) -> Any:
        if not ctx.training:
            return x + 0
        ctx.f = 1 + self.spread * ctx.normal(x.shape)
        return x * ctx.f

    def backward(self, ctx: Any, dy: Any) -> Any:
        return dy * ctx.f if ctx.training else dy


class Drop(Same):
    """Dropout whose author did not know that the equation can be checked: random, and without an expression of y."""

    equations = (
        Equation("y", r"y = x \odot [u \ge p] / (1 - p)", why="who wrote it saw no way"),
        Equation("y_evaluation", "y = x", "x"),
    )
    examples = (Example({"rate": 0.5}), Example({"rate": 0.25}, ((2, 3),)))

    def __init__(self, rate: float = 0.5) -> None:
        check_float(self, "rate", rate, "[0, 1)")
        self.rate = rate

    def forward(self, ctx: Any, x: Any) -> Any:
        if not ctx.training:
            return x + 0
        ctx.kept = (ctx.uniform(x.shape) >= self.rate) / (1 - self.rate)
        return (x * ctx.kept).astype(x.dtype)

    def backward(self, ctx: Any, dy: Any) -> Any:
        return (dy * ctx.kept).astype(dy.dtype) if ctx.training else dy


class Largest(Layer):
    """The largest of the last axis; of equal ones the first gets the gradient."""

    equations = (
        Equation("y", r"y = \max_k x_k", "x.max(-1)"),
        Equation("k", r"k = \min \operatorname{argmax} x", "x.argmax(-1)"),
        Equation("dx", r"dx_k = [k = k^*] dy", "np.eye(x.shape[-1])[k] * dy[..., None]"),
    )
    examples = PLAIN

    def output_shape(self, input_shape: Any) -> Any:
        features(self, input_shape)
        return input_shape[:-1]

    def forward(self, ctx: Any, x: Any) -> Any:
        ctx.k, ctx.width = x.argmax(axis=-1), x.shape[-1]
        return x.max(axis=-1)

    def backward(self, ctx: Any, dy: Any) -> Any:
        return (np.arange(ctx.width) == ctx.k[..., None]) * dy[..., None]


class MaskedPool(Layer):
    """The mean of those steps of x (N, T, F) whose mask (N, T) is set; 0 if none is."""

    equations = (
        Equation("n", r"n = \max(1, \sum_t m_t)", "np.maximum(x1.sum(1, keepdims=True), 1)"),
        Equation("y", r"y = \tfrac1n \sum_t m_t x_t", "(x0 * x1[..., None]).sum(1) / n"),
        Equation("dx0", r"dx_t = \tfrac1n m_t\, dy", "x1[..., None] * (dy / n)[:, None]"),
    )
    examples = (Example({}, ((None, 2), ("bool", None))), Example({}, ((4, 3), ("bool", 4))))
    integer_inputs = (1,)

    def output_shape(self, x: Any, mask: Any) -> Any:
        if len(mask) != 1 or (None not in (x[:1] or (0,)) and mask[0] not in (x[0], None)):
            raise ShapeError(f"MaskedPool takes x (T, F) and a mask (T,), 2 inputs. Received: {x} and {mask}.")
        sequence(self, x)
        return x[1:]

    def build(self, x: Any, mask: Any) -> None:
        self.output_shape(x, mask)

    def forward(self, ctx: Any, x: Any, mask: Any) -> Any:
        kept = (mask != 0).astype(x.dtype)
        n = np.maximum(kept.sum(axis=1, keepdims=True), 1)
        ctx.share = kept / n
        return (x * ctx.share[..., None]).sum(axis=1)

    def backward(self, ctx: Any, dy: Any) -> Any:
        return ctx.share[..., None] * dy[:, None], None


class Lookup(Layer):
    """``y_n = E[x_n]``."""

    equations = (
        Equation("y", r"y_n = E_{x_n}", "E[x]"),
        Equation(
            "dE",
            r"dE_k = \sum_{n: x_n = k} dy_n",
            "np.eye(len(E))[x].reshape(-1, len(E)).T @ dy.reshape(-1, dy.shape[-1])",
        ),
    )
    symbols = {"E": "table"}  # noqa: RUF012
    examples = (
        Example({"tokens": 5, "width": 3}, (("int", 5),)),
        Example({"tokens": 4, "width": 2}, (("int", 4, None),)),
    )
    integer_inputs = (0,)

    def __init__(self, tokens: int, width: int) -> None:
        check_int(self, "tokens", tokens, "[1, inf)")
        check_int(self, "width", width, "[1, inf)")
        self.tokens = tokens
        self.width = width

    def build(self, input_shape: Any) -> None:
        self.table = self.param("table", (self.tokens, self.width), init="normal")

    def output_shape(self, input_shape: Any) -> Any:
        return (*input_shape, self.width)

    def forward(self, ctx: Any, x: Any) -> Any:
        ctx.x = x
        return self.table.data[x]

    def backward(self, ctx: Any, dy: Any) -> None:
        np.add.at(self.table.grad, ctx.x, dy)


class Slide(Layer):
    """A convolution along T: ``y_t = Σ_j x_{t+j} W_j``, of sequences (T, F) of any length T ≥ size."""

    equations = (
        Equation("y", r"y_t = \sum_j x_{t+j} W_j",
                 "sum(x[:, j : x.shape[1] - size + 1 + j] @ W[j] for j in range(size))"),
        Equation("dW", r"dW_j = \sum_{nt} x_{t+j}^\top dy_t",
                 "np.stack([np.einsum('nti,nto->io', x[:, j : x.shape[1] - size + 1 + j], dy) for j in range(size)])"),
    )  # fmt: skip
    symbols = {"W": "kernel"}  # noqa: RUF012
    examples = (Example({"filters": 2}, ((None, 3),)), Example({"filters": 3, "size": 3}, ((5, 2),)))

    def __init__(self, filters: int, size: int = 1) -> None:
        check_int(self, "filters", filters, "[1, inf)")
        check_int(self, "size", size, "[1, inf)")
        self.filters = filters
        self.size = size

    def build(self, input_shape: Any) -> None:
        self.output_shape(input_shape)
        self.kernel = self.param("kernel", (self.size, sequence(self, input_shape), self.filters))

    def output_shape(self, input_shape: Any) -> Any:
        sequence(self, input_shape)
        if input_shape[0] is not None and input_shape[0] < self.size:
            raise ShapeError(f"Slide needs at least {self.size} steps. Received: {input_shape}.")
        return (None if input_shape[0] is None else input_shape[0] - self.size + 1, self.filters)

    def forward(self, ctx: Any, x: Any) -> Any:
        ctx.x, steps = x, x.shape[1] - self.size + 1
        return sum(x[:, j : steps + j] @ self.kernel.data[j] for j in range(self.size))

    def backward(self, ctx: Any, dy: Any) -> Any:
        dx, steps = np.zeros_like(ctx.x), dy.shape[1]
        for j in range(self.size):
            self.kernel.grad[j] += np.einsum("nti,nto->io", ctx.x[:, j : steps + j], dy)
            dx[:, j : steps + j] += dy @ self.kernel.data[j].T
        return dx


class Running(Layer):
    """``y_t = λ y_{t−1} + x_t``, a leaky sum along T."""

    equations = (
        Equation("A", r"A_{ts} = \lambda^{t-s} [s \le t]",
                 "np.tril(leak ** np.abs(np.subtract.outer(np.arange(x.shape[1]), np.arange(x.shape[1]))))"),
        Equation("y", r"y = A x", "np.einsum('ts,nsf->ntf', A, x)"),
        Equation("dx", r"dx = A^\top dy", "np.einsum('ts,ntf->nsf', A, dy)"),
    )  # fmt: skip
    examples = (Example({}, ((None, 2),)), Example({"leak": 0.5}, ((4, 3),)))

    def __init__(self, leak: float = 0.9) -> None:
        check_float(self, "leak", leak, "(0, 1]")
        self.leak = leak

    def output_shape(self, input_shape: Any) -> Any:
        sequence(self, input_shape)
        return input_shape

    def forward(self, ctx: Any, x: Any) -> Any:
        y = np.array(x)
        for t in range(1, x.shape[1]):
            y[:, t] += self.leak * y[:, t - 1]
        return y

    def backward(self, ctx: Any, dy: Any) -> Any:
        dx = np.array(dy)
        for t in range(dy.shape[1] - 1, 0, -1):
            dx[:, t - 1] += self.leak * dx[:, t]
        return dx


class Gate(Layer):
    """``y = a ⊙ σ(b)``."""

    equations = (
        Equation("s", r"s = \sigma(b)", "1 / (1 + np.exp(-x1))"),
        Equation("y", r"y = a \odot s", "x0 * s"),
        Equation("dx0", r"da = dy \odot s", "dy * s"),
        Equation("dx1", r"db = dy \odot a \odot s (1 - s)", "dy * x0 * s * (1 - s)"),
    )
    examples = (Example({}, ((4,), (4,))), Example({}, ((2, 3), (2, 3))))

    def output_shape(self, a: Any, b: Any) -> Any:
        if len(a) != len(b) or any(n != m and None not in (n, m) for n, m in zip(a, b, strict=True)):
            raise ShapeError(f"{type(self).__name__} takes two inputs of one shape. Received: {a} and {b}, 2 shapes.")
        return a

    def build(self, a: Any, b: Any) -> None:
        self.output_shape(a, b)

    def forward(self, ctx: Any, a: Any, b: Any) -> Any:
        ctx.a, ctx.s = a, 0.5 + 0.5 * np.tanh(0.5 * b)
        return a * ctx.s

    def backward(self, ctx: Any, dy: Any) -> Any:
        return dy * ctx.s, dy * ctx.a * ctx.s * (1 - ctx.s)


class Apart(Gate):
    """``y = √(Σ (a − b)² + ε)``: how far two vectors are apart."""

    equations = (
        Equation("y", r"y = \sqrt{\sum_k (a_k - b_k)^2 + \varepsilon}", "np.sqrt(((x0 - x1) ** 2).sum(-1) + eps)"),
        Equation("dx0", r"da = (a - b)\, dy / y", "(x0 - x1) * (dy / y)[..., None]"),
        Equation("dx1", r"db = -da", "-dx0"),
    )
    examples = (Example({}, ((4,), (4,))), Example({"eps": 0.1}, ((2, 3), (2, 3))))

    def __init__(self, eps: float = 1e-3) -> None:
        check_float(self, "eps", eps, "(0, inf)")
        self.eps = eps

    def output_shape(self, a: Any, b: Any) -> Any:
        features(self, super().output_shape(a, b))
        return a[:-1]

    def forward(self, ctx: Any, a: Any, b: Any) -> Any:
        ctx.d = a - b
        ctx.y = np.sqrt((ctx.d**2).sum(axis=-1) + self.eps)
        return ctx.y

    def backward(self, ctx: Any, dy: Any) -> Any:
        da = ctx.d * (dy / ctx.y)[..., None]
        return da, -da


class Bend(Layer):
    """``y = x`` where x > 0, else ``α_k x``, with a slope for each feature."""

    equations = (
        Equation("y", r"y = \max(x, 0) + \alpha \min(x, 0)", "np.maximum(x, 0) + alpha * np.minimum(x, 0)"),
        Equation("dx", r"dx = [x > 0]\, dy + \alpha [x \le 0]\, dy", "np.where(x > 0, 1.0, alpha) * dy"),
        Equation(
            "dalpha", r"d\alpha = \sum_n \min(x_n, 0)\, dy_n", "(np.minimum(x, 0) * dy).reshape(-1, len(alpha)).sum(0)"
        ),
    )
    symbols = {"alpha": "slope"}  # noqa: RUF012
    examples = PLAIN

    def build(self, input_shape: Any) -> None:
        self.slope = self.param("slope", (features(self, input_shape),), init="zeros", decay=False)

    def output_shape(self, input_shape: Any) -> Any:
        features(self, input_shape)
        return input_shape

    def forward(self, ctx: Any, x: Any) -> Any:
        ctx.x = x
        return np.where(x > 0, x, self.slope.data * x)

    def backward(self, ctx: Any, dy: Any) -> Any:
        self.slope.grad += (np.minimum(ctx.x, 0) * dy).reshape(-1, dy.shape[-1]).sum(axis=0, dtype="float64")
        return np.where(ctx.x > 0, dy, self.slope.data * dy)


class Recur(Layer):
    """``h_t = tanh(x_t + h_{t−1} U)``; the last h is the output."""

    equations = (Equation("y", r"h_t = \tanh(x_t + h_{t-1} U)", why="an expression has no loop that remembers"),)
    symbols = {"U": "weight"}  # noqa: RUF012
    examples = (Example({}, ((None, 3),)), Example({}, ((4, 2),)))

    def build(self, input_shape: Any) -> None:
        width = sequence(self, input_shape)
        self.weight = self.param("weight", (width, width))

    def output_shape(self, input_shape: Any) -> Any:
        return (sequence(self, input_shape),)

    def forward(self, ctx: Any, x: Any) -> Any:
        ctx.h = [np.zeros_like(x[:, 0])] if x.shape[1] else [np.zeros((len(x), x.shape[2]), x.dtype)]
        for t in range(x.shape[1]):
            ctx.h.append(np.tanh(x[:, t] + ctx.h[-1] @ self.weight.data))
        return ctx.h[-1]

    def backward(self, ctx: Any, dy: Any) -> Any:
        steps = len(ctx.h) - 1
        dx = np.zeros((len(dy), steps, dy.shape[1]), dy.dtype)
        dh = dy
        for t in range(steps - 1, -1, -1):
            dz = dh * (1 - ctx.h[t + 1] ** 2)
            dx[:, t] = dz
            self.weight.grad += ctx.h[t].T @ dz
            dh = dz @ self.weight.data.T
        return dx


class Cool(Same):
    """``y = x / τ`` with a temperature that falls in training: ``τ = 1 + 1/(1 + step)``."""

    equations = (
        Equation("y", r"y = x / \tau, \quad \tau = 1 + 1 / (1 + \mathrm{step})", why="an expression knows no step"),
        Equation("y_evaluation", "y = x", "x"),
    )
    examples = PLAIN

    def forward(self, ctx: Any, x: Any) -> Any:
        ctx.t = 1 + 1 / (1 + ctx.step) if ctx.training else 1.0
        return x / ctx.t

    def backward(self, ctx: Any, dy: Any) -> Any:
        return dy / ctx.t


class Attend(Layer):
    """``y = softmax(x W xᵀ) x`` along T."""

    equations = (
        Equation("a", r"a = x W x^\top", "np.einsum('nti,ij,nsj->nts', x, W, x)"),
        Equation("p", r"p = \mathrm{softmax}\, a", "np.exp(a - a.max(-1, keepdims=True))"),
        Equation("q", r"q = p / \sum p", "p / p.sum(-1, keepdims=True)"),
        Equation("y", r"y = q x", "q @ x"),
    )
    symbols = {"W": "weight"}  # noqa: RUF012
    examples = (Example({}, ((None, 3),)), Example({}, ((4, 2),)))

    def build(self, input_shape: Any) -> None:
        width = sequence(self, input_shape)
        self.weight = self.param("weight", (width, width))

    def output_shape(self, input_shape: Any) -> Any:
        sequence(self, input_shape)
        return input_shape

    def forward(self, ctx: Any, x: Any) -> Any:
        W = self.weight.data
        a = x @ W @ x.transpose(0, 2, 1)
        p = np.exp(a - a.max(axis=-1, keepdims=True, initial=-np.inf))
        ctx.x, ctx.q = x, p / p.sum(axis=-1, keepdims=True)
        return ctx.q @ x

    def backward(self, ctx: Any, dy: Any) -> Any:
        W, x, q = self.weight.data, ctx.x, ctx.q
        dq = dy @ x.transpose(0, 2, 1)
        da = q * (dq - (q * dq).sum(axis=-1, keepdims=True))
        self.weight.grad += np.einsum("nti,nts,nsj->ij", x, da, x)
        return q.transpose(0, 2, 1) @ dy + da @ x @ W.T + da.transpose(0, 2, 1) @ x @ W


class Halves(Layer):
    """Two outputs: what is above 0, and what is below."""

    equations = (
        Equation("y0", r"y_0 = \max(x, 0)", "np.maximum(x, 0)"),
        Equation("y1", r"y_1 = \min(x, 0)", "np.minimum(x, 0)"),
        Equation("dx", r"dx = [x > 0]\, dy_0 + [x < 0]\, dy_1", "(x > 0) * dy0 + (x < 0) * dy1"),
    )
    examples = PLAIN

    def output_shape(self, input_shape: Any) -> Any:
        return input_shape, input_shape

    def forward(self, ctx: Any, x: Any) -> Any:
        ctx.x = x
        return np.maximum(x, 0), np.minimum(x, 0)

    def backward(self, ctx: Any, dy0: Any, dy1: Any) -> Any:
        return (ctx.x > 0) * dy0 + (ctx.x < 0) * dy1


class Powers(Layer):
    """``y = [x, x², …, xᵏ]`` on the last axis."""

    equations = (
        Equation("y", r"y = [x, x^2, \dots, x^k]", "np.concatenate([x ** (i + 1) for i in range(degree)], axis=-1)"),
        Equation(
            "dx", r"dx = \sum_i i\, x^{i-1} dy_i",
            "sum((i + 1) * x**i * dy[..., i * x.shape[-1] : (i + 1) * x.shape[-1]] for i in range(degree))",
        ),
    )  # fmt: skip
    examples = (Example({"degree": 3}, ((2,),)), Example({}, ((2, 3),)))

    def __init__(self, degree: int = 2) -> None:
        check_int(self, "degree", degree, "[1, 9]")
        self.degree = degree

    def output_shape(self, input_shape: Any) -> Any:
        return (*input_shape[:-1], self.degree * features(self, input_shape))

    def forward(self, ctx: Any, x: Any) -> Any:
        ctx.x = x
        return np.concatenate([x ** (i + 1) for i in range(self.degree)], axis=-1)

    def backward(self, ctx: Any, dy: Any) -> Any:
        parts = np.split(dy, self.degree, axis=-1)
        return sum((i + 1) * ctx.x**i * part for i, part in enumerate(parts))


class Taped(Composite):
    """``y = tanh(x W) ⊙ x``, on the tape."""

    equations = (Equation("y", r"y = \tanh(x W) \odot x", "np.tanh(x @ W) * x"),)
    symbols = {"W": "weight"}  # noqa: RUF012
    examples = (Example(),)

    def declare(self, input_shape: Any) -> None:
        width = vector(self, input_shape)
        self.weight = self.param("weight", (width, width))

    def call(self, ctx: Any, x: Any) -> Any:
        return np.tanh(x @ self.weight) * x


class Steps(Same):
    """``y = ⌊x⌋ + (x − ⌊x⌋)²``, a curve with a kink at each whole number; the slope there is that to the right."""

    equations = (
        Equation("r", r"r = x - \lfloor x \rfloor", "x - np.floor(x)"),
        Equation("y", r"y = \lfloor x \rfloor + r^2", "np.floor(x) + r**2"),
        Equation("dx", r"dx = 2 r\, dy", "2 * r * dy"),
    )
    examples = PLAIN

    def forward(self, ctx: Any, x: Any) -> Any:
        whole = np.floor(x)
        ctx.r = x - whole
        return whole + ctx.r**2

    def backward(self, ctx: Any, dy: Any) -> Any:
        return 2 * ctx.r * dy
