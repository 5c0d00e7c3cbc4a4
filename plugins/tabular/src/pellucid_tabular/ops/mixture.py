"""References of the ensemble: what members say together, and the gradient at each."""

from __future__ import annotations

from math import nan
from typing import Any

from pellucid import Array, Ops


def mixture_forward(ops: Ops, z: Array, weight: Array, used: Array, kind: str, y: Array) -> None:
    """y (N, C) of the outputs z (U, N, C) of the members ``used`` (U,) and the weights (K,) of all: each ≥ 0, with the
    sum 1. A member of weight 0 need not be used; y is NaN where one of another weight is not. Kernels refuse a member
    that is none of 0 … K − 1.

    ``"values"``: y = Σ wₖ zₖ. ``"classes"``: y = log Σ wₖ softmax(zₖ), logits whose softmax is the mean of the members'
    probabilities. ``"answers"``: y = log(p / (1 − p)), p = Σ wₖ σ(zₖ).
    """
    w = _of(weight, used)
    if kind == "values":
        y[...] = (w * z).sum(0)
    elif kind == "classes":
        y[...] = _log_mean(ops, w, _log_softmax(ops, z))
    else:
        yes, no = _log_answers(ops, z)
        y[...] = _log_mean(ops, w, yes) - _log_mean(ops, w, no)
    y += ops.xp.where(w.sum() == weight.astype("float64").sum(), 0.0, nan)


def mixture_backward(ops: Ops, dy: Array, z: Array, weight: Array, used: Array, kind: str, dz: Array) -> None:
    """dz (U, N, C) from dy (N, C); where a class has underflowed in every member, nothing is divided by it: shares of
    members in a class, qₖ = wₖ pₖ / Σ wⱼ pⱼ, are taken from logarithms.

    ``"values"``: dzₖ = wₖ dy. ``"classes"``: dzₖ = qₖ ⊙ dy − pₖ Σ_c qₖ dy. ``"answers"``:
    dzₖ = (qₖ (1 − pₖ) + q̄ₖ pₖ) dy with q̄ₖ, the share in no.
    """
    xp, w = ops.xp, _of(weight, used)
    if kind == "values":
        dz[...] = w * dy
    elif kind == "classes":
        log_p = _log_softmax(ops, z)
        shared = xp.exp(_log(ops, w) + log_p - _log_mean(ops, w, log_p)) * dy
        dz[...] = shared - xp.exp(log_p) * shared.sum(-1, keepdims=True)
    else:
        yes, no = _log_answers(ops, z)
        in_yes = xp.exp(_log(ops, w) + yes - _log_mean(ops, w, yes))
        in_no = xp.exp(_log(ops, w) + no - _log_mean(ops, w, no))
        dz[...] = (in_yes * xp.exp(no) + in_no * xp.exp(yes)) * dy


def _of(weight: Array, used: Array) -> Any:
    return weight.astype("float64")[used][:, None, None]


def _log(ops: Ops, w: Array) -> Array:
    """log w, of 0 a number so small that its exponential is 0."""
    return ops.xp.where(w > 0, ops.xp.log(ops.xp.maximum(w, 1e-300)), -1e4)


def _log_softmax(ops: Ops, z: Array) -> Any:
    xp = ops.xp
    shifted = z.astype("float64") - z.max(-1, keepdims=True)
    return shifted - xp.log(xp.exp(shifted).sum(-1, keepdims=True))


def _log_answers(ops: Ops, z: Array) -> tuple[Any, Any]:
    """log σ(z) and log(1 − σ(z))."""
    xp = ops.xp
    z = z.astype("float64")
    rest = xp.log1p(xp.exp(-xp.abs(z)))
    return xp.minimum(z, 0) - rest, xp.minimum(-z, 0) - rest


def _log_mean(ops: Ops, w: Array, log_p: Array) -> Any:
    """log Σ wₖ pₖ over the members."""
    xp = ops.xp
    weighted = _log(ops, w) + log_p
    largest = weighted.max(0)
    return largest + xp.log(xp.exp(weighted - largest).sum(0))
