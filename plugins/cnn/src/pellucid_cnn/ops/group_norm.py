"""References of group normalisation: statistics of each image over all pixels and the channels of a group."""

from __future__ import annotations

from pellucid import Array, Ops


def group_norm_forward(
    ops: Ops, x: Array, gamma: Array, beta: Array, groups: int, eps: float, mean: Array, inv_std: Array, y: Array
) -> None:
    """x̂ = (x − mean)·inv_std with the mean and the biased variance of each image's group, y = γ ⊙ x̂ + β.

    x, y: (N, P, C), P pixels; gamma, beta: (C,); mean, inv_std = 1/√(var + ε): (N, G). The last three are overwritten.
    A constant group gives β exactly: it is centred by the mean and then by what rounding has left of it.
    """
    n, p, c = x.shape
    grouped = x.reshape(n, p, groups, c // groups)
    count = p * (c // groups)
    mean[...] = grouped.sum(axis=(1, 3), dtype="float64") / count
    centred = grouped - mean.reshape(n, 1, groups, 1)
    centred -= centred.sum(axis=(1, 3), keepdims=True) / count
    inv_std[...] = 1 / ops.xp.sqrt((centred * centred).sum(axis=(1, 3)) / count + eps)
    y[...] = (centred * inv_std.reshape(n, 1, groups, 1)).reshape(n, p, c) * gamma + beta


def group_norm_backward(
    ops: Ops, dy: Array, x: Array, gamma: Array, mean: Array, inv_std: Array, groups: int,
    dgamma: Array | None, dbeta: Array | None, dx: Array | None,
) -> None:  # fmt: skip
    """With g = dy ⊙ γ and means over a group: dx = inv_std (g − mean(g) − x̂ mean(g ⊙ x̂)).

    dgamma += Σ dy ⊙ x̂ and dbeta += Σ dy over images and pixels, each unless it is None; dx: (N, P, C), overwritten, or
    None.
    """
    del ops
    n, p, c = x.shape
    shape = n, p, groups, c // groups
    normalised = (x.reshape(shape) - mean.reshape(n, 1, groups, 1)) * inv_std.reshape(n, 1, groups, 1)
    if dgamma is not None:
        dgamma += (dy * normalised.reshape(n, p, c)).sum(axis=(0, 1), dtype="float64")
    if dbeta is not None:
        dbeta += dy.sum(axis=(0, 1), dtype="float64")
    if dx is not None:
        g = (dy * gamma).reshape(shape)
        count = p * (c // groups)
        mean_g = g.sum(axis=(1, 3), keepdims=True) / count
        along = (g * normalised).sum(axis=(1, 3), keepdims=True) / count
        dx[...] = ((g - mean_g - normalised * along) * inv_std.reshape(n, 1, groups, 1)).reshape(n, p, c)
