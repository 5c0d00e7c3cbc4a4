"""Layers of tables as calls on Variables: slopes of what they give are those of their backward."""

from __future__ import annotations

from typing import Any

import numpy as np
import pellucid as pl
import pytest
from pellucid_tabular.layers.column_embedding import ColumnEmbedding
from pellucid_tabular.layers.periodic import PLR, Periodic
from pellucid_tabular.layers.piecewise_linear import PiecewiseLinear
from pellucid_tabular.layers.scaling import Scaling

from tests.components.support import built, context

X = np.random.default_rng(0).normal(size=(6, 4))
INDEXES = np.array([[0, 1], [1, 0], [2, 4], [3, 5], [1, 3], [9, -1.0]])


class OfSquare(pl.Composite):
    """The slopes of the square of a sum, for each row, so that every output counts for them."""

    def __init__(self, inner: pl.Layer, shares: Any) -> None:
        self.inner, self.shares = inner, shares

    def call(self, ctx: pl.Context, x: Any) -> Any:
        return pl.slopes(lambda x: (self.inner(x) @ self.shares) ** 2, x)


@pytest.mark.parametrize(
    "made",
    [
        lambda: built(Scaling(), (4,)), lambda: built(Periodic(3, frequencies=5), (4,)),
        lambda: built(PLR(2, frequencies=5), (4,)), lambda: built(PiecewiseLinear(2, bins=3), (4,)),
        lambda: built(ColumnEmbedding([4, 6], size=3, one_hot=3), (6,)),
        lambda: built(ColumnEmbedding([4, 6], size=3, one_hot=9), (6,)),
        lambda: built(ColumnEmbedding([4, 6], numbers=Scaling(), size=3, one_hot=2), (6,)),
    ],
    ids=["Scaling", "Periodic", "PLR", "PiecewiseLinear", "looked up", "one-hot", "numbers"],
)  # fmt: skip
def test_slopes_are_those_of_the_backward(made: Any) -> None:
    layer = made()
    x = np.hstack([X, INDEXES]) if isinstance(layer, ColumnEmbedding) else X
    ctx = context(training=False)
    y = layer.forward(ctx, x).copy()
    shares = np.cos(np.arange(y.shape[1]))
    expected = layer.backward(ctx, 2 * (y @ shares)[:, None] * shares)
    whole: Any = OfSquare(layer, shares)
    values = [param.data.copy() for param in layer.parameters()]
    pl.build(whole, input_shape=x.shape[1:], seed=0, dtype="float64", backend="reference")
    for param, value in zip(layer.parameters(), values, strict=True):
        param.data[...] = value
    assert expected.any()
    np.testing.assert_allclose(whole.predict(x), expected, rtol=1e-9, atol=1e-12)


def test_without_numbers_an_embedding_calls_no_layer_of_them() -> None:
    layer: Any = ColumnEmbedding([4, 6], numbers=PiecewiseLinear(2), size=3, one_hot=3)
    whole = pl.build(OfSquare(layer, np.ones(6)), input_shape=(2,), seed=0, dtype="float64", backend="reference")
    assert not whole.predict(INDEXES).any() and layer.output_shape((2,)) == (6,)
