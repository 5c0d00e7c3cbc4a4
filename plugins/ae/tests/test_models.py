"""The models: which layers they are made of, their gradients, codes and reconstructions, and what they refuse."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pellucid as pl
import pytest
from pellucid import Batch, ConfigError, DataError, ShapeError, choose_objective

VARIANTS: list[dict[str, Any]] = [
    {},
    {"hidden": []},
    {"hidden": [5, 4], "activation": "gelu"},
    {"hidden": [5], "decoder_hidden": [6, 4], "activation": "silu"},
    {"hidden": [5, 4], "activation": "tanh", "tied": True},
    {"hidden": [4], "activation": "softplus", "outputs": "logits"},
    {"hidden": [4], "activation": "tanh", "corruption": {"type": "ae/masking_noise", "fraction": 0.4}},
    {"type": "denoising_autoencoder", "hidden": [4], "activation": "tanh"},
    {"type": "denoising_autoencoder", "hidden": [4], "activation": "tanh", "noise": "gaussian", "outputs": "logits"},
]
SHAPE = (2, 3)


def build(input_shape: tuple[int, ...] = SHAPE, dtype: str = "float64", **arguments: Any) -> Any:
    config = {"type": "autoencoder", "latent": 2, "hidden": [4], **arguments}
    return pl.build(config, input_shape=input_shape, seed=0, dtype=dtype, backend="reference")


def samples(n: int = 5, shape: tuple[int, ...] = SHAPE) -> np.ndarray[Any, Any]:
    return np.random.default_rng(1).uniform(size=(n, *shape))


def test_the_decoder_is_the_encoder_backwards() -> None:
    model = build(input_shape=(28, 28, 1), latent=8, hidden=[64, 32])
    assert {p.path: p.shape for p in model.parameters() if p.name == "weight"} == {
        "encoder.layers.1.weight": (784, 64), "encoder.layers.2.weight": (64, 32), "encoder.layers.3.weight": (32, 8),
        "decoder.layers.0.weight": (8, 32), "decoder.layers.1.weight": (32, 64), "decoder.layers.2.weight": (64, 784),
    }  # fmt: skip
    assert [layer.activation for layer in model.encoder.layers[1:]] == ["relu", "relu", None]
    assert [layer.activation for layer in model.decoder.layers[:-1]] == ["relu", "relu", None]


def test_the_decoder_may_have_sizes_of_its_own() -> None:
    model = build(hidden=[5, 4], decoder_hidden=[3])
    assert [layer.units for layer in model.decoder.layers[:-1]] == [3, 6]


def test_tied_weights_are_one_parameter_and_biases_are_not() -> None:
    model = build(hidden=[5, 4], tied=True, activation="tanh")
    assert [p.shape for p in model.parameters() if p.name == "weight"] == [(6, 5), (5, 4), (4, 2)]
    assert [p.shape for p in model.parameters() if p.name == "bias"] == [(5,), (4,), (2,), (4,), (5,), (6,)]
    x = samples()
    (w1, w2, w3), (b1, b2, b3, c3, c2, c1) = (
        [p.data for p in model.parameters() if p.name == name] for name in ("weight", "bias")
    )
    z = np.tanh(np.tanh(x.reshape(5, 6) @ w1 + b1) @ w2 + b2) @ w3 + b3
    y = np.tanh(np.tanh(z @ w3.T + c3) @ w2.T + c2) @ w1.T + c1
    np.testing.assert_allclose(model.encode(x), z, atol=1e-14)
    np.testing.assert_allclose(model.predict(x), y.reshape(x.shape), atol=1e-14)


@pytest.mark.parametrize("shape", [(6,), (2, 3), (2, 2, 3), ()], ids=str)
def test_outputs_have_the_shape_of_the_input(shape: tuple[int, ...]) -> None:
    x = samples(3, shape)
    model = build(input_shape=shape)
    assert model.encode(x).shape == (3, 2)
    assert model.decode(model.encode(x)).shape == model.reconstruct(x).shape == x.shape


@pytest.mark.parametrize("arguments", VARIANTS, ids=str)
def test_a_reconstruction_is_the_decoded_code_whatever_the_batches(arguments: dict[str, Any]) -> None:
    model, x = build(**arguments), samples(7)
    np.testing.assert_allclose(model.decode(model.encode(x)), model.reconstruct(x), atol=1e-14)
    np.testing.assert_allclose(model.encode(x, batch_size=3), model.encode(x), atol=1e-14)
    assert (model.decode(model.encode(x).tolist()) == model.decode(model.encode(x))).all()
    assert model.encode(x[:0]).shape == (0, 2)


def test_logits_are_reconstructed_as_probabilities() -> None:
    model, x = build(outputs="logits"), samples()
    np.testing.assert_allclose(model.reconstruct(x), 1 / (1 + np.exp(-model.predict(x))), atol=1e-14)
    values = build()
    np.testing.assert_array_equal(values.reconstruct(x), values.predict(x))


@pytest.mark.parametrize("outputs", ["values", "logits"])
def test_the_models_transforms_come_before_the_encoder_and_are_undone_after_the_decoder(outputs: str) -> None:
    x = samples(40) * 100
    model = build(outputs=outputs)
    split = pl.Split(x)
    transform: Any = "standardize" if outputs == "values" else {"type": "scale", "factor": 0.01}
    trainer = pl.Trainer(model, seed=0)
    trainer.fit(pl.Splits(split, split.take(np.arange(0)), split, [transform]), epochs=1, verbose=False)
    (transform,) = model.runtime.transforms
    plain = build(outputs=outputs)
    for param, trained in zip(plain.parameters(), model.parameters(), strict=True):
        param.data = trained.data
    np.testing.assert_allclose(model.encode(x), plain.encode(transform.apply(x)), atol=1e-12)
    back = transform.inverse(plain.reconstruct(transform.apply(x)))
    np.testing.assert_allclose(model.reconstruct(x), back, atol=1e-12)
    np.testing.assert_allclose(model.decode(model.encode(x)), back, atol=1e-12)


@pytest.mark.parametrize("arguments", VARIANTS, ids=str)
def test_the_configuration_and_the_file_build_the_same_model_again(arguments: dict[str, Any], tmp_path: Path) -> None:
    model, x = build(**arguments), samples()
    again = pl.build(pl.to_config(model), input_shape=SHAPE, seed=0, dtype="float64", backend="reference")
    assert pl.to_config(again) == pl.to_config(model)
    pl.save(model, tmp_path / "model.safetensors")
    loaded: Any = pl.load(tmp_path / "model.safetensors", backend="reference")
    assert loaded.default_objective == model.default_objective
    for other in (again, loaded):
        np.testing.assert_array_equal(other.encode(x), model.encode(x))
        np.testing.assert_array_equal(other.reconstruct(x), model.reconstruct(x))


@pytest.mark.parametrize("arguments", VARIANTS, ids=str)
def test_gradients_agree_with_central_differences(arguments: dict[str, Any]) -> None:
    model = build(**arguments)
    objective = choose_objective(model, None, None)
    rng = np.random.default_rng(2)
    for param in model.parameters():  # biases start at zero, and a rectifier has a kink there
        param.data += 0.1 * rng.normal(size=param.shape)
    batch = Batch(samples(6))
    ctx = pl.Context(model.runtime.ops, training=True, seed=3, dtype="float64")

    def loss() -> float:
        ctx.begin(0, 0)  # the same step each time: the same noise
        return float(objective.forward(ctx, model, batch))

    loss()
    model.runtime.arena.grad[...] = 0
    objective.backward(ctx, model)
    step = 1e-6
    for param in model.parameters():
        for index in np.ndindex(param.shape):
            value = param.data[index]
            param.data[index] = value + step
            above = loss()
            param.data[index] = value - step
            numeric = (above - loss()) / (2 * step)
            param.data[index] = value
            assert abs(param.grad[index] - numeric) < 1e-6 * max(1.0, abs(numeric)), (param.path, index)


def test_a_frozen_encoder_asks_the_decoder_for_no_gradient() -> None:
    model = build()
    for param in model.encoder.parameters():
        param.trainable = False
    ctx = pl.Context(model.runtime.ops, training=True, dtype="float64", needs_dx=(False,))
    assert model.backward(ctx, model.forward(ctx, samples())) is None
    assert not any(param.grad.any() for param in model.encoder.parameters())
    assert all(param.grad.any() for param in model.decoder.parameters())


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"latent": 0}, r"latent: The 'latent' of Autoencoder must be an int in \[1, inf\). Received: 0"),
        ({"latent": 2.5}, "latent: expected int. Received: 2.5"),
        ({"hidden": [5, -1]}, r"hidden: The 'hidden' of Autoencoder must be .* Received: \[5, -1\]"),
        ({"hidden": 5}, "hidden: expected a list"),
        ({"decoder_hidden": [0]}, r"decoder_hidden: The 'decoder_hidden' of Autoencoder must be .* Received: \[0\]"),
        ({"tied": True, "hidden": [5, 4], "decoder_hidden": [5, 4]},
         r"decoder_hidden: .* must be \[4, 5\], the encoder's sizes backwards, .* Received: \[5, 4\]. Leave it out"),
        ({"activation": "rleu"}, "activation.*'relu'"),
        ({"outputs": "pixels"}, "outputs: expected one of 'values', 'logits'"),
        ({"corruption": {"type": "ae/masking_noise", "fraction": 1.0}}, r"corruption.fraction: .* in \[0, 1\)"),
        ({"corruption": {"type": "ae/gaussian_noise", "std": -1.0}}, r"corruption.std: .* in \[0, inf\)"),
        ({"type": "denoising_autoencoder", "amount": 1.5}, r"amount: .* in \[0, 1\), the fraction set to 0"),
        ({"type": "denoising_autoencoder", "noise": "gaussian", "amount": -1.0}, "amount: .* the standard deviation"),
        ({"type": "denoising_autoencoder", "noise": "salt"}, "noise: expected one of 'masking', 'gaussian'"),
        ({"hiden": [5]}, "hiden: .*[Dd]id you mean 'hidden'"),
    ],
    ids=str,
)  # fmt: skip
def test_wrong_arguments_are_named(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        build(**arguments)


def test_a_dense_corruption_is_not_tied() -> None:
    model = build(hidden=[4], tied=True, corruption={"type": "dense", "units": 3})
    assert [p.shape for p in model.parameters() if p.name == "weight"] == [(3, 3), (6, 4), (4, 2)]
    assert [p.shape for p in model.parameters() if p.name == "bias"] == [(3,), (4,), (2,), (4,), (6,)]
    assert model.predict(samples()).shape == (5, 2, 3)


def test_tied_weights_may_come_with_the_sizes_that_they_have() -> None:
    assert build(tied=True, hidden=[5, 4], decoder_hidden=[4, 5]).predict(samples()).shape == (5, 2, 3)


def test_wrong_shapes_are_named() -> None:
    with pytest.raises(ShapeError, match=r"Flatten cannot flatten samples of varying shape \(None, 3\)"):
        pl.build("autoencoder", input_shape=(None, 3), latent=2)
    with pytest.raises(ShapeError, match=r"built for samples of shape \(2, 3\). Received: \(3, 2\)"):
        build().build((3, 2))
    with pytest.raises(ShapeError, match=r"'corruption' of Autoencoder must keep .* \(2, 3\). Dense gives \(2, 7\)"):
        build(corruption={"type": "dense", "units": 7})
    with pytest.raises(ShapeError, match=r"Codes must have shape \(N, 2\), one a row. Received: \(4, 3\)"):
        build().decode(np.zeros((4, 3)))
    with pytest.raises(ShapeError, match=r"Autoencoder takes one input. Received: 2, of shapes \[\(2, 3\), \(\)\]"):
        pl.build("autoencoder", input_shape=[(2, 3), ()], latent=2)


@pytest.mark.parametrize(
    ("outputs", "loss", "message"),
    [
        ("logits", "mse", "are logits, which the loss MSE does not compare with the input. Take loss = 'binary_cr"),
        ("values", "binary_cross_entropy", "are values, which the loss BinaryCrossEntropy .* Take loss = 'mse'"),
    ],
)
def test_a_loss_that_does_not_suit_the_outputs_is_refused(outputs: str, loss: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        pl.Trainer(build(outputs=outputs), objective={"type": "ae/reconstruction", "loss": loss}, seed=0)


class Brier(pl.Outputwise):
    """The mean of (σ(z) − t)²: a loss on logits that nobody knows here."""

    predicts = "answers"
    capturable = False

    def compute(self, ctx: Any, prediction: Any, target: Any, weight: Any, loss: Any, gradient: Any) -> None:
        p = 1 / (1 + np.exp(-prediction))
        loss[...] = ((p - target) ** 2).mean()
        gradient[...] = 2 * (p - target) * p * (1 - p) / target.size


def test_a_strangers_loss_on_logits_takes_logits_and_its_metrics_see_values() -> None:
    objective, x = pl.create("objective", "ae/reconstruction", loss=Brier()), samples()
    model = build(outputs="logits")
    figures = pl.Trainer(model, objective=objective, metrics=["reconstruction_error"], seed=0).evaluate((x, None))
    assert figures["loss"] == pytest.approx(figures["reconstruction_error"], rel=1e-5)  # (σ(z) − x)², both
    with pytest.raises(ConfigError, match="are values, which the loss Brier does not compare with the input"):
        pl.Trainer(build(), objective=objective, seed=0)


def test_metrics_of_classes_are_refused_beside_a_reconstruction() -> None:
    with pytest.raises(ConfigError, match=r"Accuracy counts classes .* this loss predicts values"):
        pl.Trainer(build(outputs="logits"), metrics=["accuracy"])


def test_a_last_sigmoid_before_a_loss_on_logits_is_refused() -> None:
    model = pl.build("dense", units=3, activation="sigmoid", input_shape=(3,), seed=0)
    with pytest.raises(ConfigError, match="BinaryCrossEntropy takes logits"):
        pl.Trainer(model, objective={"type": "ae/reconstruction", "loss": "binary_cross_entropy"})


def test_inputs_that_are_no_probabilities_are_refused_for_logits() -> None:
    x = samples()
    x[3, 1, 0] = 1.5
    with pytest.raises(DataError, match=r"The input is the target of a reconstruction. .*row 3"):
        pl.Trainer(build(outputs="logits"), seed=0).fit((x, None), verbose=False)
