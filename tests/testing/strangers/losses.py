"""Losses as strangers write them."""

from __future__ import annotations

from typing import Any

import numpy as np
from pellucid import Equation, Example, Loss, ShapeError, check_float, reject, require_rows

MEAN = Equation("loss", r"L = \sum_i w_i l_i / \sum_i w_i", "np.sum(w * l) / np.sum(w)")
SHARE = Equation("v", r"v = w / \sum_i w_i", "(w / np.sum(w))[:, None]")


def numbers(loss: Any, target: Any, output_shape: Any) -> None:
    """Refuse targets that are no finite numbers, as many as there are outputs."""
    require_rows(loss, target, (output_shape,))
    reject(loss, target, ~np.isfinite(target.astype("float64")), "finite targets", "Clean the data first.")


def labels(loss: Any, target: Any, classes: int) -> None:
    """Refuse targets that are no labels."""
    require_rows(loss, target, ((),))
    wrong = (target < 0) | (target >= classes) | (target != np.floor(target))
    reject(loss, target, wrong, f"labels from 0 to {classes - 1}", "Number the classes from 0.")


class Numbers(Loss):
    """A loss of each number, averaged over outputs."""

    predicts = "values"

    def forward(self, ctx: Any, prediction: Any, target: Any, weight: Any = None) -> Any:
        if target.shape != prediction.shape or prediction.ndim != 2:
            raise ShapeError(
                f"{type(self).__name__} needs targets of shape {prediction.shape}. Received: {target.shape}."
            )
        n, j = prediction.shape
        w = np.ones(n) if weight is None else weight
        ctx.count = float(w.sum())
        share = (w / (ctx.count or 1.0))[:, None] / j
        each, slope = self.each(prediction, target.astype(prediction.dtype))
        ctx.dprediction = (share * slope).astype(prediction.dtype)
        return (share * each).sum(dtype="float64")

    def each(self, prediction: Any, target: Any) -> Any:
        """The loss of each number and its slope."""
        raise NotImplementedError

    def backward(self, ctx: Any) -> Any:
        return ctx.dprediction

    def check(self, target: Any, output_shape: Any) -> None:
        numbers(self, target, output_shape)


class Huber(Numbers):
    """A parabola near 0, a line beyond δ."""

    equations = (
        Equation("r", r"r = \hat y - t", "prediction - t"),
        Equation("s", r"s = \max(-\delta, \min(\delta, r))", "np.clip(r, -delta, delta)"),
        Equation("l", r"l_i = \tfrac1J \sum_j s (r - s/2)", "(s * (r - s / 2)).mean(axis=1)"),
        MEAN,
        SHARE,
        Equation("dprediction", r"d\hat y = v s / J", "v * s / s.shape[1]"),
    )
    examples = (Example({}, ((3,), (3,))), Example({"delta": 0.1}, ((1,), (1,))))

    def __init__(self, delta: float = 1.0) -> None:
        check_float(self, "delta", delta, "(0, inf)")
        self.delta = delta

    def each(self, prediction: Any, target: Any) -> Any:
        r = prediction - target
        s = np.clip(r, -self.delta, self.delta)
        return s * (r - s / 2), s


class LogCosh(Numbers):
    """``log cosh(ŷ − t)``."""

    equations = (
        Equation("r", r"r = \hat y - t", "prediction - t"),
        Equation("l", r"l_i = \tfrac1J \sum_j \log\cosh r",
                 "(np.abs(r) + np.log1p(np.exp(-2 * np.abs(r))) - np.log(2)).mean(axis=1)"),
        MEAN,
        SHARE,
        Equation("dprediction", r"d\hat y = v \tanh r / J", "v * np.tanh(r) / r.shape[1]"),
    )  # fmt: skip
    examples = (Example({}, ((3,), (3,))),)

    def each(self, prediction: Any, target: Any) -> Any:
        r = prediction - target
        size = np.abs(r)
        return size + np.log1p(np.exp(-2 * size)) - np.log(2), np.tanh(r)


class Quantile(Numbers):
    """``max(τ (t − ŷ), (τ − 1)(t − ŷ))``; at the target the slope is 0."""

    equations = (
        Equation("r", r"r = t - \hat y", "t - prediction"),
        Equation("l", r"l_i = \tfrac1J \sum_j \max(\tau r, (\tau - 1) r)",
                 "np.maximum(tau * r, (tau - 1) * r).mean(axis=1)"),
        MEAN,
        SHARE,
        Equation("dprediction", r"d\hat y = v ((1 - \tau) [r < 0] - \tau [r > 0]) / J",
                 "v * ((1 - tau) * (r < 0) - tau * (r > 0)) / r.shape[1]"),
    )  # fmt: skip
    examples = (Example({"tau": 0.9}, ((3,), (3,))), Example({"tau": 0.25}, ((1,), (1,))))

    def __init__(self, tau: float = 0.5) -> None:
        check_float(self, "tau", tau, "(0, 1)")
        self.tau = tau

    def each(self, prediction: Any, target: Any) -> Any:
        r = target - prediction
        return np.maximum(self.tau * r, (self.tau - 1) * r), (1 - self.tau) * (r < 0) - self.tau * (r > 0)


class Rate(Numbers):
    """``e^z − t z``: Poisson's, on the logarithm of the rate, which is cut at 30."""

    equations = (
        Equation("c", r"c = \min(z, 30)", "np.minimum(z, 30)"),
        Equation("l", r"l_i = \tfrac1J \sum_j e^c - t z", "(np.exp(c) - t * z).mean(axis=1)"),
        MEAN,
        SHARE,
        Equation("dprediction", r"dz = v ([z < 30] e^c - t) / J", "v * ((z < 30) * np.exp(c) - t) / z.shape[1]"),
    )
    examples = (Example({}, ((2,), (2,))),)
    predicts = None

    def each(self, prediction: Any, target: Any) -> Any:
        rate = np.exp(np.minimum(prediction, 30))
        return rate - target * prediction, (prediction < 30) * rate - target

    def check(self, target: Any, output_shape: Any) -> None:
        numbers(self, target, output_shape)
        reject(self, target, target < 0, "counts of at least 0", "Take a loss for numbers of both signs.")


class Smoothed(Loss):
    """Cross-entropy with a share ε of each label given to all classes."""

    equations = (
        Equation("m", r"m = \max_k z_k", "z.max(-1, keepdims=True)"),
        Equation("q", r"q = z - m - \log\sum e^{z - m}", "z - m - np.log(np.exp(z - m).sum(-1, keepdims=True))"),
        Equation("h", r"h = (1 - \varepsilon) \mathrm{onehot}(t) + \varepsilon / K",
                 "(1 - smoothing) * np.eye(z.shape[-1])[t] + smoothing / z.shape[-1]"),
        Equation("l", r"l = -\sum_k h_k q_k", "-(h * q).sum(-1)"),
        MEAN,
        SHARE,
        Equation("dprediction", r"dz = v (e^q - h)", "v * (np.exp(q) - h)"),
    )  # fmt: skip
    examples = (Example({"smoothing": 0.2}, ((4,), ("int", 4))), Example({"smoothing": 0.0}, ((2,), ("int", 2))))
    predicts = "classes"

    def __init__(self, smoothing: float = 0.1) -> None:
        check_float(self, "smoothing", smoothing, "[0, 1)")
        self.smoothing = smoothing

    def forward(self, ctx: Any, prediction: Any, target: Any, weight: Any = None) -> Any:
        n, k = prediction.shape
        z = prediction.astype("float64")
        q = z - z.max(axis=1, keepdims=True)
        q = q - np.log(np.exp(q).sum(axis=1, keepdims=True))
        h = np.full((n, k), self.smoothing / k)
        h[np.arange(n), target] += 1 - self.smoothing
        w = np.ones(n) if weight is None else weight
        ctx.count = float(w.sum())
        share = w / (ctx.count or 1.0)
        ctx.dz = (share[:, None] * (np.exp(q) - h)).astype(prediction.dtype)
        return -(share[:, None] * h * q).sum(dtype="float64")

    def backward(self, ctx: Any) -> Any:
        return ctx.dz

    def check(self, target: Any, output_shape: Any) -> None:
        labels(self, target, output_shape[-1])
        if target.dtype.kind not in "iub":
            raise ShapeError(f"Smoothed needs labels of integers. Received: {target.dtype}, row 0.")

    def probabilities(self, outputs: Any) -> Any:
        z = outputs.astype("float64")
        e = np.exp(z - z.max(axis=-1, keepdims=True))
        return e / e.sum(axis=-1, keepdims=True)

    def outputs_for(self, targets: Any) -> Any:
        return None


class Hinge(Loss):
    """``Σ_{k≠t} max(0, 1 + z_k − z_t)``."""

    equations = (
        Equation("o", r"o = \mathrm{onehot}(t)", "np.eye(z.shape[-1])[t]"),
        Equation("g", r"g_k = 1 + z_k - z_t", "1 + z - (z * o).sum(-1, keepdims=True)"),
        Equation("a", r"a_k = [g_k > 0] [k \ne t]", "(g > 0) * (1 - o)"),
        Equation("l", r"l = \sum_k a_k g_k", "(a * g).sum(-1)"),
        MEAN,
        SHARE,
        Equation("dprediction", r"dz = v (a - o \sum_k a_k)", "v * (a - o * a.sum(-1, keepdims=True))"),
    )
    examples = (Example({}, ((4,), ("int", 4))),)
    predicts = "classes"

    def forward(self, ctx: Any, prediction: Any, target: Any, weight: Any = None) -> Any:
        rows = np.arange(len(prediction))
        gap = 1 + prediction - prediction[rows, target][:, None]
        active = (gap > 0).astype(prediction.dtype)
        active[rows, target] = 0
        w = np.ones(len(rows)) if weight is None else weight
        ctx.count = float(w.sum())
        share = w / (ctx.count or 1.0)
        slope = active.copy()
        slope[rows, target] = -active.sum(axis=1)
        ctx.dz = (share[:, None] * slope).astype(prediction.dtype)
        return (share * (active * gap).sum(axis=1)).sum(dtype="float64")

    def backward(self, ctx: Any) -> Any:
        return ctx.dz

    def check(self, target: Any, output_shape: Any) -> None:
        labels(self, target, output_shape[-1])
        if target.dtype.kind not in "iub":
            raise ShapeError(f"Hinge needs labels of integers. Received: {target.dtype}, row 0.")


class Distance(Loss):
    """``‖ŷ − t‖``, whose gradient at the target is 0."""

    equations = (
        Equation("d", r"d = \lVert \hat y - t \rVert", "np.sqrt(((prediction - t) ** 2).sum(-1))"),
        Equation("loss", r"L = \sum_i w_i d_i / \sum_i w_i", "np.sum(w * d) / np.sum(w)"),
        SHARE,
        Equation("dprediction", r"d\hat y = v (\hat y - t) / d",
                 "v * (prediction - t) / np.where(d > 0, d, 1)[:, None]"),
    )  # fmt: skip
    examples = (Example({}, ((3,), (3,))),)
    predicts = "values"

    def forward(self, ctx: Any, prediction: Any, target: Any, weight: Any = None) -> Any:
        if target.shape != prediction.shape or prediction.ndim != 2:
            raise ShapeError(f"Distance needs targets of shape {prediction.shape}. Received: {target.shape}.")
        r = prediction.astype("float64") - target
        d = np.sqrt((r**2).sum(axis=1))
        w = np.ones(len(r)) if weight is None else weight
        ctx.count = float(w.sum())
        share = w / (ctx.count or 1.0)
        ctx.g = ((share / np.where(d > 0, d, 1))[:, None] * r).astype(prediction.dtype)
        return (share * d).sum(dtype="float64")

    def backward(self, ctx: Any) -> Any:
        return ctx.g

    def check(self, target: Any, output_shape: Any) -> None:
        numbers(self, target, output_shape)


class Cosine(Loss):
    """``1 − ŷ·t / √((ŷ·ŷ + ε)(t·t + ε))``."""

    equations = (
        Equation(
            "a",
            r"a = \sqrt{\hat y \cdot \hat y + \varepsilon}",
            "np.sqrt((prediction**2).sum(-1, keepdims=True) + eps)",
        ),
        Equation("b", r"b = \sqrt{t \cdot t + \varepsilon}", "np.sqrt((t**2).sum(-1, keepdims=True) + eps)"),
        Equation("c", r"c = \hat y \cdot t / ab", "(prediction * t).sum(-1, keepdims=True) / (a * b)"),
        Equation("loss", r"L = \sum_i w_i (1 - c_i) / \sum_i w_i", "np.sum(w * (1 - c[:, 0])) / np.sum(w)"),
        SHARE,
        Equation("dprediction", r"d\hat y = v (c \hat y / a^2 - t / ab)", "v * (c * prediction / a**2 - t / (a * b))"),
    )
    examples = (Example({}, ((3,), (3,))), Example({"eps": 0.1}, ((2,), (2,))))

    def __init__(self, eps: float = 1e-3) -> None:
        check_float(self, "eps", eps, "(0, inf)")
        self.eps = eps

    def forward(self, ctx: Any, prediction: Any, target: Any, weight: Any = None) -> Any:
        if target.shape != prediction.shape or prediction.ndim != 2:
            raise ShapeError(f"Cosine needs targets of shape {prediction.shape}. Received: {target.shape}.")
        z, t = prediction.astype("float64"), target.astype("float64")
        a = np.sqrt((z**2).sum(axis=1, keepdims=True) + self.eps)
        b = np.sqrt((t**2).sum(axis=1, keepdims=True) + self.eps)
        c = (z * t).sum(axis=1, keepdims=True) / (a * b)
        w = np.ones(len(z)) if weight is None else weight
        ctx.count = float(w.sum())
        share = (w / (ctx.count or 1.0))[:, None]
        ctx.g = (share * (c * z / a**2 - t / (a * b))).astype(prediction.dtype)
        return (share * (1 - c)).sum(dtype="float64")

    def backward(self, ctx: Any) -> Any:
        return ctx.g

    def check(self, target: Any, output_shape: Any) -> None:
        numbers(self, target, output_shape)


class Soft(Loss):
    """Cross-entropy with a share of each class for a target: ``−Σ t_k log softmax(z)_k``."""

    equations = (
        Equation("m", r"m = \max_k z_k", "z.max(-1, keepdims=True)"),
        Equation("q", r"q = z - m - \log\sum e^{z - m}", "z - m - np.log(np.exp(z - m).sum(-1, keepdims=True))"),
        Equation("l", r"l = -\sum_k t_k q_k", "-(t * q).sum(-1)"),
        MEAN,
        SHARE,
        Equation("dprediction", r"dz = v (e^q \sum_k t_k - t)", "v * (np.exp(q) * t.sum(-1, keepdims=True) - t)"),
    )
    examples = (Example({}, ((4,), (4,))),)

    def forward(self, ctx: Any, prediction: Any, target: Any, weight: Any = None) -> Any:
        if target.shape != prediction.shape or prediction.ndim != 2:
            raise ShapeError(f"Soft needs targets of shape {prediction.shape}. Received: {target.shape}.")
        z = prediction.astype("float64")
        q = z - z.max(axis=1, keepdims=True)
        q = q - np.log(np.exp(q).sum(axis=1, keepdims=True))
        w = np.ones(len(z)) if weight is None else weight
        ctx.count = float(w.sum())
        share = (w / (ctx.count or 1.0))[:, None]
        ctx.g = (share * (np.exp(q) * target.sum(axis=1, keepdims=True) - target)).astype(prediction.dtype)
        return -(share * target * q).sum(dtype="float64")

    def backward(self, ctx: Any) -> Any:
        return ctx.g

    def check(self, target: Any, output_shape: Any) -> None:
        numbers(self, target, output_shape)


class Focal(Loss):
    """``−(1 − p)^γ log p`` of the probability p of the label."""

    equations = (
        Equation("m", r"m = \max_k z_k", "z.max(-1, keepdims=True)"),
        Equation("q", r"q = z - m - \log\sum e^{z - m}", "z - m - np.log(np.exp(z - m).sum(-1, keepdims=True))"),
        Equation("o", r"o = \mathrm{onehot}(t)", "np.eye(z.shape[-1])[t]"),
        Equation("a", r"a = \log p_t", "(o * q).sum(-1, keepdims=True)"),
        Equation("r", r"r = 1 - p_t", "-np.expm1(a)"),
        Equation("l", r"l = -r^\gamma a", "(-(r**gamma) * a)[:, 0]"),
        MEAN,
        SHARE,
        Equation("dprediction", r"dz = v (\gamma r^{\gamma-1} p a - r^\gamma)(o - e^q)",
                 "v * (gamma * r ** (gamma - 1) * np.exp(a) * a - r**gamma) * (o - np.exp(q))"),
    )  # fmt: skip
    examples = (Example({}, ((4,), ("int", 4))), Example({"gamma": 1.0}, ((3,), ("int", 3))))
    predicts = "classes"

    def __init__(self, gamma: float = 2.0) -> None:
        check_float(self, "gamma", gamma, "[1, inf)")
        self.gamma = gamma

    def forward(self, ctx: Any, prediction: Any, target: Any, weight: Any = None) -> Any:
        z, rows = prediction.astype("float64"), np.arange(len(prediction))
        q = z - z.max(axis=1, keepdims=True)
        q = q - np.log(np.exp(q).sum(axis=1, keepdims=True))
        a = q[rows, target][:, None]
        r = -np.expm1(a)
        w = np.ones(len(z)) if weight is None else weight
        ctx.count = float(w.sum())
        share = (w / (ctx.count or 1.0))[:, None]
        slope = self.gamma * r ** (self.gamma - 1) * np.exp(a) * a - r**self.gamma
        g = -slope * np.exp(q)
        g[rows, target] += slope[:, 0]
        ctx.g = (share * g).astype(prediction.dtype)
        return -(share * r**self.gamma * a).sum(dtype="float64")

    def backward(self, ctx: Any) -> Any:
        return ctx.g

    def check(self, target: Any, output_shape: Any) -> None:
        labels(self, target, output_shape[-1])
        if target.dtype.kind not in "iub":
            raise ShapeError(f"Focal needs labels of integers. Received: {target.dtype}, row 0.")


class Tokens(Loss):
    """Cross-entropy of sequences: logits (N, T, K), labels (N, T)."""

    equations = (
        Equation("m", r"m = \max_k z_k", "z.max(-1, keepdims=True)"),
        Equation("q", r"q = z - m - \log\sum e^{z - m}", "z - m - np.log(np.exp(z - m).sum(-1, keepdims=True))"),
        Equation("o", r"o = \mathrm{onehot}(t)", "np.eye(z.shape[-1])[t]"),
        Equation("v", r"v = w / (T \sum_i w_i)", "(w / np.sum(w) / t.shape[1])[:, None, None]"),
        Equation("loss", r"L = -\sum v\, o\, q", "-(v * o * q).sum()"),
        Equation("dprediction", r"dz = v (e^q - o)", "v * (np.exp(q) - o)"),
    )
    examples = (Example({}, ((3, 4), ("int", 4, 3))),)
    predicts = "classes"

    def forward(self, ctx: Any, prediction: Any, target: Any, weight: Any = None) -> Any:
        z, steps = prediction.astype("float64"), prediction.shape[1]
        q = z - z.max(axis=-1, keepdims=True)
        q = q - np.log(np.exp(q).sum(axis=-1, keepdims=True))
        hot = (np.arange(z.shape[-1]) == target[..., None]).astype("float64")
        w = np.ones(len(z)) if weight is None else weight
        ctx.count = float(w.sum()) * steps
        share = (w / (ctx.count or 1.0))[:, None, None]
        ctx.g = (share * (np.exp(q) - hot)).astype(prediction.dtype)
        return -(share * hot * q).sum(dtype="float64")

    def backward(self, ctx: Any) -> Any:
        return ctx.g

    def check(self, target: Any, output_shape: Any) -> None:
        require_rows(self, target, (output_shape[:-1],))
        wrong = (target < 0) | (target >= output_shape[-1])
        reject(self, target, wrong, f"labels below {output_shape[-1]}", "Number the classes from 0.")
        if target.dtype.kind not in "iub":
            raise ShapeError(f"Tokens needs labels of integers. Received: {target.dtype}, row 0.")


class Spread(Loss):
    """A Gaussian's negative logarithm, of a mean and the logarithm of a deviation: ``s + (t − μ)² e^{−2s}/2``."""

    equations = (
        Equation("s", r"s = z_1", "np.clip(z[:, 1], -9, 9)"),
        Equation("r", r"r = z_0 - t", "z[:, 0] - t[:, 0]"),
        Equation("k", r"k = e^{-2s}", "np.exp(-2 * s)"),
        Equation("l", r"l = s + r^2 k / 2", "s + r**2 * k / 2"),
        MEAN,
        SHARE,
        Equation("dprediction", r"dz = v [r k,\ 1 - r^2 k]",
                 "v * np.stack([r * k, (1 - r**2 * k) * (np.abs(z[:, 1]) < 9)], axis=1)"),
    )  # fmt: skip
    examples = (Example({}, ((2,), (1,))),)

    def forward(self, ctx: Any, prediction: Any, target: Any, weight: Any = None) -> Any:
        if prediction.shape[1:] != (2,) or target.shape[1:] != (1,):
            raise ShapeError(f"Spread needs 2 numbers for 1. Received: {prediction.shape}, {target.shape}.")
        z = prediction.astype("float64")
        s, r = np.clip(z[:, 1], -9, 9), z[:, 0] - target[:, 0]
        k = np.exp(-2 * s)
        w = np.ones(len(z)) if weight is None else weight
        ctx.count = float(w.sum())
        share = w / (ctx.count or 1.0)
        slope = np.stack([r * k, (1 - r**2 * k) * (abs(z[:, 1]) < 9)], axis=1)
        ctx.g = (share[:, None] * slope).astype(prediction.dtype)
        return (share * (s + r**2 * k / 2)).sum(dtype="float64")

    def backward(self, ctx: Any) -> Any:
        return ctx.g

    def check(self, target: Any, output_shape: Any) -> None:
        numbers(self, target, (1,))


class Beyond(Loss):
    """Classes in an order: one logit for each boundary, −log of what is right for each."""

    equations = (
        Equation("o", r"o_k = [t > k]", "t[:, None] > np.arange(z.shape[1])"),
        Equation("p", r"p = \sigma(z)", "1 / (1 + np.exp(-z))"),
        Equation("l", r"l = \sum_k \log(1 + e^{z}) - o z", "(np.logaddexp(0, z) - o * z).sum(-1)"),
        MEAN,
        SHARE,
        Equation("dprediction", r"dz = v (p - o)", "v * (p - o)"),
    )
    examples = (Example({}, ((3,), ("int", 4))),)

    def forward(self, ctx: Any, prediction: Any, target: Any, weight: Any = None) -> Any:
        over = (target[:, None] > np.arange(prediction.shape[1])).astype(prediction.dtype)
        w = np.ones(len(over)) if weight is None else weight
        ctx.count = float(w.sum())
        share = (w / (ctx.count or 1.0))[:, None]
        ctx.g = (share * (0.5 + 0.5 * np.tanh(0.5 * prediction) - over)).astype(prediction.dtype)
        return (share * (np.logaddexp(0, prediction) - over * prediction)).sum(dtype="float64")

    def backward(self, ctx: Any) -> Any:
        return ctx.g

    def outputs_for(self, targets: Any) -> Any:
        return None

    def check(self, target: Any, output_shape: Any) -> None:
        labels(self, target, output_shape[-1] + 1)


class Logits(Numbers):
    """Yes or no for each output: ``log(1 + e^z) − t z``, the yes of a rare answer weighed by ``rare``."""

    equations = (
        Equation("b", r"b = 1 + (c - 1) t", "1 + (rare - 1) * t"),
        Equation(
            "l",
            r"l = \tfrac1J \sum_j (1 - t) z + b \log(1 + e^{-z})",
            "((1 - t) * z + b * np.logaddexp(0, -z)).mean(1)",
        ),
        MEAN,
        SHARE,
        Equation(
            "dprediction", r"dz = v ((1 - t) - b \sigma(-z)) / J", "v * ((1 - t) - b / (1 + np.exp(z))) / z.shape[1]"
        ),
    )
    examples = (Example({"rare": 3.0}, ((3,), ("int", 2, 3))),)
    predicts = "answers"

    def __init__(self, rare: float = 1.0) -> None:
        check_float(self, "rare", rare, "(0, inf)")
        self.rare = rare

    def each(self, prediction: Any, target: Any) -> Any:
        b = 1 + (self.rare - 1) * target
        no = 0.5 - 0.5 * np.tanh(0.5 * prediction)
        return (1 - target) * prediction + b * np.logaddexp(0, -prediction), 1 - target - b * no

    def check(self, target: Any, output_shape: Any) -> None:
        numbers(self, target, output_shape)
        reject(self, target, (target < 0) | (target > 1), "answers in [0, 1]", "Say 0 for no and 1 for yes.")
