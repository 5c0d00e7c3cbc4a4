"""What float32 can say, every backend says: means far from 0, tails of losses, on every instruction set."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from pellucid.ops.kernels import native
from pellucid.standard.ops.base import ReferenceOps
from pellucid.standard.ops.cython import CythonOps

from tests.fake_cupy import COMPILER, FakeCupyOps

Array = np.ndarray[Any, Any]
WIDTHS = (1, 2, 7, 31, 100, 784)


@pytest.fixture(scope="module", params=["reference", *native.simd_levels(), "cupy"])
def ops(request: pytest.FixtureRequest) -> Iterator[Any]:
    """Each backend, cython at each instruction set."""
    if request.param == "cupy" and COMPILER is None:
        pytest.skip("no C compiler to compile the kernels' bodies with")
    before = native.simd_level()
    if request.param in native.simd_levels():
        native.use_simd(request.param)
        yield CythonOps()
    else:
        yield ReferenceOps() if request.param == "reference" else FakeCupyOps()
    native.use_simd(before)


def run(ops: Any, op: str, *arguments: Any) -> tuple[Array, ...]:
    """The arrays of a call, on the host, after it."""
    given = [ops.asarray(a.copy()) if isinstance(a, np.ndarray) else a for a in arguments]
    getattr(ops, op)(*given)
    return tuple(np.asarray(ops.to_host(a)) for a in given if not isinstance(a, float | type(None)))


def layer_norm(ops: Any, x: Array) -> Array:
    n, width = x.shape
    vectors = np.ones(width, x.dtype), np.zeros(width, x.dtype)
    rows = np.empty(n, x.dtype), np.empty(n, x.dtype)
    return run(ops, "layer_norm_forward", x, *vectors, 1e-5, *rows, np.empty_like(x))[-1]


@pytest.mark.parametrize("width", WIDTHS)
def test_a_constant_row_is_zero(ops: Any, width: int) -> None:
    values = np.array([[0.1], [14.0], [12345.678], [1e7], [-1e8], [3e38]], "float32")
    assert not layer_norm(ops, np.repeat(values, width, axis=1)).any()


@pytest.mark.parametrize("width", WIDTHS[1:])
@pytest.mark.parametrize("shift", [0.0, 1e2, 1e4, 1e6])
def test_a_row_far_from_zero_is_normalised_as_its_numbers_are(ops: Any, width: int, shift: float) -> None:
    x = (np.random.default_rng(width).normal(size=(5, width)) + shift).astype("float32")
    x[0, 0] += 100  # the first number is as bad a guess of the mean as can be
    wide = x.astype(np.float64)
    exact = (wide - wide.mean(1, keepdims=True)) / np.sqrt(wide.var(1, keepdims=True) + 1e-5)
    np.testing.assert_allclose(layer_norm(ops, x), exact, rtol=1e-4, atol=2e-6)


@pytest.mark.parametrize(
    ("op", "z", "target", "other"),
    [
        ("binary_cross_entropy", [[1.0]], [[1.0]], [[-1.0]]),
        ("binary_cross_entropy", [[-1.0]], [[0.0]], [[1.0]]),
        ("softmax_cross_entropy", [[1.0, 0.0]], [0], [[-1.0, 1.0]]),
        ("softmax_cross_entropy", [[0.0, 1.0]], [1], [[1.0, -1.0]]),
        ("softmax_cross_entropy_soft", [[0.0, 1.0]], [[0.0, 1.0]], [[1.0, -1.0]]),
    ],
)
@pytest.mark.parametrize("size", [0.0, 1.0, 10.0, 15.0, 20.0, 80.0])
def test_what_is_left_of_a_loss_that_is_nearly_certain(
    ops: Any, op: str, z: list[Any], target: list[Any], other: list[Any], size: float
) -> None:
    logits = np.array(z, "float32") * np.float32(size)
    labels = np.array(target, np.int64 if op == "softmax_cross_entropy" else np.float32)
    *_, loss, gradient = run(ops, op, logits, labels, None, np.empty(()), np.empty_like(logits))
    left = np.exp(-size) / (1 + np.exp(-size))
    np.testing.assert_allclose(loss, np.log1p(np.exp(-size)), rtol=1e-5)
    np.testing.assert_allclose(gradient, left * np.array(other), rtol=1e-5)
