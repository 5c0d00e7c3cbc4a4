"""References of convolution and transposed convolution: three sums over the same products, each the others' gradient.

With the windows as rows, X = im2col(x), a convolution is a dense layer: ``z = X W``, ``dW = Xᵀ dz`` and
``dx = col2im(dz Wᵀ)``. The transposed convolution has the last of these as its forward.
"""

from __future__ import annotations

from typing import Any

from pellucid import NEEDS_INPUT, Array, Ops, require_activation

from pellucid_cnn.geometry import Geometry
from pellucid_cnn.ops.columns import col2im, im2col


def conv2d_forward(
    ops: Ops, x: Array, weight: Array, bias: Array | None, geometry: Geometry, activation: str,
    y: Array, z: Array | None,
) -> None:  # fmt: skip
    """z[n, a, b, f] = Σ_ijc x[n, a·s + i·d − top, b·s' + j·d' − left, c] weight[i, j, c, f] + bias[f], y = f(z).

    x: (N, H, W, C); weight: (KH, KW, C/groups, F); bias: (F,) or None; y: (N, OH, OW, F), overwritten; z: like y,
    overwritten, required for silu and gelu and otherwise None, as in ``dense_forward``. Pixels outside of the image are
    zeros. With g groups the g-th part of F sees the g-th part of C only.
    """
    before = z if activation in NEEDS_INPUT else y
    correlate(ops.xp, x, weight, geometry, before)
    _finish(ops, bias, activation, before, y)


def conv2d_backward(
    ops: Ops, dy: Array, x: Array, weight: Array, y: Array, z: Array | None, geometry: Geometry, activation: str,
    dz: Array | None, dweight: Array | None, dbias: Array | None, dx: Array | None,
) -> None:  # fmt: skip
    """dz = dy ⊙ f′(z), dweight += Xᵀ dz, dbias += Σ_nab dz, dx = col2im(dz Wᵀ).

    dz: like y, scratch of any content, overwritten; None for ``identity``, where dz is dy. dweight and dbias are added
    to, dx: (N, H, W, C) is overwritten. Each of the three may be None: then it is not computed.
    """
    dy = _through_activation(ops, dy, y, z, activation, dz)
    if dbias is not None:
        dbias += dy.sum(axis=(0, 1, 2), dtype="float64")
    if dweight is not None:
        add_weight_gradient(ops.xp, x, dy, geometry, dweight)
    if dx is not None:
        spread(ops.xp, dy, weight, geometry, dx)


def conv_transpose2d_forward(
    ops: Ops, x: Array, weight: Array, bias: Array | None, geometry: Geometry, activation: str,
    y: Array, z: Array | None,
) -> None:  # fmt: skip
    """z = col2im(x Wᵀ) + bias, y = f(z): the adjoint of the convolution with this weight that maps y's shape to x's.

    x: (N, H, W, C); weight: (KH, KW, F/groups, C); bias: (F,) or None; y, z: (N, OH, OW, F) as in ``conv2d_forward``.
    ``geometry`` is that of the convolution: its padding is cut off from the result.
    """
    before = z if activation in NEEDS_INPUT else y
    spread(ops.xp, x, weight, geometry, before)
    _finish(ops, bias, activation, before, y)


def conv_transpose2d_backward(
    ops: Ops, dy: Array, x: Array, weight: Array, y: Array, z: Array | None, geometry: Geometry, activation: str,
    dz: Array | None, dweight: Array | None, dbias: Array | None, dx: Array | None,
) -> None:  # fmt: skip
    """dz = dy ⊙ f′(z), dweight += im2col(dz)ᵀ x, dbias += Σ_nab dz, dx = im2col(dz) W; as in ``conv2d_backward``."""
    dy = _through_activation(ops, dy, y, z, activation, dz)
    if dbias is not None:
        dbias += dy.sum(axis=(0, 1, 2), dtype="float64")
    if dweight is not None:
        add_weight_gradient(ops.xp, dy, x, geometry, dweight)
    if dx is not None:
        correlate(ops.xp, dy, weight, geometry, dx)


# -- the three sums: x (N, H, W, C), weight (KH, KW, C/groups, F), z (N, OH, OW, F) ------------------------------------


def correlate(xp: Any, x: Array, weight: Array, geometry: Geometry, z: Array) -> None:
    """z = X W for each group; z is overwritten."""
    product = xp.matmul(_grouped_columns(xp, x, weight, geometry), _grouped_weight(xp, weight, geometry.groups))
    z[...] = xp.swapaxes(product, 0, 1).reshape(z.shape)  # (G, M, F/G) -> (M, G, F/G)


def spread(xp: Any, z: Array, weight: Array, geometry: Geometry, x: Array) -> None:
    """x = col2im(z Wᵀ) for each group; x is overwritten."""
    kh, kw, c, _ = weight.shape
    transposed = xp.swapaxes(_grouped_weight(xp, weight, geometry.groups), 1, 2)
    columns = xp.matmul(_grouped(xp, z, geometry.groups), transposed)  # (G, M, KH·KW·C/G)
    columns = xp.transpose(columns.reshape(geometry.groups, -1, kh * kw, c), (1, 2, 0, 3))  # (M, KH·KW, G, C/G)
    col2im(xp, columns.reshape(*z.shape[:3], kh, kw, geometry.groups * c), geometry, x)


def add_weight_gradient(xp: Any, x: Array, dz: Array, geometry: Geometry, dweight: Array) -> None:
    """dweight += Xᵀ dz for each group."""
    columns, grouped = _grouped_columns(xp, x, dweight, geometry), _grouped(xp, dz, geometry.groups)
    for start in range(0, columns.shape[1], 256):  # a small product may be one chain of additions
        part = slice(start, start + 256)
        gradient = xp.matmul(xp.swapaxes(columns[:, part], 1, 2), grouped[:, part])  # (G, KH·KW·C/G, F/G)
        dweight += xp.swapaxes(gradient, 0, 1).reshape(dweight.shape)


def _grouped_columns(xp: Any, x: Array, weight: Array, geometry: Geometry) -> Array:
    """The windows of x as rows, one matrix for each group: (G, N·OH·OW, KH·KW·C/G)."""
    kh, kw, c, _ = weight.shape
    columns = im2col(xp, x, (kh, kw), geometry)
    places = columns.shape[0] * columns.shape[1] * columns.shape[2]
    split = xp.swapaxes(columns.reshape(-1, geometry.groups, c), 0, 1)
    return split.reshape(geometry.groups, places, kh * kw * c)


def _grouped_weight(xp: Any, weight: Array, groups: int) -> Array:
    """(KH, KW, C/G, F) -> (G, KH·KW·C/G, F/G)."""
    kh, kw, c, f = weight.shape
    return xp.swapaxes(weight.reshape(kh * kw * c, groups, f // groups), 0, 1)


def _grouped(xp: Any, z: Array, groups: int) -> Array:
    """(N, OH, OW, F) -> (G, N·OH·OW, F/G)."""
    n, h, w, f = z.shape
    return xp.swapaxes(z.reshape(n * h * w, groups, f // groups), 0, 1)


def _finish(ops: Ops, bias: Array | None, activation: str, z: Array, y: Array) -> None:
    """y = f(z + bias)."""
    require_activation(activation, "identity")
    if bias is not None:
        z += bias
    if activation != "identity":
        ops.activation_forward(activation, z, y)


def _through_activation(
    ops: Ops, dy: Array, y: Array, z: Array | None, activation: str, dz: Array | None
) -> Array:  # fmt: skip
    """dz = dy ⊙ f′(z)."""
    require_activation(activation, "identity")
    if activation == "identity":
        return dy
    ops.activation_backward(activation, dy, z, y, dz)
    return dz
