"""The mean over a batch is taken once: however a batch is split, the step is the same (float64, 1e-12)."""

from __future__ import annotations

import numpy as np
import pellucid as pl
import pytest

LAYERS = [
    {"type": "dense", "units": 16, "activation": "tanh"},
    {"type": "dropout", "rate": 0.3},
    {"type": "dense", "units": 3},
]


def parameters_after_a_step(x, y, *, batch_size, accumulate, weight=None, loss="softmax_cross_entropy", **settings):
    model = pl.build({"type": "sequential", "layers": LAYERS}, input_shape=(5,), seed=1, dtype="float64")
    trainer = pl.Trainer(model, loss=loss, seed=2, accumulate=accumulate, **settings)
    trainer.fit((x, y), epochs=1, batch_size=batch_size, sample_weight=weight, verbose=False)
    assert trainer.steps == 1
    return model.runtime.arena.data.copy()


@pytest.fixture
def samples():
    rng = np.random.default_rng(0)
    return rng.standard_normal((128, 5)), rng.integers(0, 3, 128)


@pytest.mark.parametrize(("batch_size", "accumulate"), [(32, 4), (64, 2), (100, 2), (1, 128), (127, 2)])
@pytest.mark.parametrize("backend", ["reference", "cython"])
def test_a_split_batch_makes_the_step_of_the_whole(samples, batch_size, accumulate, backend, monkeypatch):
    monkeypatch.setenv("PELLUCID_BACKEND", backend)
    whole = parameters_after_a_step(*samples, batch_size=128, accumulate=1)
    split = parameters_after_a_step(*samples, batch_size=batch_size, accumulate=accumulate)
    np.testing.assert_allclose(split, whole, rtol=0, atol=1e-12)


def test_with_sample_weights_clipping_and_a_penalty(samples):
    weight = np.random.default_rng(3).uniform(0, 2, 128)
    weight[:32] = 0.0  # a micro-batch that counts nothing
    settings = {"weight": weight, "clip_norm": 0.01, "optimizer": {"type": "sgd", "lr": 1.0, "momentum": 0.9}}
    whole = parameters_after_a_step(*samples, batch_size=128, accumulate=1, **settings)
    split = parameters_after_a_step(*samples, batch_size=32, accumulate=4, **settings)
    np.testing.assert_allclose(split, whole, rtol=0, atol=1e-12)


BY_CLASS = {"type": "softmax_cross_entropy", "class_weight": [1.0, 0.0, 3.5]}


@pytest.mark.parametrize(("batch_size", "accumulate"), [(32, 4), (100, 2), (127, 2), (1, 128)])
def test_weights_of_classes_add_up_as_those_of_samples(samples, batch_size, accumulate):
    """However the batch is split, down to a last one of one row; and as if each sample had the weight of its class."""
    x, y = samples
    whole = parameters_after_a_step(x, y, batch_size=128, accumulate=1, loss=BY_CLASS)
    split = parameters_after_a_step(x, y, batch_size=batch_size, accumulate=accumulate, loss=BY_CLASS)
    weighted = parameters_after_a_step(x, y, batch_size=128, accumulate=1, weight=np.array([1.0, 0.0, 3.5])[y])
    np.testing.assert_allclose(split, whole, rtol=0, atol=1e-12)
    np.testing.assert_allclose(weighted, whole, rtol=0, atol=1e-12)


def test_the_loss_of_an_epoch_with_weights_of_classes_is_one_mean(samples):
    x, y = samples
    weight = np.array([1.0, 0.0, 3.5])[y]
    model = pl.build("dense", units=3, input_shape=(5,), seed=1, dtype="float64")
    trainer = pl.Trainer(model, loss=BY_CLASS, seed=2, optimizer={"type": "sgd", "lr": 1e-300})
    z = model.predict(x)
    each = np.log(np.exp(z).sum(axis=1)) - z[np.arange(128), y]
    record = trainer.fit((x, y), validation=(x, y), epochs=1, batch_size=50, verbose=False)[-1]  # 50, 50, 28
    assert record["loss"] == pytest.approx((weight * each).sum() / weight.sum(), rel=1e-12)
    assert record["validation_loss"] == pytest.approx(record["loss"], rel=1e-12)


def test_a_sample_of_weight_two_counts_as_two_samples():
    rng = np.random.default_rng(0)
    x, y = rng.standard_normal((6, 5)), rng.integers(0, 3, 6)
    layers = [{"type": "dense", "units": 3}]

    def after(x, y, weight):
        model = pl.build({"type": "sequential", "layers": layers}, input_shape=(5,), seed=1, dtype="float64")
        trainer = pl.Trainer(model, loss="softmax_cross_entropy", seed=2, optimizer="sgd")
        trainer.train_step(x, y, weight=weight)
        return model.runtime.arena.data.copy()

    weighted = after(x, y, np.array([2.0, 1, 1, 1, 1, 0]))
    repeated = after(x[[0, 0, 1, 2, 3, 4]], y[[0, 0, 1, 2, 3, 4]], None)
    np.testing.assert_allclose(weighted, repeated, rtol=0, atol=1e-12)


def fit_with(weight, dtype="float32", accumulate=1):
    rng = np.random.default_rng(0)
    x, y = rng.standard_normal((8, 5)), rng.integers(0, 3, 8)
    model = pl.build("dense", units=3, input_shape=(5,), seed=1, dtype=dtype)
    before = model.runtime.arena.data.copy()
    trainer = pl.Trainer(model, loss="softmax_cross_entropy", seed=2, optimizer="sgd", accumulate=accumulate)
    history = trainer.fit((x, y), batch_size=8 // accumulate, sample_weight=weight, verbose=False)
    return model.runtime.arena.data - before, history[-1]["loss"]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("accumulate", [1, 4])
@pytest.mark.parametrize("scale", [2.0**-49, 1.0, 2.0**48])
def test_only_the_ratios_of_weights_count(scale, accumulate, dtype):
    weight = np.array([1.0, 2, 3, 0, 0, 0, 3, 1])
    moved, loss = fit_with(scale * weight, dtype, accumulate)
    plain, plain_loss = fit_with(weight, dtype, accumulate)
    np.testing.assert_array_equal(moved, plain)
    assert loss == plain_loss and np.abs(moved).max() > 1e-3


def test_what_is_nothing_beside_the_others_changes_nothing():
    moved, loss = fit_with(np.array([1e15, 1e15, 1e15, 1e15, 1e-15, 1e-15, 0, 0]), accumulate=4)
    without, loss_without = fit_with(np.array([1.0, 1, 1, 1, 0, 0, 0, 0]), accumulate=4)
    np.testing.assert_allclose(moved, without, rtol=0, atol=1e-6)
    assert loss == pytest.approx(loss_without)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize(
    "weight",
    [np.full(8, 1e-300), np.full(8, 3e38), np.r_[1e300, np.ones(7)], np.r_[1e-40, np.ones(7)],
     np.r_[np.nan, np.ones(7)], -np.ones(8), np.ones(7), np.ones((8, 1)), 2.0],
    ids=["tiny", "huge", "a huge one", "a tiny one", "NaN", "negative", "one short", "column", "a number"],
)  # fmt: skip
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_weights_that_would_be_lost_are_refused(weight, dtype):
    with pytest.raises(pl.DataError, match="each 0 or from"):
        fit_with(weight, dtype)
