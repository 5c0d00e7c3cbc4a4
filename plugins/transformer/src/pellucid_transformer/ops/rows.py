"""References of what is done to each position by itself: tokens looked up, positions added, norms, gates, pooling."""

from __future__ import annotations

from math import log

import numpy as np
from pellucid import Array, DataError, HostArray, Ops

LONGEST_PERIOD = 10_000.0
"""2π times it is the period of the slowest sinusoid of a position."""


def outside(tokens: HostArray, vocabulary: int) -> DataError | None:
    """What is wrong with tokens (N, T) of which one is no row of the table; None where all are."""
    wrong = np.argwhere((tokens < 0) | (tokens >= vocabulary))
    if not len(wrong):
        return None
    more = f" (and {len(wrong) - 1} more)" if len(wrong) > 1 else ""
    row, *place = (int(i) for i in wrong[0])
    where = f"row {row}" + "".join(f", position {i}" for i in place)
    return DataError(
        f"Embedding knows the tokens 0 … {vocabulary - 1}. Received: {int(tokens[tuple(wrong[0])])} at {where}{more}. "
        "Make the tokens with the tokenizer that the model was trained with, or give it a larger vocabulary."
    )


def embedding_forward(ops: Ops, tokens: Array, weight: Array, padding: int, y: Array) -> None:
    """y[n, t] = weight[tokens[n, t]], zeros where the token is ``padding`` (−1: there is none).

    tokens (N, …) integers; weight (V, D); y (N, …, D) overwritten. DataError: a token that is no row.
    """
    error = outside(ops.to_host(tokens), weight.shape[0]) if tokens.size else None
    if error:
        raise error
    y[...] = weight[tokens]
    if padding >= 0:
        y[tokens == padding] = 0


def embedding_backward(
    ops: Ops, dy: Array, tokens: Array, padding: int, starts: Array, order: Array, dweight: Array
) -> None:
    """dweight[v] += Σ dy over the places where the token is v, save for ``padding``.

    dy (N, …, D); tokens (N, …) in range. starts (V + 1,) and order (tokens.size,), int64, are work space: the places of
    each token, one token after the other, as they stand in the batch. dweight (V, D) is added to.
    """
    flat, xp = tokens.reshape(-1), ops.xp
    order[...] = xp.argsort(flat, kind="stable")
    starts[:1] = 0
    starts[1:] = xp.bincount(flat, minlength=len(starts) - 1).cumsum()
    so_far = xp.zeros((len(order) + 1, dy.shape[-1]), "float64")
    so_far[1:] = dy.reshape(-1, dy.shape[-1])[order].cumsum(axis=0, dtype="float64")
    each = so_far[starts[1:]] - so_far[starts[:-1]]
    if padding >= 0:
        each[padding] = 0
    dweight += each


def add_positions(ops: Ops, x: Array, table: Array, y: Array) -> None:
    """y (N, T, D) = x + the first T rows of table (L, D), L ≥ T; overwritten."""
    y[...] = x + table[: x.shape[1]]


def add_positions_backward(ops: Ops, dy: Array, dtable: Array) -> None:
    """dtable[t] += Σ_n dy[n, t]: dy (N, T, D), dtable (L, D)."""
    dtable[: dy.shape[1]] += dy.sum(axis=0, dtype="float64")


def add(ops: Ops, a: Array, b: Array, y: Array) -> None:
    """y = a + b, all of one shape; y overwritten."""
    ops.xp.add(a, b, out=y)


def sinusoids(ops: Ops, table: Array) -> None:
    """table (T, D): sin(t ω_i) in the columns 2i and cos(t ω_i) in the columns 2i + 1, ω_i = 10000^(−2i/D)."""
    length, width = table.shape
    xp = ops.xp
    column = xp.arange(width)
    rate = xp.exp(-log(LONGEST_PERIOD) * (column // 2 * 2) / width)
    angle = xp.arange(length).reshape(-1, 1) * rate
    table[...] = xp.where(column % 2 == 0, xp.sin(angle), xp.cos(angle))


def rms_norm_forward(ops: Ops, x: Array, gain: Array, eps: float, inverse: Array, y: Array) -> None:
    """y = x ⊙ r ⊙ g with r = 1/√(mean(x²) + eps) of each row.

    x, y (N, F); gain (F,); inverse (N,) = r, overwritten as y is.
    """
    inverse[...] = 1 / ops.xp.sqrt((x * x).mean(axis=1, dtype="float64") + eps)
    y[...] = x * inverse.reshape(-1, 1) * gain


def rms_norm_backward(
    ops: Ops, dy: Array, x: Array, gain: Array, inverse: Array, dgain: Array | None, dx: Array | None
) -> None:
    """With x̂ = x r and u = dy ⊙ g: dx = r (u − x̂ mean(u ⊙ x̂)), dg += Σ dy ⊙ x̂; each unless it is None."""
    normalised = x * inverse.reshape(-1, 1)
    if dgain is not None:
        dgain += (dy * normalised).sum(axis=0, dtype="float64")
    if dx is not None:
        u = dy * gain
        dx[...] = inverse.reshape(-1, 1) * (u - normalised * (u * normalised).mean(axis=1, keepdims=True))


def gate_forward(ops: Ops, z: Array, y: Array) -> None:
    """y (N, H) = silu(a) ⊙ b of z (N, 2H) = a | b, with silu(a) = a σ(a)."""
    units = y.shape[1]
    ops.activation_forward("silu", z[:, :units], y)
    y *= z[:, units:]


def gate_backward(ops: Ops, dy: Array, z: Array, dz: Array) -> None:
    """da = dy ⊙ b ⊙ silu′(a), db = dy ⊙ silu(a), side by side in dz (N, 2H)."""
    units = dy.shape[1]
    a, b = z[:, :units], z[:, units:]
    of_a, silu = ops.empty(dy.shape, dy.dtype), ops.empty(dy.shape, dy.dtype)
    ops.activation_forward("silu", a, silu)
    ops.activation_backward("silu", dy * b, a, silu, of_a)
    dz[:, :units] = of_a
    dz[:, units:] = dy * silu


def pool_forward(ops: Ops, x: Array, mask: Array | None, first: bool, y: Array) -> None:
    """y (N, D): the mean of x (N, T, D) over the positions of mask (N, T), or the ``first`` of them; else 0."""
    weight = _shares(ops, x, mask, first)
    y[...] = (x * weight[..., None]).sum(axis=1, dtype="float64")


def pool_backward(ops: Ops, dy: Array, mask: Array | None, first: bool, dx: Array) -> None:
    """dx (N, T, D) = each position's share of the mean, times dy (N, D)."""
    dx[...] = _shares(ops, dx, mask, first)[..., None] * dy[:, None]


def _shares(ops: Ops, x: Array, mask: Array | None, first: bool) -> Array:
    """How much each position (N, T) counts."""
    xp = ops.xp
    there = xp.ones(x.shape[:2], bool) if mask is None else mask != 0
    if first:
        there = there & (there.cumsum(axis=1) == 1)
    return there / xp.maximum(there.sum(axis=1, keepdims=True), 1)


def unit_forward(ops: Ops, x: Array, eps: float, inverse: Array, y: Array) -> None:
    """y = x ⊙ r with r = 1/√(Σ x² + eps) of each row; x, y (N, D), inverse (N,) = r."""
    inverse[...] = 1 / ops.xp.sqrt((x * x).sum(axis=1, dtype="float64") + eps)
    y[...] = x * inverse.reshape(-1, 1)


def unit_backward(ops: Ops, dy: Array, y: Array, inverse: Array, dx: Array) -> None:
    """dx = r (dy − y Σ dy ⊙ y), (N, D)."""
    dx[...] = inverse.reshape(-1, 1) * (dy - y * (dy * y).sum(axis=1, keepdims=True))
