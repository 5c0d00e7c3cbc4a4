"""Witness: batch normalisation under gradient accumulation, as the built-in layer and written on the tape."""

from __future__ import annotations

from typing import Any

import numpy as np
import pellucid as pl
import pytest
from pellucid import BatchNorm, Context, Dense, get_ops
from pellucid.testing import check_gradients

FEATURES, HIDDEN = 3, 4


class TapeBatchNorm(pl.Composite):
    """``y = γ ⊙ (x − μ)/√(σ² + ε) + β``; the running statistics follow by ``ctx.update``."""

    def __init__(self, momentum: float = 0.9, eps: float = 1e-5) -> None:
        self.momentum, self.eps = momentum, eps

    def declare(self, *input_shapes: Any) -> None:
        width = input_shapes[0][-1:]
        self.gamma, self.beta = self.param("gamma", width, init="ones"), self.param("beta", width)
        self.running_mean = self.state("running_mean", width)
        self.running_var = self.state("running_var", width, fill=1.0)

    def call(self, ctx: Context, x: Any) -> Any:
        if ctx.training:
            mean, var = x.mean(axis=0), x.var(axis=0)
            ctx.update(self.running_mean, mean.value, 1 - self.momentum)
            ctx.update(self.running_var, var.value, 1 - self.momentum)
        else:
            mean, var = ctx.variable(self.running_mean), ctx.variable(self.running_var)
        return (x - mean) / np.sqrt(var + self.eps) * self.gamma + self.beta


class Network(pl.Composite):
    def __init__(self, norm: Any) -> None:
        self.first, self.norm, self.second = Dense(HIDDEN), norm, Dense(2)

    def call(self, ctx: Context, x: Any) -> Any:
        return self.second(np.tanh(self.norm(self.first(x))))


NORMS = pytest.mark.parametrize("norm", [BatchNorm, TapeBatchNorm])


def data(n: int) -> tuple[np.ndarray, np.ndarray]:
    x = np.random.default_rng(n).normal(2.0, 3.0, size=(n, FEATURES))
    return x, np.stack([x[:, 0] - x[:, 1], x[:, 2]], axis=1) / 3


def trainer_of(norm: Any, **options: Any) -> Any:
    model = pl.build(Network(norm()), input_shape=(FEATURES,), seed=0, dtype="float64", backend="reference")
    return pl.Trainer(model, loss="mse", seed=0, **options)


def statistics(trainer: Any) -> list[np.ndarray]:
    return [state.data.copy() for state in trainer.model.states()]


@NORMS
@pytest.mark.parametrize("training", [True, False])
def test_gradients_and_untouched_statistics(norm: Any, training: bool) -> None:
    trainer = trainer_of(norm)
    check_gradients(trainer.model, data(6)[0], training=training, tolerance=1e-7)
    assert [a.tolist() for a in statistics(trainer)] == [[0.0] * HIDDEN, [1.0] * HIDDEN]


def test_both_are_the_same_layer() -> None:
    after = []
    for norm in (BatchNorm, TapeBatchNorm):
        trainer = trainer_of(norm, optimizer="sgd", accumulate=2)
        trainer.fit(data(22), epochs=3, batch_size=4, verbose=False)
        after.append([param.data for param in trainer.model.parameters()] + statistics(trainer))
        after[-1].append(trainer.model.predict(data(5)[0]))
    for ours, builtin in zip(*after, strict=True):
        assert ours == pytest.approx(builtin, abs=1e-12)


@NORMS
def test_a_step_is_the_weighted_sum_of_its_micro_batches(norm: Any) -> None:
    """28 rows as 12 + 12 + 4: each normalised by its own statistics, which the running ones follow one by one, the last
    as a third of a batch."""
    x, y = data(28)
    trainer = trainer_of(norm, optimizer={"type": "sgd", "lr": 1.0}, accumulate=3)
    model, seen = trainer.model, []
    order = trainer_order(trainer, x)
    mean, var = statistics(trainer)
    before = model.runtime.arena.data.copy()
    expected = np.zeros_like(before)
    for rows in (order[:12], order[12:24], order[24:]):
        ctx = Context(get_ops("reference"), training=True, dtype="float64")
        model.runtime.arena.grad[...] = 0
        dy = 2 * (model.forward(ctx, x[rows]) - y[rows]) / y[rows].size
        model.backward(ctx, dy)
        expected += model.runtime.arena.grad * len(rows) / 28
        z = x[rows] @ model.first.weight.data + model.first.bias.data
        kept = 0.9 ** (len(rows) / 12)
        mean, var = kept * mean + (1 - kept) * z.mean(axis=0), kept * var + (1 - kept) * z.var(axis=0)
        seen.append(len(rows))
    model.runtime.arena.grad[...] = 0
    trainer.fit((x, y), batch_size=12, verbose=False)
    assert trainer.steps == 1
    assert before - model.runtime.arena.data == pytest.approx(expected, abs=1e-12)
    assert statistics(trainer)[0] == pytest.approx(mean, abs=1e-12)
    assert statistics(trainer)[1] == pytest.approx(var, abs=1e-12)


def trainer_order(trainer: Any, x: np.ndarray) -> np.ndarray:
    """The rows in the order in which the first epoch visits them."""
    from pellucid.standard.course import Course

    return Course().over(pl.Split(x), seed=trainer.seed).order(0)


@NORMS
def test_a_rejected_step_leaves_the_statistics(norm: Any) -> None:
    """What its micro-batches, both of numbers that are fine, asked for is not done then, and not by the next step."""
    x, y = data(8)
    rejected, untouched = (trainer_of(norm, optimizer="sgd", accumulate=2) for _ in range(2))
    before = statistics(rejected)
    weight = rejected.model.second.weight.data
    good = weight[0, 0]
    weight[0, 0] = np.inf
    with np.errstate(invalid="ignore"), pytest.raises(pl.NumericalError):
        rejected.fit((x, y), batch_size=4, verbose=False)
    for a, b in zip(before, statistics(rejected), strict=True):
        assert np.array_equal(a, b)
    weight[0, 0] = good
    for trainer in (rejected, untouched):
        trainer.train_step(x, y)
    for a, b, c in zip(before, statistics(rejected), statistics(untouched), strict=True):
        assert np.array_equal(b, c) and not np.array_equal(a, b)


@NORMS
def test_it_trains(norm: Any) -> None:
    trainer = trainer_of(norm, optimizer={"type": "adam", "lr": 0.02}, accumulate=2)
    history = trainer.fit(data(64), validation=data(30), epochs=40, batch_size=8, verbose=False)
    assert history[-1]["validation_loss"] < 0.2 * history[0]["validation_loss"]
