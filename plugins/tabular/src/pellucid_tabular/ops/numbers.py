"""References of the layers of numbers: periodic, plr, piecewise_linear, scaling. N rows, F numbers, M outputs each."""

from __future__ import annotations

from math import pi

from pellucid import Array, Ops

from pellucid_tabular.ops.products import add_product, product


def periodic_forward(
    ops: Ops, x: Array, frequency: Array, phase: Array | None, weight: Array, bias: Array, linked: bool, relu: bool,
    waves: Array, y: Array,
) -> None:  # fmt: skip
    """waves (F, 2, K, N) = cos and sin of 2πωx + φ; y = [x where it is linked, waves W + b, at least 0 with relu].

    x (N, F); frequency, phase (F, K); weight (F, K, M) with a phase, of the cosines alone, else (F, 2K, M); bias (F,
    M); y (N, F·M), or (N, F·(1 + M)) where x is linked.
    """
    xp, (rows, numbers), outputs = ops.xp, x.shape, weight.shape[2]
    waves_of(ops, x, frequency, phase, waves)
    used = waves.reshape(numbers, 2 * frequency.shape[1], rows)[:, : weight.shape[1]]
    out = y.reshape(rows, numbers, outputs + linked)
    if linked:
        out[:, :, 0] = x
    z = xp.swapaxes(product(ops, used, weight, ta=True) + bias[:, None], 0, 1)
    out[:, :, int(linked) :] = xp.maximum(z, 0) if relu else z


def waves_of(ops: Ops, x: Array, frequency: Array, phase: Array | None, waves: Array) -> None:
    """waves (F, 2, K, N) = cos and sin of 2πωx + φ."""
    xp, turns = ops.xp, frequency[:, :, None] * x.T[:, None]
    if phase is not None:
        turns = turns + phase[:, :, None] * (0.5 / pi)
    rest = turns - xp.rint(turns)  # whole turns change nothing, and would take digits from what is left
    waves[:, 0] = xp.sin(2 * pi * (0.25 - xp.abs(rest)))
    waves[:, 1] = xp.sin(2 * pi * xp.copysign(xp.minimum(xp.abs(rest), 0.5 - xp.abs(rest)), rest))


def periodic_backward(
    ops: Ops, dy: Array, x: Array, frequency: Array, weight: Array, waves: Array, y: Array, linked: bool, relu: bool,
    sums: Array, dfrequency: Array | None, dphase: Array | None, dweight: Array | None, dbias: Array | None,
    dx: Array | None,
) -> None:  # fmt: skip
    """The gradients of ``periodic_forward``: those of parameters are added to, dx is overwritten; None: not wanted.

    sums (F, waves·M + M + 2K), float64: scratch.
    """
    xp, (rows, numbers), outputs = ops.xp, x.shape, weight.shape[2]
    shape = (rows, numbers, outputs + linked)
    d = dy.reshape(shape)[:, :, int(linked) :]
    if relu:
        d = xp.where(y.reshape(shape)[:, :, int(linked) :] > 0, d, 0)
    d = xp.swapaxes(d, 0, 1)  # (F, N, M)
    if dweight is not None:
        flat = waves.reshape(numbers, 2 * frequency.shape[1], rows)[:, : weight.shape[1]]
        add_product(ops, flat, d, dweight)
    if dbias is not None:
        dbias += d.sum(axis=1, dtype="float64")
    dwaves = product(ops, weight, d, tb=True)  # (F, K or 2K, N)
    through_waves(ops, dwaves, x, frequency, waves, dfrequency, dphase, dx)
    if dx is not None and linked:
        dx += dy.reshape(shape)[:, :, 0]


def through_waves(
    ops: Ops, dwaves: Array, x: Array, frequency: Array, waves: Array, dfrequency: Array | None, dphase: Array | None,
    dx: Array | None,
) -> None:  # fmt: skip
    """From the gradients of cosines (F, K, N), or of cosines and sines (F, 2K, N), to those of ``waves_of``."""
    count = frequency.shape[1]
    dangle = -waves[:, 1] * dwaves[:, :count]
    if dwaves.shape[1] > count:
        dangle = dangle + waves[:, 0] * dwaves[:, count:]
    if dphase is not None:
        dphase += dangle.sum(axis=2, dtype="float64")
    if dfrequency is not None:
        dfrequency += 2 * pi * (dangle * x.T[:, None]).sum(axis=2, dtype="float64")
    if dx is not None:
        dx[...] = (2 * pi * (dangle * frequency[:, :, None]).sum(axis=1)).T


def piecewise_linear_forward(
    ops: Ops, x: Array, edges: Array, slope: Array, weight: Array, bias: Array, sums: Array, y: Array
) -> None:
    """y = x v + e(x) W + b, for each number, with e as in the layer.

    x (N, F); edges (F, K + 1), rising; slope v, bias (F, M); weight (F, K, M); sums (F, 2, K, M), float64: scratch; y
    (N, F·M).
    """
    xp, (fullness, _) = ops.xp, filled(ops, x, edges)
    z = xp.swapaxes(product(ops, xp.swapaxes(fullness, 0, 1), weight), 0, 1) + x[:, :, None] * slope + bias
    y[...] = z.reshape(y.shape)


def piecewise_linear_backward(
    ops: Ops, dy: Array, x: Array, edges: Array, slope: Array, weight: Array, sums: Array, dslope: Array | None,
    dweight: Array | None, dbias: Array | None, dx: Array | None,
) -> None:  # fmt: skip
    """The gradients of ``piecewise_linear_forward``: those of parameters are added to, dx is overwritten."""
    xp, (fullness, slopes) = ops.xp, filled(ops, x, edges)
    d = dy.reshape(*x.shape, slope.shape[1])
    if dslope is not None:
        dslope += (x[:, :, None] * d).sum(axis=0, dtype="float64")
    if dweight is not None:
        add_product(ops, xp.swapaxes(fullness, 0, 1), xp.swapaxes(d, 0, 1), dweight, ta=True)
    if dbias is not None:
        dbias += d.sum(axis=0, dtype="float64")
    if dx is not None:
        whole = slope + xp.swapaxes(product(ops, xp.swapaxes(slopes, 0, 1), weight), 0, 1)
        dx[...] = (whole * d).sum(axis=2)


def filled(ops: Ops, x: Array, edges: Array) -> tuple[Array, Array]:
    """How full each bin is, (N, F, K), and the slope of that; a bin without width is full from its edge on."""
    xp, low, high = ops.xp, edges[:, :-1], edges[:, 1:]
    width = xp.where(high > low, high - low, 1)
    e = xp.where(high > low, xp.clip((x[:, :, None] - low) / width, 0, 1), x[:, :, None] >= low).astype(x.dtype)
    inside = (x[:, :, None] >= low) & (x[:, :, None] < high)
    return e, xp.where(inside, 1 / width, 0).astype(x.dtype)


def scaling_forward(ops: Ops, x: Array, scale: Array, y: Array) -> None:
    """y = s ⊙ x. x, y (N, D); scale (D,)."""
    ops.xp.multiply(x, scale, out=y)


def scaling_backward(ops: Ops, dy: Array, x: Array, scale: Array, dscale: Array | None, dx: Array | None) -> None:
    """ds += Σ dy ⊙ x; dx = s ⊙ dy; each unless it is None."""
    if dscale is not None:
        dscale += (dy * x).sum(axis=0, dtype="float64")
    if dx is not None:
        ops.xp.multiply(dy, scale, out=dx)
