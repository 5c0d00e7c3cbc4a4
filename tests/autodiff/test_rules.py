"""Every rule against an independent oracle (complex steps in plain NumPy, a closed form) and central differences."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from pellucid.autodiff.functions import known_functions
from pellucid.autodiff.tape import grad, value_and_grad

from tests.autodiff.cases import CASES, Case

EVERY_CASE = pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])


def weights(case: Case, arrays: tuple[np.ndarray, ...]) -> np.ndarray:
    return np.random.default_rng(7).normal(size=np.shape(case.f(*arrays)))


def complex_steps(case: Case, w: np.ndarray, arrays: tuple[np.ndarray, ...]) -> list[np.ndarray]:
    """``Im Σ w·f(x + ih)/h``: no subtraction, so exact to rounding; h so small that the error h² vanishes."""
    gradients = []
    for i, x in enumerate(arrays):
        gradient = np.zeros(x.shape)
        for place in np.ndindex(x.shape):
            moved = [a.astype(complex) for a in arrays]
            moved[i][place] += 1e-30j
            gradient[place] = np.sum(w * (case.plain or case.f)(*moved)).imag / 1e-30
        gradients.append(gradient)
    return gradients


def central_differences(f: Any, arrays: tuple[np.ndarray, ...], h: float = 1e-5) -> list[np.ndarray]:
    gradients = []
    for i, x in enumerate(arrays):
        gradient = np.zeros(x.shape)
        for place in np.ndindex(x.shape):
            ends = []
            for step in (h, -h):
                moved = [a.copy() for a in arrays]
                moved[i][place] += step
                ends.append(f(*moved))
            gradient[place] = (ends[0] - ends[1]) / (2 * h)
        gradients.append(gradient)
    return gradients


def assert_close(found: Any, expected: Any, tolerance: float) -> None:
    for a, b in zip(found, expected, strict=True):
        assert a.shape == b.shape
        scale = np.maximum(1, np.maximum(np.abs(a), np.abs(b)))
        assert np.max(np.abs(a - b) / scale, initial=0.0) < tolerance


@EVERY_CASE
def test_value_and_gradient_agree_with_the_oracle(case: Case) -> None:
    arrays = case.arrays()
    w = weights(case, arrays)
    value, found = value_and_grad(lambda *a: np.sum(w * case.f(*a)), tuple(range(len(arrays))))(*arrays)
    assert value == np.sum(w * case.f(*arrays))  # the very computation, not a similar one
    expected = case.closed(w, *arrays) if case.closed else complex_steps(case, w, arrays)
    assert_close(found, expected, 1e-9)


@EVERY_CASE
def test_gradient_agrees_with_central_differences(case: Case) -> None:
    arrays = case.arrays(seed=1)
    w = weights(case, arrays)

    def f(*a: Any) -> Any:
        return np.sum(w * case.f(*a))

    assert_close(grad(f, tuple(range(len(arrays))))(*arrays), central_differences(f, arrays), 1e-6)


@EVERY_CASE
def test_second_derivative_agrees_with_central_differences(case: Case) -> None:
    arrays = case.arrays(seed=2)
    w = weights(case, arrays)
    v = np.random.default_rng(8).normal(size=arrays[0].shape)

    def slope(*a: Any) -> Any:
        return np.sum(v * grad(lambda *b: np.sum(w * case.f(*b)))(*a))

    assert_close(grad(slope, tuple(range(len(arrays))))(*arrays), central_differences(slope, arrays), 1e-6)


@EVERY_CASE
def test_float32_stays_float32(case: Case) -> None:
    arrays = tuple(a.astype(np.float32) for a in case.arrays())
    plain = case.f(*arrays).dtype
    value, found = value_and_grad(lambda *a: np.sum(case.f(*a)), tuple(range(len(arrays))))(*arrays)
    assert value.dtype == plain
    assert {gradient.dtype for gradient in found} == {np.dtype(np.float32)}


def random_broadcast(rng: np.random.Generator, lengths: tuple[int, ...]) -> tuple[int, ...]:
    """A shape that broadcasts to ``lengths``: some leading axes left out, some others of length 1."""
    kept = lengths[rng.integers(0, len(lengths) + 1) :]
    return tuple(1 if rng.random() < 0.3 else n for n in kept)


@pytest.mark.parametrize("seed", range(40))
def test_random_shapes(seed: int) -> None:
    """Broadcast operands, batched products, reductions and indices of random shapes in one expression."""
    rng = np.random.default_rng(seed)
    batch = tuple(int(n) for n in rng.integers(1, 4, rng.integers(0, 3)))
    n, k, m = (int(size) for size in rng.integers(1, 5, 3))
    full = (*batch, n, m)
    axis = int(rng.integers(0, len(full)))
    rows = rng.integers(0, m, rng.integers(0, 6))

    def f(a: Any, b: Any, c: Any, d: Any) -> Any:
        product = np.matmul(a, b) * c - d / 3
        joined = np.concatenate([product, np.broadcast_to(d, full) * product], axis=axis)
        return joined.mean(axis=axis, keepdims=True) * np.exp(product / 5) + product[..., rows].sum(axis=-1)[..., None]

    shapes = ((*random_broadcast(rng, batch), n, k), (*batch, k, m), random_broadcast(rng, full),
              random_broadcast(rng, full))  # fmt: skip
    case = Case(f"seed {seed}", f, shapes)
    arrays = case.arrays(seed)
    w = weights(case, arrays)
    found = grad(lambda *x: np.sum(w * f(*x)), (0, 1, 2, 3))(*arrays)
    assert_close(found, complex_steps(case, w, arrays), 1e-9)


def test_every_differentiable_function_has_a_case() -> None:
    names = " ".join(case.name for case in CASES)
    renamed = {"absolute": "abs"}
    assert [name for name in known_functions() if renamed.get(name, name) not in names] == []


def test_long_sums_are_not_one_chain_of_float32() -> None:
    """Of a bias, of an index that repeats and of a mean: what NumPy alone gets wrong by 5e-4."""
    many = np.full((50_000, 3), 0.1, np.float32)
    labels = np.zeros(len(many), int)
    tenth = float(many[0, 0])
    bias = np.zeros(3, np.float32)
    np.testing.assert_allclose(grad(lambda b: ((many + b) * many).sum())(bias), 50_000 * tenth, rtol=1e-6)
    table = grad(lambda t: (t[labels] * many).sum())(bias[None])
    np.testing.assert_allclose(table, [[50_000 * tenth] * 3], rtol=1e-6)
    mean = value_and_grad(lambda x: x.mean(axis=0).sum())(many)[0]
    assert float(mean) == pytest.approx(3 * tenth, rel=1e-6)
