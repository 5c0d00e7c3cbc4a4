"""What a call needs is given back when it is over, not when Python next looks for cycles; and it is no more than some
batches, however many rows there are."""

from __future__ import annotations

import gc
import tracemalloc
from collections.abc import Iterator
from functools import partial
from importlib import import_module
from typing import Any
from weakref import ref

import numpy as np
import pellucid as pl
import pytest
from pellucid.model import inputs
from pellucid.standard.layers.containers import Sequential

SEEN: list[Any] = []


class Seen(pl.Layer):
    """The identity; it notes the contexts that it is called with."""

    def output_shape(self, input_shape: Any) -> Any:
        return input_shape

    def forward(self, ctx: pl.Context, *inputs: Any) -> Any:
        SEEN.append(ref(ctx))
        return inputs[0]

    def backward(self, ctx: pl.Context, *dy: Any) -> Any:
        return dy[0]


@pytest.fixture(autouse=True)
def _no_search_for_cycles() -> Iterator[None]:
    SEEN.clear()
    gc.collect()
    gc.disable()
    yield
    gc.enable()


def _model() -> Any:
    return pl.build(Sequential([pl.create("layer", "dense", units=2), Seen()]), input_shape=(3,), seed=0)


def test_a_large_prediction_leaves_nothing() -> None:
    _model().predict(np.ones((100, 3), "float32"))
    assert SEEN
    assert not any(context() for context in SEEN)


def test_training_leaves_nothing() -> None:
    trainer = pl.Trainer(_model(), loss="mse")
    trainer.fit((np.ones((100, 3), "float32"), np.ones((100, 2), "float32")), epochs=1, batch_size=50, verbose=False)
    assert SEEN
    del trainer
    assert not any(context() for context in SEEN)


# -- memory of what is computed for many rows: beside what is given and returned, no more than some batches ------------

ROWS, FEATURES = 300_000, 4
SOME_BATCHES = 8e6
"""Bytes. What was kept twice, or converted at once, came to more: the rows are 4.8 MB in float32."""


def _fitted(model: Any, x: Any) -> Any:
    scale, standardize = pl.create("transform", "scale", factor=2.0), pl.create("transform", "standardize")
    standardize.fit(x)
    model.runtime.transforms[:] = [scale, standardize]
    return model


def _extra(function: Any, *arguments: Any) -> tuple[float, Any]:
    """The most that was held beside the result, and the result."""
    function(*(part[:10] for part in arguments))  # what is imported and made once
    tracemalloc.start()
    try:
        result = function(*arguments)
        most = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    parts = result if isinstance(result, tuple) else (result,)
    return most - sum(part.nbytes for part in parts if isinstance(part, np.ndarray)), result


def _predictor(x: Any) -> Any:
    model = _fitted(pl.build("dense", units=16, input_shape=(FEATURES,), seed=0), x)
    unit = pl.create("transform", "standardize")
    unit.fit(np.random.default_rng(1).normal(size=(50, 16)))
    model.runtime.target_transforms[:] = [unit]
    return model.predict


def _evaluation(x: Any) -> Any:
    model = _fitted(pl.build("dense", units=1, input_shape=(FEATURES,), seed=0), x)
    trainer = pl.Trainer(model, loss="mse", metrics=["mae"], seed=0)
    y = np.ones((len(x), 1), "float32")
    return lambda part: trainer.evaluate((part, y[: len(part)]))


def _autoencoder(method: str) -> Any:
    def made(x: Any) -> Any:
        model = _fitted(pl.build("autoencoder", latent=3, hidden=[8], input_shape=(FEATURES,), seed=0), x)
        return getattr(model, method)

    return made


def _vae(function: str) -> Any:
    def made(x: Any) -> Any:
        model = _fitted(pl.build("vae", latent=3, hidden=[8], input_shape=(FEATURES,), seed=0), x)
        return partial(getattr(import_module("pellucid_vae"), function), model)

    return made


FOR_MANY_ROWS = {
    "predict": _predictor, "evaluate": _evaluation, "ae.encode": _autoencoder("encode"),
    "ae.reconstruct": _autoencoder("reconstruct"), "vae.encode": _vae("encode"), "vae.reconstruct": _vae("reconstruct"),
}  # fmt: skip


@pytest.mark.parametrize(("name", "dtype"), [*((name, "float64") for name in FOR_MANY_ROWS), ("predict", "int64")])
def test_many_rows_need_the_memory_of_some_batches(name: str, dtype: str) -> None:
    x = (100 * np.random.default_rng(0).normal(size=(ROWS, FEATURES))).astype(dtype)
    extra, _ = _extra(FOR_MANY_ROWS[name](x), x)
    assert extra < SOME_BATCHES, f"{extra / 1e6:.1f} MB"


def test_rows_in_blocks_are_what_they_are_together(monkeypatch: pytest.MonkeyPatch) -> None:
    x = np.random.default_rng(0).normal(size=(100, FEATURES))
    functions = {name: make(x) for name, make in FOR_MANY_ROWS.items()}
    whole = {name: function(x) for name, function in functions.items()}
    monkeypatch.setattr(inputs, "BLOCK", 30 * FEATURES)
    for name, function in functions.items():
        np.testing.assert_equal(function(x), whole[name], err_msg=name)
    small = functions["predict"](x, batch_size=7)
    np.testing.assert_allclose(small, whole["predict"], rtol=1e-6, atol=1e-6)


def test_a_row_that_cannot_be_used_is_counted_from_the_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inputs, "BLOCK", 8 * FEATURES)
    x = np.ones((50, FEATURES))
    x[41, 2] = 1e300
    with pytest.raises(pl.DataError, match="row 41, column 2"):
        pl.build("dense", units=2, input_shape=(FEATURES,), seed=0).predict(x, batch_size=4)
    with pytest.raises(pl.ShapeError, match=r"Received: \(50, 3\)"):
        pl.build("dense", units=2, input_shape=(FEATURES,), seed=0).predict(x[:, :3], batch_size=4)


class Pooled(Seen):
    """It gives one row, whatever it is given."""

    def forward(self, ctx: pl.Context, *inputs: Any) -> Any:
        return inputs[0][:1]


def test_a_model_that_gives_another_number_of_rows_is_told_so() -> None:
    with pytest.raises(pl.ShapeError, match="One row for each of 5 samples"):
        pl.build(Pooled(), input_shape=(3,), seed=0).predict(np.ones((9, 3)), batch_size=5)
