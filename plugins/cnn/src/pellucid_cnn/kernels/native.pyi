"""The compiled module (ext/native.pyx). An op that does not cover its arguments does nothing: NotImplemented."""

from types import NotImplementedType
from typing import Any

from numpy import ndarray
from pellucid import Ops

from pellucid_cnn.geometry import Geometry, Pair

Array = ndarray[Any, Any]

def conv2d_forward(
    ops: Ops,
    x: Array,
    weight: Array,
    bias: Array | None,
    geometry: Geometry,
    activation: str,
    y: Array,
    z: Array | None,
) -> NotImplementedType | None: ...
def conv2d_backward(
    ops: Ops,
    dy: Array,
    x: Array,
    weight: Array,
    y: Array | None,
    z: Array | None,
    geometry: Geometry,
    activation: str,
    dz: Array | None,
    dweight: Array | None,
    dbias: Array | None,
    dx: Array | None,
) -> NotImplementedType | None: ...
def conv_transpose2d_forward(
    ops: Ops,
    x: Array,
    weight: Array,
    bias: Array | None,
    geometry: Geometry,
    activation: str,
    y: Array,
    z: Array | None,
) -> NotImplementedType | None: ...
def conv_transpose2d_backward(
    ops: Ops,
    dy: Array,
    x: Array,
    weight: Array,
    y: Array | None,
    z: Array | None,
    geometry: Geometry,
    activation: str,
    dz: Array | None,
    dweight: Array | None,
    dbias: Array | None,
    dx: Array | None,
) -> NotImplementedType | None: ...
def max_pool2d_forward(
    ops: Ops, x: Array, size: Pair, geometry: Geometry, y: Array, argmax: Array
) -> NotImplementedType | None: ...
def max_pool2d_backward(
    ops: Ops, dy: Array, argmax: Array, size: Pair, geometry: Geometry, dx: Array
) -> NotImplementedType | None: ...
def average_pool2d_forward(
    ops: Ops, x: Array, size: Pair, geometry: Geometry, y: Array
) -> NotImplementedType | None: ...
def average_pool2d_backward(
    ops: Ops, dy: Array, size: Pair, geometry: Geometry, dx: Array
) -> NotImplementedType | None: ...
def upsample_nearest_forward(ops: Ops, x: Array, factor: Pair, y: Array) -> NotImplementedType | None: ...
def upsample_nearest_backward(ops: Ops, dy: Array, factor: Pair, dx: Array) -> NotImplementedType | None: ...
def warp(ops: Ops, x: Array, grid: Array, y: Array) -> NotImplementedType | None: ...
def concatenate(ops: Ops, a: Array, b: Array, y: Array) -> NotImplementedType | None: ...
def split(ops: Ops, y: Array, a: Array, b: Array) -> NotImplementedType | None: ...
def group_norm_forward(
    ops: Ops,
    x: Array,
    gamma: Array,
    beta: Array,
    groups: int,
    eps: float,
    mean: Array,
    inv_std: Array,
    y: Array,
) -> NotImplementedType | None: ...
def group_norm_backward(
    ops: Ops,
    dy: Array,
    x: Array,
    gamma: Array,
    mean: Array,
    inv_std: Array,
    groups: int,
    dgamma: Array | None,
    dbeta: Array | None,
    dx: Array | None,
) -> NotImplementedType | None: ...
