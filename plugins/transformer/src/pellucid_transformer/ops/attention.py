"""References of attention: softmax(q kᵀ/√d) v of every head, and its gradients (Vaswani et al., 2017, §3.2)."""

from __future__ import annotations

from math import inf, sqrt
from typing import Any

from pellucid import Array, Ops


def attention_forward(
    ops: Ops, q: Array, k: Array, v: Array, mask: Array | None, heads: int, kv_heads: int, causal: bool, rows: Array,
    y: Array,
) -> None:  # fmt: skip
    """``y = P v`` with ``P = softmax(q kᵀ/√d)`` over the keys that a query sees, for each head; 0 where it sees none.

    q (N, T, H·d), k and v (N, S, K·d): views of rows that lie apart are fine; query head h has key head h // (H/K).
    mask (N, S) or (N, T, S): whether a key is seen, None: all are. causal: nothing behind the query is seen, of
    which the last stands beside the last key. rows (2, N, H, T), overwritten: the largest score that each query sees,
    and the share exp(0) has there, 1/Σ exp(score − largest), of which backward makes P again; both 0 where a query
    sees nothing. y (N, T, H·d) is overwritten.
    """
    xp = ops.xp
    scores, seen = _scores(ops, q, k, mask, heads, kv_heads, causal)
    largest = xp.where(seen, scores, -inf).max(-1)
    rows[0] = xp.where(seen.any(-1), largest, 0).reshape(rows[0].shape)
    weights = _weights(ops, scores, seen, rows[0])
    total = weights.sum(-1)
    rows[1] = xp.where(total > 0, 1 / xp.where(total > 0, total, 1), 0).reshape(rows[1].shape)
    y[...] = _joined(_per_head(rows[1], scores) * (weights @ _split(v, kv_heads, 1)))


def attention_backward(
    ops: Ops, dy: Array, q: Array, k: Array, v: Array, mask: Array | None, heads: int, kv_heads: int, causal: bool,
    rows: Array, y: Array, dq: Array, dk: Array, dv: Array,
) -> None:  # fmt: skip
    """``dv = Pᵀ dy``, ``dP = dy vᵀ``, ``dS = P ⊙ (dP − Σ P ⊙ dP)/√d``, ``dq = dS k``, ``dk = dSᵀ q``; dq, dk, dv
    are overwritten.

    dy and y (N, T, H·d): Σ P ⊙ dP over the keys is dy · y, too, which suits whoever has no row of P at once. The rest
    as in ``attention_forward``. Key heads add up what the query heads of theirs send. dq, dk and dv may be views of
    rows that lie apart.
    """
    scores, seen = _scores(ops, q, k, mask, heads, kv_heads, causal)
    p = _weights(ops, scores, seen, rows[0]) * _per_head(rows[1], scores)
    keys, values = _split(k, kv_heads, 1), _split(v, kv_heads, 1)
    queries, dmix = (_split(part, kv_heads, heads // kv_heads) for part in (q, dy))
    dp = dmix @ values.swapaxes(-1, -2)
    for _ in range(2):  # where one key takes nearly all, what the first mean leaves by rounding is no longer small
        dp = dp - (p * dp).sum(-1)[..., None]
    ds = p * dp / sqrt(q.shape[-1] // heads)
    dq[...] = _joined(ds @ keys)
    dk[...] = _joined((ds.swapaxes(-1, -2) @ queries).sum(2)[:, :, None])
    dv[...] = _joined((p.swapaxes(-1, -2) @ dmix).sum(2)[:, :, None])


def _scores(
    ops: Ops, q: Array, k: Array, mask: Array | None, heads: int, kv_heads: int, causal: bool
) -> tuple[Any, Any]:
    """q kᵀ/√d (N, K, H/K, T, S), and which of them are seen."""
    xp, (steps, keys) = ops.xp, (q.shape[1], k.shape[1])
    scores = _split(q, kv_heads, heads // kv_heads) @ _split(k, kv_heads, 1).swapaxes(-1, -2)
    seen = xp.ones((1, 1, 1, steps, keys), bool)
    if mask is not None:
        seen = seen & (mask if mask.ndim == 3 else mask[:, None])[:, None, None].astype(bool)
    if causal:
        seen = seen & (xp.arange(keys) <= xp.arange(steps)[:, None] + (keys - steps))
    return scores / sqrt(q.shape[-1] // heads), xp.broadcast_to(seen, scores.shape)


def _weights(ops: Ops, scores: Any, seen: Any, largest: Array) -> Any:
    """exp(score − largest of its row), 0 where it is not seen."""
    return ops.xp.exp(ops.xp.where(seen, scores - _per_head(largest, scores), -inf))


def _per_head(row: Array, scores: Any) -> Any:
    """One number of each query (N, H, T) beside the scores (N, K, H/K, T, S)."""
    return row.reshape(*scores.shape[:4], 1)


def _split(x: Array, key_heads: int, group: int) -> Any:
    """(N, T, K·G·d) -> (N, K, G, T, d)."""
    n, steps, width = x.shape
    return x.reshape(n, steps, key_heads, group, width // (key_heads * group)).transpose(0, 2, 3, 1, 4)


def _joined(x: Any) -> Any:
    """(N, K, G, T, d) -> (N, T, K·G·d)."""
    n, key_heads, group, steps, size = x.shape
    return x.transpose(0, 3, 1, 2, 4).reshape(n, steps, key_heads * group * size)
