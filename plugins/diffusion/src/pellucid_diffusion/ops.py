"""The array operations of this package, in plain array code over ``ops.xp``, which is also what every backend runs."""

from __future__ import annotations

from math import log

from pellucid import Array, DataError, Ops

LONGEST = 10_000.0
"""The slowest sine of ``time_features`` takes about 2π times so many steps for one turn."""


def draw_times(ops: Ops, uniform: Array, steps: int, t: Array) -> None:
    """``t = 1 + ⌊u T⌋``: one of 1 … T, each as likely. uniform: (N,) in [0, 1); t: (N,) int64, overwritten."""
    t[...] = ops.xp.minimum(uniform * steps, steps - 1)
    t += 1


def drop_labels(ops: Ops, label: Array, uniform: Array, rate: float, none: int, out: Array) -> None:
    """``out = none`` where u < rate, else the label. label, out: (N,) int64; uniform: (N,) in [0, 1)."""
    out[...] = ops.xp.where(uniform < rate, none, label)


def mix(ops: Ops, t: Array, a: Array, x: Array, b: Array, y: Array, out: Array) -> None:
    """``out_n = a[t_n] x_n + b[t_n] y_n``.

    t: (N,) int64; a, b: (T + 1,) tables of the floating type; x, y, out: (N, …) of one shape and dtype; out is
    overwritten.
    """
    del ops
    shape = (-1, *(1,) * (x.ndim - 1))
    out[...] = a[t].reshape(shape) * x
    out += b[t].reshape(shape) * y


def modulate(ops: Ops, x: Array, factor: Array, shift: Array, y: Array) -> None:
    """``y = (1 + factor) x + shift``, all (N, F) of one dtype; y is overwritten."""
    ops.xp.multiply(x, factor, out=y)
    y += x
    y += shift


def modulate_backward(ops: Ops, dy: Array, x: Array, factor: Array, dx: Array, dfactor: Array) -> None:
    """``dx = (1 + factor) dy`` and ``dfactor = x dy``, both overwritten; the gradient at the shift is dy itself."""
    ops.xp.multiply(dy, factor, out=dx)
    dx += dy
    ops.xp.multiply(dy, x, out=dfactor)


def weighted_mse(
    ops: Ops, prediction: Array, target: Array, t: Array, table: Array, weight: Array | None, loss: Array,
    gradient: Array,
) -> None:  # fmt: skip
    """``L = Σ_n s_n w[t_n] l_n / Σ_n s_n`` with ``l_n = (1/K) Σ_k (p_nk − q_nk)²``, and its gradient at p.

    prediction p, target q, gradient: (N, K), one dtype. t: (N,) int64; table w: (T + 1,); weight s: (N,), or None for
    ones. loss: float64 0-d. The last two are overwritten; where Σ s = 0 both are 0.
    """
    xp = ops.xp
    samples = xp.ones(t.shape) if weight is None else weight.astype("float64")
    total = samples.sum()
    share = table[t].astype("float64") * samples / xp.where(total > 0, total, 1)  # (N,)
    outputs = max(prediction.shape[1], 1)
    gradient[...] = prediction - target
    rows = (gradient * gradient).sum(axis=1) / outputs
    loss[...] = xp.sum(share * rows.astype("float64"))
    gradient *= (2 / outputs * share).astype(gradient.dtype).reshape(-1, 1)


def time_features(ops: Ops, t: Array, out: Array) -> None:
    """``out_n = [sin(t_n ω_i), …, cos(t_n ω_i), …]`` with ``ω_i = 10000^(−i/H)``, i = 0 … H − 1, H = F/2.

    t: (N,) integers; out: (N, F) with even F, overwritten.

    Source: Vaswani et al., Attention Is All You Need, 2017, §3.5.
    """
    xp = ops.xp
    half = out.shape[1] // 2
    angle = t.astype("float64").reshape(-1, 1) * xp.exp(xp.arange(half) * (-log(LONGEST) / half))  # (N, H)
    out[:, :half] = xp.sin(angle)
    out[:, half:] = xp.cos(angle)


def one_hot(ops: Ops, label: Array, out: Array) -> None:
    """``out_nk = 1`` where k is label n, else 0. label: (N,) integers; out: (N, K), overwritten.

    Raises:
        DataError: a label outside 0 … K − 1.
    """
    classes = out.shape[1]
    wrong = (label < 0) | (label >= classes)
    if bool(wrong.any()):
        row = int(wrong.argmax())
        raise DataError(
            f"A label must lie from 0 to {classes - 1}, where {classes - 1} stands for 'none'. Received: "
            f"{int(label[row])} in row {row}. Check the labels, or build the model with more classes."
        )
    out[...] = label.reshape(-1, 1) == ops.xp.arange(classes)
