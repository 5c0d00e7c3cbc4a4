"""Sums over many numbers: of 50,000 alike one chain in float32 is off by 5e-4, blocks and doubles by 1e-6."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from pellucid.standard.ops.base import ReferenceOps
from pellucid.standard.ops.cython import CythonOps

MANY, WIDTH = 50_000, 3
ALIKE = np.full((MANY, WIDTH), 0.1, np.float32)
TENTH = float(ALIKE[0, 0])
Sums = Callable[[Any], dict[str, tuple[Any, float]]]
"""From the ops to what they have summed up, each with what is right."""


def zeros() -> np.ndarray:
    return np.zeros(WIDTH, np.float32)


def dense(ops: Any) -> dict[str, tuple[Any, float]]:
    straight, bent = zeros(), zeros()
    weight, y, dz = np.ones((WIDTH, WIDTH), np.float32), np.ones_like(ALIKE), np.empty_like(ALIKE)
    ops.dense_backward(ALIKE, ALIKE, weight, None, None, "identity", None, None, straight, None)
    ops.dense_backward(ALIKE, ALIKE, weight, y, None, "relu", dz, None, bent, None)
    return {"dbias": (straight, MANY * TENTH), "dbias behind relu": (bent, MANY * TENTH)}


def products(ops: Any) -> dict[str, tuple[Any, float]]:
    dweight = np.zeros((WIDTH, WIDTH), np.float32)
    ops.dense_backward(ALIKE, ALIKE, dweight, None, None, "identity", None, dweight, None, None)
    return {"dweight": (dweight, MANY * TENTH**2)}


def norms(ops: Any) -> dict[str, tuple[Any, float]]:
    found = {}
    for name in ("batch_norm_backward", "batch_norm_inference_backward", "layer_norm_backward"):
        dgamma, dbeta, n = zeros(), zeros(), MANY if name.startswith("layer") else WIDTH
        mean, spread, eps = np.zeros(n, np.float32), np.ones(n, np.float32), () if n == MANY else (1e-12,)
        getattr(ops, name)(ALIKE, ALIKE, np.ones(WIDTH, np.float32), mean, spread, *eps, dgamma, dbeta, None)
        found |= {f"dgamma of {name}": (dgamma, MANY * TENTH**2), f"dbeta of {name}": (dbeta, MANY * TENTH)}
    return found


def losses(ops: Any) -> dict[str, tuple[Any, float]]:
    loss, wide, gradient = np.zeros(()), ALIKE.reshape(1, -1), np.empty((1, ALIKE.size), np.float32)
    found = {}
    ops.mse(wide, np.zeros_like(wide), None, loss, gradient)
    found["mse of a wide row"] = loss.copy(), TENTH**2
    ops.binary_cross_entropy(wide, np.zeros_like(wide), None, loss, gradient)
    found["binary cross-entropy of a wide row"] = loss.copy(), np.log1p(np.exp(TENTH))
    ops.mse(ALIKE, np.zeros_like(ALIKE), np.full(MANY, 0.1, np.float32), loss, np.empty_like(ALIKE))
    found["mse of many rows with weights"] = loss.copy(), TENTH**2
    ops.softmax_forward(np.zeros_like(wide), gradient)
    found["softmax of a wide row"] = gradient, 1 / wide.size
    return found


def require_exact(sums: Sums, ops: Any) -> None:
    tolerance = 5e-6 if sums is products else 1e-6
    for name, (received, expected) in sums(ops).items():
        np.testing.assert_allclose(received, expected, rtol=tolerance, err_msg=name)


@pytest.mark.parametrize("sums", [dense, products, norms, losses])
def test_of_the_kernels(sums: Sums, simd: str) -> None:
    require_exact(sums, CythonOps())


@pytest.mark.parametrize("sums", [dense, products, norms, losses])
def test_of_the_reference(sums: Sums) -> None:
    require_exact(sums, ReferenceOps())
