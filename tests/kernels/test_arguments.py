"""Bad arguments give a clear error or the reference, never a crash and never a read out of bounds."""

from __future__ import annotations

import platform
from typing import Any

import numpy as np
import pytest
from pellucid.basics.errors import ConfigError, DataError, ShapeError
from pellucid.ops.kernels import native
from pellucid.ops.random import Stream
from pellucid.standard.ops.base import ReferenceOps
from pellucid.standard.ops.cython import CythonOps

from tests.kernels.cases import GROUPS, Call, Draw, dense_calls

KERNELS, REFERENCE = CythonOps(), ReferenceOps()

# Arguments whose first axis may have any length: (op, position).
FREE_LENGTH = {("gather", 0), ("next_rows", 0), ("next_rows", 2)}
ANY_SHAPE = {"fill", "scale", "clip_value", "random_uniform", "random_normal"}


def all_calls() -> list[Call]:
    draw = Draw(seed=5)
    calls = [call for group in GROUPS.values() for call in group(draw, 6, 9)]
    return calls + [c for name in ("identity", "relu", "gelu") for c in dense_calls(draw, 6, 9, 4, name)]


def larger(a: np.ndarray, axis: int) -> np.ndarray:
    return np.concatenate([a, a.take([0], axis)], axis)


@pytest.mark.parametrize("call", all_calls(), ids=str)
def test_wrong_shapes_are_named(call: Call) -> None:
    """Every axis of every array, made longer by one; and one axis more."""
    tried = 0
    for position, a in enumerate(call.arguments):
        if not isinstance(a, np.ndarray) or call.op in ANY_SHAPE or (call.op, position) == ("clip_norm", 0):
            continue
        if (call.op, position) == ("sum_squares", 0):
            continue
        wrong = [larger(a, axis) for axis in range(a.ndim) if not (axis == 0 and (call.op, position) in FREE_LENGTH)]
        for bad in [*wrong, np.stack([a, a])]:
            arguments = list(call.arguments)
            arguments[position] = bad
            with pytest.raises(ShapeError, match=rf"{call.op if call.op != 'dropout' else ''}.*Expected.*Received"):
                Call(call.op, arguments).run(KERNELS)
            tried += 1
    assert tried or call.op in ANY_SHAPE


def strided(a: np.ndarray) -> np.ndarray:
    """The same numbers in memory with gaps."""
    wide = np.zeros((*a.shape[:-1], 2 * a.shape[-1]), a.dtype)
    wide[..., ::2] = a
    return wide[..., ::2]


@pytest.mark.parametrize("call", all_calls(), ids=str)
def test_other_dtypes_and_strided_memory_run_on_the_reference(call: Call) -> None:
    inputs = [i for i, a in enumerate(call.arguments) if isinstance(a, np.ndarray) and a.ndim and a.dtype == np.float32]
    wide = [a.astype(np.float64) if i in inputs else a for i, a in enumerate(call.arguments)]
    check_equal(Call(call.op, wide))
    for position in inputs:
        gaps = list(call.arguments)
        gaps[position] = strided(gaps[position])
        check_equal(Call(call.op, gaps), keep_strides=True)


def check_equal(call: Call, keep_strides: bool = False) -> None:
    results = []
    for ops in (KERNELS, REFERENCE):
        arguments = [strided(a) if keep_strides and isinstance(a, np.ndarray) and not a.flags.c_contiguous
                     else a.copy() if isinstance(a, np.ndarray) else a for a in call.arguments]  # fmt: skip
        getattr(ops, call.op)(*arguments)
        results.append(arguments)
    for ours, theirs in zip(*results, strict=True):
        if isinstance(ours, np.ndarray):
            # Not the same bits: the reference of dense asks for its activation, which a kernel may do.
            np.testing.assert_allclose(ours, theirs, rtol=2e-6, atol=1e-6, err_msg=str(call))


@pytest.mark.parametrize("op", ["dense_forward", "mse", "adam", "gather", "copy", "sum_squares", "dropout"])
def test_things_that_are_no_arrays_never_reach_a_kernel(op: str) -> None:
    call = next(c for c in all_calls() if c.op == op)
    for position, a in enumerate(call.arguments):
        if isinstance(a, np.ndarray):
            for bad in ("text", object(), 3.5, [[1, 2], [3]]):
                arguments: list[Any] = list(call.arguments)
                arguments[position] = bad
                assert getattr(native, op)(*arguments) is False


def test_an_output_that_is_read_only_is_refused() -> None:
    out = np.zeros((3, 4), np.float32)
    out.flags.writeable = False
    with pytest.raises(ValueError, match="read-only"):
        KERNELS.fill(out, 1.0)


@pytest.mark.parametrize("label", [-1, 10, 2**62, -(2**62)])
def test_labels_out_of_range(label: int) -> None:
    target = np.zeros(5, np.int64)
    target[3] = label
    loss, gradient = np.zeros(()), np.zeros((5, 10), np.float32)
    with pytest.raises(DataError, match=rf"row 3 .*0 … 9.*Received: {label}"):
        KERNELS.softmax_cross_entropy(np.zeros((5, 10), np.float32), target, None, loss, gradient)


@pytest.mark.parametrize("row", [-1, 7, 2**62, -(2**63)])
def test_rows_out_of_range(row: int) -> None:
    out = np.full((2, 3), 7.0, np.float32)
    with pytest.raises(DataError, match=r"outside 0 … 6"):
        KERNELS.gather(np.zeros((7, 3), np.float32), np.array([0, row]), out)
    assert (out == 7).all()
    with pytest.raises(DataError, match="Cannot take 2 rows"):
        KERNELS.next_rows(np.arange(7), np.array(row), np.zeros(2, np.int64))


def test_dropout_rate_out_of_range() -> None:
    x, stream = np.zeros((2, 2), np.float32), Stream(np.zeros(2, np.uint64), 1, None)
    for rate in (-0.1, 1.0, float("nan")):
        with pytest.raises(ConfigError, match="rate"):
            KERNELS.dropout(x, rate, stream, x.copy())


def test_in_place_where_the_reference_allows_it() -> None:
    x = Draw(0).floats(40, 7)
    for name in ("relu", "gelu"):
        apart, together = np.empty_like(x), x.copy()
        KERNELS.activation_forward(name, x, apart)
        KERNELS.activation_forward(name, together, together)
        np.testing.assert_array_equal(apart, together)


@pytest.mark.skipif(platform.machine() != "x86_64", reason="other processors keep denormals: slower, not wrong")
def test_denormals_are_zero_inside_kernels_only() -> None:
    tiny = np.full(64, 1e-41, np.float32)
    scaled = tiny.copy()
    KERNELS.scale(scaled, 1.0)
    assert (scaled == 0).all()
    assert (tiny * np.float32(1) != 0).all(), "the caller's arithmetic has changed"
