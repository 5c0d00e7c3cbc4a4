"""Reference of the contrastive loss: all pairs of a batch at once."""

from __future__ import annotations

from math import inf

from pellucid import Array, Ops


def contrastive(
    ops: Ops, z: Array, labels: Array, weight: Array | None, temperature: float, scores: Array, each: Array,
    loss: Array, dz: Array,
) -> None:  # fmt: skip
    """loss = Σ wᵢ lᵢ / Σ wᵢ and its gradient dz, with lᵢ = −(1/nᵢ) Σ_{j ∈ P(i)} log softmax_{k ≠ i}(zᵢ·z_k/τ)_j.

    z, dz (N, D); labels (N,) integers; weight (N,) or None: ones; scores (N, N) and each (N,), float64, are work space;
    loss: float64 0-d. P(i) are the nᵢ other rows with the label of row i; lᵢ = 0 where there are none.
    """
    xp, n = ops.xp, len(z)
    wide = z.astype("float64")
    share = xp.ones(n) if weight is None else weight.astype("float64")
    total = float(share.sum())
    share = (share / total if total else share).reshape(-1, 1)
    if not n:
        loss[...] = 0
        return
    other = ~xp.eye(n, dtype=bool)
    s = wide @ wide.T / temperature
    s -= xp.where(other, s, -inf).max(axis=1, keepdims=True) if n > 1 else s
    e = xp.where(other, xp.exp(xp.minimum(s, 0)), 0)
    sums = e.sum(axis=1, keepdims=True)
    partner = (other & (labels.reshape(-1, 1) == labels)).astype("float64")
    partner /= xp.maximum(partner.sum(axis=1, keepdims=True), 1)
    has = partner.sum(axis=1, keepdims=True)
    log = xp.log(sums) if n > 1 else sums
    each[...] = -(share * partner * (s - log)).sum(axis=1)
    loss[...] = each.sum()
    g = share * (e / xp.maximum(sums, 1e-300) * has - partner) / temperature
    scores[...] = g
    dz[...] = (g + g.T) @ wide
