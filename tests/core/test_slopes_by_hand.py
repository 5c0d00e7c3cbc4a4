"""pellucid.slopes: the slopes themselves, by hand; and of what has none."""

from __future__ import annotations

from typing import Any

import numpy as np
import pellucid as pl
import pytest

X = np.random.default_rng(0).normal(size=(5, 3))


class OfFunction(pl.Composite):
    """The slopes of a function at the input."""

    def __init__(self, function: Any) -> None:
        self.function = function

    def call(self, ctx: pl.Context, x: Any) -> Any:
        return pl.slopes(self.function, x)


class OfLayer(pl.Composite):
    """Those of a layer inside, and what is computed of them."""

    def __init__(self, inner: pl.Layer, power: int = 1) -> None:
        self.inner, self.power = inner, power

    def call(self, ctx: pl.Context, x: Any) -> Any:
        return pl.slopes(self.inner, x) ** self.power


def predicted(layer: pl.Layer) -> Any:
    return pl.build(layer, input_shape=(3,), seed=0, dtype="float64", backend="reference").predict(X)


@pytest.mark.parametrize(
    ("function", "slope"),
    [
        (lambda x: x**3, 3 * X**2), (lambda x: np.sum(np.sin(x), axis=1), np.cos(X)),
        (lambda x: x[:, 0], [1, 0, 0] + 0 * X),
        (lambda x: np.mean(x), np.full(X.shape, 1 / 15)), (lambda x: x * x[:, :1], None), (lambda x: 3.0, 0 * X),
        (lambda x: X, 0 * X),
    ],
)  # fmt: skip
def test_slopes_of_functions(function: Any, slope: Any) -> None:
    if slope is None:
        slope = X[:, :1] + np.where(np.arange(3) == 0, X.sum(axis=1, keepdims=True), 0)
    np.testing.assert_allclose(predicted(OfFunction(function)), slope, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("power", [1, 2])
@pytest.mark.parametrize("activation", [None, "tanh", "sigmoid"])
def test_slopes_of_layers_and_of_what_is_made_of_them(power: int, activation: str | None) -> None:
    inner: Any = pl.create("layer", "dense", units=2, activation=activation)
    found = predicted(OfLayer(inner, power))
    w, b = inner.weight.data, inner.bias.data
    z = X @ w + b
    y = {"tanh": np.tanh(z), "sigmoid": 1 / (1 + np.exp(-z)), None: z}[activation]
    of_z = {"tanh": 1 - y**2, "sigmoid": y * (1 - y), None: np.ones_like(y)}[activation]
    np.testing.assert_allclose(found, (of_z @ w.T) ** power, rtol=1e-10)
    chain = pl.create("layer", "sequential", layers=[pl.create("layer", "dense", units=4, activation="tanh"), "tanh"])
    found = predicted(OfLayer(chain, power))
    first: Any = next(layer for path, layer in chain.walk() if path.endswith("0"))
    y = np.tanh(X @ first.weight.data + first.bias.data)
    expected = ((1 - np.tanh(y) ** 2) * (1 - y**2)) @ first.weight.data.T
    np.testing.assert_allclose(found, expected**power, rtol=1e-10)


def test_slopes_are_of_variables() -> None:
    with pytest.raises(pl.DifferentiationError, match=r"takes a Variable of Composite.call .* Received: ndarray\."):
        pl.slopes(lambda x: x, X)
