"""The tape on arrays that are not NumPy's: every operation through their own namespace, nothing leaks into NumPy."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np
import pellucid as pl
import pytest
from pellucid.autodiff.elementwise import add
from pellucid.autodiff.primitive import namespace
from pellucid.autodiff.tape import grad, value_and_grad
from pellucid.interfaces.context import Context
from pellucid.standard.layers.dense import Dense
from pellucid.standard.ops.base import ReferenceOps

from tests.autodiff.cases import CASES, Case
from tests.components.support import StrictOps
from tests.strict_xp import LeakError, StrictArray, strict_xp

HOLDS_NUMPY = {
    "where", "where scalar", "concatenate itself", "integers, repeated", "pairs of integers, repeated", "mask", "take",
    "mask and slice", "take flat", "prod with zero", "list", "stack numbers", "cumprod with zeros", "average of rows",
    "take_along_axis", "take_along_axis last", "take_along_axis flat",
}  # fmt: skip
"""Cases whose function mixes in NumPy arrays or lists itself, as no code for a GPU may."""
ON_DEVICE = [case for case in CASES if case.name not in HOLDS_NUMPY and not case.name.startswith(("nansum", "nanmean"))]


@pytest.mark.parametrize("case", ON_DEVICE, ids=[case.name for case in ON_DEVICE])
def test_same_values_and_gradients_as_with_numpy(case: Case) -> None:
    arrays = case.arrays()
    both = value_and_grad(lambda *a: np.sum(case.f(*a) * case.f(*a)), tuple(range(len(arrays))))
    value, gradients = both(*arrays)
    strict_value, strict_gradients = both(*(strict_xp.asarray(a) for a in arrays))
    assert float(strict_value) == pytest.approx(value, rel=1e-12)
    for expected, found in zip(gradients, strict_gradients, strict=True):
        assert type(found) is StrictArray
        assert np.array_equal(strict_xp.asnumpy(found), expected)


def test_conditions_and_indices_of_the_device() -> None:
    x = strict_xp.asarray(np.array([[1.0, -2.0], [3.0, 4.0]]))
    rows = strict_xp.asarray(np.array([0, 0, 1]))
    assert strict_xp.asnumpy(grad(lambda x: np.sum(x[rows] * x[rows]))(x)).tolist() == [[4, -8], [6, 8]]
    assert strict_xp.asnumpy(grad(lambda x: np.sum(np.where(x > 0, x, 0.0)))(x)).tolist() == [[1, 0], [1, 1]]
    assert strict_xp.asnumpy(grad(lambda x: np.sum(x[x > 0] ** 2))(x)).tolist() == [[2, 0], [6, 8]]


def test_mixing_in_numpy_raises() -> None:
    with pytest.raises(LeakError):
        grad(lambda x: np.sum(x * np.ones(2)))(strict_xp.asarray(np.ones(2)))


def test_a_composite() -> None:
    class Block(pl.Composite):
        def __init__(self) -> None:
            self.dense = Dense(4, "tanh")

        def declare(self, *input_shapes: Any) -> None:
            self.scale = self.param("scale", (4,), init="ones")

        def call(self, ctx: Context, *inputs: Any) -> Any:
            y = self.dense(inputs[0]) * self.scale
            return y / np.sqrt(np.mean(y * y, axis=-1, keepdims=True) + 1e-3)

    from pellucid.model.build import initialize

    x, dy = np.random.default_rng(0).normal(size=(2, 3, 5)), np.random.default_rng(1).normal(size=(3, 4))
    found = []
    for xp in (np, strict_xp):
        ops = StrictOps() if xp is strict_xp else ReferenceOps()
        model = initialize(Block(), (5,), seed=0, dtype="float64", ops=ops)
        ctx = Context(ops, training=True, dtype="float64")
        y = model.forward(ctx, ops.asarray(x[0]))
        dx = model.backward(ctx, ops.asarray(dy))
        found.append([ops.to_host(a) for a in (y, dx, *(p.grad for p in model.parameters()))])
    for a, b in zip(*found, strict=True):
        assert np.array_equal(a, b)


def test_an_array_type_without_a_standard_namespace_is_known_by_its_module(monkeypatch: pytest.MonkeyPatch) -> None:
    """As CuPy before release 14."""

    class Array:
        __array_function__ = None

    Array.__module__ = "some_arrays._core"
    module = object()
    monkeypatch.setitem(sys.modules, "some_arrays", module)
    assert namespace(1.0, np.ones(2), Array()) is module
    assert repr(add) == "<differentiable add>"
