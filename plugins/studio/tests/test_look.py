"""Looks at a training, and the gate that takes them: what stands in them, whose they are, and when they are due."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from types import SimpleNamespace
from typing import Any

import numpy as np
import pellucid as pl
import pytest
from pellucid_studio import look as module
from pellucid_studio.look import Gate, Look, looked

X = np.random.default_rng(0).normal(size=(12, 2)).astype(np.float32)
DATA = pl.Split(X, np.arange(12) % 2)


def fresh() -> pl.Trainer:
    layers = [
        {"type": "dense", "units": 3, "activation": "tanh"},
        {"type": "batch_norm"},
        {"type": "dense", "units": 2},
    ]
    model = pl.build({"type": "sequential", "layers": layers}, input_shape=(2,), seed=0)
    return pl.Trainer(model, loss="softmax_cross_entropy", optimizer={"type": "sgd", "lr": 0.5}, seed=0)


@pytest.fixture
def trainer() -> pl.Trainer:
    return fresh()


class Steps:
    """Single steps of a training, with a gate around them; what it was told of them."""

    def __init__(self, trainer: pl.Trainer, seconds: float = 0.0) -> None:
        self.trainer = trainer
        self.waits = 0
        self.told: list[tuple[Look, pl.Trace | None]] = []
        self.gate = Gate(trainer, seconds, self._wait, lambda look, trace: self.told.append((look, trace)))
        self._batches = iter(trainer.batches(DATA, epochs=9, batch_size=4, verbose=False))

    def _wait(self) -> None:
        self.waits += 1

    def next(self) -> pl.Batch:
        return next(self._batches)

    def take(self) -> None:
        self.trainer.step(self.next())

    @property
    def run(self) -> pl.Run:
        assert self.trainer.run is not None
        return self.trainer.run

    @property
    def around(self) -> tuple[int, int]:
        return len(self.run.openers), len(self.run.gradient_observers)


def weights(trainer: pl.Trainer) -> np.ndarray[Any, Any]:
    return np.array(trainer.runtime.arena.data)


def states(trainer: pl.Trainer) -> list[np.ndarray[Any, Any]]:
    return [np.array(state.data) for state in trainer.model.states()]


@pytest.fixture
def ticking(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[float]]:
    """A clock that goes on by one second each time it is looked at; one can add to what it shows."""
    late, seen = [0.0], count()
    monkeypatch.setattr(module, "time", SimpleNamespace(perf_counter=lambda: next(seen) + late[0]))
    yield late


# -- looks -------------------------------------------------------------------------------------------------------------


def test_before_the_first_step_there_are_weights_and_no_figures(trainer: pl.Trainer) -> None:
    look = looked(trainer)
    assert (look.step, look.epoch, look.position, look.totals) == (0, 0, 0, (0.0, 0.0))
    assert look.loss is look.record is look.before is look.gradient is None
    np.testing.assert_array_equal(look.weights, weights(trainer))


def test_a_look_says_how_far_training_is_and_keeps_the_last_epochs_figures(trainer: pl.Trainer) -> None:
    steps = Steps(trainer)
    losses = []
    for _ in range(8):
        steps.take()
        losses.append(float(steps.run.loss))
    before, gradient = np.ones(3), np.zeros(2)
    look = looked(trainer, loss=0.5, before=before, gradient=gradient)
    assert (look.step, look.epoch, look.position, look.loss) == (8, 2, 8, 0.5)
    assert look.totals == (pytest.approx(4 * losses[6] + 4 * losses[7]), 8.0)
    assert look.record == trainer.history[-1] and look.record["loss"] == pytest.approx(np.mean(losses[3:6]))
    assert look.before is before and look.gradient is gradient
    assert look.transforms is trainer.runtime.transforms
    assert look.target_transforms is trainer.runtime.target_transforms


def test_a_look_stays_as_it_is_while_training_goes_on(trainer: pl.Trainer) -> None:
    steps = Steps(trainer)
    steps.take()
    look, then, kept = looked(trainer), weights(trainer), states(trainer)
    steps.take()
    np.testing.assert_array_equal(look.weights, then)
    assert (weights(trainer) != then).any() and len(look.states) == len(kept) > 0
    for state, own, now in zip(look.states, kept, states(trainer), strict=True):
        np.testing.assert_array_equal(state, own)
        assert (state != now).any()


def test_a_look_says_when_it_was_taken(trainer: pl.Trainer, ticking: list[float]) -> None:
    ticking[0] = 40.0
    assert [looked(trainer).at for _ in range(2)] == [40.0, 41.0]


# -- the gate ----------------------------------------------------------------------------------------------------------


def test_around_one_step_it_sees_the_weights_before_and_after_the_loss_and_the_gradient(trainer: pl.Trainer) -> None:
    """Of plain descent, what the step has changed is −0.5 times the gradient."""
    steps, alone = Steps(trainer), fresh()
    other = Steps(alone)
    steps.take()
    other.take()
    steps.next()
    before = weights(trainer)
    steps.gate.put_in(steps.run)
    assert steps.around == (1, 1) and steps.gate.traced is False
    trainer.step(pl.Batch(X[:4], DATA.y[:4]))
    ((look, trace),) = steps.told
    assert trace is None and steps.around == (0, 0) and steps.waits == 1
    assert look.before is not None and look.gradient is not None
    np.testing.assert_array_equal(look.before, before)
    np.testing.assert_array_equal(look.weights, weights(trainer))
    assert np.abs(look.gradient).max() > 0.01 and look.loss == pytest.approx(float(steps.run.loss))
    np.testing.assert_allclose(look.weights - look.before, -0.5 * look.gradient, atol=1e-6)
    other.next()
    alone.step(pl.Batch(X[:4], DATA.y[:4]))
    np.testing.assert_array_equal(weights(alone), weights(trainer))
    trainer.step(pl.Batch(X[4:8], DATA.y[4:8]))
    assert len(steps.told) == steps.waits == 1


def test_a_traced_step_is_taken_once_and_has_the_same_bits(trainer: pl.Trainer) -> None:
    steps, alone = Steps(trainer), Steps(fresh())
    steps.gate.stays = True
    batch = steps.next()
    steps.gate.put_in(steps.run, traced=True)
    trainer.step(batch)
    alone.take()
    ((look, trace),) = steps.told
    assert trace is not None and steps.around == (0, 0)
    assert float(trace["loss"]) == look.loss and trace["x"].shape == (4, 2)
    np.testing.assert_array_equal(look.weights, weights(alone.trainer))
    np.testing.assert_array_equal(look.before, weights(fresh()))


def test_it_stands_around_every_step_where_it_stays_and_looks_when_the_time_has_come(
    trainer: pl.Trainer, ticking: list[float]
) -> None:
    steps = Steps(trainer, seconds=100.0)
    steps.gate.stays = True
    batch = steps.next()
    steps.gate.put_in(steps.run)
    trainer.step(batch)
    for looks, late in ((1, 0.0), (1, 50.0), (2, 102.0), (2, 102.0), (3, 210.0)):
        ticking[0] = late
        steps.take()
        assert len(steps.told) == looks and steps.around == (1, 1)
    assert steps.waits == 6
    steps.gate.traced = True
    steps.take()
    assert len(steps.told) == 4 and steps.told[-1][1] is not None and steps.around == (0, 0)


def test_around_a_single_step_no_time_has_to_come(trainer: pl.Trainer, ticking: list[float]) -> None:
    steps = Steps(trainer, seconds=1e6)
    for number in (1, 2):
        batch = steps.next()
        steps.gate.put_in(steps.run)
        trainer.step(batch)
        assert len(steps.told) == number


def test_the_cost_is_what_both_halves_of_the_last_look_have_taken(trainer: pl.Trainer, ticking: list[float]) -> None:
    """By this clock: one second for the weights before the step, and two for the look behind it."""
    steps = Steps(trainer)
    assert steps.gate.cost == 0.0
    for _ in range(2):
        batch = steps.next()
        steps.gate.put_in(steps.run)
        trainer.step(batch)
        assert steps.gate.cost == 3.0


def test_it_is_put_in_once_and_takes_only_itself_out(trainer: pl.Trainer) -> None:
    steps = Steps(trainer)
    steps.next()
    steps.gate.take_out()
    own: Any = lambda step: None  # noqa: E731
    steps.run.on_trace(own)
    steps.run.on_gradients(own)
    steps.gate.put_in(steps.run)
    steps.gate.put_in(steps.run, traced=True)
    assert steps.around == (2, 2) and steps.gate.traced is True
    steps.gate.take_out()
    steps.gate.take_out()
    assert steps.around == (1, 1) and steps.run.openers[0][1] is own
    steps.gate.put_in(steps.run)
    steps.run.openers.clear()
    steps.run.gradient_observers.clear()
    steps.gate.take_out()
    steps.gate.put_in(steps.run)
    assert steps.around == (1, 1)


def test_the_last_step_of_a_plan_is_traced_by_whoever_stands_around_it(trainer: pl.Trainer) -> None:
    steps = Steps(trainer)
    batch = steps.next()
    steps.run.on_trace(steps.gate.last)
    trainer.step(batch)
    ((look, trace),) = steps.told
    assert trace is not None and look.gradient is None and look.before is not None
    batch = steps.next()
    steps.gate.put_in(steps.run)
    trainer.step(batch)
    assert len(steps.told) == 2 and steps.told[1][1] is not None
    assert steps.told[1][0].gradient is not None


def test_who_is_waited_for_may_end_the_run_before_anything_is_changed(trainer: pl.Trainer) -> None:
    class Left(Exception):
        """It is no longer wanted."""

    def leave() -> None:
        raise Left

    gate = Gate(trainer, 0.0, leave, lambda look, trace: None)
    steps, before = Steps(trainer), weights(trainer)
    batch = steps.next()
    gate.put_in(steps.run)
    with pytest.raises(Left):
        trainer.step(batch)
    np.testing.assert_array_equal(weights(trainer), before)
