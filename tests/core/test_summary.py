"""print(model) and model.summary(): the layers, their shapes and their parameters, and nothing is changed by it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pellucid as pl
import pytest

TABLE = """\
layer     type        output  parameters
          Sequential  (3,)             0
layers.0  Dense       (16,)           80
layers.1  Dropout     (16,)            0
layers.2  Dense       (3,)            51
input (4,), 131 parameters in float32"""


class Inner(pl.Composite):
    def __init__(self) -> None:
        self.dense = pl.Dense(5)

    def call(self, ctx: pl.Context, x: Any) -> Any:
        return np.tanh(self.dense(x))


class Outer(pl.Composite):
    def __init__(self) -> None:
        self.inner, self.last = Inner(), pl.Dense(2)

    def call(self, ctx: pl.Context, x: Any) -> Any:
        return self.last(self.inner(x))


def sequential() -> pl.Layer:
    layers = [{"type": "dense", "units": 16, "activation": "relu"}, "dropout", {"type": "dense", "units": 3}]
    return pl.build({"type": "sequential", "layers": layers}, input_shape=(4,), seed=0, backend="reference")


def test_the_table(capsys: pytest.CaptureFixture[str]) -> None:
    model = sequential()
    assert str(model) == TABLE
    model.summary()
    assert capsys.readouterr().out == TABLE + "\n"
    model.layers[0].bias.trainable = False
    assert str(model).endswith("131 parameters in float32, 16 of them frozen")


@pytest.mark.parametrize("built", [pl.build, lambda outer, **options: pl.build(pl.Sequential([outer]), **options)])
def test_layers_inside_of_composites_have_their_shapes(built: Any) -> None:
    rows = [line.split("  ") for line in str(built(Outer(), input_shape=(4,), seed=0)).splitlines()]
    shapes = {row[0].split(".", 2)[-1] if row[0].startswith("layers") else row[0]: row for row in rows}
    assert [" ".join(shapes[name]).split()[-2:] for name in ("inner", "inner.dense", "last")] == [
        ["(5,)", "0"], ["(5,)", "25"], ["(2,)", "12"]
    ]  # fmt: skip


def test_tied_parameters_are_counted_once() -> None:
    layers = [{"type": "dense", "units": 3}, {"ref": "layers.0", "transpose": True}]
    model = pl.build({"type": "sequential", "layers": layers}, input_shape=(4,), seed=0)
    assert str(model).endswith(f"{sum(p.data.size for p in model.parameters())} parameters in float32")


def test_looking_changes_nothing() -> None:
    model, x = sequential(), np.ones((3, 4), np.float32)
    before, weights = model.predict(x), [param.data for param in model.parameters()]
    str(model)
    assert all(param.data is kept for param, kept in zip(model.parameters(), weights, strict=True))
    assert not any("output_shape" in vars(layer) or "build" in vars(layer) for _, layer in model.walk())
    np.testing.assert_array_equal(model.predict(x), before)


def test_a_layer_that_is_not_built_prints_its_arguments() -> None:
    assert str(pl.Dense(3)) == repr(pl.Dense(3))
    with pytest.raises(pl.ShapeError, match="has not been built"):
        pl.Dense(3).summary()
