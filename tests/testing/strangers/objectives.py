"""Objectives as strangers write them."""

from __future__ import annotations

from typing import Any

import numpy as np
from pellucid import Equation, Example, Objective, check_float

DENSE = {"type": "core/dense", "units": 4, "activation": "tanh"}


def shares(ctx: Any, batch: Any) -> Any:
    """wᵢ / Σ w as a column, and ctx.count."""
    w = np.ones(len(batch)) if batch.weight is None else batch.weight
    ctx.count = float(w.sum())
    return (w / (ctx.count or 1.0))[:, None]


class Denoised(Objective):
    """``Σ w ‖f(x + σ n) − x‖² / Σ w``; in evaluation without noise."""

    equations = (
        Equation("objective", r"L = \sum_n w_n \lVert f(x_n + \sigma n) - x_n \rVert^2 / \sum_n w_n",
                 "np.sum(w * ((prediction - x) ** 2).sum(-1)) / np.sum(w)"),
    )  # fmt: skip
    examples = (
        Example({}, ((4,),), model=DENSE),
        Example({"sigma": 0.5}, ((4,),), model={"type": "core/dense", "units": 4}),
    )

    def __init__(self, sigma: float = 0.1) -> None:
        check_float(self, "sigma", sigma, "[0, inf)")
        self.sigma = sigma

    def forward(self, ctx: Any, model: Any, batch: Any) -> Any:
        share = shares(ctx, batch)
        x = batch.x + self.sigma * ctx.normal(batch.x.shape) if ctx.training else batch.x
        ctx.y, ctx.x = model.forward(ctx.child("model"), x), batch.x
        ctx.slope = (2 * share * (ctx.y - ctx.x)).astype(ctx.dtype)
        return (share * (ctx.y - ctx.x) ** 2).sum(dtype="float64")

    def backward(self, ctx: Any, model: Any) -> None:
        model.backward(ctx.child("model"), ctx.slope)

    def metric_pair(self, ctx: Any) -> Any:
        return ctx.y, ctx.x


class Penalised(Objective):
    """The mean square error, and a penalty on large outputs that grows over ten steps."""

    equations = (
        Equation("error", r"E = \sum_n w_n \lVert \hat y_n - t_n \rVert^2 / \sum_n w_n",
                 "np.sum(w * ((prediction - t) ** 2).sum(-1)) / np.sum(w)"),
        Equation("size", r"S = \sum_n w_n \lVert \hat y_n \rVert^2 / \sum_n w_n",
                 "np.sum(w * (prediction**2).sum(-1)) / np.sum(w)"),
        Equation("objective", r"L = E + \lambda \min(1, (s + 1)/10) S",
                 "error + rate * min(1, (step + 1) / 10) * size"),
    )  # fmt: skip
    examples = (Example({"rate": 0.3}, ((5,),), model=DENSE, target=(4,)),)
    needs_target = True

    def __init__(self, rate: float = 0.1) -> None:
        check_float(self, "rate", rate, "[0, inf)")
        self.rate = rate

    def factor(self, ctx: Any) -> float:
        """The rate of this step."""
        return self.rate * min(1, (ctx.step + 1) / 10) if ctx.training else self.rate

    def forward(self, ctx: Any, model: Any, batch: Any) -> Any:
        share = shares(ctx, batch)
        ctx.y, ctx.t = model.forward(ctx.child("model"), batch.x), batch.y
        error = (share * (ctx.y - ctx.t) ** 2).sum(dtype="float64")
        size = (share * ctx.y**2).sum(dtype="float64")
        ctx.parts = {"error": error, "size": size}
        ctx.slope = (2 * share * (ctx.y - ctx.t + self.factor(ctx) * ctx.y)).astype(ctx.dtype)
        return error + self.factor(ctx) * size

    def backward(self, ctx: Any, model: Any) -> None:
        model.backward(ctx.child("model"), ctx.slope)

    def metric_pair(self, ctx: Any) -> Any:
        return ctx.y, ctx.t


class TwoViews(Objective):
    """``Σ w ‖f(x + n) − f(x − n)‖² / Σ w``: two views of a sample are to give the same."""

    equations = (
        Equation(
            "objective",
            r"L = \sum_n w_n \lVert f(x + n) - f(x - n) \rVert^2 / \sum_n w_n",
            why="two outputs of one model",
        ),
    )
    examples = (Example({}, ((3,),), model=DENSE),)

    def forward(self, ctx: Any, model: Any, batch: Any) -> Any:
        share = shares(ctx, batch)
        n = ctx.normal(batch.x.shape)
        a = np.array(model.forward(ctx.child("a"), batch.x + n))
        b = np.array(model.forward(ctx.child("b"), batch.x - n))
        ctx.slope = (2 * share * (a - b)).astype(ctx.dtype)
        return (share * (a - b) ** 2).sum(dtype="float64")

    def backward(self, ctx: Any, model: Any) -> None:
        model.backward(ctx.child("a"), ctx.slope)
        model.backward(ctx.child("b"), -ctx.slope)
