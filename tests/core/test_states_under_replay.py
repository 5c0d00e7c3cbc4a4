"""Running statistics follow in every combination of recorded and not recorded gradients and updates."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pellucid as pl
import pytest
from pellucid.interfaces.layer import Layer
from pellucid.interfaces.optimizer import Optimizer, Segment

OPTIMIZERS = ["sgd", "plain", "promising"]


class Plain(Optimizer):
    """Gradient descent that makes no promise, so its step is never recorded."""

    def __init__(self, lr: float = 0.1) -> None:
        self.lr = lr

    def step(self, segments: Sequence[Segment]) -> None:
        for segment in segments:
            segment.data -= segment.lr * segment.grad


class Promising(Plain):
    """It promises to be recordable, and then uses what the kernels do not cover."""

    capturable = True

    def step(self, segments: Sequence[Segment]) -> None:
        for segment in segments:
            segment.ops.add_scaled(segment.data[::-1], segment.grad[::-1], -segment.lr)  # strided: the reference's work


def trained(backend: str, optimizer: Any, accumulate: int) -> Layer:
    rng = np.random.default_rng(0)
    x, y = rng.normal(3, 2, (96, 6)), rng.integers(0, 3, 96)
    layers = [{"type": "dense", "units": 8}, {"type": "batch_norm"}, {"type": "dense", "units": 3}]
    model = pl.build({"type": "sequential", "layers": layers}, input_shape=(6,), seed=1, backend=backend)
    trainer = pl.Trainer(model, loss="softmax_cross_entropy", optimizer=optimizer, accumulate=accumulate, seed=0)
    trainer.fit((x, y), epochs=2, batch_size=16, verbose=False)
    return model


@pytest.mark.parametrize("accumulate", [1, 2])
@pytest.mark.parametrize("optimizer", [{"type": "sgd", "lr": 0.1}, Plain(), Promising()], ids=OPTIMIZERS)
def test_states_follow(optimizer: Any, accumulate: int) -> None:
    expected, model = trained("reference", optimizer, accumulate), trained("cython", optimizer, accumulate)
    for state, its in zip(model.states(), expected.states(), strict=True):
        assert abs(float(np.max(its.data)) - its.fill) > 0.1
        np.testing.assert_allclose(state.data, its.data, rtol=1e-3, atol=1e-4)


def statistics_after(backend: str, rows: int, batch_size: int, k: int) -> list[Any]:
    """Three features, and their running mean and variance after steps that change no weight."""
    x = np.random.default_rng(0).normal(3, 2, (rows, 3)).astype("float32")
    model = pl.build({"type": "sequential", "layers": ["batch_norm"]}, input_shape=(3,), seed=0, backend=backend)
    trainer = pl.Trainer(model, loss="mse", optimizer={"type": "sgd", "lr": 0.0}, seed=0, accumulate=k)
    trainer.fit((x, np.zeros_like(x)), batch_size=batch_size, epochs=60, verbose=False)
    return [x, *(state.data.copy() for state in model.states())]


@pytest.mark.parametrize("backend", ["reference", "cython"])
@pytest.mark.parametrize(("rows", "batch_size", "k"), [(33, 32, 1), (17, 16, 1), (34, 16, 3), (65, 64, 1)])
def test_what_is_left_of_an_epoch_counts_by_its_rows(backend: str, rows: int, batch_size: int, k: int) -> None:
    x, mean, var = statistics_after(backend, rows, batch_size, k)
    np.testing.assert_allclose(mean, x.mean(0), atol=0.4)
    np.testing.assert_allclose(var, x.var(0), rtol=0.15)


def test_a_row_that_is_left_over_has_no_variance_to_learn_from() -> None:
    model = pl.build({"type": "sequential", "layers": ["batch_norm"]}, input_shape=(3,), seed=0)
    trainer = pl.Trainer(model, loss="mse", seed=0)
    x = np.random.default_rng(0).normal(3, 2, (9, 3))
    trainer.fit((x, x), batch_size=4, verbose=False)  # 4 + 4 + 1
    assert (model.states()[1].data != 1).all()
    for train in (lambda: trainer.train_step(x[:1], x[:1]), lambda: trainer.fit((x, x), batch_size=1, verbose=False)):
        with pytest.raises(pl.DataError, match=r"cannot be trained on batches of one row.*batch_size"):
            train()


def test_a_single_sample_may_pass_through_a_part_of_a_model_in_training_mode() -> None:
    model = pl.build({"type": "sequential", "layers": ["batch_norm"]}, input_shape=(3,), seed=0)
    for rows in (1, 5):  # 5 as 4 + 1
        y = pl.in_batches(model, model.forward, np.ones((rows, 3), np.float32), batch_size=4, training=True)
        assert y.shape == (rows, 3) and not y.any()
