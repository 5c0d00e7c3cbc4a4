"""PiecewiseLinear: a function of each number that is a straight line in each of its bins."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import NormalDist
from typing import ClassVar

import numpy as np
from pellucid import (
    Array,
    ConfigError,
    Context,
    Equation,
    Example,
    HostArray,
    Layer,
    Param,
    Shape,
    ShapeError,
    Uniform,
    check_float,
    check_int,
)

from pellucid_tabular.layers.numbers import each_number


class PiecewiseLinear(Layer):
    """``y_f = x_f v_f + e(x_f) W_f + b_f`` for each number x_f, where e says how full each of its bins is.

    A bin from t_k to t_{k+1} is empty, 0, for x before it, full, 1, for x behind it, and fills evenly between them: so
    y is a straight line in each bin, and any such function can be had. W begins at zero: at first y is linear in x.
    Before the first edge and behind the last one it goes on by v alone.

    Edges that are no argument suit numbers that are normally distributed, as ``tabular/columns`` makes them with
    ``scaling="quantile"``.

    Args:
        size: outputs of each number.
        bins: the number of bins, or a list of edges for each number, rising; a shorter list repeats its last edge.
        spread: how numbers are spread: σ of the normal distribution N(0, σ²), cut off at low and high, of which each
            bin has the same share. 1 makes bins of as many rows; a large σ makes bins of equal width; between them
            tails have finer bins than their rows ask for, which a column wants most of whose rows are equal.
        low, high: where the first bin begins and the last one ends, unless edges are given.

    Shapes: x (N, F) -> y (N, F·size), the outputs of a number side by side; v, b (F, size); W (F, K, size); edges
    (F, K + 1).

    Source: Gorishniy, Rubachev & Babenko, On Embeddings for Numerical Features in Tabular Deep Learning, 2022, §3.2;
    with v and a W of zeros as in Gorishniy, Kotelnikov & Babenko, TabM, 2025.
    """

    equations = (
        Equation("w", r"w_k = t_{k+1} - t_k \text{, 1 where it is 0}", "np.where(np.diff(t) > 0, np.diff(t), 1)"),
        Equation(
            "e", r"e_k(x) = \min(1, \max(0, (x - t_k) / w_k)) \quad ([x \ge t_k] \text{ where } t_{k+1} = t_k)",
            "np.where(np.diff(t) > 0, np.clip((x[:, :, None] - t[:, :-1]) / w, 0, 1), x[:, :, None] >= t[:, :-1])",
        ),
        Equation("y", r"y_f = x_f v_f + e(x_f) W_f + b_f",
                 "(x[:, :, None] * v + np.einsum('nfk,fkj->nfj', e, W) + b).reshape(len(x), -1)"),
        Equation("d", r"d = dy \text{, the outputs of each number by themselves}", "dy.reshape(*x.shape, -1)"),
        Equation("dv", r"dv_f = \sum_n x_{nf}\, d_{nf}", "(x[:, :, None] * d).sum(0)"),
        Equation("dW", r"dW_f = e(x_f)^\top d_f", "np.einsum('nfk,nfj->fkj', e, d)"),
        Equation("db", r"db_f = \sum_n d_{nf}", "d.sum(0)"),
        Equation("s", r"s_k = [t_k \le x < t_{k+1}] / w_k",
                 "((x[:, :, None] >= t[:, :-1]) & (x[:, :, None] < t[:, 1:])) / w"),
        Equation("dx", r"dx_f = d_f \cdot (v_f + s(x_f) W_f)",
                 "(d * (v + np.einsum('nfk,fkj->nfj', s, W))).sum(2)"),
    )  # fmt: skip
    symbols: ClassVar = {"v": "slope", "W": "weight", "b": "bias", "t": "edges"}
    examples = (
        Example({"size": 3, "bins": 4, "spread": 1000.0, "low": -1.0, "high": 1.0}),
        Example({"size": 2, "bins": 5}),
        Example({"size": 2, "bins": [[-1.0, 0.0, 1.0], [-0.5, 0.5], [-2.0, -1.0, 0.0, 2.0]]}, ((3,),)),
    )
    capturable = True
    slope: Param
    weight: Param
    bias: Param
    edges: HostArray

    def __init__(
        self, size: int = 8, *, bins: int | Sequence[Sequence[float]] = 48,
        spread: float = 2.0, low: float = -3.0, high: float = 3.0,
    ) -> None:  # fmt: skip
        check_int(self, "size", size, "[1, inf)")
        check_float(self, "spread", spread, "(0, inf)")
        check_float(self, "low", low, "(-inf, inf)")
        check_float(self, "high", high, "(-inf, inf)")
        if high <= low:
            raise ConfigError(f"PiecewiseLinear: 'high' must be above low = {low}. Received: {high}.")
        if isinstance(bins, int):
            check_int(self, "bins", bins, "[1, inf)")
        else:
            _check_edges(bins)
        self.size = size
        self.bins = bins
        self.spread = spread
        self.low = low
        self.high = high

    def build(self, input_shape: Shape) -> None:
        numbers, draw = each_number(self, input_shape), Uniform(1.0)
        self.edges = self._edges(numbers)
        self.slope = self.param("slope", (numbers, self.size), init=draw)
        self.weight = self.param("weight", (numbers, self.edges.shape[1] - 1, self.size), decay=True)
        self.bias = self.param("bias", (numbers, self.size), init=draw)

    def output_shape(self, input_shape: Shape) -> Shape:
        return (each_number(self, input_shape) * self.size,)

    def _edges(self, numbers: int) -> HostArray:
        """The edges of each number, (F, K + 1)."""
        if isinstance(self.bins, int):
            normal = NormalDist(0.0, self.spread)
            first, last = normal.cdf(self.low), normal.cdf(self.high)
            shares = np.linspace(first, last, self.bins + 1)[1:-1]
            return np.tile([self.low, *map(normal.inv_cdf, shares), self.high], (numbers, 1))
        if len(self.bins) != numbers:
            raise ShapeError(
                f"PiecewiseLinear was given edges for {len(self.bins)} numbers, and a row has {numbers}. Give 'bins' a "
                "list of edges for each column, or the number of bins of equal width."
            )
        most = max(map(len, self.bins))
        return np.array([[*edges, *[edges[-1]] * (most - len(edges))] for edges in self.bins], np.float64)

    def forward(self, ctx: Context, x: Array) -> Array:
        (rows, numbers), outputs = x.shape, self.size
        ctx.x, ctx.edges = x, ctx.scratch("edges", self.edges.shape)
        ctx.ops.copy(ctx.ops.asarray(self.edges), ctx.edges)
        y = ctx.scratch("y", (rows, numbers * outputs))
        ctx.op("tabular/piecewise_linear_forward")(
            x, ctx.edges, self.slope.data, self.weight.data, self.bias.data, self._sums(ctx), y
        )
        return y

    def backward(self, ctx: Context, dy: Array) -> Array | None:
        gradients = [p.grad if p.trainable else None for p in (self.slope, self.weight, self.bias)]
        dx = ctx.scratch("dx", ctx.x.shape) if ctx.needs_dx[0] else None
        ctx.op("tabular/piecewise_linear_backward")(
            dy, ctx.x, ctx.edges, self.slope.data, self.weight.data, self._sums(ctx), *gradients, dx
        )
        return dx

    def _sums(self, ctx: Context) -> Array:
        """Work space of the kernels."""
        return ctx.scratch("sums", (len(self.edges), 2, self.edges.shape[1] - 1, self.size), "float64")


def _check_edges(bins: Sequence[Sequence[float]]) -> None:
    """Raise ConfigError unless each number has at least two edges, finite and rising."""
    for f, edges in enumerate(bins):
        good = (
            isinstance(edges, list | tuple) and len(edges) >= 2 and all(isinstance(edge, int | float) for edge in edges)
        )
        if not good or not np.isfinite(edges).all() or (np.diff(edges) < 0).any():
            raise ConfigError(
                f"PiecewiseLinear: bins[{f}] must be at least two finite numbers, none below the one before. "
                f"Received: {edges!r:.80}."
            )
    if not bins:
        raise ConfigError(
            "PiecewiseLinear: 'bins' must hold the edges of at least one number. Received: an empty list."
        )
