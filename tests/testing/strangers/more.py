"""More layers as strangers write them: with layers inside, of many inputs, along an axis, of channels in groups."""

from __future__ import annotations

from typing import Any

import numpy as np
from pellucid import Equation, Example, Layer, ShapeError, check_float, check_int

from tests.testing.strangers.layers import PLAIN, Same, features, sequence, vector

INSIDE = {"type": "core/dense", "units": 3, "activation": "tanh"}


class Twin(Layer):
    """``y = f(x) − f(−x)``: a layer made odd."""

    equations = (Equation("y", r"y = f(x) - f(-x)", why="the layer inside computes f"),)
    examples = (Example({"layer": INSIDE}), Example({"layer": {"type": "core/layer_norm"}}, ((2, 3),)))

    def __init__(self, layer: Layer) -> None:
        self.layer = layer

    def build(self, input_shape: Any) -> None:
        self.layer.build(input_shape)

    def output_shape(self, input_shape: Any) -> Any:
        return self.layer.output_shape(input_shape)

    def forward(self, ctx: Any, x: Any) -> Any:
        plus = self.layer.forward(ctx.child("plus", ctx.needs_dx[:1]), x)
        return plus - self.layer.forward(ctx.child("minus", ctx.needs_dx[:1]), -x)

    def backward(self, ctx: Any, dy: Any) -> Any:
        plus = self.layer.backward(ctx.child("plus"), dy)
        minus = self.layer.backward(ctx.child("minus"), -dy)
        return plus - minus if ctx.needs_dx[0] else None


class Halved(Layer):
    """``y = a ⊙ σ(b)`` with x = [a, b] cut in the middle of the last axis."""

    equations = (
        Equation("h", r"h = F / 2", "x.shape[-1] // 2"),
        Equation("s", r"s = \sigma(b)", "1 / (1 + np.exp(-x[..., h:]))"),
        Equation("y", r"y = a \odot s", "x[..., :h] * s"),
        Equation("dx", r"dx = [dy\, s,\ dy\, a\, s (1 - s)]",
                 "np.concatenate([dy * s, dy * x[..., :h] * s * (1 - s)], axis=-1)"),
    )  # fmt: skip
    examples = (Example({}, ((4,),)), Example({}, ((2, 6),)))

    def output_shape(self, input_shape: Any) -> Any:
        if features(self, input_shape) % 2:
            raise ShapeError(f"Halved needs an even number of features. Received: {input_shape}.")
        return (*input_shape[:-1], input_shape[-1] // 2)

    def build(self, input_shape: Any) -> None:
        self.output_shape(input_shape)

    def forward(self, ctx: Any, x: Any) -> Any:
        ctx.a, b = np.split(x, 2, axis=-1)
        ctx.s = 0.5 + 0.5 * np.tanh(0.5 * b)
        return ctx.a * ctx.s

    def backward(self, ctx: Any, dy: Any) -> Any:
        return np.concatenate([dy * ctx.s, dy * ctx.a * ctx.s * (1 - ctx.s)], axis=-1)


class Stretch(Layer):
    """Each step of a sequence ``factor`` times."""

    equations = (
        Equation("y", r"y_{t} = x_{\lfloor t / f \rfloor}", "np.repeat(x, factor, axis=1)"),
        Equation("dx", r"dx_t = \sum_{j<f} dy_{ft + j}", "dy.reshape(len(x), x.shape[1], factor, x.shape[2]).sum(2)"),
    )
    examples = (Example({}, ((None, 2),)), Example({"factor": 3}, ((2, 3),)))

    def __init__(self, factor: int = 2) -> None:
        check_int(self, "factor", factor, "[1, inf)")
        self.factor = factor

    def output_shape(self, input_shape: Any) -> Any:
        sequence(self, input_shape)
        return (None if input_shape[0] is None else self.factor * input_shape[0], input_shape[1])

    def forward(self, ctx: Any, x: Any) -> Any:
        ctx.shape = x.shape
        return np.repeat(x, self.factor, axis=1)

    def backward(self, ctx: Any, dy: Any) -> Any:
        n, t, f = ctx.shape
        return dy.reshape(n, t, self.factor, f).sum(axis=2)


class Thin(Layer):
    """The mean of every two steps that follow each other; of an odd number the last is left out."""

    equations = (
        Equation("T", r"T' = \lfloor T/2 \rfloor", "x.shape[1] // 2"),
        Equation("y", r"y_t = (x_{2t} + x_{2t+1}) / 2", "(x[:, 0 : 2 * T : 2] + x[:, 1 : 2 * T : 2]) / 2"),
        Equation("dx", r"dx_t = dy_{t/2} / 2",
                 "np.concatenate([np.repeat(dy, 2, axis=1) / 2, 0 * x[:, 2 * T :]], axis=1)"),
    )  # fmt: skip
    examples = (Example({}, ((None, 2),)), Example({}, ((5, 3),)))

    def output_shape(self, input_shape: Any) -> Any:
        sequence(self, input_shape)
        return (None if input_shape[0] is None else input_shape[0] // 2, input_shape[1])

    def forward(self, ctx: Any, x: Any) -> Any:
        ctx.steps, half = x.shape[1], x.shape[1] // 2
        return x[:, : 2 * half].reshape(len(x), half, 2, x.shape[2]).mean(axis=2)

    def backward(self, ctx: Any, dy: Any) -> Any:
        dx = np.zeros((len(dy), ctx.steps, dy.shape[2]), dy.dtype)
        dx[:, : 2 * dy.shape[1]] = np.repeat(dy, 2, axis=1) / 2
        return dx


class Groups(Layer):
    """The mean of each group of channels."""

    equations = (
        Equation("y", r"y_g = \tfrac{G}{F} \sum_{k \in g} x_k", "x.reshape(*x.shape[:-1], groups, -1).mean(-1)"),
        Equation(
            "dx",
            r"dx_k = \tfrac{G}{F} dy_{g(k)}",
            "np.repeat(dy, x.shape[-1] // groups, axis=-1) * groups / x.shape[-1]",
        ),
    )
    examples = (Example({}, ((4,),)), Example({"groups": 3}, ((2, 6),)))

    def __init__(self, groups: int = 2) -> None:
        check_int(self, "groups", groups, "[1, inf)")
        self.groups = groups

    def output_shape(self, input_shape: Any) -> Any:
        if features(self, input_shape) % self.groups:
            raise ShapeError(f"Groups needs a multiple of {self.groups} features. Received: {input_shape}.")
        return (*input_shape[:-1], self.groups)

    def build(self, input_shape: Any) -> None:
        self.output_shape(input_shape)

    def forward(self, ctx: Any, x: Any) -> Any:
        ctx.size = x.shape[-1] // self.groups
        return x.reshape(*x.shape[:-1], self.groups, ctx.size).mean(axis=-1)

    def backward(self, ctx: Any, dy: Any) -> Any:
        return np.repeat(dy, ctx.size, axis=-1) / ctx.size


class PerSample(Layer):
    """``γ (x − μ)/√(σ² + ε)`` with mean and variance over T of each channel of each sample."""

    equations = (
        Equation("r", r"r = 1/\sqrt{\sigma^2 + \varepsilon}", "1 / np.sqrt(x.var(1, keepdims=True) + 0.01)"),
        Equation("u", r"u = r (x - \mu)", "r * (x - x.mean(1, keepdims=True))"),
        Equation("y", r"y = \gamma u", "g * u"),
        Equation("dg", r"d\gamma = \sum dy\, u", "(dy * u).sum((0, 1))"),
        Equation("dx", r"dx = r (d - \bar d - u \overline{u d})",
                 "r * (g * dy - (g * dy).mean(1, keepdims=True) - u * (u * g * dy).mean(1, keepdims=True))"),
    )  # fmt: skip
    symbols = {"g": "gamma"}  # noqa: RUF012
    examples = (Example({}, ((None, 2),)), Example({}, ((4, 3),)))

    def build(self, input_shape: Any) -> None:
        self.gamma = self.param("gamma", (sequence(self, input_shape),), init="ones")

    def output_shape(self, input_shape: Any) -> Any:
        sequence(self, input_shape)
        return input_shape

    def forward(self, ctx: Any, x: Any) -> Any:
        centred = x - x.mean(axis=1, keepdims=True)
        ctx.r = 1 / np.sqrt((centred**2).mean(axis=1, keepdims=True) + x.dtype.type(0.01))
        ctx.u = centred * ctx.r
        return self.gamma.data * ctx.u

    def backward(self, ctx: Any, dy: Any) -> Any:
        self.gamma.grad += (dy * ctx.u).sum(axis=(0, 1), dtype="float64")
        d = self.gamma.data * dy
        return ctx.r * (d - d.mean(axis=1, keepdims=True) - ctx.u * (ctx.u * d).mean(axis=1, keepdims=True))


class Joined(Layer):
    """Any number of inputs, beside each other on the last axis."""

    equations = (
        Equation("y", r"y = [x_0, x_1]", "np.concatenate([x0, x1], axis=-1)"),
        Equation("dx0", r"dx_0 = dy_{1 \dots F_0}", "dy[..., : x0.shape[-1]]"),
        Equation("dx1", r"dx_1 = dy_{F_0 \dots}", "dy[..., x0.shape[-1] :]"),
    )
    examples = (Example({}, ((3,), (2,))), Example({}, ((2, 1), (2, 4))))

    def output_shape(self, *input_shapes: Any) -> Any:
        if not input_shapes or any(shape[:-1] != input_shapes[0][:-1] or not shape for shape in input_shapes):
            raise ShapeError(f"Joined takes inputs that differ on the last axis alone. Received: 0 or {input_shapes}.")
        return (*input_shapes[0][:-1], sum(features(self, shape) for shape in input_shapes))

    def build(self, *input_shapes: Any) -> None:
        self.output_shape(*input_shapes)

    def forward(self, ctx: Any, *inputs: Any) -> Any:
        ctx.cuts = np.cumsum([x.shape[-1] for x in inputs])[:-1]
        return np.concatenate(inputs, axis=-1)

    def backward(self, ctx: Any, dy: Any) -> Any:
        return tuple(np.split(dy, ctx.cuts, axis=-1))


class Places(Layer):
    """``y_t = x_t + P_t``: a learned vector for each place."""

    equations = (
        Equation("y", r"y_t = x_t + P_t", "x + P"),
        Equation("dx", "dx = dy", "dy"),
        Equation("dP", r"dP = \sum_n dy_n", "dy.sum(0)"),
    )
    symbols = {"P": "places"}  # noqa: RUF012
    examples = (Example({}, ((4, 3),)), Example({}, ((1, 2),)))

    def build(self, input_shape: Any) -> None:
        self.output_shape(input_shape)
        self.places = self.param("places", tuple(input_shape), init="normal")

    def output_shape(self, input_shape: Any) -> Any:
        sequence(self, input_shape)
        if input_shape[0] is None:
            raise ShapeError(f"Places needs a known number of steps, 1 or more. Received: {input_shape}.")
        return input_shape

    def forward(self, ctx: Any, x: Any) -> Any:
        return x + self.places.data

    def backward(self, ctx: Any, dy: Any) -> Any:
        self.places.grad += dy.sum(axis=0, dtype="float64")
        return dy


class Shrink(Same):
    """``y = sign(x) max(|x| − λ, 0)``; at ±λ the slope is 0."""

    equations = (
        Equation("y", r"y = \mathrm{sign}\, x \max(|x| - \lambda, 0)", "np.sign(x) * np.maximum(np.abs(x) - width, 0)"),
        Equation("dx", r"dx = [|x| > \lambda]\, dy", "(np.abs(x) > width) * dy"),
    )
    examples = (Example(), Example({"width": 1.0}, ((2, 3),)))

    def __init__(self, width: float = 0.5) -> None:
        check_float(self, "width", width, "[0, inf)")
        self.width = width

    def forward(self, ctx: Any, x: Any) -> Any:
        ctx.out = abs(x) > self.width
        return np.where(ctx.out, x - self.width * np.sign(x), 0).astype(x.dtype)

    def backward(self, ctx: Any, dy: Any) -> Any:
        return dy * ctx.out


class Mish(Same):
    """``y = x tanh(log(1 + eˣ))``."""

    equations = (
        Equation("w", r"w = \tanh \log(1 + e^x)", "np.tanh(np.logaddexp(0, x))"),
        Equation("y", r"y = x w", "x * w"),
        Equation("dx", r"dx = dy (w + x (1 - w^2) \sigma(x))", "dy * (w + x * (1 - w**2) / (1 + np.exp(-x)))"),
    )
    examples = PLAIN

    def forward(self, ctx: Any, x: Any) -> Any:
        ctx.x, ctx.w = x, np.tanh(np.logaddexp(0, x))
        return x * ctx.w

    def backward(self, ctx: Any, dy: Any) -> Any:
        return dy * (ctx.w + ctx.x * (1 - ctx.w**2) * (0.5 + 0.5 * np.tanh(0.5 * ctx.x)))


class LowRank(Layer):
    """``y = x A B`` with a waist of few numbers."""

    equations = (
        Equation("y", "y = x A B", "x @ A @ B"),
        Equation("dx", r"dx = dy B^\top A^\top", "dy @ B.T @ A.T"),
        Equation("dA", r"dA = x^\top dy B^\top", "x.T @ (dy @ B.T)"),
        Equation("dB", r"dB = (x A)^\top dy", "(x @ A).T @ dy"),
    )
    symbols = {"A": "first", "B": "second"}  # noqa: RUF012
    examples = (Example({"units": 3}), Example({"units": 2, "waist": 2}, ((4,),)))

    def __init__(self, units: int, waist: int = 1) -> None:
        check_int(self, "units", units, "[1, inf)")
        check_int(self, "waist", waist, "[1, inf)")
        self.units = units
        self.waist = waist

    def build(self, input_shape: Any) -> None:
        self.first = self.param("first", (vector(self, input_shape), self.waist))
        self.second = self.param("second", (self.waist, self.units))

    def output_shape(self, input_shape: Any) -> Any:
        vector(self, input_shape)
        return (self.units,)

    def forward(self, ctx: Any, x: Any) -> Any:
        ctx.x, ctx.h = x, x @ self.first.data
        return ctx.h @ self.second.data

    def backward(self, ctx: Any, dy: Any) -> Any:
        dh = dy @ self.second.data.T
        self.first.grad += ctx.x.T @ dh
        self.second.grad += ctx.h.T @ dy
        return dh @ self.first.data.T


class Scaled(Layer):
    """``y = x / √(V + ε)``: V is the mean square of the batch in training, a running one in evaluation."""

    equations = (
        Equation("v", r"v = \tfrac1N \sum_n x_n^2", "(x**2).mean(0)"),
        Equation("s", r"s = \sqrt{v + \varepsilon}", "np.sqrt(v + eps)"),
        Equation("y", r"y = x / s", "x / s"),
        Equation("dx", r"dx = dy / s - x \overline{x\, dy} / s^3", "dy / s - x * (x * dy).mean(0) / s**3"),
        Equation("y_evaluation", r"y = x / \sqrt{V + \varepsilon}", "x / np.sqrt(V + eps)"),
        Equation("V", r"V \leftarrow 0.9 V + 0.1 v", "0.9 * V + 0.1 * v"),
    )
    symbols = {"V": "running"}  # noqa: RUF012
    examples = (Example(), Example({"eps": 0.1}, ((3,),)))

    def __init__(self, eps: float = 0.01) -> None:
        check_float(self, "eps", eps, "(0, inf)")
        self.eps = eps

    def build(self, input_shape: Any) -> None:
        self.running = self.state("running", (vector(self, input_shape),), fill=1.0)

    def output_shape(self, input_shape: Any) -> Any:
        vector(self, input_shape)
        return input_shape

    def forward(self, ctx: Any, x: Any) -> Any:
        v = self.running.data
        if ctx.training and len(x):
            v = (x**2).mean(axis=0)
            ctx.update(self.running, v, 0.1)
        ctx.x, ctx.s = x, np.sqrt(v + self.eps)
        return x / ctx.s

    def backward(self, ctx: Any, dy: Any) -> Any:
        dx = dy / ctx.s
        if ctx.training and len(dy):
            dx = dx - ctx.x * (ctx.x * dy).mean(axis=0) / ctx.s**3
        return dx


class Swap(Layer):
    """Steps and features exchanged."""

    equations = (
        Equation("y", r"y = x^\top", "x.transpose(0, 2, 1)"),
        Equation("dx", r"dx = dy^\top", "dy.transpose(0, 2, 1)"),
    )
    examples = (Example({}, ((2, 3),)), Example({}, ((None, 3),)))

    def output_shape(self, input_shape: Any) -> Any:
        sequence(self, input_shape)
        return input_shape[::-1]

    def output_interval(self, *inputs: Any) -> Any:
        return inputs[0]

    def forward(self, ctx: Any, x: Any) -> Any:
        return np.ascontiguousarray(x.transpose(0, 2, 1))

    def backward(self, ctx: Any, dy: Any) -> Any:
        return np.ascontiguousarray(dy.transpose(0, 2, 1))


class Nearest(Layer):
    """``y_k = −‖x − c_k‖₁``: how near learned points are, by absolute differences; sign(0) = 0."""

    equations = (
        Equation("d", r"d_{nk} = x_n - c_k", "x[:, None] - C"),
        Equation("y", r"y = -\sum |d|", "-np.abs(d).sum(-1)"),
        Equation("dx", r"dx = -\sum_k \mathrm{sign}(d)\, dy_k", "-(np.sign(d) * dy[..., None]).sum(1)"),
        Equation("dC", r"dC = \sum_n \mathrm{sign}(d)\, dy_k", "(np.sign(d) * dy[..., None]).sum(0)"),
    )
    symbols = {"C": "points"}  # noqa: RUF012
    examples = (Example({"units": 3}), Example({"units": 2}, ((2,),)))

    def __init__(self, units: int) -> None:
        check_int(self, "units", units, "[1, inf)")
        self.units = units

    def build(self, input_shape: Any) -> None:
        self.points = self.param("points", (self.units, vector(self, input_shape)), init="normal")

    def output_shape(self, input_shape: Any) -> Any:
        vector(self, input_shape)
        return (self.units,)

    def output_interval(self, *inputs: Any) -> Any:
        return -np.inf, 0.0

    def forward(self, ctx: Any, x: Any) -> Any:
        d = x[:, None] - self.points.data
        ctx.sign = np.sign(d)
        return -abs(d).sum(axis=2)

    def backward(self, ctx: Any, dy: Any) -> Any:
        g = ctx.sign * dy[..., None]
        self.points.grad += g.sum(axis=0, dtype="float64")
        return -g.sum(axis=1)


class Top(Layer):
    """The k largest of the last axis in falling order; of equal ones the first come first."""

    equations = (
        Equation("i", r"i = \operatorname{argsort}(-x)_{1 \dots k}", "np.argsort(-x, axis=-1, kind='stable')[..., :k]"),
        Equation("y", r"y = x_i", "np.take_along_axis(x, i, axis=-1)"),
        Equation(
            "dx", r"dx_j = \sum_m [i_m = j] dy_m", "((np.arange(x.shape[-1]) == i[..., None]) * dy[..., None]).sum(-2)"
        ),
    )
    examples = (Example({}, ((4,),)), Example({"k": 1}, ((2, 3),)))

    def __init__(self, k: int = 2) -> None:
        check_int(self, "k", k, "[1, inf)")
        self.k = k

    def output_shape(self, input_shape: Any) -> Any:
        if features(self, input_shape) < self.k:
            raise ShapeError(f"Top needs at least {self.k} features. Received: {input_shape}.")
        return (*input_shape[:-1], self.k)

    def build(self, input_shape: Any) -> None:
        self.output_shape(input_shape)

    def forward(self, ctx: Any, x: Any) -> Any:
        ctx.i, ctx.shape = np.argsort(-x, axis=-1, kind="stable")[..., : self.k], x.shape
        return np.take_along_axis(x, ctx.i, axis=-1)

    def backward(self, ctx: Any, dy: Any) -> Any:
        dx = np.zeros(ctx.shape, dy.dtype)
        np.put_along_axis(dx, ctx.i, dy, axis=-1)
        return dx
