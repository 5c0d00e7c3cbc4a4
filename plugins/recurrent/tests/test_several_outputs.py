"""A stack may end in a layer of several outputs; what carries its state is validated on streams as it is trained."""

from __future__ import annotations

import numpy as np
import pellucid as pl


def test_a_stack_of_several_outputs() -> None:
    heads = [{"type": "dense", "units": 2}, {"type": "dense", "units": 1}]
    layers = [{"type": "gru", "units": 4}, {"type": "parallel", "join": "apart", "layers": heads}]
    model = pl.build({"type": "stack", "layers": layers}, input_shape=[(None, 2), (None,)], seed=0)
    rng = np.random.default_rng(0)
    x = rng.normal(size=(20, 8, 2)), np.ones((20, 8), bool)
    y = {"a": (x[0][..., 0] > 0).astype(int), "b": x[0][..., 1:]}
    trainer = pl.Trainer(
        model, loss={"a": "softmax_cross_entropy", "b": "mse"}, optimizer={"type": "adam", "lr": 0.02}, seed=0
    )
    losses = trainer.fit((x, y), epochs=10, verbose=False)["loss"]
    assert losses[-1] < losses[0]


def test_streams_are_validated_in_batches_of_their_own() -> None:
    letters = np.eye(4)[np.arange(400) % 4]
    stream = pl.Streams(letters, (np.arange(400) + 1) % 4, side_by_side=4, steps=10)
    layers = [{"type": "lstm", "units": 8, "carry": 4}, {"type": "dense", "units": 4}]
    model = pl.build({"type": "stack", "layers": layers}, input_shape=[(10, 4), ()], seed=0)
    trainer = pl.Trainer(model, loss="softmax_cross_entropy", seed=0)
    record = trainer.fit(stream, validation=stream, epochs=2, verbose=False)[-1]
    assert trainer.evaluate(stream)["loss"] == record["validation_loss"]
