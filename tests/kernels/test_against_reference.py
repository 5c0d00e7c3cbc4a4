"""Every kernel against the reference on random shapes: within rounding, inputs untouched, at 1 and 2 threads."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
import pytest
from pellucid.ops.kernels import native
from pellucid.ops.random import Stream
from pellucid.standard.ops.activations import ACTIVATIONS
from pellucid.standard.ops.base import ReferenceOps
from pellucid.standard.ops.cython import ACCELERATED, CythonOps

from tests.kernels.cases import DENSE_SIZES, GROUPS, SIZES, Call, Draw, dense_calls

KERNELS, REFERENCE = CythonOps(), ReferenceOps()


def compare(call: Call, exact: list[Any], tolerance: float = 3e-5) -> None:
    """Kernel in float32 against the reference in float64, relative to the largest number of each result."""
    for position, (result, expected) in enumerate(zip(call.run(KERNELS), exact, strict=True)):
        if not isinstance(result, np.ndarray):
            continue
        largest = np.abs(expected).max(initial=0) if expected.dtype.kind == "f" else 0
        np.testing.assert_allclose(
            result, expected, rtol=tolerance, atol=tolerance * largest, err_msg=f"argument {position} of {call}"
        )


def widened(call: Call) -> Call:
    """The same call with its float32 arrays in float64."""
    wide = [a.astype(np.float64) if isinstance(a, np.ndarray) and a.dtype == np.float32 else a for a in call.arguments]
    return Call(call.op, wide)


@pytest.fixture(autouse=True)
def no_fallback(monkeypatch: pytest.MonkeyPatch) -> None:
    """These calls must be done by the kernels: count the times that the reference stepped in."""
    monkeypatch.setattr(native, "spoil", lambda: pytest.fail("the kernel did not cover this call"))


@pytest.fixture(scope="module")
def calls(request: pytest.FixtureRequest) -> list[tuple[Call, list[Any]]]:
    """Calls, each with what the reference makes of it in float64.

    Of the module: pytest tries all instruction sets and numbers of threads on one before it asks for the next, so the
    reference, which takes most of the time, computes each once.
    """
    return [(call, widened(call).run(REFERENCE)) for call in request.param()]


def of_groups(*sizes: tuple[int, int]) -> list[Any]:
    """Parameters of ``calls``: every group of ops at every size."""
    return [
        pytest.param(partial(make, Draw(seed=sum(size)), *size), id=f"{size}-{group}")
        for size in sizes
        for group, make in GROUPS.items()
    ]


def of_dense(*sizes: tuple[int, int, int]) -> list[Any]:
    """Parameters of ``calls``: dense layers with every activation at every size."""
    return [
        pytest.param(partial(dense_calls, Draw(seed=sum(size)), *size, activation), id=f"{size}-{activation}")
        for size in sizes
        for activation in ("identity", *ACTIVATIONS)
    ]


@pytest.mark.parametrize("calls", of_groups(*SIZES), indirect=True)
def test_random_shapes(calls: list[tuple[Call, list[Any]]], simd: str, threads: int) -> None:
    for call, exact in calls:
        compare(call, exact)


@pytest.mark.parametrize("calls", of_groups((301, 333)), indirect=True)
def test_work_that_is_split_between_threads(calls: list[tuple[Call, list[Any]]], simd: str, threads: int) -> None:
    for call, exact in calls:
        compare(call, exact)


def of_losses(*sizes: tuple[int, int]) -> list[Any]:
    return [pytest.param(partial(GROUPS["losses"], Draw(sum(size)), *size), id=f"{size}") for size in sizes]


@pytest.mark.parametrize("calls", of_losses((4_096, 3), (4_097, 3), (10_001, 2)), indirect=True)
def test_losses_of_many_rows(calls: list[tuple[Call, list[Any]]], simd: str, threads: int) -> None:
    """Up to 256 blocks of 16 rows have a sum each; of more rows the blocks are larger."""
    for call, exact in calls:
        compare(call, exact)


@pytest.mark.parametrize("n", [2**20, 2**20 + 1, 2**21 + 7])
def test_squares_of_many_numbers(n: int, simd: str, threads: int) -> None:
    """Up to 256 blocks of 4,096 numbers, and larger ones: what is exact in a double is exact in the sum."""
    x, out = np.zeros(n, np.float32), np.zeros(())
    x[::4096] = 3.0
    x[-1] = 5.0
    KERNELS.sum_squares(x, out)
    assert out == np.square(x, dtype=np.float64).sum()


@pytest.mark.parametrize("calls", of_dense(*DENSE_SIZES), indirect=True)
def test_dense(calls: list[tuple[Call, list[Any]]], simd: str, threads: int) -> None:
    for call, exact in calls:
        compare(call, exact)


def test_every_accelerated_op_is_compared() -> None:
    calls = [call for group in GROUPS.values() for call in group(Draw(0), 3, 4)] + dense_calls(Draw(0), 2, 3, 4, "relu")
    assert {call.op for call in calls} >= set(ACCELERATED) | {"activation_forward", "activation_backward"}


@pytest.mark.parametrize("rows", [None, np.array([5, 5, 2**40, 0, 7])], ids=["offset", "rows"])
def test_random_bits_are_those_of_the_reference(rows: np.ndarray | None, simd: str, threads: int) -> None:
    stream = Stream(np.array([2**64 - 3, 2**63], np.uint64), 12345, rows)
    x = Draw(0).floats(5, 40_000)
    for call in (Call("random_uniform", [stream, x.copy()]), Call("dropout", [x, 0.37, stream, x.copy()])):
        for ours, theirs in zip(call.run(KERNELS), call.run(REFERENCE), strict=True):
            if isinstance(ours, np.ndarray):
                np.testing.assert_array_equal(ours, theirs)


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_activations_are_accurate_everywhere(name: str, simd: str) -> None:
    x = np.concatenate([np.linspace(-30, 30, 20_001), [-1e4, -95.0, -88.0, -87.0, 0.0, 1e-7, -1e-7, 87.0, 1e4]])
    x = x.astype(np.float32)
    y, exact = np.empty_like(x), np.empty(x.shape)
    KERNELS.activation_forward(name, x, y)
    REFERENCE.activation_forward(name, x.astype(np.float64), exact)
    np.testing.assert_allclose(y, exact, rtol=5e-7, atol=3e-7)
    dx, exact_dx = np.empty_like(x), np.empty(x.shape)
    KERNELS.activation_backward(name, np.ones_like(x), x, y, dx)
    REFERENCE.activation_backward(name, np.ones(x.shape), x.astype(np.float64), exact, exact_dx)
    np.testing.assert_allclose(dx, exact_dx, rtol=5e-7, atol=1e-6)


SPECIAL = np.array([np.nan, np.inf, -np.inf, 1e38, -1e38, 1e-40, -1e-40, 0.0, -0.0, 1.0], np.float32)


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_nan_and_infinity_pass_through_activations(name: str, simd: str) -> None:
    x = np.tile(SPECIAL, 7)  # inside whole vectors and in the rest
    y, expected = np.empty_like(x), np.empty_like(x)
    KERNELS.activation_forward(name, x, y)
    with REFERENCE.quiet():
        REFERENCE.activation_forward(name, x, expected)
    np.testing.assert_allclose(y, expected, rtol=1e-6, atol=1e-30)


SIGNS = ("mae", "add_sign", "lion")
"""Ops that jump at 0, and so between a denormal, which has a sign in the reference, and the zero that it counts as."""


def flushed(call: Call) -> Call:
    """The same with zeros in place of denormals."""
    return Call(call.op, [np.where(abs(a) < 1e-37, 0, a).astype(a.dtype) if isinstance(a, np.ndarray) else a
                          for a in call.arguments])  # fmt: skip


@pytest.mark.parametrize("scale", [1e18, 1e-42], ids=["huge", "denormal"])
@pytest.mark.parametrize("group", GROUPS)
def test_extreme_values(group: str, scale: float, simd: str) -> None:
    """Where the reference in float32 is finite the kernels are too, and near it; denormals count as zero."""
    for call in GROUPS[group](Draw(seed=3, scale=scale), 19, 21):
        told = flushed(call) if scale < 1 and call.op in SIGNS else call
        with REFERENCE.quiet():
            expected = told.run(REFERENCE)
        for ours, theirs in zip(call.run(KERNELS), expected, strict=True):
            if not isinstance(ours, np.ndarray) or ours.dtype.kind != "f":
                continue
            finite = np.isfinite(theirs)
            assert not np.isfinite(ours[~finite]).any(), call
            largest = np.abs(theirs[finite]).max(initial=0)
            np.testing.assert_allclose(
                ours[finite], theirs[finite], rtol=1e-4, atol=max(1e-4 * largest, 1e-38), err_msg=str(call)
            )


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("at", [0, 37, 99_999])
def test_sum_squares_finds_what_is_not_finite(value: float, at: int, simd: str, threads: int) -> None:
    x, out = np.full(100_000, 3e38, np.float32), np.zeros(())
    KERNELS.sum_squares(x, out)
    assert np.isfinite(out)
    x[at] = value
    KERNELS.sum_squares(x, out)
    assert not np.isfinite(out)


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_a_gradient_that_is_not_finite_is_seen_in_the_weights(value: float, simd: str) -> None:
    for call in GROUPS["updates"](Draw(seed=1), 3, 7):
        call.arguments[0 if call.op == "clip_value" else 1].reshape(-1)[2] = value  # the gradient
        with REFERENCE.quiet():
            expected = call.run(REFERENCE)
        for ours, theirs in zip(call.run(KERNELS), expected, strict=True):
            if isinstance(ours, np.ndarray):
                np.testing.assert_array_equal(np.isfinite(ours), np.isfinite(theirs), err_msg=str(call))


def test_relu_of_a_dense_layer_keeps_nan(simd: str) -> None:
    x, weight = np.full((7, 300), np.nan, np.float32), np.ones((300, 19), np.float32)
    y = np.zeros((7, 19), np.float32)
    KERNELS.dense_forward(x, weight, None, "relu", y, None)
    assert np.isnan(y).all()
