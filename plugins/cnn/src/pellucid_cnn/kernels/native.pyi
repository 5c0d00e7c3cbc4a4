"""The compiled module (ext/native.pyx). An op that does not cover its arguments does nothing: NotImplemented."""

from types import NotImplementedType
from typing import Any

from numpy import ndarray
from pellucid.ops import Ops

from pellucid_cnn.geometry import Geometry

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
