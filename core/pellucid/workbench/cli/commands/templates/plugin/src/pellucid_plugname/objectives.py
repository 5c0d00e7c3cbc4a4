"""Denoise: an objective without targets, for a model of as many outputs as inputs."""

from __future__ import annotations

from typing import Any

from pellucid import Array, Batch, Context, Equation, Example, Layer, Objective, check_float


class Denoise(Objective):
    """``L = Σ wᵢ (1/J) Σⱼ (f(x + σε) − x)²ᵢⱼ / Σ wᵢ`` with fresh noise ``ε ~ N(0, 1)``; see Vincent et al., 2008.

    Args:
        sigma: σ, how much noise is added.

    Shapes: x (N, J), of a model that gives (N, J); there is no target.
    """

    equations = (
        Equation(
            "objective",
            r"L = \frac{\sum_i w_i \frac1J \sum_j (f(x + \sigma \varepsilon)_{ij} - x_{ij})^2}{\sum_i w_i}",
            "np.sum(w * np.mean((prediction - x) ** 2, axis=1)) / np.sum(w)",
        ),
        Equation("seen0", r"\tilde x = x + \sigma \varepsilon", "x + sigma * drawn['normal']"),
        Equation("dy", r"dy_{ij} = \frac{w_i}{\sum_k w_k} \frac{2 (y_{ij} - x_{ij})}{J}",
                 "w[:, None] * 2 * (y - x) / x.shape[1] / np.sum(w)"),
    )  # fmt: skip
    examples = (Example({"sigma": 0.3}, ((4,),), model={"type": "core/dense", "units": 4}),)

    def __init__(self, sigma: float = 0.1) -> None:
        check_float(self, "sigma", sigma, "[0, inf)")
        self.sigma = sigma

    def forward(self, ctx: Context, model: Layer, batch: Batch) -> Any:
        x = batch.x
        noisy = x + self.sigma * ctx.normal(x.shape)
        ctx.x, ctx.prediction = x, model.forward(ctx.child("model", needs_dx=(False,)), noisy)
        error = ctx.prediction - x
        each = (error * error).mean(axis=1, dtype="float64")
        w = ctx.xp.ones(len(x)) if batch.weight is None else batch.weight
        ctx.count = float(w.sum(dtype="float64"))
        share = w / ctx.count if ctx.count else w
        ctx.dy = (2 * share[:, None] * error / error.shape[1]).astype(error.dtype)
        return (share * each).sum(dtype="float64")

    def backward(self, ctx: Context, model: Layer) -> None:
        model.backward(ctx.child("model"), ctx.dy)

    def metric_pair(self, ctx: Context) -> tuple[Array, Array]:
        return ctx.prediction, ctx.x
