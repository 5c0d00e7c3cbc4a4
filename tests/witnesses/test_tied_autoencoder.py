"""Witness: an autoencoder with tied weights and a frozen half."""

from __future__ import annotations

from typing import Any

import numpy as np
import pellucid as pl
import pytest
from pellucid import Context, Dense, get_ops
from pellucid.testing import check_gradients

FEATURES = 6


class TiedAutoencoder(pl.Composite):
    """``h = f(x W + b)``, layer after layer, and back with the same weights: ``h̃ = f(h Wᵀ + c)``; the last f is 1."""

    def __init__(self, widths: tuple[int, ...] = (5, 2)) -> None:
        self.widths = widths
        self.encoder = [Dense(width, "tanh") for width in widths]

    def declare(self, *input_shapes: Any) -> None:
        sizes = (input_shapes[0][0], *self.widths[:-1])
        self.biases = [self.param(f"bias_{i}", (size,)) for i, size in enumerate(sizes)]

    def call(self, ctx: Context, x: Any) -> Any:
        h = x
        for layer in self.encoder:
            h = layer(h)
        for i in reversed(range(len(self.encoder))):
            h = h @ ctx.variable(self.encoder[i].weight).T + self.biases[i]
            h = np.tanh(h) if i else h
        return h


def data(n: int = 40) -> np.ndarray:
    rng = np.random.default_rng(0)
    return np.tanh(rng.normal(size=(n, 2)) @ rng.normal(size=(2, FEATURES)))


def built(freeze: bool = False, dtype: str = "float64") -> Any:
    model: Any = pl.build(TiedAutoencoder(), input_shape=(FEATURES,), seed=0, dtype=dtype)
    if freeze:
        for param in model.encoder[0].parameters():
            param.trainable = False
    return model


def test_gradients() -> None:
    assert check_gradients(TiedAutoencoder(), data(5), tolerance=1e-7).compared == 30 + (30 + 10) + (5 + 2) + (6 + 5)


def test_tied_weights_are_one_parameter() -> None:
    model = built()
    assert [p.path for p in model.parameters()] == ["biases.0", "biases.1", "encoder.0.weight", "encoder.0.bias",
                                                    "encoder.1.weight", "encoder.1.bias"]  # fmt: skip
    before = model.predict(data())
    model.encoder[1].weight.data[...] = 0
    assert not np.allclose(model.predict(data()), before)


def test_the_gradient_of_a_tied_weight_is_the_sum_of_both_uses() -> None:
    model, x = built(), data()
    ctx = Context(get_ops("reference"), training=True, dtype="float64")
    dy = np.random.default_rng(1).normal(size=x.shape)
    model.forward(ctx, x)
    model.backward(ctx, dy)
    (w1, b1), (w2, b2) = ((layer.weight.data, layer.bias.data) for layer in model.encoder)
    c1, c2 = (bias.data for bias in model.biases)
    h1 = np.tanh(x @ w1 + b1)
    h2 = np.tanh(h1 @ w2 + b2)
    back = np.tanh(h2 @ w2.T + c2)
    dback = (dy @ w1) * (1 - back**2)
    dh2 = (dback @ w2) * (1 - h2**2)
    dh1 = (dh2 @ w2.T) * (1 - h1**2)
    assert model.encoder[1].weight.grad == pytest.approx(h1.T @ dh2 + dback.T @ h2, abs=1e-12)
    assert model.encoder[0].weight.grad == pytest.approx(x.T @ dh1 + dy.T @ back, abs=1e-12)
    assert model.biases[0].grad == pytest.approx(dy.sum(axis=0), abs=1e-12)
    assert np.allclose(c1, 0)


@pytest.mark.parametrize("optimizer", [{"type": "adamw", "lr": 0.05, "weight_decay": 0.1}, "sgd"])
def test_a_frozen_half_keeps_its_bits_and_the_other_half_learns(optimizer: Any) -> None:
    model, x = built(freeze=True, dtype="float32"), data()
    frozen = [p for p in model.parameters() if not p.trainable]
    before = {p.path: p.data.tobytes() for p in model.parameters()}
    trainer = pl.Trainer(model, loss="mse", optimizer=optimizer, seed=0)
    history = trainer.fit((x, x), epochs=30, batch_size=8, verbose=False)
    assert history[-1]["loss"] < history[0]["loss"]
    assert {p.path for p in model.parameters() if p.data.tobytes() == before[p.path]} == {p.path for p in frozen}
    for param in frozen:
        param.trainable = True
    trainer.fit((x, x), epochs=1, batch_size=8, verbose=False)
    assert all(p.data.tobytes() != before[p.path] for p in frozen)


def test_the_frozen_layer_below_is_never_asked_for_a_gradient() -> None:
    model, ctx = built(freeze=True), Context(get_ops("reference"), training=True, dtype="float64", needs_dx=(False,))
    model.forward(ctx, data())
    assert ctx.child(0).needs_dx == (False,)  # the frozen first layer
    assert not any(ctx.child(1).needs_dx)  # nobody below the second wants a gradient
    assert model.backward(ctx, np.ones((40, FEATURES))) is None
    assert not any(p.grad.any() for p in model.encoder[0].parameters())


def test_it_trains_to_a_fraction_of_the_variance() -> None:
    x = data()
    model = built(dtype="float32")
    trainer = pl.Trainer(model, loss="mse", optimizer={"type": "adam", "lr": 0.02}, seed=0)
    trainer.fit((x, x), epochs=80, batch_size=8, verbose=False)
    assert trainer.evaluate((x, x))["loss"] < 0.15 * x.var()
