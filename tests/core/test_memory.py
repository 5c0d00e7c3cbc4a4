"""What a call needs is given back when it is over, not when Python next looks for cycles."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from typing import Any
from weakref import ref

import numpy as np
import pellucid as pl
import pytest
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
