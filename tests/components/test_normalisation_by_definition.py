"""Batch and layer normalisation by their definitions, for any number of rows; slopes by central differences."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tests.components.support import REFERENCE

EPS, F = 0.01, 3


def drawn(n: int) -> tuple[Any, ...]:
    rng = np.random.default_rng(n)
    return rng.normal(2, 3, (n, F)), rng.normal(size=F), rng.normal(size=F), rng.normal(size=(n, F))


def by_features(x: Any, gamma: Any, beta: Any) -> Any:
    """Each feature less its mean over the rows, in units of its deviation."""
    return gamma * (x - x.mean(axis=0)) / np.sqrt(x.var(axis=0) + EPS) + beta


def by_rows(x: Any, gamma: Any, beta: Any) -> Any:
    mean, var = x.mean(axis=1, keepdims=True), x.var(axis=1, keepdims=True)
    return gamma * (x - mean) / np.sqrt(var + EPS) + beta


def slopes(f: Any, dy: Any, *arrays: Any) -> list[Any]:
    found = []
    for i, array in enumerate(arrays):
        slope = np.zeros(array.shape)
        for place in np.ndindex(array.shape):
            ends = []
            for step in (1e-5, -1e-5):
                moved = [a.copy() for a in arrays]
                moved[i][place] += step
                ends.append(np.sum(dy * f(*moved)))
            slope[place] = (ends[0] - ends[1]) / 2e-5
        found.append(slope)
    return found


@pytest.mark.parametrize("n", [1, 2, 5])
def test_batch_norm_in_training(n: int) -> None:
    x, gamma, beta, dy = drawn(n)
    mean, var, y, dx = np.full(F, 7.0), np.full(F, 7.0), np.full((n, F), 7.0), np.full((n, F), 7.0)
    REFERENCE.batch_norm_forward(x, gamma, beta, EPS, mean, var, y)
    np.testing.assert_allclose(mean, x.mean(axis=0), rtol=1e-12)
    np.testing.assert_allclose(var, x.var(axis=0), rtol=1e-12, atol=1e-15)
    np.testing.assert_allclose(y, by_features(x, gamma, beta), rtol=1e-10, atol=1e-12)
    dgamma, dbeta = np.ones(F), np.ones(F)
    REFERENCE.batch_norm_backward(dy, x, gamma, mean, var, EPS, dgamma, dbeta, dx)
    expected = slopes(by_features, dy, x, gamma, beta)
    np.testing.assert_allclose(dx, expected[0], rtol=1e-6, atol=1e-7)
    np.testing.assert_allclose(dgamma, 1 + expected[1], rtol=1e-6, atol=1e-8)
    np.testing.assert_allclose(dbeta, 1 + expected[2], rtol=1e-6)
    REFERENCE.batch_norm_backward(dy, x, gamma, mean, var, EPS, None, None, None)


@pytest.mark.parametrize("n", [0, 1, 2, 5])
def test_batch_norm_with_statistics_that_are_given(n: int) -> None:
    x, gamma, beta, dy = drawn(n)
    mean, var = np.array([1.0, -2.0, 0.0]), np.array([0.5, 2.0, 0.0])

    def given(x: Any, gamma: Any, beta: Any) -> Any:
        return gamma * (x - mean) / np.sqrt(var + EPS) + beta

    y, dx, dgamma, dbeta = np.full((n, F), 7.0), np.full((n, F), 7.0), np.ones(F), np.ones(F)
    REFERENCE.batch_norm_inference(x, gamma, beta, mean, var, EPS, y)
    np.testing.assert_allclose(y, given(x, gamma, beta), rtol=1e-10)
    REFERENCE.batch_norm_inference_backward(dy, x, gamma, mean, var, EPS, dgamma, dbeta, dx)
    expected = slopes(given, dy, x, gamma, beta)
    np.testing.assert_allclose(dx, expected[0], rtol=1e-6, atol=1e-8)
    np.testing.assert_allclose(dgamma, 1 + expected[1], rtol=1e-6, atol=1e-8)
    np.testing.assert_allclose(dbeta, 1 + expected[2], rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize("n", [0, 1, 4])
def test_layer_norm_is_that_of_each_row_and_its_slopes_are_measured(n: int) -> None:
    x, gamma, beta, dy = drawn(n)
    mean, inv_std, y = np.full(n, 7.0), np.full(n, 7.0), np.full((n, F), 7.0)
    REFERENCE.layer_norm_forward(x, gamma, beta, EPS, mean, inv_std, y)
    np.testing.assert_allclose(mean, x.mean(axis=1), rtol=1e-12)
    np.testing.assert_allclose(inv_std, 1 / np.sqrt(x.var(axis=1) + EPS), rtol=1e-12)
    np.testing.assert_allclose(y, by_rows(x, gamma, beta), rtol=1e-10, atol=1e-12)
    dx, dgamma, dbeta = np.full((n, F), 7.0), np.ones(F), np.ones(F)
    REFERENCE.layer_norm_backward(dy, x, gamma, mean, inv_std, dgamma, dbeta, dx)
    expected = slopes(by_rows, dy, x, gamma, beta)
    np.testing.assert_allclose(dx, expected[0], rtol=1e-6, atol=1e-7)
    np.testing.assert_allclose(dgamma, 1 + expected[1], rtol=1e-6, atol=1e-8)
    np.testing.assert_allclose(dbeta, 1 + expected[2], rtol=1e-6, atol=1e-8)
    REFERENCE.layer_norm_backward(dy, x, gamma, mean, inv_std, None, None, None)


def test_without_rows_statistics_are_zero() -> None:
    x, gamma, beta, dy = drawn(0)
    mean, var, dgamma, dbeta = (np.full(F, 7.0) for _ in range(4))
    REFERENCE.batch_norm_forward(x, gamma, beta, EPS, mean, var, np.zeros((0, F)))
    assert mean.tolist() == var.tolist() == [0.0] * F
    REFERENCE.batch_norm_backward(dy, x, gamma, mean, var, EPS, dgamma, dbeta, np.zeros((0, F)))
    assert dgamma.tolist() == dbeta.tolist() == [7.0] * F


@pytest.mark.parametrize("value", [0.1, 1 / 3, 1e6 + 0.1, -7.3])
def test_a_constant_row_gives_its_shift_exactly(value: float) -> None:
    x = np.full((2, F), value, np.float32)
    y, mean, inv_std = np.empty_like(x), np.empty(2, np.float32), np.empty(2, np.float32)
    beta = np.array([0.5, -1.0, 2.0], np.float32)
    REFERENCE.layer_norm_forward(x, np.ones(F, np.float32), beta, EPS, mean, inv_std, y)
    assert y.tolist() == [beta.tolist()] * 2
