"""Witness: a conditional variational autoencoder with an objective of its own and noise in the model."""

from __future__ import annotations

from typing import Any

import numpy as np
import pellucid as pl
import pytest
from pellucid import Context, Dense, get_ops
from pellucid.testing import check_gradients

N, PIXELS, CLASSES = 48, 12, 3


class ConditionalVAE(pl.Composite):
    """x, label -> logits of x, μ, s = log σ: z = μ + ε ⊙ eˢ with ε ~ N(0, 1) in training and z = μ otherwise."""

    integer_inputs = (1,)

    def __init__(self, latent: int = 2, hidden: int = 8, classes: int = CLASSES) -> None:
        self.latent, self.hidden, self.classes = latent, hidden, classes
        self.encoder, self.head, self.decoder = Dense(hidden, "tanh"), Dense(2 * latent), Dense(hidden, "tanh")

    def declare(self, *input_shapes: Any) -> None:
        self.pixels = input_shapes[0][0]
        self.table = self.param("table", (self.classes, self.hidden), init="normal")
        self.output = self.param("output", (self.hidden, self.pixels), init="glorot")

    def call(self, ctx: Context, x: Any, label: Any) -> Any:
        condition = ctx.variable(self.table)[label]  # (N, H)
        mean, s = np.split(self.head(self.encoder(np.concatenate([x, condition], axis=1))), 2, axis=1)  # (N, Z) each
        z = mean + ctx.normal(mean.shape, "noise") * np.exp(s) if ctx.training else mean
        return self.decoder(np.concatenate([z, condition], axis=1)) @ self.output, mean, s


class Elbo(pl.Objective):
    """``L = L_rec + β·L_reg``, summed over dimensions, averaged over the batch; β grows over ``warmup`` steps."""

    def __init__(self, beta: float = 1.0, warmup: int = 10) -> None:
        self.beta, self.warmup = beta, warmup

    def input_shapes(self, model: Any) -> Any:
        return model.runtime.input_shapes[:1]  # the label comes as y

    def forward(self, ctx: Context, model: Any, batch: Any) -> Any:
        outputs = model.forward(ctx.child("model", (False, False)), batch.x, batch.y)
        w = ctx.xp.ones(len(batch), dtype=ctx.dtype) if batch.weight is None else batch.weight
        ctx.count = float(w.sum())
        beta = self.beta * (min(1.0, (ctx.step + 1) / self.warmup) if ctx.training else 1.0)

        def loss(logits: Any, mean: Any, s: Any) -> Any:
            reconstruction = np.logaddexp(logits, 0.0) - batch.x * logits  # −log Bernoulli(x; σ(logits))
            divergence = 0.5 * np.exp(2 * s) + 0.5 * mean**2 - s - 0.5  # KL(N(μ, σ²) ‖ N(0, 1))
            rec, kl = (np.sum(w * term.sum(axis=1)) / ctx.count for term in (reconstruction, divergence))
            ctx.parts = {"reconstruction": rec.value, "kl": kl.value}
            return rec + beta * kl

        value, ctx.gradients = pl.value_and_grad(loss, (0, 1, 2))(*outputs)
        return value

    def backward(self, ctx: Context, model: Any) -> None:
        model.backward(ctx.child("model"), *ctx.gradients)


def data() -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    y = rng.integers(0, CLASSES, N)
    return (rng.random((N, PIXELS)) < rng.random((CLASSES, PIXELS)).round()[y] * 0.8 + 0.1).astype(float), y


def built(dtype: str = "float64") -> Any:
    return pl.build(ConditionalVAE(), input_shape=[(PIXELS,), ()], seed=0, dtype=dtype)


@pytest.mark.parametrize("weight", [None, np.linspace(0, 2, 5)])
@pytest.mark.parametrize("training", [True, False])
def test_gradients(weight: Any, training: bool) -> None:
    x, y = data()
    batch = pl.Batch(x[:5], y[:5], weight)
    model = pl.build(ConditionalVAE(), input_shape=[(PIXELS,), ()], seed=0, dtype="float64", backend="reference")
    assert check_gradients(Elbo(), model, batch, training=training, tolerance=1e-7).compared > 200


def test_gradients_are_those_of_the_derivation() -> None:
    """dμ = dz + μ and ds = dz ⊙ ε ⊙ eˢ + e²ˢ − 1, for the noise that was drawn; db of the head sums them."""
    x, y = data()
    model, ctx = built(), Context(get_ops("reference"), training=True, dtype="float64", seed=4)
    objective = Elbo(warmup=1)
    objective.forward(ctx, model, pl.Batch(x, y))
    objective.backward(ctx, model)
    logits, mean, s = model.forward(ctx.child("model"), x, y)
    noise = ctx.child("model").normal(mean.shape, "noise")
    z, condition = mean + noise * np.exp(s), model.table.data[y]
    h = np.tanh(np.concatenate([z, condition], axis=1) @ model.decoder.weight.data + model.decoder.bias.data)
    dlogits = 1 / (1 + np.exp(-logits)) - x
    dz = ((dlogits @ model.output.data.T * (1 - h**2)) @ model.decoder.weight.data.T)[:, :2]
    expected = np.concatenate([dz + mean, dz * noise * np.exp(s) + np.exp(2 * s) - 1], axis=1).mean(axis=0)
    assert model.head.bias.grad == pytest.approx(expected, abs=1e-12)
    assert model.output.grad == pytest.approx(h.T @ dlogits / N, abs=1e-12)


def test_kl_of_the_prior_is_zero() -> None:
    model, (x, y) = built(), data()
    model.head.weight.data[...] = 0
    ctx = Context(get_ops("reference"), dtype="float64")
    Elbo().forward(ctx, model, pl.Batch(x, y))
    assert ctx.parts["kl"] == 0


def test_it_trains_and_its_terms_stand_in_the_history() -> None:
    x, y = data()
    model = built("float32")
    trainer = pl.Trainer(model, objective=Elbo(), optimizer={"type": "adam", "lr": 0.02}, seed=0)
    history = trainer.fit((x, y), validation=(x, y), epochs=15, batch_size=12, verbose=False)
    assert history[-1]["loss"] < 0.8 * history[0]["loss"]
    record = history[-1]
    assert record["validation_loss"] == pytest.approx(record["validation_reconstruction"] + record["validation_kl"])
    assert trainer.evaluate((x, y)) == trainer.evaluate((x, y))
    logits, mean, _ = model.predict((x, y))
    assert (logits.shape, mean.shape) == ((N, PIXELS), (N, 2))


def test_noise_does_not_depend_on_the_split_into_micro_batches() -> None:
    x, y = data()
    after = []
    for batch_size, accumulate in ((N, 1), (16, 3)):
        model = built()
        trainer = pl.Trainer(model, objective=Elbo(), optimizer="sgd", seed=1, accumulate=accumulate)
        trainer.fit((x, y), batch_size=batch_size, verbose=False)
        after.append(model.runtime.arena.data.copy())
    assert np.max(np.abs(after[0] - after[1])) < 1e-12
