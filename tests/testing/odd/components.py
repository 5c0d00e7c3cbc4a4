"""Layers with integers, masks, several inputs and outputs, axes of any length; an objective without targets."""

from __future__ import annotations

from typing import Any

import numpy as np
from pellucid import DataError, Equation, Example, Layer, Loss, Objective, ShapeError


def one_axis(layer: Layer, shape: Any) -> Any:
    """The shape, if it is that of a vector of known length."""
    if len(shape) != 1 or shape[0] is None:
        raise ShapeError(f"{type(layer).__name__} takes vectors of a fixed length. Received: samples of shape {shape}.")
    return shape


class Embedding(Layer):
    """``y_n = E[x_n]`` for integers x (N, …) below ``tokens``."""

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
        Example({"tokens": 7, "width": 3}, (("int", 7),)),
        Example({"tokens": 4, "width": 2}, (("int", 4, None),)),
    )
    integer_inputs = (0,)

    def __init__(self, tokens: int, width: int) -> None:
        self.tokens = tokens
        self.width = width

    def build(self, input_shape: Any) -> None:
        self.table = self.param("table", (self.tokens, self.width), init="normal")

    def output_shape(self, input_shape: Any) -> Any:
        return (*input_shape, self.width)

    def forward(self, ctx: Any, x: Any) -> Any:
        ctx.x = x
        return self.table.data[ctx.x]

    def backward(self, ctx: Any, dy: Any) -> None:
        np.add.at(self.table.grad, ctx.x, dy)


class MaskedMean(Layer):
    """The mean of x (N, T, F) over those of T steps where a mask (N, T) is True; 0 where it is True nowhere."""

    equations = (
        Equation("n", r"n = \max(1, \sum_t m_t)", "np.maximum(x1.sum(1, keepdims=True), 1)"),
        Equation("y", r"y = \tfrac1n \sum_t m_t x_t", "(x0 * x1[..., None]).sum(1) / n"),
        Equation("dx0", r"dx_t = \tfrac1n m_t\, dy", "x1[..., None] * (dy / n)[:, None]"),
    )
    examples = (Example({}, ((None, 2), ("bool", None))), Example({}, ((4, 3), ("bool", 4))))
    integer_inputs = (1,)

    def output_shape(self, x: Any, mask: Any) -> Any:
        if len(x) != 2 or len(mask) != 1 or (None not in (x[0], mask[0]) and x[0] != mask[0]):
            raise ShapeError(f"MaskedMean takes x (N, T, F) and a mask (N, T). Received: {x} and {mask}: 2 shapes.")
        return x[1:]

    def build(self, x: Any, mask: Any) -> None:
        self.output_shape(x, mask)

    def forward(self, ctx: Any, x: Any, mask: Any) -> Any:
        kept = mask.astype(x.dtype)
        ctx.share = kept / np.maximum(kept.sum(1, keepdims=True), 1)
        return (x * ctx.share[..., None]).sum(1)

    def backward(self, ctx: Any, dy: Any) -> Any:
        return ctx.share[..., None] * dy[:, None], None


class Bilinear(Layer):
    """``y = a ⊙ (b W)`` of two inputs."""

    equations = (
        Equation("y", r"y = a \odot (b W)", "x0 * (x1 @ W)"),
        Equation("dx0", r"da = dy \odot (b W)", "dy * (x1 @ W)"),
        Equation("dx1", r"db = (dy \odot a) W^\top", "(dy * x0) @ W.T"),
        Equation("dW", r"dW = b^\top (dy \odot a)", "x1.T @ (dy * x0)"),
    )
    symbols = {"W": "weight"}  # noqa: RUF012
    examples = (Example({}, ((3,), (5,))),)

    def build(self, a: Any, b: Any) -> None:
        (n,), (m,) = one_axis(self, a), one_axis(self, b)
        self.weight = self.param("weight", (m, n), init="normal")

    def output_shape(self, a: Any, b: Any) -> Any:
        one_axis(self, b)
        return one_axis(self, a)

    def forward(self, ctx: Any, a: Any, b: Any) -> Any:
        ctx.a, ctx.b = a, b
        ctx.z = ctx.b @ self.weight.data
        return ctx.a * ctx.z

    def backward(self, ctx: Any, dy: Any) -> Any:
        dz = dy * ctx.a
        self.weight.grad += ctx.b.T @ dz
        return dy * ctx.z, dz @ self.weight.data.T


class Polar(Layer):
    """Two outputs: ``y₀ = |x|²`` summed over the last axis, and ``y₁ = x/2``."""

    equations = (
        Equation("y0", r"y_0 = \sum_k x_k^2", "(x**2).sum(-1, keepdims=True)"),
        Equation("y1", r"y_1 = x / 2", "x / 2"),
        Equation("dx", r"dx = 2 x\, dy_0 + dy_1 / 2", "2 * x * dy0 + dy1 / 2"),
    )
    examples = (Example({}, ((4,),)),)

    def output_shape(self, input_shape: Any) -> Any:
        return (1,), one_axis(self, input_shape)

    def forward(self, ctx: Any, x: Any) -> Any:
        ctx.x = x
        return (ctx.x**2).sum(-1, keepdims=True), ctx.x / 2

    def backward(self, ctx: Any, dy0: Any, dy1: Any) -> Any:
        return 2 * ctx.x * dy0 + dy1 / 2


class Noise(Layer):
    """``y = x + σ n`` with normal n in training; ``y = x`` in evaluation."""

    equations = (
        Equation("y", r"y = x + \sigma n, \quad n \sim \mathcal{N}(0, 1)", "x + sigma * normal"),
        Equation("y_evaluation", "y = x", "x"),
        Equation("dx", "dx = dy", "dy"),
    )
    examples = (Example(), Example({"sigma": 2.0}, ((2, 3),)))

    def __init__(self, sigma: float = 0.1) -> None:
        self.sigma = sigma

    def output_shape(self, input_shape: Any) -> Any:
        return input_shape

    def forward(self, ctx: Any, x: Any) -> Any:
        return x + self.sigma * ctx.normal(x.shape) if ctx.training else x

    def backward(self, ctx: Any, dy: Any) -> Any:
        return dy


class Reconstruction(Objective):
    """``L = Σ wₙ |f(xₙ + εₙ) − xₙ|² / Σ wₙ``: a denoising autoencoder, its own target."""

    equations = (
        Equation(
            "objective",
            r"L = \frac{\sum_n w_n \lVert f(x_n + \varepsilon_n) - x_n \rVert^2}{\sum_n w_n}",
            "np.sum(w * ((prediction - x) ** 2).sum(-1)) / np.sum(w)",
        ),
    )
    examples = (Example({}, ((4,),), model={"type": "core/dense", "units": 4, "activation": "tanh"}),)

    def forward(self, ctx: Any, model: Layer, batch: Any) -> Any:
        noisy = batch.x + 0.1 * ctx.normal(batch.x.shape)
        ctx.output, ctx.x = model.forward(ctx.child("model"), noisy), batch.x
        weight = np.ones(len(batch)) if batch.weight is None else batch.weight
        ctx.count = float(weight.sum())
        ctx.share = weight / (ctx.count or 1.0)
        loss = (ctx.share * ((ctx.output - ctx.x) ** 2).sum(-1)).sum(dtype="float64")
        ctx.parts = {"error": loss}
        return loss

    def backward(self, ctx: Any, model: Layer) -> None:
        dy = 2 * ctx.share[:, None] * (ctx.output - ctx.x)
        model.backward(ctx.child("model"), dy.astype(ctx.dtype))

    def metric_pair(self, ctx: Any) -> Any:
        return ctx.output, ctx.x


class TokenError(Loss):
    """The squared error of each of T tokens of a sample: ``L = Σ w (z − t)² / (T Σ w)``, counted in tokens."""

    equations = (
        Equation("loss", "L", "np.sum(w[:, None] * (z - t) ** 2) / (np.sum(w) * z.shape[1])"),
        Equation("dprediction", "dz", "2 * w[:, None] * (z - t) / (np.sum(w) * z.shape[1])"),
    )
    examples = (Example({}, ((3,), (3,))),)

    def forward(self, ctx: Any, prediction: Any, target: Any, weight: Any = None) -> Any:
        w = np.ones(len(prediction)) if weight is None else weight
        ctx.count = float(w.sum()) * prediction.shape[1]
        share = (w / (ctx.count or 1.0))[:, None]
        error = prediction - target
        ctx.gradient = (2 * share * error).astype(prediction.dtype)
        return (share * error**2).sum(dtype="float64")

    def backward(self, ctx: Any) -> Any:
        return ctx.gradient

    def check(self, target: Any, output_shape: Any) -> None:
        if target.shape[1:] != output_shape:
            raise DataError(f"TokenError needs targets of shape {output_shape}. Received: {target.shape[1:]}.")
        bad = np.flatnonzero(~np.isfinite(target).all(axis=1))
        if len(bad):
            raise DataError(f"TokenError needs finite targets. Received: {target[bad[0]]} in row {bad[0]}.")
