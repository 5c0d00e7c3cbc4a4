"""The layers of images against PyTorch: random shapes in float64, forward and every gradient.

    benchmarks/.venv/bin/python benchmarks/oracles/cnn_layers.py

It prints a line for each layer and exits with 1 if a difference is above 1e-10. The tests hold the same layers
against SciPy and against loops; PyTorch is not among their requirements.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch.nn import functional as F

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "core"), str(ROOT / "plugins" / "cnn" / "src")]  # the references need no build

from pellucid.standard.ops.base import ReferenceOps  # noqa: E402
from pellucid_cnn.geometry import Geometry  # noqa: E402
from pellucid_cnn.ops import convolution, group_norm, pooling, resampling  # noqa: E402

from benchmarks.oracles.held import Row, report, row  # noqa: E402

OPS, ROUNDS = ReferenceOps(), 40
Array = Any
Pairs = Iterator[tuple[Array, Array]]


def to_torch(x: Array) -> torch.Tensor:
    """(N, H, W, C) -> (N, C, H, W)."""
    return torch.tensor(np.moveaxis(x, 3, 1).copy(), requires_grad=True)


def back(x: torch.Tensor) -> Array:
    return np.moveaxis(x.detach().numpy(), 1, 3)


class Draw:
    """Random arguments; padding is symmetric, as PyTorch's is."""

    def __init__(self, seed: int) -> None:
        rng = self.rng = np.random.default_rng(seed)
        self.groups = int(rng.integers(1, 4))
        self.kernel, self.stride, self.dilation = (tuple(int(n) for n in rng.integers(1, 4, 2)) for _ in range(3))
        self.padding = tuple(int(rng.integers(0, k)) for k in self.kernel)
        (top, left), c, f = self.padding, self.groups * 2, self.groups * int(rng.integers(1, 3))
        self.geometry = Geometry(self.stride, (top, top, left, left), self.dilation, self.groups)
        self.x = rng.normal(size=(2, *(int(n) for n in rng.integers(7, 11, 2)), c))
        self.filters = rng.normal(size=(*self.kernel, 2, f))  # (KH, KW, C/groups, F)
        self.bias = rng.normal(size=f)

    def like(self, y: Array) -> Array:
        return self.rng.normal(size=y.shape)


def conv2d(d: Draw) -> Pairs:
    x, weight = to_torch(d.x), torch.tensor(d.filters.transpose(3, 2, 0, 1).copy(), requires_grad=True)
    bias = torch.tensor(d.bias, requires_grad=True)
    theirs = F.conv2d(x, weight, bias, d.stride, d.padding, d.dilation, d.groups)
    y = np.empty(back(theirs).shape)
    convolution.conv2d_forward(OPS, d.x, d.filters, d.bias, d.geometry, "identity", y, None)
    dy, dx, dw, db = d.like(y), np.empty_like(d.x), np.zeros_like(d.filters), np.zeros_like(d.bias)
    convolution.conv2d_backward(OPS, dy, d.x, d.filters, y, None, d.geometry, "identity", None, dw, db, dx)
    theirs.backward(to_torch(dy))
    yield y, back(theirs)
    yield dx, back(x.grad)
    yield dw, weight.grad.numpy().transpose(2, 3, 1, 0)
    yield db, bias.grad.numpy()


def conv_transpose2d(d: Draw) -> Pairs:
    filters = d.rng.normal(size=(*d.kernel, int(d.rng.integers(1, 3)), d.x.shape[3]))  # (KH, KW, F/groups, C)
    x, weight = to_torch(d.x), torch.tensor(filters.transpose(3, 2, 0, 1).copy(), requires_grad=True)
    added = tuple(int(d.rng.integers(0, step)) for step in d.stride)
    theirs = F.conv_transpose2d(x, weight, None, d.stride, d.padding, added, d.groups, d.dilation)
    y = np.empty(back(theirs).shape)
    convolution.conv_transpose2d_forward(OPS, d.x, filters, None, d.geometry, "identity", y, None)
    dy, dx, dw = d.like(y), np.empty_like(d.x), np.zeros_like(filters)
    convolution.conv_transpose2d_backward(OPS, dy, d.x, filters, y, None, d.geometry, "identity", None, dw, None, dx)
    theirs.backward(to_torch(dy))
    yield y, back(theirs)
    yield dx, back(x.grad)
    yield dw, weight.grad.numpy().transpose(2, 3, 1, 0)


def pool(d: Draw, kind: str) -> Pairs:
    padding = tuple(min(p, k // 2) for p, k in zip(d.padding, d.kernel, strict=True))  # PyTorch takes no more
    geometry, x = Geometry(d.stride, (padding[0], padding[0], padding[1], padding[1])), to_torch(d.x)
    if kind == "max":
        theirs = F.max_pool2d(x, d.kernel, d.stride, padding)
    else:
        theirs = F.avg_pool2d(x, d.kernel, d.stride, padding, count_include_pad=False)
    y, dx = np.empty(back(theirs).shape), np.empty_like(d.x)
    dy, argmax = d.like(y), np.empty(y.shape, np.uint8)
    if kind == "max":
        pooling.max_pool2d_forward(OPS, d.x, d.kernel, geometry, y, argmax)
        pooling.max_pool2d_backward(OPS, dy, argmax, d.kernel, geometry, dx)
    else:
        pooling.average_pool2d_forward(OPS, d.x, d.kernel, geometry, y)
        pooling.average_pool2d_backward(OPS, dy, d.kernel, geometry, dx)
    theirs.backward(to_torch(dy))
    yield y, back(theirs)
    yield dx, back(x.grad)


def upsample_bilinear(d: Draw) -> Pairs:
    x = to_torch(d.x)
    theirs = F.interpolate(x, scale_factor=d.stride, mode="bilinear", align_corners=False)
    y, dx = np.empty(back(theirs).shape), np.empty_like(d.x)
    dy = d.like(y)
    resampling.upsample_bilinear_forward(OPS, d.x, y)
    resampling.upsample_bilinear_backward(OPS, dy, dx)
    theirs.backward(to_torch(dy))
    yield y, back(theirs)
    yield dx, back(x.grad)


def warp(d: Draw) -> Pairs:
    """PyTorch's grid holds (column, row) from −1 to 1, from the centre of the first pixel to that of the last."""
    size = np.array(d.x.shape[1:3])
    grid = d.rng.uniform(-2, size + 1, (2, 5, 6, 2))
    y = np.empty((2, 5, 6, d.x.shape[3]))
    resampling.warp(OPS, d.x, grid, y)
    scaled = torch.tensor((2 * grid / (size - 1) - 1)[..., ::-1].copy())
    yield y, back(F.grid_sample(to_torch(d.x), scaled, padding_mode="zeros", align_corners=True))


def group_normalisation(d: Draw) -> Pairs:
    n, h, w, c = d.x.shape
    x, gamma, beta = to_torch(d.x), d.rng.normal(size=c), d.rng.normal(size=c)
    scale = torch.tensor(gamma, requires_grad=True)
    theirs = F.group_norm(x, d.groups, scale, torch.tensor(beta), 1e-5)
    ours, dx, dgamma = np.empty((n, h * w, c)), np.empty((n, h * w, c)), np.zeros(c)
    mean, inv_std, flat = np.empty((n, d.groups)), np.empty((n, d.groups)), d.x.reshape(n, h * w, c)
    group_norm.group_norm_forward(OPS, flat, gamma, beta, d.groups, 1e-5, mean, inv_std, ours)
    dy = d.like(ours)
    group_norm.group_norm_backward(OPS, dy, flat, gamma, mean, inv_std, d.groups, dgamma, None, dx)
    theirs.backward(to_torch(dy.reshape(d.x.shape)))
    yield ours.reshape(d.x.shape), back(theirs)
    yield dx.reshape(d.x.shape), back(x.grad)
    yield dgamma, scale.grad.numpy()


LAYERS: dict[str, Callable[[Draw], Pairs]] = {
    "conv2d": conv2d, "conv_transpose2d": conv_transpose2d, "max_pool2d": lambda d: pool(d, "max"),
    "average_pool2d": lambda d: pool(d, "average"), "upsample": upsample_bilinear, "warp": warp,
    "group_norm": group_normalisation,
}  # fmt: skip


def rows() -> Iterator[Row]:
    for name, layer in LAYERS.items():
        pairs = (pair for seed in range(ROUNDS) for pair in layer(Draw(seed)))
        yield row("transform" if name == "warp" else "layer", f"cnn/{name}", "PyTorch", pairs)


if __name__ == "__main__":
    sys.exit(report(rows()))
