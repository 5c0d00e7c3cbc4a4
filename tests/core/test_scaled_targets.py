"""Targets that are values are scaled for training; predictions and metrics are in the unit of the data."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import numpy as np
import pellucid as pl
import pytest
from pellucid.basics.errors import ConfigError

RNG = np.random.default_rng(0)
X = RNG.normal(size=(120, 2))
Y = 1e6 + 5e4 * X[:, 0] - 2e4 * X[:, 1]
PARTS = slice(0, 80), slice(80, 100), slice(100, 120)
SCALED: dict[str, Any] = {"target_transforms": ["standardize"]}


def splits(y: Any = Y, **proposed: Any) -> pl.Splits:
    return pl.Splits(*(pl.Split(X[part], y[part]) for part in PARTS), **proposed)


def model(units: int = 1, activation: str | None = None) -> pl.Layer:
    return pl.build("dense", units=units, activation=activation, input_shape=(2,), seed=0, backend="reference")


def trained(network: pl.Layer, data: Any, epochs: int = 60, loss: str = "mse", **arguments: Any) -> pl.Trainer:
    trainer = pl.Trainer(network, loss=loss, optimizer={"type": "adam", "lr": 0.05}, seed=0, **arguments)
    trainer.fit(data, epochs=epochs, verbose=False)
    return trainer


def r2(network: pl.Layer, x: Any = X, y: Any = Y) -> float:
    return float(1 - ((network.predict(x)[:, 0] - y) ** 2).sum() / ((y - y.mean()) ** 2).sum())


@pytest.mark.parametrize("shape", [(-1,), (-1, 1)])
def test_values_in_any_unit_are_learned(shape: tuple[int, ...]) -> None:
    network, data = model(), splits(Y.reshape(shape), **SCALED)
    trainer = trained(network, data, metrics=["r2", "rmse", "mae"])
    figures = trainer.evaluate(data)
    predicted = network.predict(X)
    assert predicted.shape == (120, 1) and predicted.dtype == np.float64
    assert figures["r2"] == pytest.approx(r2(network, X[100:], Y[100:])) and figures["r2"] > 0.9999
    assert figures["rmse"] == pytest.approx(np.sqrt(np.mean((predicted[100:, 0] - Y[100:]) ** 2)), rel=1e-3)
    plain = model()
    trained(plain, splits(Y.reshape(shape)))
    assert r2(plain) < -10  # the same without scaling


def test_they_are_fitted_on_training_targets_alone() -> None:
    network = model()
    trained(network, splits(**SCALED), epochs=0)
    (standardize,) = network.runtime.target_transforms  # type: ignore[union-attr]
    np.testing.assert_allclose(standardize.mean, [Y[:80].mean()])  # type: ignore[attr-defined]


def test_several_outputs_have_a_unit_each() -> None:
    both = np.stack([Y, Y * 1e-9 - 1], axis=1)
    network = model(2)
    trainer = trained(network, splits(both, **SCALED), metrics=["r2"])
    assert trainer.evaluate((X, both))["r2"] > 0.9999
    np.testing.assert_allclose(network.predict(X) / both, 1, atol=0.01)


def test_whole_numbers_are_values_to_a_loss_on_values() -> None:
    network = model()
    trained(network, splits(Y.round().astype(np.int64), **SCALED))
    assert r2(network) > 0.999


def test_they_go_with_the_model(tmp_path: Path) -> None:
    network = model()
    trainer = trained(network, splits(**SCALED), metrics=["r2"])
    pl.save(network, tmp_path / "m.safetensors")
    for again in (pl.load(tmp_path / "m.safetensors", backend="reference"), copy.deepcopy(network)):
        np.testing.assert_array_equal(again.predict(X), network.predict(X))
        other = pl.Trainer(again, metrics=["r2"], seed=0)
        assert other.evaluate((X, Y)) == trainer.evaluate((X, Y))
        other.fit((X, Y), epochs=1, verbose=False)  # a pair of arrays goes through the model's own
        other.train_step(X[:8], Y[:8])
        assert r2(again) > 0.999


def test_a_run_that_was_stopped_goes_on_with_them(tmp_path: Path) -> None:
    from pellucid.saving.checkpoint import restore_checkpoint, save_checkpoint

    whole, half = model(), trained(model(), splits(**SCALED), epochs=2)
    trained(whole, splits(**SCALED), epochs=4)
    save_checkpoint(half, tmp_path / "c")
    again = pl.Trainer(model(), loss="mse", optimizer={"type": "adam", "lr": 0.05}, seed=0)
    restore_checkpoint(again, tmp_path / "c")
    again.fit(splits(**SCALED), epochs=2, verbose=False)
    np.testing.assert_array_equal(again.model.predict(X), whole.predict(X))


def test_a_trained_model_keeps_its_own() -> None:
    network = model()
    trained(network, splits(**SCALED), epochs=1)
    with pytest.raises(ConfigError, match=r"target_transforms: this model was trained with \[Standardize\(\)\]"):
        trained(network, splits(target_transforms=[{"type": "scale", "factor": 2.0}]))
    plain = model()
    trained(plain, (X, Y), epochs=1)
    with pytest.raises(ConfigError, match="target_transforms: this model was trained without any"):
        trained(plain, splits(**SCALED))


def test_a_training_that_was_refused_leaves_no_scale() -> None:
    network = model()
    with pytest.raises(pl.DataError, match="MSE needs a target of shape"):
        trained(network, splits(np.stack([Y, Y], axis=1), **SCALED))
    trained(network, (X, Y / 1e6), epochs=0)
    assert network.runtime.target_transforms == []  # type: ignore[union-attr]


def test_labels_that_are_read_as_such_are_left_alone() -> None:
    labels = (X[:, 0] > 0).astype(np.int64)
    network = model(2)
    trainer = trained(network, splits(labels, **SCALED), loss="softmax_cross_entropy", metrics=["accuracy"])
    assert not network.runtime.target_transforms and trainer.evaluate((X, labels))["accuracy"] > 0.9  # type: ignore[union-attr]


def test_another_loss_forgets_the_unit() -> None:
    network = model()
    trained(network, splits(**SCALED), epochs=1)
    pl.Trainer(network, loss="binary_cross_entropy").train_step(X[:8], (Y[:8] > 1e6).astype(np.int64))
    assert abs(network.predict(X)).max() < 100  # logits


@pytest.mark.parametrize(("transform", "loss", "activation", "message"), [
    ("standardize", "binary_cross_entropy", None, r"BinaryCrossEntropy takes targets as they are.*transforms = \[\]"),
    ("standardize", "mse", "sigmoid", "takes the targets to .*outputs of this model lie between 0 and 1"),
    ("flatten", "mse", None, "FlattenSamples cannot be undone"),
    ("cnn/random_flip", "mse", None, "Augmentations change samples"),
])  # fmt: skip
def test_what_cannot_be_scaled_is_refused(transform: str, loss: str, activation: str | None, message: str) -> None:
    network = model(activation=activation)
    with pytest.raises(ConfigError, match=message):
        trained(network, splits(target_transforms=[transform]), loss=loss)
    assert network.runtime.target_transforms == []  # type: ignore[union-attr]


class Clipped(pl.Transform):
    """Loses what is above the mean."""

    def fit(self, x: np.ndarray) -> None:
        self.mean = x.mean()

    def apply(self, x: np.ndarray) -> np.ndarray:
        return np.minimum(x, self.mean)

    def inverse(self, y: np.ndarray) -> np.ndarray:
        return y


class Flat(Clipped):
    """Forgets the shape."""

    def apply(self, x: np.ndarray) -> np.ndarray:
        return x

    def inverse(self, y: np.ndarray) -> np.ndarray:
        return y.ravel()


@pytest.mark.parametrize("transform", [Clipped(), Flat()])
def test_a_transform_that_does_not_undo_what_it_does_is_refused(transform: pl.Transform) -> None:
    with pytest.raises(ConfigError, match=r"cannot be undone: of targets of shape .*whose 'inverse' undoes 'apply'"):
        trained(model(), splits(target_transforms=[transform]))


def test_a_scale_that_the_last_layer_reaches_is_taken() -> None:
    network, low, high = model(activation="sigmoid"), float(Y.min()), float(Y.max())
    unit = {"type": "scale", "factor": 1 / (high - low), "offset": -low / (high - low)}
    trained(network, splits(target_transforms=[unit]))
    assert r2(network) > 0.9
