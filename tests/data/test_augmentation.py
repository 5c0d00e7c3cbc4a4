"""Augmentations: in training only, after the other transforms, the same bits for any split of a batch."""

from __future__ import annotations

from typing import Any

import numpy as np
import pellucid as pl
import pytest
from pellucid.basics.arrays import Array
from pellucid.basics.errors import ConfigError, ShapeError

RNG = np.random.default_rng(0)
X, Y = RNG.normal(size=(24, 5)), RNG.integers(0, 3, 24)


class Noise(pl.Augmentation):
    """The example in the documentation of Augmentation."""

    capturable = True

    def __init__(self, std: float = 0.1) -> None:
        self.std = std

    def augment(self, ctx: pl.Context, x: Array) -> Array:
        noisy = ctx.normal(x.shape)
        ctx.ops.scale(noisy, self.std)
        ctx.ops.add_scaled(noisy, x, 1.0)
        return noisy


class Halves(pl.Augmentation):
    """A mistake: another shape."""

    def augment(self, ctx: pl.Context, x: Array) -> Array:
        return x[:, :2]


def data(*transforms: Any) -> pl.Splits:
    return pl.Splits(pl.Split(X, Y), pl.Split(X, Y), pl.Split(X, Y), transforms=transforms)


def trainer(dtype: str = "float64", **arguments: Any) -> pl.Trainer:
    layers = [{"type": "dense", "units": 4, "activation": "tanh"}, {"type": "dense", "units": 3}]
    model = pl.build({"type": "sequential", "layers": layers}, input_shape=(5,), seed=0, dtype=dtype)
    return pl.Trainer(model, loss="softmax_cross_entropy", optimizer="sgd", seed=1, **arguments)


def weights(trained: pl.Trainer) -> np.ndarray[Any, Any]:
    return np.concatenate([param.data.ravel() for param in trained.model.parameters()])


def test_training_sees_changed_samples_and_evaluation_the_samples_themselves() -> None:
    plain, augmented = trainer(), trainer()
    plain.fit(data("standardize"), epochs=2, batch_size=8, verbose=False)
    augmented.fit(data("standardize", Noise(0.5)), epochs=2, batch_size=8, verbose=False)
    assert not np.allclose(weights(plain), weights(augmented), atol=1e-4)
    before = augmented.model.predict(X)
    augmented.model.runtime.transforms.pop()
    np.testing.assert_array_equal(augmented.model.predict(X), before)


def test_the_split_into_micro_batches_changes_nothing() -> None:
    whole, split = trainer(), trainer(accumulate=3)
    whole.fit(data(Noise(0.5)), batch_size=24, verbose=False)
    split.fit(data(Noise(0.5)), batch_size=8, verbose=False)
    np.testing.assert_allclose(weights(split), weights(whole), atol=1e-12)


def test_recorded_steps_give_the_bits_of_those_that_are_not() -> None:
    class Unrecorded(Noise):
        capturable = False

    trained = [trainer("float32") for _ in range(2)]
    for each, augmentation in zip(trained, (Noise, Unrecorded), strict=True):
        each.fit(data(augmentation(0.5)), epochs=3, batch_size=8, verbose=False)
    np.testing.assert_array_equal(weights(trained[0]), weights(trained[1]))


def test_every_step_has_changes_of_its_own() -> None:
    seen: list[Any] = []

    class Seen(Noise):
        capturable = False

        def augment(self, ctx: pl.Context, x: Array) -> Array:
            y = super().augment(ctx, x)
            seen.append(np.sort((y - x).ravel()))
            return y

    trainer().fit(data(Seen()), epochs=2, batch_size=12, verbose=False)
    assert len(seen) == 4
    assert not any(np.array_equal(seen[0], other) for other in seen[1:])


def test_augmentations_stand_last() -> None:
    with pytest.raises(ConfigError, match=r"Standardize after Noise\. Move the augmentations to the end"):
        trainer().fit(data(Noise(), "standardize"), verbose=False)


def test_the_shape_is_kept() -> None:
    with pytest.raises(ShapeError, match=r"Halves.augment: expected .* shape \(8, 5\). Received: .*\(8, 2\)"):
        trainer().fit(data(Halves()), batch_size=8, verbose=False)
