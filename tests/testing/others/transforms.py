"""Transforms of a stranger's: fitted ones and fixed ones, with and without a way back."""

from __future__ import annotations

from typing import Any

import numpy as np
from pellucid import Equation, Example, Transform, check_float, check_int


class MinMax(Transform):
    """``y = (x − a)/(b − a)`` of each feature, a and b its extremes in training; b − a is 1 where it is 0."""

    equations = (
        Equation("low", r"a = \min_i x_i", "samples.min(0)"),
        Equation("span", r"b - a, 1 where that is 0", "np.where(np.ptp(samples, 0) > 0, np.ptp(samples, 0), 1.0)"),
        Equation("y", r"\frac{x - a}{b - a}", "(x - low) / span"),
    )
    examples = (Example({}, ((4,),)), Example({}, ((2, 3),)))
    fitted = ("low", "span")

    def fit(self, x: Any) -> None:
        self.low = x.min(axis=0).astype(np.float64)
        span = x.max(axis=0) - self.low
        self.span = np.where(span > 0, span, 1.0)

    def apply(self, x: Any) -> Any:
        return (x - self.low) / self.span

    def inverse(self, y: Any) -> Any:
        return y * self.span + self.low


class Log(Transform):
    """``y = sign(x) log(1 + |x|/s)``: large numbers come near."""

    equations = (
        Equation("y", r"\operatorname{sign}(x) \log(1 + |x|/s)", "np.sign(x) * np.log1p(np.abs(x) / scale)"),
        Equation("x", r"\operatorname{sign}(y)\, s\, (e^{|y|} - 1)", "np.sign(y) * scale * np.expm1(np.abs(y))"),
    )
    examples = (Example({}, ((3,),)), Example({"scale": 0.5}, ((3,),)))

    def __init__(self, scale: float = 1.0) -> None:
        check_float(self, "scale", scale, "(0, inf)")
        self.scale = scale

    def apply(self, x: Any) -> Any:
        return np.sign(x) * np.log1p(np.abs(x) / self.scale)

    def inverse(self, y: Any) -> Any:
        return np.sign(y) * self.scale * np.expm1(np.abs(y))


class Whiten(Transform):
    """``y = (x − μ) V / √(λ + ε)`` with the eigenvectors V and eigenvalues λ of the training samples' covariance."""

    equations = (
        Equation("mean", r"\mu", "samples.mean(0)"),
        Equation("moved", r"x_i - \mu", "samples - mean"),
        Equation("C", r"\tfrac1N \sum_i (x_i - \mu)^\top (x_i - \mu)", "moved.T @ moved / len(moved)"),
        Equation("values", r"\lambda", "np.maximum(np.linalg.eigh(C)[0], 0.0)"),
        Equation("vectors", "V", why="eigenvectors are given up to their sign"),
        Equation("y", r"(x - \mu) V / \sqrt{\lambda + \varepsilon}", "(x - mean) @ vectors / np.sqrt(values + eps)"),
    )
    examples = (Example({}, ((3,),)), Example({"eps": 0.1}, ((5,),)))
    fitted = ("mean", "vectors", "values")

    def __init__(self, eps: float = 1e-3) -> None:
        check_float(self, "eps", eps, "(0, inf)")
        self.eps = eps

    def fit(self, x: Any) -> None:
        x = x.astype(np.float64)
        self.mean = x.mean(axis=0)
        moved = x - self.mean
        self.values, self.vectors = np.linalg.eigh(moved.T @ moved / len(x))
        self.values = np.maximum(self.values, 0.0)
        signs = np.sign(self.vectors[np.abs(self.vectors).argmax(axis=0), np.arange(x.shape[1])])
        self.vectors = self.vectors * signs

    def apply(self, x: Any) -> Any:
        return (x - self.mean) @ self.vectors / np.sqrt(self.values + self.eps)

    def inverse(self, y: Any) -> Any:
        return y * np.sqrt(self.values + self.eps) @ self.vectors.T + self.mean


class Clip(Transform):
    """``y = min(max(x, −c), c)``. What was cut off is lost; the nearest that can be said is the border."""

    equations = (Equation("y", r"\min(\max(x, -c), c)", "np.clip(x, -limit, limit)"),)
    examples = (Example({"limit": 1.0}, ((3,),)), Example({}, ((3,),)))

    def __init__(self, limit: float = 10.0) -> None:
        check_float(self, "limit", limit, "(0, inf)")
        self.limit = limit

    def apply(self, x: Any) -> Any:
        return np.clip(x, -self.limit, self.limit)

    def inverse(self, y: Any) -> Any:
        return y


class Bins(Transform):
    """The number of the interval, of n equal ones between the smallest and the largest, and back to its middle."""

    equations = (
        Equation("low", "a", "samples.min(0)"),
        Equation("width", "h", "np.where(np.ptp(samples, 0) > 0, np.ptp(samples, 0), 1.0) / n"),
        Equation("y", r"\lfloor (x - a)/h \rfloor", "np.clip(np.floor((x - low) / width), 0, n - 1)"),
    )
    examples = (Example({"n": 8}, ((3,),)),)
    fitted = ("low", "width")

    def __init__(self, n: int = 8) -> None:
        check_int(self, "n", n, "[1, inf)")
        self.n = n

    def fit(self, x: Any) -> None:
        self.low = x.min(axis=0).astype(np.float64)
        span = x.max(axis=0) - self.low
        self.width = np.where(span > 0, span, 1.0) / self.n

    def apply(self, x: Any) -> Any:
        return np.clip(np.floor((x - self.low) / self.width), 0, self.n - 1)

    def inverse(self, y: Any) -> Any:
        return self.low + (y + 0.5) * self.width


class Pca(Transform):
    """``y = (x − μ) V_k``: the first k principal components, and the nearest point back."""

    equations = (
        Equation("mean", r"\mu", "samples.mean(0)"),
        Equation("V", "V", "np.linalg.eigh((samples - mean).T @ (samples - mean))[1][:, ::-1][:, :k]"),
        Equation("axes", r"V_k", "V * np.where(V[np.abs(V).argmax(0), np.arange(V.shape[1])] < 0, -1.0, 1.0)"),
        Equation("y", r"(x - \mu) V_k", "(x - mean) @ axes"),
    )
    examples = (Example({"k": 2}, ((4,),)), Example({"k": 1}, ((3,),)))
    fitted = ("mean", "axes")

    def __init__(self, k: int = 2) -> None:
        check_int(self, "k", k, "[1, inf)")
        self.k = k

    def fit(self, x: Any) -> None:
        x = x.astype(np.float64)
        self.mean = x.mean(axis=0)
        _, axes = np.linalg.eigh((x - self.mean).T @ (x - self.mean))
        axes = axes[:, ::-1][:, : self.k]
        self.axes = axes * np.where(axes[np.abs(axes).argmax(axis=0), np.arange(self.k)] < 0, -1.0, 1.0)

    def apply(self, x: Any) -> Any:
        return (x - self.mean) @ self.axes

    def inverse(self, y: Any) -> Any:
        return y @ self.axes.T + self.mean

    def output_shape(self, input_shape: Any) -> Any:
        return (self.k,)


class Ranks(Transform):
    """The part of the training samples that is smaller or equal; there is no way back."""

    equations = (
        Equation("sorted", "s", "np.sort(samples, axis=0)"),
        Equation("y", r"\tfrac1N |\{i : s_i \le x\}|", "(sorted[None] <= x[:, None]).mean(axis=1)"),
    )
    examples = (Example({}, ((3,),)),)
    fitted = ("sorted",)

    def fit(self, x: Any) -> None:
        self.sorted = np.sort(x, axis=0).astype(np.float64)

    def apply(self, x: Any) -> Any:
        columns = [np.searchsorted(s, x[:, i], side="right") for i, s in enumerate(self.sorted.T)]
        return np.stack(columns, axis=1) / len(self.sorted)
