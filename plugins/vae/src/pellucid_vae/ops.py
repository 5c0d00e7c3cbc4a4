"""The array operations of this package, in plain array code over ``ops.xp``, which is also what every backend runs."""

from __future__ import annotations

from typing import Any

from pellucid import Array, DataError, Ops

LARGEST = 20.0
"""``reparameterize`` takes a larger s for this one: e²⁰ ≈ 5·10⁸ is no standard deviation of anything, and eˢ must not
become infinite on the way to the loss, which says what went wrong."""


def reparameterize(ops: Ops, mean: Array, log_std: Array, noise: Array, deviation: Array, z: Array) -> None:
    """deviation = ε ⊙ eˢ, z = μ + deviation. All of one shape and dtype; the last two are overwritten."""
    xp = ops.xp
    deviation[...] = noise * xp.exp(xp.minimum(log_std, LARGEST))
    z[...] = mean + deviation


def reparameterize_backward(
    ops: Ops, dz: Array, dmean: Array, dlog_std: Array, log_std: Array, deviation: Array,
    dmean_total: Array, dlog_std_total: Array,
) -> None:  # fmt: skip
    """dμ_total = dμ + dz, ds_total = ds + dz ⊙ ε ⊙ eˢ. All of one shape and dtype; the last two are overwritten."""
    xp = ops.xp
    dmean_total[...] = dmean + dz
    dlog_std_total[...] = dlog_std + xp.where(log_std < LARGEST, dz * deviation, 0)


def gaussian_kl(
    ops: Ops, mean: Array, log_std: Array, weight: Array | None, beta: float, kl: Array, dmean: Array, dlog_std: Array
) -> None:
    """kl = Σᵢ wᵢ Σₖ (½e^{2s} + ½μ² − s − ½) / Σᵢ wᵢ, and β times its gradient:
    dμ = β (wᵢ/Σw) μ and ds = β (wᵢ/Σw) (e^{2s} − 1).

    mean, log_std, dmean, dlog_std: (N, K), one dtype. weight: (N,), or None for ones. kl: float64 0-d. The last three
    are overwritten. Where Σ w = 0 all of them are 0.
    """
    xp = ops.xp
    weight = xp.ones(mean.shape[0]) if weight is None else weight.astype("float64")
    total = weight.sum()
    share = weight / xp.where(total > 0, total, 1)  # (N,)
    excess = xp.expm1(2 * log_std)  # e^{2s} − 1, of which nothing is lost near s = 0, where unused units are
    rows = (0.5 * (excess + mean * mean) - log_std).sum(axis=1)
    kl[...] = xp.sum(share * rows.astype("float64"))
    factor = (beta * share).astype(mean.dtype).reshape(-1, 1)
    dmean[...] = factor * mean
    dlog_std[...] = factor * excess


def join_label(ops: Ops, x: Array, label: Array, classes: int, out: Array) -> None:
    """out[n] = [x[n], onehot(label[n])] along the last axis, at every place of the axes between.

    x: (N, …, F); label: (N,) of integers; out: (N, …, F + classes), the dtype of x, overwritten.

    Raises:
        DataError: a label outside 0 … classes − 1.
    """
    require_labels("join_label", label, classes)
    features = x.shape[-1]
    one_hot = label.reshape(-1, 1) == ops.xp.arange(classes)  # (N, classes)
    out[..., :features] = x
    out[..., features:] = one_hot.reshape(len(label), *(1,) * (x.ndim - 2), classes)


def bernoulli(ops: Ops, uniform: Array, probability: Array, out: Array) -> None:
    """out = 1 where u < p, else 0: a sample of Bernoulli(p) for u uniform in [0, 1). All of one shape."""
    del ops
    out[...] = uniform < probability


def require_labels(what: str, labels: Any, classes: int) -> None:
    """Raise DataError, naming the row, unless every label is one of 0 … classes − 1."""
    wrong = (labels < 0) | (labels >= classes)
    if bool(wrong.any()):
        row = int(wrong.argmax())
        raise DataError(
            f"{what} needs labels from 0 to {classes - 1}, for classes = {classes}. Received: {int(labels[row])} in "
            f"row {row}. Check the labels, or build the model with more classes."
        )
