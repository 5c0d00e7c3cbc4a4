"""Where a run stands: the plan of a call of fit, which schedules follow; single steps have none."""

from __future__ import annotations

from contextlib import nullcontext
from typing import Any

import numpy as np
import pellucid as pl
import pytest
from pellucid.saving.checkpoint import restore_checkpoint, save_checkpoint

X = np.random.default_rng(0).normal(size=(80, 3)).astype("float32")
DATA = (X, (X[:, 0] > 0).astype(np.int64))


class Places(pl.Schedule):
    """Half a cosine, and a note of each (step, total) that it was asked for."""

    def __init__(self) -> None:
        self.seen: list[tuple[int, int]] = []

    def __call__(self, step: int, total: int) -> float:
        self.seen.append((step, total))
        return float(1 + np.cos(np.pi * step / max(total, 1))) / 2


class Look(pl.Callback):
    """Where the run stands when it begins, after each step and when it ends."""

    def on_run_start(self, run: pl.Run) -> None:
        self.seen = [(run.step, run.total_steps, run.rows)]
        self.epochs = (run.epoch, run.last_epoch)
        run.on_step(self.look)

    def look(self, run: pl.Run) -> None:
        self.seen.append((run.step, run.total_steps, run.rows))


def a_trainer(**settings: Any) -> pl.Trainer:
    layers = [{"type": "dense", "units": 4, "activation": "tanh"}, {"type": "dropout"}, {"type": "dense", "units": 2}]
    model = pl.build({"type": "sequential", "input_shape": [3], "layers": layers}, seed=0)
    return pl.Trainer(model, **{"loss": "softmax_cross_entropy", "seed": 0} | settings)


def fit(trainer: pl.Trainer, rows: int = 80, epochs: int = 2, batch_size: int = 16, **options: Any) -> None:
    data = DATA[0][:rows], DATA[1][:rows]
    trainer.fit(data, epochs=epochs, batch_size=batch_size, verbose=False, **options)


@pytest.mark.parametrize(("first", "second", "steps"), [
    ((80, 2, 16), (80, 2, 16), (10, 10)),
    ((80, 2, 16), (80, 2, 80), (10, 2)),  # larger batches
    ((80, 2, 80), (80, 2, 16), (2, 10)),  # smaller ones
    ((80, 2, 16), (16, 3, 16), (10, 3)),  # less data
])  # fmt: skip
def test_a_second_call_plans_its_own_steps_after_those_before(first: Any, second: Any, steps: Any) -> None:
    """Counted in steps of the second data, a plan of all epochs was over before it began, or never came to its end."""
    schedule, look = Places(), Look()
    trainer = a_trainer(schedule=schedule, callbacks=[look])
    fit(trainer, *first)
    fit(trainer, *second)
    done, total = steps[0], sum(steps)
    assert schedule.seen == [*((i, done) for i in range(done)), *((i, total) for i in range(done, total))]
    assert [place[:2] for place in look.seen] == [(i, total) for i in range(done, total + 1)]
    assert look.epochs == (first[1], first[1] + second[1])
    assert 0.0 < trainer.schedule(total - 1, total) < trainer.schedule(done, total)  # type: ignore[misc]


@pytest.mark.parametrize(("rows", "final", "said"), [(16, 0.0, True), (80, 0.0, False), (16, 0.1, False)])
def test_a_second_call_with_next_to_nothing_of_the_rate_says_so(rows: int, final: float, said: bool) -> None:
    """After ten epochs on much data the plan is nearly over for two on little."""
    trainer = a_trainer(schedule={"type": "cosine", "final": final})
    fit(trainer, epochs=10)
    message = r"at most 0\.004 .*: 50 of the 52 steps.*make a new Trainer"
    with pytest.warns(pl.PellucidWarning, match=message) if said else nullcontext():
        fit(trainer, rows=rows, epochs=2)


def test_a_run_that_goes_on_to_its_planned_end_is_told_nothing() -> None:
    class Stop(pl.Callback):
        def on_run_start(self, run: pl.Run) -> None:
            run.on_step(lambda run: run.stop("power cut") if run.step == 48 else None)

    trainer = a_trainer(schedule="cosine", callbacks=[Stop()])
    fit(trainer, epochs=10)
    trainer.callbacks.clear()
    fit(trainer, epochs=10 - trainer.epochs)
    assert trainer.steps == 50


def test_a_run_that_goes_on_keeps_to_its_plan_though_some_steps_had_no_weight(tmp_path: Any) -> None:
    """Steps whose samples all have weight 0 are no accepted steps; the schedule of the rest is that of the whole."""
    path = tmp_path / "checkpoint.safetensors"
    weight = np.ones(80)
    weight[np.random.default_rng(1).permutation(80)[:60]] = 0

    class Stop(pl.Callback):
        def on_run_start(self, run: pl.Run) -> None:
            run.on_step(lambda run: run.stop("power cut") if run.step == 20 else None)

    schedules = Places(), Places()
    whole, stopped = (a_trainer(schedule=schedule) for schedule in schedules)
    fit(whole, batch_size=2, epochs=2, sample_weight=weight)
    assert whole.steps < 80
    stopped.callbacks.append(Stop())
    fit(stopped, batch_size=2, epochs=2, sample_weight=weight)
    assert stopped.steps == 20
    assert stopped.position  # in the middle of an epoch
    stopped.callbacks.clear()
    fit(stopped, batch_size=2, epochs=2 - stopped.epochs, sample_weight=weight)
    np.testing.assert_array_equal(stopped.runtime.arena.data, whole.runtime.arena.data)
    assert schedules[1].seen == schedules[0].seen

    cosine = a_trainer(schedule="cosine", callbacks=[Stop()])
    fit(cosine, batch_size=2, epochs=2, sample_weight=weight)
    save_checkpoint(cosine, path)
    again = a_trainer(schedule="cosine")
    restore_checkpoint(again, path)
    assert again.plan == cosine.plan
    fit(again, batch_size=2, epochs=2 - again.epochs, sample_weight=weight)
    uncut = a_trainer(schedule="cosine")
    fit(uncut, batch_size=2, epochs=2, sample_weight=weight)
    np.testing.assert_array_equal(again.runtime.arena.data, uncut.runtime.arena.data)


def test_single_steps_have_no_plan() -> None:
    """A cosine was over after one of them, and every later step had a rate of 0."""
    trainer = a_trainer(schedule="cosine", optimizer={"type": "sgd", "lr": 0.5})
    losses = []
    with pytest.warns(pl.PellucidWarning, match="single steps have no plan"):
        for _ in range(30):
            losses.append(trainer.train_step(*DATA))
    assert losses[-1] < 0.5 < losses[0]
    before = np.array(trainer.runtime.arena.data)
    schedule = trainer.schedule = Places()
    fit(trainer)  # and a plan that follows them begins after them
    assert schedule.seen == [(30 + i, 40) for i in range(10)]
    assert (trainer.runtime.arena.data != before).any()


def test_single_steps_between_two_halves_of_a_run_make_the_plan_longer() -> None:
    trainer = a_trainer(schedule=Places())
    trainer.callbacks.append(stop := Look())
    stop.look = lambda run: run.stop("enough") if run.step == 3 else None  # type: ignore[method-assign]
    fit(trainer)
    trainer.callbacks.clear()
    for _ in range(7):
        trainer.train_step(*DATA)
    schedule = trainer.schedule = Places()
    fit(trainer, epochs=2)
    assert schedule.seen == [(10 + i, 17) for i in range(7)]


def test_what_counts_epochs_is_told_that_a_single_step_has_none() -> None:
    class Grows(pl.Objective):
        def forward(self, ctx: Any, model: Any, batch: Any) -> Any:
            y = model.forward(ctx.child("model"), batch.x)
            ctx.dy, ctx.count = np.full_like(y, ctx.epoch), len(batch)
            return np.float64(0.0)

        def backward(self, ctx: Any, model: Any) -> None:
            model.backward(ctx.child("model"), ctx.dy)

    trainer = a_trainer(loss=None, objective=Grows())
    with pytest.raises(pl.ConfigError, match=r"belongs to no epoch.*train_step takes single steps\. Count steps"):
        trainer.train_step(*DATA)
    fit(trainer)
    assert trainer.epochs == 2
