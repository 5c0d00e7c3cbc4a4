"""CythonOps: the compiled kernels for float32 in contiguous memory; everything else runs on the reference."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar

import numpy

from pellucid.basics.arrays import Array
from pellucid.ops.kernels import native
from pellucid.ops.recording import Plan
from pellucid.standard.ops.base import ReferenceOps

Result = TypeVar("Result")

ACCELERATED = (
    "fill", "copy", "scale", "add_scaled", "lerp", "gather", "sum_squares", "clip_norm", "increment", "next_rows",
    "dense_forward", "dense_backward", "activation_forward", "activation_backward",
    "softmax_forward", "softmax_backward", "dropout", "random_uniform", "random_normal",
    "softmax_cross_entropy", "softmax_cross_entropy_soft", "binary_cross_entropy", "mse",
    "mae", "huber", "add_sign",
    "batch_norm_forward", "batch_norm_backward", "batch_norm_inference", "batch_norm_inference_backward",
    "layer_norm_forward", "layer_norm_backward",
    "sgd", "adam", "adagrad", "rmsprop", "lion", "clip_value",
)  # fmt: skip
"""The ops whose kernel takes the same arguments as the reference."""


class CythonOps(ReferenceOps):
    """Each op asks its kernel first. A kernel that does not cover the arguments (another dtype, strided memory) does
    nothing and says so; then the reference does the work, and a plan that is being recorded comes to nothing.

    Arguments are checked: a wrong shape is a ShapeError, a label or row number out of range a DataError.
    """

    name = "cython"

    def __init__(self) -> None:
        super().__init__(numpy)

    def record(self, function: Callable[[], Result]) -> tuple[Result, Plan | None]:
        result: Result
        plan: Plan | None
        result, plan = native.record(function)
        return result, plan

    def spoil(self) -> None:
        native.spoil()

    # -- an op that answers ------------------------------------------------------------------------------------------

    def guard_finite(self, cell: Array) -> bool:
        finite: bool | None = native.guard_finite(cell)
        if finite is None:
            native.spoil()
            return super().guard_finite(cell)
        return finite

    # -- making arrays: what a plan must know of it ------------------------------------------------------------------

    def zeros(self, shape: int | tuple[int, ...], dtype: Any) -> Array:
        made = super().zeros(shape, dtype)
        if native.is_recording():
            self.fill(made, 0.0)  # a replay uses the same array, and finds zeros in it again
        return made

    def asarray(self, host: Any, dtype: Any = None) -> Array:
        made = super().asarray(host, dtype)
        if made is not host:
            native.spoil()  # a copy, which a replay would not make again
        return made


def _accelerated(name: str) -> Callable[..., None]:
    kernel = getattr(native, name)
    reference = getattr(ReferenceOps, name)

    @wraps(reference)
    def op(self: CythonOps, *arguments: Any, **named: Any) -> None:
        if not kernel(*arguments, **named):
            native.spoil()
            reference(self, *arguments, **named)

    return op


for _name in ACCELERATED:
    setattr(CythonOps, _name, _accelerated(_name))
