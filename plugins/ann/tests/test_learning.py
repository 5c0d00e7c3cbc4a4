"""The architectures learn: small problems whose attainable accuracy is known, trained by name."""

from __future__ import annotations

from typing import Any

import numpy as np
import pellucid as pl
import pytest

ADAM = {"type": "adam", "lr": 1e-2}


def trained(model: pl.Layer, data: Any, epochs: int, **options: Any) -> pl.Trainer:
    trainer = pl.Trainer(model, **{"optimizer": ADAM, "metrics": ["accuracy"], "seed": 0, **options})
    trainer.fit(data, epochs=epochs, verbose=False)
    return trainer


@pytest.mark.parametrize(
    "arguments",
    [
        {"hidden": [32, 32]},
        {"hidden": [32, 32], "activation": "tanh", "dropout": 0.1},
        {"hidden": [32, 32], "normalization": "batch_norm"},
        {"hidden": [32, 32], "normalization": "layer_norm", "activation": "gelu"},
    ],
    ids=str,
)
def test_half_moons_are_told_apart(arguments: dict[str, Any]) -> None:
    model = pl.build("ann", input_shape=(2,), outputs=2, seed=0, **arguments)
    before = pl.Trainer(model, metrics=["accuracy"], seed=0).evaluate("half_moons")["accuracy"]
    after = trained(model, "half_moons", epochs=30).evaluate("half_moons")["accuracy"]
    assert before < 0.95 < 0.98 <= after


def test_a_line_cannot_tell_half_moons_apart() -> None:
    model = pl.build("logistic_regression", input_shape=(2,), outputs=2, seed=0)
    assert 0.8 < trained(model, "half_moons", epochs=30).evaluate("half_moons")["accuracy"] < 0.95


def test_one_output_answers_yes_or_no() -> None:
    model = pl.build("ann", input_shape=(2,), outputs=1, hidden=[32, 32], seed=0)
    assert trained(model, "half_moons", epochs=30).evaluate("half_moons")["accuracy"] >= 0.98


@pytest.mark.parametrize("name", ["ann", "logistic_regression"])
def test_irises_are_told_apart(name: str) -> None:
    accuracy = []
    for seed in range(5):
        model = pl.build(name, input_shape=(4,), outputs=3, seed=seed)
        accuracy.append(trained(model, "iris", epochs=150, seed=seed).evaluate("iris")["accuracy"])
    assert np.mean(accuracy) >= 0.93


def test_the_transform_of_iris_is_fitted_on_its_training_part_alone() -> None:
    model = pl.build("logistic_regression", input_shape=(4,), outputs=3, seed=0)
    trained(model, "iris", epochs=1, seed=5)
    splits = pl.load_dataset("iris", seed=5)
    (transform,) = model.runtime.transforms
    np.testing.assert_allclose(transform.mean, splits.train.x.mean(axis=0, dtype=np.float64), rtol=1e-12)
    whole = np.concatenate([splits.train.x, splits.validation.x, splits.test.x])
    assert not np.allclose(transform.mean, whole.mean(axis=0), rtol=1e-4)
    assert model.runtime.classes == ("setosa", "versicolor", "virginica")


def test_a_curve_is_learned_by_regression() -> None:
    rng = np.random.default_rng(0)
    x = rng.uniform(-1, 1, (500, 1)).astype(np.float32)
    y = np.sin(3 * x) + 0.05 * rng.standard_normal(x.shape).astype(np.float32)
    model = pl.build("ann", input_shape=(1,), outputs=1, hidden=[32, 32], activation="tanh", task="regression", seed=0)
    trained(model, (x, y), epochs=60, metrics=())
    grid = np.linspace(-1, 1, 101, dtype=np.float32)[:, None]
    error = float(np.sqrt(np.mean((model.predict(grid) - np.sin(3 * grid)) ** 2)))
    assert error < 0.05  # below the noise of a single sample


def test_the_same_seed_gives_the_same_bits() -> None:
    def weights() -> list[bytes]:
        model = pl.build("ann", input_shape=(2,), outputs=2, hidden=[16], dropout=0.2, seed=3)
        trained(model, "half_moons", epochs=2, seed=4)
        return [param.data.tobytes() for param in model.parameters()]

    assert weights() == weights()
