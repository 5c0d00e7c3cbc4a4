"""Products of the layers of numbers by ``ops.product``, for backends that capture steps: what stands in
:mod:`pellucid_tabular.ops`, save that array code's own products, ``xp.matmul``, cannot stand in a graph of CuPy's."""

from __future__ import annotations

from typing import Any

from pellucid import Array, HostArray

from pellucid_tabular.ops.columns import categories
from pellucid_tabular.ops.numbers import filled, through_waves, waves_of


def periodic_forward(
    ops: Any, x: Array, frequency: Array, phase: Array | None, weight: Array, bias: Array, linked: bool, relu: bool,
    waves: Array, y: Array,
) -> None:  # fmt: skip
    xp, (rows, numbers), outputs = ops.xp, x.shape, weight.shape[2]
    waves_of(ops, x, frequency, phase, waves)
    used = waves.reshape(numbers, 2 * frequency.shape[1], rows)[:, : weight.shape[1]]
    out = y.reshape(rows, numbers, outputs + linked)
    if linked:
        out[:, :, 0] = x
    z = xp.swapaxes(_product(ops, used, weight, ta=True) + bias[:, None], 0, 1)
    out[:, :, int(linked) :] = xp.maximum(z, 0) if relu else z


def periodic_backward(
    ops: Any, dy: Array, x: Array, frequency: Array, weight: Array, waves: Array, y: Array, linked: bool, relu: bool,
    sums: Array, dfrequency: Array | None, dphase: Array | None, dweight: Array | None, dbias: Array | None,
    dx: Array | None,
) -> None:  # fmt: skip
    xp, (rows, numbers), outputs, count = ops.xp, x.shape, weight.shape[2], frequency.shape[1]
    shape = (rows, numbers, outputs + linked)
    d = dy.reshape(shape)[:, :, int(linked) :]
    if relu:
        d = xp.where(y.reshape(shape)[:, :, int(linked) :] > 0, d, 0)
    d = xp.ascontiguousarray(xp.swapaxes(d, 0, 1))  # (F, N, M)
    if dweight is not None:
        ops.product(waves.reshape(numbers, 2 * count, rows)[:, : weight.shape[1]], d, dweight, add=True)
    if dbias is not None:
        dbias += d.sum(axis=1, dtype="float64")
    dwaves = _product(ops, weight, d, tb=True)  # (F, K or 2K, N)
    through_waves(ops, dwaves, x, frequency, waves, dfrequency, dphase, dx)
    if dx is not None and linked:
        dx += dy.reshape(shape)[:, :, 0]


def piecewise_linear_forward(
    ops: Any, x: Array, edges: Array, slope: Array, weight: Array, bias: Array, sums: Array, y: Array
) -> None:
    xp, (fullness, _) = ops.xp, filled(ops, x, edges)
    z = xp.swapaxes(_product(ops, xp.swapaxes(fullness, 0, 1), weight), 0, 1) + x[:, :, None] * slope + bias
    y[...] = z.reshape(y.shape)


def piecewise_linear_backward(
    ops: Any, dy: Array, x: Array, edges: Array, slope: Array, weight: Array, sums: Array, dslope: Array | None,
    dweight: Array | None, dbias: Array | None, dx: Array | None,
) -> None:  # fmt: skip
    xp, (fullness, slopes) = ops.xp, filled(ops, x, edges)
    d = dy.reshape(*x.shape, slope.shape[1])
    if dslope is not None:
        dslope += (x[:, :, None] * d).sum(axis=0, dtype="float64")
    if dweight is not None:
        ops.product(xp.swapaxes(fullness, 0, 1), xp.swapaxes(d, 0, 1), dweight, add=True, ta=True)
    if dbias is not None:
        dbias += d.sum(axis=0, dtype="float64")
    if dx is not None:
        whole = slope + xp.swapaxes(_product(ops, xp.swapaxes(slopes, 0, 1), weight), 0, 1)
        dx[...] = (whole * d).sum(axis=2)


def look_up_backward(
    ops: Any, dy: Array, x: Array, sizes: HostArray, size: int, one_hot: int, sums: Array | None,
    dnumbers: Array | None, dtable: Array | None,
) -> None:  # fmt: skip
    widths = sum(known if known <= one_hot else size for known in (int(count) - 1 for count in sizes))
    if dnumbers is not None:
        dnumbers[...] = dy[:, : dnumbers.shape[1]]
    if dtable is None:
        return
    for index, known, first, columns in categories(ops, x, sizes, dy.shape[1] - widths, size, one_hot):
        if first is not None:
            chosen = (index[:, None] == ops.xp.arange(1, known + 1)).astype(dy.dtype)
            ops.product(chosen, dy[:, columns], dtable[first : first + known], add=True, ta=True)


def _product(ops: Any, a: Array, b: Array, *, ta: bool = False, tb: bool = False) -> Array:
    """A product for each number, (F, …, …)."""
    rows, columns = a.shape[2] if ta else a.shape[1], b.shape[1] if tb else b.shape[2]
    out: Array = ops.empty((len(a), rows, columns), a.dtype)
    ops.product(a, b, out, ta=ta, tb=tb)
    return out
