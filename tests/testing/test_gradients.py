"""The gradient checker: right gradients pass, wrong ones are named, kinks are stepped around, nothing stays behind."""

from __future__ import annotations

from typing import Any

import numpy as np
import pellucid as pl
import pytest
from pellucid.interfaces.objective import Batch
from pellucid.standard.layers.activations import ReLU
from pellucid.standard.layers.dense import Dense
from pellucid.standard.layers.dropout import Dropout
from pellucid.standard.layers.normalisation import BatchNorm
from pellucid.standard.losses.outputwise import MSE
from pellucid.standard.losses.softmax_cross_entropy import SoftmaxCrossEntropy
from pellucid.standard.supervised import Supervised
from pellucid.testing import ConformanceError, check_gradients

X = np.random.default_rng(0).normal(size=(4, 5))
LABELS = np.array([0, 1, 2, 4])


class Square(pl.Layer):
    """y = x², with a derivative that may be wrong."""

    factor = 2.0

    def output_shape(self, *input_shapes: Any) -> Any:
        return input_shapes[0]

    def forward(self, ctx: pl.Context, *inputs: Any) -> Any:
        ctx.x = inputs[0]
        return ctx.x**2

    def backward(self, ctx: pl.Context, *dy: Any) -> Any:
        return self.factor * ctx.x * dy[0]


class Product(Square):
    """y = a·b of two inputs, whose second gradient may be missing."""

    missing = False

    def forward(self, ctx: pl.Context, *inputs: Any) -> Any:
        ctx.a, ctx.b = inputs
        return ctx.a * ctx.b

    def backward(self, ctx: pl.Context, *dy: Any) -> Any:
        return dy[0] * ctx.b, None if self.missing else dy[0] * ctx.a


def test_right_gradients_pass() -> None:
    report = check_gradients(Dense(3, "gelu"), X)
    assert report.compared == 20 + 15 + 3
    assert report.worst < 1e-8
    check_gradients(Square(), X)
    check_gradients(Product(), X, X[::-1])
    check_gradients(BatchNorm(), X)
    check_gradients(Dropout(0.5), X)
    check_gradients(Dropout(0.5), X, training=False)


def test_of_losses_with_and_without_weights() -> None:
    for weight in (None, np.array([0.5, 2.0, 0.0, 1.0])):
        check_gradients(MSE(), X, np.zeros_like(X), weight)
        check_gradients(SoftmaxCrossEntropy(), X, LABELS, weight)


def test_of_an_objective_and_its_model() -> None:
    model = pl.build("dense", input_shape=(5,), units=5, dtype="float64", backend="reference", seed=0)
    report = check_gradients(Supervised(SoftmaxCrossEntropy()), model, Batch(X, LABELS))
    assert report.compared == 30


def test_a_wrong_gradient_is_named() -> None:
    wrong = Square()
    wrong.factor = 2.001
    with pytest.raises(ConformanceError) as caught:
        check_gradients(wrong, X)
    message = str(caught.value)
    assert "The gradient of x is wrong at (0, 0)" in message
    assert "by central differences" in message and "from backward" in message and "Remedy:" in message


def test_a_missing_gradient_is_named() -> None:
    lacking = Product()
    lacking.missing = True
    with pytest.raises(ConformanceError, match=r"gradient of input 1 has the wrong shape"):
        check_gradients(lacking, X, X)


def test_errors_just_above_the_tolerance_are_found() -> None:
    nearly = Square()
    nearly.factor = 2.0 + 1e-5
    with pytest.raises(ConformanceError):
        check_gradients(nearly, X)
    check_gradients(nearly, X, tolerance=1e-3)


@pytest.mark.parametrize("near", [0.0, 1e-9, -4e-6, 0.9e-5])
def test_kinks_are_stepped_around(near: float) -> None:
    x = X.copy()
    x[1, 2] = near
    report = check_gradients(ReLU(), x)
    assert report.worst < 1e-6
    assert report.moved >= (near == 0.0)


def test_a_wrong_gradient_is_not_taken_for_a_kink() -> None:
    class Leaky(ReLU):
        def backward(self, ctx: pl.Context, *dy: Any) -> Any:
            return super().backward(ctx, *dy) + 1e-3

    x = X.copy()
    x[0, 0] = 0.0
    with pytest.raises(ConformanceError, match="The gradient of x is wrong"):
        check_gradients(Leaky(), x)


def test_a_kink_that_cannot_be_left_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pellucid.testing.gradients.ATTEMPTS", 1)
    x = X.copy()
    x[2, 0] = 0.0
    with pytest.raises(ConformanceError, match="No point without a kink was found in 1 attempts"):
        check_gradients(ReLU(), x)


def test_nothing_is_left_behind() -> None:
    model = pl.build(
        {"type": "sequential", "layers": [{"type": "dense", "units": 3}, "batch_norm"]},
        input_shape=(5,), dtype="float64", backend="reference", seed=0,
    )  # fmt: skip
    params, states = model.parameters(), model.states()
    for param in params:
        param.grad[...] = 7.0
    x = X.copy()
    before = [part.data.copy() for part in (*params, *states)]
    check_gradients(model, x)
    for part, value in zip((*params, *states), before, strict=True):
        np.testing.assert_array_equal(part.data, value)
    assert all((param.grad == 7.0).all() for param in params)
    np.testing.assert_array_equal(x, X)


def test_float32_is_refused_with_the_remedy() -> None:
    model = pl.build("dense", input_shape=(5,), units=3, backend="reference", seed=0)
    with pytest.raises(pl.ConfigError, match=r"float64 on the CPU.*dtype float32.*Build it with"):
        check_gradients(model, X)


def test_other_things_are_refused() -> None:
    with pytest.raises(pl.ConfigError, match="check_gradients takes a layer"):
        check_gradients(np.sin, X)  # type: ignore[arg-type]
