"""elastic: as if the image were drawn on rubber, for handwriting."""

from __future__ import annotations

from math import ceil
from typing import Any

from pellucid import Array, Context, Example, check_float

from pellucid_cnn.transforms.warp import Warp, chosen


class Elastic(Warp):
    """``q(p) = p + α (G_σ ∗ e)(p)``, with e uniform in [−1, 1) at each pixel, for rows and for columns (Simard,
    Steinkraus & Platt, 2003).

    G is the Gaussian of width σ, whose weights add up to 1. Far from the border each component of the displacement has
    the standard deviation α / (2 σ √(3 π)): 1.4 pixels for the authors' α = 34, σ = 4.

    Args:
        alpha: α, strength.
        sigma: σ, in pixels: how far neighbours move together.
        probability: of being bent; the other images stay as they are, and sharp: see :class:`RandomAffine`.
    """

    examples = (
        Example({"alpha": 5.0, "sigma": 1.0}, ((6, 5, 2),)),
        Example({}, ((5, 5, 1),)),
        Example({"probability": 0.5}, ((5, 5, 1),)),
    )

    def __init__(self, alpha: float = 34.0, sigma: float = 4.0, probability: float = 1.0) -> None:
        check_float(self, "alpha", alpha, "[0, inf)")
        check_float(self, "sigma", sigma, "(0, inf)")
        check_float(self, "probability", probability, "[0, 1]")
        self.alpha = alpha
        self.sigma = sigma
        self.probability = probability

    def sources(self, ctx: Context, x: Array) -> Array:
        n, height, width, _ = x.shape
        down, across = _smoothing(ctx, height, width, self.alpha, self.sigma, x.dtype)
        noise = ctx.uniform((n, width, 2, height))
        noise *= 2
        noise -= 1
        # Smoothing is separable: along one axis as a matrix product, and along the other.
        once, turned = ctx.scratch("once", noise.shape), ctx.scratch("turned", (n, height, 2, width))
        ctx.ops.dense_forward(noise.reshape(-1, height), down, None, "identity", once.reshape(-1, height), None)
        turned[...] = ctx.xp.transpose(once, (0, 3, 2, 1))
        twice = ctx.scratch("twice", turned.shape)
        ctx.ops.dense_forward(turned.reshape(-1, width), across, None, "identity", twice.reshape(-1, width), None)
        grid = ctx.scratch("grid", (n, height, width, 2), x.dtype)
        grid[...] = ctx.xp.transpose(twice, (0, 1, 3, 2))
        if self.probability < 1:
            grid *= chosen(ctx, x, self.probability).reshape(-1, 1, 1, 1)
        grid[..., 0] += ctx.xp.arange(height, dtype=x.dtype).reshape(-1, 1)
        grid[..., 1] += ctx.xp.arange(width, dtype=x.dtype)
        return grid


def _smoothing(ctx: Context, height: int, width: int, alpha: float, sigma: float, dtype: Any) -> tuple[Array, Array]:
    """The Gaussian as a matrix for each axis, α in the second; made once. Beyond the border the noise is 0."""
    known = getattr(ctx, "smoothing", None)
    if known is not None and known[0] == (height, width, dtype):
        return known[1]
    xp = ctx.xp
    reach = xp.arange(-ceil(6 * sigma), ceil(6 * sigma) + 1, dtype="float64")
    total = xp.exp(-((reach / sigma) ** 2) / 2).sum()
    matrices = []
    for size, factor in ((height, 1.0), (width, alpha)):
        distance = xp.arange(size).reshape(-1, 1) - xp.arange(size)
        matrices.append((factor * xp.exp(-((distance / sigma) ** 2) / 2) / total).astype(dtype))
    ctx.smoothing = (height, width, dtype), tuple(matrices)
    return ctx.smoothing[1]
