"""The models: which layers they are made of, labels, layers of strangers, saving, and what they refuse."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pellucid as pl
import pytest
from pellucid import ConfigError, Context, DataError, ShapeError, get_ops
from pellucid.registry.discovery import find_claims
from pellucid.registry.plugins import Plugins
from pellucid.registry.registry import Registry
from pellucid.testing import check_gradients
from pellucid.testing.registries import use_registry
from pellucid_vae import encode, importance_weighted_bound, sample


def shapes(model: pl.Layer) -> dict[str, tuple[int, ...]]:
    return {param.path: param.shape for param in model.parameters()}


def test_the_default_model() -> None:
    model = pl.build("vae", input_shape=(784,), seed=0)
    assert shapes(model) == {
        "head.mean.weight": (500, 20), "head.mean.bias": (20,),
        "head.log_std.weight": (500, 20), "head.log_std.bias": (20,),
        "recognition.layers.1.weight": (784, 500), "recognition.layers.1.bias": (500,),
        "generation.layers.0.weight": (20, 500), "generation.layers.0.bias": (500,),
        "generation.layers.1.weight": (500, 784), "generation.layers.1.bias": (784,),
    }  # fmt: skip
    assert pl.Trainer(model).objective.arguments()["likelihood"] == "bernoulli"
    assert model.default_objective == "vae/elbo"


@pytest.mark.parametrize("shape", [(6,), (2, 3), (3, 2, 1), (2, 2, 3)])
def test_any_shape_of_sample_comes_back(shape: tuple[int, ...]) -> None:
    model = pl.build("vae", input_shape=shape, latent=3, hidden=[5, 4], seed=0)
    y, mean, s = model.predict(np.random.default_rng(0).random((7, *shape)))
    assert (y.shape, mean.shape, s.shape) == ((7, *shape), (7, 3), (7, 3))
    assert shapes(model)["generation.layers.0.weight"] == (3, 4)  # the encoder's widths in reverse


def test_predict_gives_the_same_again_and_for_every_batch_size() -> None:
    model, x = pl.build("vae", input_shape=(6,), latent=3, hidden=[5], seed=0), np.random.default_rng(0).random((50, 6))
    y, mean, s = model.predict(x)
    for again in (model.predict(x), model.predict(x, batch_size=9)):
        for a, b in zip((y, mean, s), again, strict=True):
            np.testing.assert_allclose(a, b, atol=1e-6)
    assert np.abs(y - model.generation.forward(  # decoded from a sample, not from the mean
        Context(get_ops("cython"), dtype="float32"), np.ascontiguousarray(mean))).max() > 0.01  # fmt: skip


def test_noise_is_standard_normal_around_the_mean() -> None:
    head = pl.build("vae/gaussian_head", input_shape=(4,), latent=2, seed=0, dtype="float64", backend="reference")
    head.log_std.bias.data[...] = (0.5, -1.0)
    ctx = Context(get_ops("reference"), training=True, dtype="float64")
    z, mean, s = head.forward(ctx, np.ones((20000, 4)))
    noise = (z - mean) / np.exp(s)
    np.testing.assert_allclose(noise.mean(axis=0), 0, atol=0.03)
    np.testing.assert_allclose(np.cov(noise.T), np.eye(2), atol=0.04)


def test_a_spread_without_bounds_stays_finite() -> None:
    head = pl.build("vae/gaussian_head", input_shape=(1,), latent=1, seed=0)
    head.log_std.bias.data[...] = 1000.0
    head.log_std.weight.data[...] = 0.3
    ctx = Context(get_ops("cython"), training=True)
    z = head.forward(ctx, np.ones((3, 1), np.float32))[0]
    assert np.isfinite(z).all()
    dx = head.backward(ctx, *(np.ones_like(z) for _ in range(3)))
    np.testing.assert_allclose(dx, 2 * head.mean.weight.data[0, 0] + head.log_std.weight.data[0, 0])  # none by z


@pytest.mark.parametrize("transform", [False, True])
def test_training_starts_at_the_spread_of_the_prior(transform: bool) -> None:
    """A small model on data far from 0 or standardised: the first loss is of the order of the data's squares."""
    x = np.random.default_rng(0).normal(5, 3, (60, 4))
    x = (x - x.mean(axis=0)) / x.std(axis=0) if transform else x
    model = pl.build("vae", input_shape=(4,), latent=2, hidden=[8], seed=0)
    assert not model.predict(x)[2].any()
    objective = {"type": "vae/elbo", "likelihood": "gaussian", "std": 0.5}
    first = pl.Trainer(model, objective=objective, seed=0).evaluate((x, None))["loss"]
    assert first < 10 * (x**2).sum(axis=1).mean() / (2 * 0.5**2)


def test_an_encoder_and_a_decoder_of_ones_own() -> None:
    config = {
        "type": "vae", "latent": 2, "input_shape": [4, 4, 1],
        "encoder": {"type": "sequential", "layers": [{"type": "flatten"}, {"type": "layer_norm"}]},
        "decoder": {"type": "sequential", "layers": [{"type": "dense", "units": 16},
                                                     {"type": "reshape", "shape": [4, 4, 1]}]},
    }  # fmt: skip
    model = pl.build(config, seed=0)
    assert shapes(model)["head.mean.weight"] == (16, 2)
    assert model.predict(np.zeros((3, 4, 4, 1)))[0].shape == (3, 4, 4, 1)
    again = pl.build(pl.to_config(model), input_shape=(4, 4, 1), seed=0)
    np.testing.assert_array_equal(again.predict(np.ones((3, 4, 4, 1)))[0], model.predict(np.ones((3, 4, 4, 1)))[0])


# -- labels ----------------------------------------------------------------------------------------------------------


def conditional(**arguments: Any) -> pl.Layer:
    arguments = {"classes": 3, "latent": 2, "hidden": [5], "activation": "tanh", **arguments}
    return pl.build("conditional_vae", input_shape=[(4,), ()], seed=0, dtype="float64", backend="reference",
                    **arguments)  # fmt: skip


def test_the_label_stands_beside_x_and_beside_z() -> None:
    model = conditional()
    assert shapes(model)["recognition.layers.1.weight"] == (4 + 3, 5)
    assert shapes(model)["generation.layers.0.weight"] == (2 + 3, 5)
    x = np.tile(np.random.default_rng(0).random((1, 4)), (3, 1))
    y, mean, _ = model.predict((x, np.arange(3)))
    assert len(np.unique(mean, axis=0)) == 3 and len(np.unique(y, axis=0)) == 3


def test_the_label_comes_from_the_targets() -> None:
    model = conditional()
    rng = np.random.default_rng(0)
    x, labels = rng.random((30, 4)), rng.integers(0, 3, 30)
    trainer = pl.Trainer(model, seed=0)
    trainer.fit((x, labels), epochs=2, verbose=False)
    objective = pl.create("objective", "vae/elbo", beta=0.5)
    report = check_gradients(objective, model, pl.Batch(x[:4], labels[:4]), tolerance=1e-6)
    assert report.compared > 50


def test_a_digit_of_the_label_that_was_asked_for() -> None:
    """Two classes of opposite pictures: after training, the label decides which of them is drawn."""
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 2, 400)
    pictures = np.array([[1, 1, 0, 0], [0, 0, 1, 1]])[labels]
    x = np.where(rng.random(pictures.shape) < 0.05, 1 - pictures, pictures).astype(np.float32)
    model = pl.build("conditional_vae", input_shape=[(4,), ()], classes=2, latent=2, hidden=[16], seed=0)
    pl.Trainer(model, optimizer={"type": "adam", "lr": 0.01}, seed=0).fit(
        (x, labels), epochs=30, batch_size=50, verbose=False
    )
    from pellucid_vae import sample

    for label, picture in enumerate(([1, 1, 0, 0], [0, 0, 1, 1])):
        np.testing.assert_allclose(sample(model, 50, labels=np.full(50, label)).mean(axis=0), picture, atol=0.12)


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        (np.array([0, 1, 2, 3]), "needs labels from 0 to 2, for classes = 3. Received: 3 in row 3"),
        (np.array([0, -1, 2, 1]), "Received: -1 in row 1"),
        (np.array([0.0, 1.0, 2.0, 1.0]), "is trained on labels: one class number a sample"),
        (None, "Received: y = None"),
    ],
)
def test_labels_are_checked_before_training(labels: Any, message: str) -> None:
    with pytest.raises(DataError, match=message):
        pl.Trainer(conditional(), seed=0).fit((np.zeros((4, 4)), labels), verbose=False)


def test_labels_are_checked_in_prediction() -> None:
    with pytest.raises(DataError, match=r"needs labels from 0 to 2.* Received: 7 in row 1"):
        conditional().predict((np.zeros((2, 4)), np.array([0, 7])))


def test_labels_need_rows_beside_them() -> None:
    with pytest.raises(DataError, match=r"Samples must be an array of \(N, …\).* Received: 5.0"):
        encode(conditional(), 5.0, [1])


@pytest.mark.parametrize("seed", [-1, 1.5, "a"])
def test_seeds_are_checked(seed: Any) -> None:
    model = pl.build("vae", input_shape=(4,), latent=2, hidden=[3], seed=0)
    message = rf"'seed' of .* must be an int in \[0, inf\). Received: {seed!r}"
    with pytest.raises(ConfigError, match=message):
        sample(model, 2, seed=seed)
    with pytest.raises(ConfigError, match=message):
        importance_weighted_bound(model, np.zeros((2, 4)), objective="vae/elbo", seed=seed)


# -- saving, and wrong arguments --------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["vae", "conditional_vae"])
def test_a_saved_model_gives_the_same_codes(name: str, tmp_path: Path) -> None:
    arguments: dict[str, Any] = {"input_shape": (4,)} if name == "vae" else {"input_shape": [(4,), ()], "classes": 3}
    model = pl.build(name, latent=2, hidden=[5], seed=0, **arguments)
    x, labels = np.random.default_rng(0).random((9, 4)), np.arange(9) % 3
    pl.Trainer(model, seed=0).fit((x, labels), verbose=False)
    pl.save(model, tmp_path / "model.safetensors")
    given = x if name == "vae" else (x, labels)
    again = pl.load(tmp_path / "model.safetensors")
    for a, b in zip(again.predict(given), model.predict(given), strict=True):
        np.testing.assert_array_equal(a, b)
    assert pl.Trainer(again, seed=0).evaluate((x, labels)) == pl.Trainer(model, seed=0).evaluate((x, labels))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"latent": 0}, r"latent: The 'latent' of VAE must be an int in \[1, inf\). Received: 0"),
        ({"hidden": [5, 0]}, r"The 'hidden' of VAE must be a list of ints of at least 1, .* Received: \[5, 0\]"),
        ({"hidden": 5}, "hidden: expected a list"),
        ({"activation": "rleu"}, "activation"),
        ({"architecture": "conv"}, "architecture: expected one of 'dense', 'convolutional'"),
        ({"architecture": "convolutional", "channels": []}, "The 'channels' of VAE must be a list of at least 1 ints"),
        ({"latnt": 3}, "Did you mean 'latent'"),
        ({"encoder": "core/den"}, "encoder.*Did you mean 'core/dense'"),
    ],
    ids=str,
)
def test_wrong_arguments_are_named(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        pl.build("vae", input_shape=(6,), **arguments)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"input_shape": (None, 3)}, "VAE needs samples of a fixed shape"),
        ({"input_shape": [(4,), ()]}, "VAE takes x. Received: 2 input"),
        ({"input_shape": (2, 3), "encoder": "tanh"}, r"encoder of VAE must give a row of features.*\(2, 3\).*flatten"),
        ({"input_shape": (6,), "decoder": {"type": "dense", "units": 5}},
         r"The decoder of VAE must turn 20 numbers into a sample of the shape of x, \(6,\). Received: \(5,\)"),
        ({"input_shape": (30, 28, 1), "architecture": "convolutional"},
         r"multiples of 4. Received: \(30, 28, 1\). Pad or crop"),
        ({"input_shape": (784,), "architecture": "convolutional"}, r"needs images \(height, width, channels\)"),
    ],
)  # fmt: skip
def test_wrong_shapes_are_named(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(ShapeError, match=message):
        pl.build("vae", **arguments)


def test_a_conditional_model_needs_the_shape_of_its_label() -> None:
    with pytest.raises(ShapeError, match=r"ConditionalVAE takes x and a label of shape \(\)"):
        pl.build("conditional_vae", input_shape=(4,), classes=3)


# -- convolutions, from another package -------------------------------------------------------------------------------


def test_a_convolutional_model_halves_the_image_and_doubles_it_again() -> None:
    pytest.importorskip("pellucid_cnn", reason="pellucid-cnn is not installed")
    arguments: dict[str, Any] = {"architecture": "convolutional", "channels": [3, 4], "hidden": [5], "latent": 2}
    model = pl.build("vae", input_shape=(8, 12, 1), seed=0, **arguments)
    found = shapes(model)
    assert found["recognition.layers.1.weight"] == (4, 4, 3, 4)
    assert found["recognition.layers.3.weight"] == (2 * 3 * 4, 5)
    assert found["generation.layers.4.weight"] == (4, 4, 1, 3)
    x = np.random.default_rng(0).random((20, 8, 12, 1)).astype(np.float32)
    trainer = pl.Trainer(model, optimizer={"type": "adam", "lr": 0.01}, seed=0)
    history = trainer.fit((x, None), epochs=5, batch_size=10, verbose=False)
    assert history[-1]["loss"] < history[0]["loss"]
    assert model.predict(x)[0].shape == x.shape
    again = pl.build(pl.to_config(model), input_shape=(8, 12, 1), seed=0)
    assert shapes(again) == found


def test_the_label_of_a_convolutional_model_is_a_plane_of_ones() -> None:
    pytest.importorskip("pellucid_cnn", reason="pellucid-cnn is not installed")
    model = pl.build("conditional_vae", input_shape=[(4, 4, 2), ()], classes=3, architecture="convolutional",
                     channels=[4], hidden=[], latent=2, seed=0, dtype="float64", backend="reference")  # fmt: skip
    assert shapes(model)["recognition.layers.0.weight"] == (4, 4, 2 + 3, 4)
    x, labels = np.random.default_rng(0).random((3, 4, 4, 2)), np.arange(3)
    assert check_gradients(pl.create("objective", "vae/elbo"), model, pl.Batch(x, labels)).compared > 50


def test_without_the_package_of_convolutions_the_remedy_is_named() -> None:
    installed = Registry(Plugins(lambda: [claim for claim in find_claims() if claim.vendor in ("core", "vae")]))
    with use_registry(installed), pytest.raises(ConfigError, match=r"not installed: pip install .*\./plugins/cnn\."):
        pl.build("vae", input_shape=(8, 8, 1), architecture="convolutional")
