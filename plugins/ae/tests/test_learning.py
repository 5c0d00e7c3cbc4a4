"""What training reaches: the error of principal components, curved data in one number, noise that is removed."""

from __future__ import annotations

from typing import Any

import numpy as np
import pellucid as pl
import pytest
from pellucid import get_ops
from pellucid_ae.autoencoder import Autoencoder
from pellucid_ae.reconstruction import Reconstruction
from sklearn.decomposition import PCA

HostArray = np.ndarray[Any, Any]


def trained(model: Any, x: HostArray, *, epochs: int, lr: float = 1e-2, batch_size: int = 32, **options: Any) -> Any:
    trainer = pl.Trainer(model, optimizer={"type": "adam", "lr": lr}, schedule="cosine", seed=0, **options)
    trainer.fit((x, None), epochs=epochs, batch_size=batch_size, verbose=False)
    return trainer


def stretched(n: int = 200) -> HostArray:
    """Normal data around a point off the origin, with a spectrum that falls by half from axis to axis."""
    rng = np.random.default_rng(0)
    rotation = np.linalg.qr(rng.normal(size=(6, 6)))[0]
    return ((rng.normal(size=(n, 6)) * 2.0 ** -np.arange(6)) @ rotation + 1.5).astype(np.float32)


@pytest.mark.parametrize("tied", [False, True])
def test_a_linear_autoencoder_reaches_the_error_and_the_subspace_of_pca(tied: bool) -> None:
    x = stretched()
    pca = PCA(2).fit(x)
    best = float(np.mean((x - pca.inverse_transform(pca.transform(x))) ** 2))
    model: Any = pl.build("autoencoder", input_shape=(6,), latent=2, hidden=[], tied=tied, seed=0)
    trained(model, x, epochs=1500, lr=0.1, batch_size=50)
    error = float(np.mean((x - model.reconstruct(x)) ** 2))
    assert best * (1 - 1e-4) <= error <= best * 1.001  # no linear map of rank two is better
    directions = model.decode(np.eye(2, dtype=np.float32)) - model.decode(np.zeros((1, 2), np.float32))
    cosines = np.linalg.svd(np.linalg.qr(directions.T)[0].T @ pca.components_.T)[1]
    assert cosines.min() > 0.999  # of the angles between the two planes


def test_one_number_is_enough_for_a_curve_which_no_line_follows() -> None:
    t = np.random.default_rng(0).uniform(-1.5, 1.5, 400)
    x = np.stack([np.sin(2 * t), np.cos(2 * t), t], axis=1).astype(np.float32)
    pca = PCA(1).fit(x)
    line = float(np.mean((x - pca.inverse_transform(pca.transform(x))) ** 2))
    model: Any = pl.build("autoencoder", input_shape=(3,), latent=1, hidden=[32, 32], activation="tanh", seed=0)
    trained(model, x, epochs=100)
    assert np.mean((x - model.reconstruct(x)) ** 2) < 0.05 * line


def test_targets_in_the_data_change_nothing() -> None:
    x = stretched(64)
    weights = []
    for y in (None, np.arange(64)):
        model = pl.build("autoencoder", input_shape=(6,), latent=2, hidden=[4], seed=0)
        pl.Trainer(model, seed=0).fit((x, y), epochs=2, verbose=False)
        weights.append(model.runtime.arena.data.tobytes())
    assert weights[0] == weights[1]


# -- noise -----------------------------------------------------------------------------------------------------------


class Seen(pl.Layer):
    """Keeps what passes through it, for these tests."""

    def __init__(self, inner: pl.Layer) -> None:
        self.inner = inner
        self.training: dict[bool, list[tuple[HostArray, HostArray]]] = {True: [], False: []}

    def output_shape(self, *input_shapes: Any) -> Any:
        return self.inner.output_shape(*input_shapes)

    def forward(self, ctx: Any, *inputs: Any) -> Any:
        y = self.inner.forward(ctx, *inputs)
        self.training[ctx.training].append((np.array(inputs[0]), np.array(y)))
        return y

    def backward(self, ctx: Any, *dy: Any) -> Any:
        return self.inner.backward(ctx, *dy)


@pytest.mark.parametrize("noise", ["ae/masking_noise", "ae/gaussian_noise"])
def test_noise_is_new_at_each_step_of_training_and_absent_elsewhere(noise: str) -> None:
    seen = Seen(pl.create("layer", noise))
    x = stretched(64)
    model: Any = pl.build(Autoencoder(2, [4], corruption=seen), input_shape=(6,), seed=0)
    trainer = trained(model, x, epochs=2, batch_size=64)
    trainer.evaluate((x, None))
    model.reconstruct(x)
    model.encode(x)
    (first_x, first), (second_x, second) = seen.training[True]
    first, second = (part[np.argsort(whole[:, 0])] for whole, part in ((first_x, first), (second_x, second)))
    assert not np.array_equal(first, second)
    assert len(seen.training[False]) >= 3
    for before, after in seen.training[False]:
        np.testing.assert_array_equal(before, after)


def test_the_noise_has_the_promised_size() -> None:
    x = np.full((2000, 20), 3.0)
    ctx = pl.Context(get_ops("reference"), training=True, dtype="float64")
    masked = pl.create("layer", "ae/masking_noise", fraction=0.3).forward(ctx.child(0), x)
    assert np.isclose(masked[masked != 0], 3.0, rtol=1e-12).all()  # what is left is not scaled
    assert (masked == 0).mean() == pytest.approx(0.3, abs=0.01)
    noise = pl.create("layer", "ae/gaussian_noise", std=0.5).forward(ctx.child(1), x) - x
    assert (noise.mean(), noise.std()) == (pytest.approx(0, abs=0.01), pytest.approx(0.5, abs=0.01))


def test_the_target_is_the_clean_input() -> None:
    seen = Seen(pl.create("layer", "ae/masking_noise", fraction=0.5))
    model = pl.build(Autoencoder(2, [4], corruption=seen), input_shape=(6,), seed=0, dtype="float64")
    x = stretched(16).astype(np.float64)
    ctx = pl.Context(get_ops("reference"), training=True, seed=0, dtype="float64")
    loss = float(Reconstruction(pl.create("loss", "mse")).forward(ctx, model, pl.Batch(x)))
    ((_, noisy),) = seen.training[True]
    assert not np.array_equal(noisy, x)
    assert loss == pytest.approx(np.mean((model.predict(noisy) - x) ** 2), rel=1e-12)


def test_a_denoising_autoencoder_removes_more_noise_than_a_plain_one() -> None:
    rng = np.random.default_rng(5)
    surface = np.tanh(rng.normal(size=(600, 2)) @ rng.normal(size=(2, 12))).astype(np.float32)
    x, fresh = surface[:400], surface[400:]
    noisy = fresh + rng.normal(0, 0.5, fresh.shape).astype(np.float32)
    errors = {}
    for name, arguments in (("autoencoder", {}), ("denoising_autoencoder", {"noise": "gaussian", "amount": 0.5})):
        model: Any = pl.build(name, input_shape=(12,), latent=12, hidden=[32], activation="tanh", seed=0, **arguments)
        trained(model, x, epochs=60)
        errors[name] = float(np.mean((model.reconstruct(noisy) - fresh) ** 2))
    assert errors["denoising_autoencoder"] < 0.4 * errors["autoencoder"]
    assert errors["denoising_autoencoder"] < 0.3 * 0.5**2


# -- the objective and its metric ------------------------------------------------------------------------------------


def test_weights_of_samples_count() -> None:
    x = stretched(32)
    model = pl.build("autoencoder", input_shape=(6,), latent=2, hidden=[4], seed=0, dtype="float64")
    trainer = pl.Trainer(model, seed=0)
    whole = trainer.evaluate((x[:10], None))["loss"]
    weight = np.concatenate([np.ones(10), np.zeros(22)])
    assert trainer.train_step(x, weight=weight) == pytest.approx(whole, rel=1e-6)


@pytest.mark.parametrize("outputs", ["values", "logits"])
def test_the_metric_is_in_the_units_of_the_input(outputs: str) -> None:
    x = np.random.default_rng(0).uniform(size=(30, 6)).astype(np.float32)
    model: Any = pl.build("autoencoder", input_shape=(6,), latent=2, hidden=[4], outputs=outputs, seed=0)
    figures = pl.Trainer(model, metrics=["ae/reconstruction_error"], seed=0).evaluate((x, None), batch_size=7)
    expected = np.mean((model.reconstruct(x).astype(np.float64) - x) ** 2)
    assert figures["reconstruction_error"] == pytest.approx(expected, rel=1e-5)
    if outputs == "values":
        assert figures["loss"] == pytest.approx(expected, rel=1e-5)


def test_the_training_step_may_be_recorded() -> None:
    for name in ("autoencoder", "denoising_autoencoder"):
        model = pl.build(name, input_shape=(6,), latent=2, hidden=[4], seed=0)
        assert all(layer.capturable for _, layer in model.walk())
        assert pl.Trainer(model, seed=0).objective.capturable
