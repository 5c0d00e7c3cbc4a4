"""Loops of one's own over a trainer's batches, and single steps: whoever watches fit watches these, too."""

from __future__ import annotations

import copy
import pickle
import signal
import weakref
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pellucid as pl
import pytest
from pellucid.saving.checkpoint import restore_checkpoint

X = np.random.default_rng(0).normal(size=(70, 3)).astype("float32")
Y = (X[:, 0] > 0).astype(np.int64)


class Watch(pl.Callback):
    def __init__(self) -> None:
        self.told: list[Any] = []

    def on_run_start(self, run: Any) -> None:
        self.told.append("start")
        run.on_step(lambda run: self.told.append(run.step))
        run.on_gradients(lambda segments: self.told.append("gradients"))

    def on_epoch_end(self, run: Any) -> None:
        self.told.append("epoch")

    def on_run_end(self, run: Any) -> None:
        self.told.append(("end", run.stop_reason, type(run.failure).__name__))


def trainer_of(*callbacks: Any, **how: Any) -> pl.Trainer:
    model = pl.build("logistic_regression", input_shape=(3,), outputs=2, seed=0)
    return pl.Trainer(model, callbacks=callbacks, seed=0, **how)


def test_a_loop_tells_what_fit_tells() -> None:
    ours, theirs = trainer_of(Watch()), trainer_of(Watch())
    theirs.fit(X, Y, epochs=2, verbose=False)
    losses = [ours.step(batch) for batch in ours.batches(X, Y, epochs=2, verbose=False)]
    assert ours.callbacks[0].told == theirs.callbacks[0].told  # type: ignore[attr-defined]
    assert len(losses) == 6 and np.isfinite(losses).all() and ours.run is None


def test_batches_are_as_the_data_has_them_and_may_be_changed() -> None:
    splits = pl.Splits(
        pl.Split(100 * X + 7, Y, classes=("no", "yes")), *2 * [pl.Split(X, Y)], transforms=["standardize"]
    )
    trainer = trainer_of()
    seen = []
    for batch in trainer.batches(splits, batch_size=10, verbose=False):
        assert np.array_equal(batch.x, (100 * X + 7)[batch.index]) and np.array_equal(batch.y, Y[batch.index])
        assert trainer.model.predict(batch.x).shape == (10, 2)
        seen.extend(batch.index)
        trainer.step(pl.Batch(batch.x[::-1], batch.y[::-1]))
    assert sorted(seen) == list(range(70)) and trainer.steps == 7
    assert [*trainer.history[-1]] == ["epoch", "step", "loss", "validation_loss"]


def test_a_batch_may_have_several_steps_or_none(tmp_path: Path) -> None:
    trainer = trainer_of()
    for i, batch in enumerate(trainer.batches(X, Y, epochs=2, batch_size=35, verbose=False)):
        for _ in range(i):
            trainer.step(batch)
    assert trainer.steps == 6 and trainer.epochs == 2


def test_a_loop_that_is_left_has_ended_and_goes_on() -> None:
    watch = Watch()
    trainer, whole = trainer_of(watch), trainer_of()
    whole.fit(X, Y, epochs=2, batch_size=20, verbose=False)
    for batch in trainer.batches(X, Y, epochs=2, batch_size=20, verbose=False):
        trainer.step(batch)
        if trainer.steps == 3:
            break
    assert watch.told[-1] == ("end", None, "NoneType") and trainer.run is None and trainer.position == 60
    trainer.fit(X, Y, epochs=2, batch_size=20, verbose=False)
    assert trainer.history.records == whole.history.records
    assert trainer.runtime.arena.data.tobytes() == whole.runtime.arena.data.tobytes()


def test_a_loop_is_ended_by_an_error_and_by_whoever_stops_it() -> None:
    watch = Watch()
    trainer = trainer_of(watch)
    with pytest.raises(ZeroDivisionError):
        for batch in trainer.batches(X, Y, verbose=False):
            trainer.step(batch)
            1 / 0  # noqa: B018
    assert watch.told[-1] == ("end", None, "NoneType") and trainer.run is None
    with pytest.raises(pl.NumericalError):
        for batch in trainer.batches(X, Y, verbose=False):
            batch.x[0, 0] = 3e38
            trainer.step(batch)
    assert watch.told[-1] == ("end", None, "NumericalError") and trainer.run is None
    steps = trainer.steps
    for batch in trainer.batches(X, Y, epochs=1, verbose=False):
        trainer.step(batch)
        assert trainer.run is not None
        trainer.run.stop("enough")
    assert trainer.steps == steps + 1 and watch.told[-1] == ("end", "enough", "NoneType")


def test_no_run_begins_in_the_middle_of_a_loop() -> None:
    trainer = trainer_of()
    for batch in trainer.batches(X, Y, verbose=False):
        for begin in (trainer.fit, trainer.batches):
            with pytest.raises(pl.PellucidError, match="A loop over trainer"):
                begin(X, Y, verbose=False)  # type: ignore[operator]
        trainer.train_step(batch.x, batch.y)
        break
    trainer.fit(X, Y, verbose=False)


def test_what_is_wrong_is_said_when_the_loop_is_made() -> None:
    with pytest.raises(pl.DataError, match="one row for each sample"):
        trainer_of().batches(X, Y[:-1])
    with pytest.raises(TypeError, match="epoch"):
        trainer_of().batches(X, Y, epoch=3)


@pytest.mark.parametrize("name", ["best_epoch", "checkpoint"])
def test_the_callbacks_of_fit_do_their_work(name: str, tmp_path: Path) -> None:
    def made() -> Any:
        return name if name == "best_epoch" else {"type": name, "path": str(tmp_path / "c"), "seconds": 0.0}

    ours, theirs = trainer_of(made()), trainer_of(made())
    theirs.fit(X, Y, validation=(X, 1 - Y), epochs=3, verbose=False)
    for batch in ours.batches(X, Y, validation=(X, 1 - Y), epochs=3, verbose=False):
        ours.step(batch)
    assert ours.runtime.arena.data.tobytes() == theirs.runtime.arena.data.tobytes()
    if name == "checkpoint":
        again = trainer_of()
        restore_checkpoint(again, tmp_path / "c")
        assert again.history.records == ours.history.records and again.steps == ours.steps


def test_single_steps_are_watched() -> None:
    watch = Watch()
    trainer = trainer_of(watch)
    for _ in range(2):
        trainer.train_step(X, Y)
    assert watch.told == ["start", "gradients", 1, "gradients", 2] and trainer.run is not None
    with pytest.raises(pl.DataError):
        trainer.train_step(X, Y + 5)  # nothing has begun
    trainer.fit(X[:32], Y[:32], verbose=False)
    assert watch.told[5:] == [("end", None, "NoneType"), "start", "gradients", 3, "epoch", ("end", None, "NoneType")]


def test_a_run_that_a_callback_refuses_has_not_begun() -> None:
    class Refuse(pl.Callback):
        def on_run_start(self, run: Any) -> None:
            raise pl.ConfigError("not this one")

    trainer = trainer_of(watch := Watch(), Refuse())
    for _ in range(2):
        with pytest.raises(pl.ConfigError, match="not this one"):
            trainer.train_step(X, Y)
    assert trainer.run is None and trainer.steps == 0
    assert watch.told == 2 * ["start", ("end", None, "NoneType")]


def test_a_single_step_that_fails_ends_its_run() -> None:
    watch = Watch()
    trainer = trainer_of(watch)
    bad = X.copy()
    bad[0, 0] = 3e38
    with pytest.raises(pl.NumericalError):
        trainer.train_step(bad, Y)
    assert watch.told[-1] == ("end", None, "NumericalError") and trainer.run is None
    trainer.train_step(X, Y)
    assert trainer.steps == 1


def test_watching_single_steps_changes_no_bit_and_a_copy_has_a_run_of_its_own() -> None:
    ours, theirs = trainer_of(Watch()), trainer_of()
    for _ in range(3):
        assert ours.train_step(X, Y) == theirs.train_step(X, Y)
    for again in (copy.deepcopy(theirs), pickle.loads(pickle.dumps(theirs))):
        assert again.run is None
        again.train_step(X, Y)
    theirs.train_step(X, Y)
    assert again.runtime.arena.data.tobytes() == theirs.runtime.arena.data.tobytes()


@pytest.mark.parametrize("how", ["step", "fit", "loop"])
def test_the_memory_of_a_trainer_goes_with_it(how: str) -> None:
    trainer = trainer_of(Watch())
    if how == "step":
        trainer.train_step(X, Y)
    elif how == "fit":
        trainer.fit(X, Y, verbose=False)
    else:
        for batch in trainer.batches(X, Y, verbose=False):
            trainer.step(batch)
        del batch
    gone = weakref.ref(trainer)
    trainer.callbacks.clear()  # this one's observers hold the callback and its run
    del trainer
    assert gone() is None


def test_weights_and_several_inputs_come_with_a_loops_batches() -> None:
    weight = np.where(Y == 1, 2.0, 0.5)
    ours, theirs = trainer_of(), trainer_of()
    theirs.fit(X, Y, sample_weight=weight, epochs=2, verbose=False)
    for batch in ours.batches(X, Y, sample_weight=weight, epochs=2, verbose=False):
        assert np.array_equal(batch.weight, weight[batch.index])
        ours.step(batch)
    assert ours.history.records == theirs.history.records
    assert ours.runtime.arena.data.tobytes() == theirs.runtime.arena.data.tobytes()


def test_samples_know_their_numbers_wherever_they_come_from() -> None:
    seen: list[np.ndarray] = []

    class Noting(pl.Supervised):
        def forward(self, ctx: Any, model: Any, batch: Any) -> Any:
            if ctx.training:
                seen.append(np.array(batch.index))
                assert np.array_equal(X[batch.index], batch.x)
            return super().forward(ctx, model, batch)

    loss = pl.create("loss", "softmax_cross_entropy")
    for loop in (False, True):
        model = pl.build("logistic_regression", input_shape=(3,), outputs=2, seed=0)
        trainer = pl.Trainer(model, objective=Noting(loss), seed=0)
        if not loop:
            trainer.fit(X, Y, verbose=False)
            continue
        for batch in trainer.batches(X, Y, verbose=False):
            trainer.step(batch)
    half = len(seen) // 2
    assert np.array_equal(np.concatenate(seen[:half]), np.concatenate(seen[half:]))


@pytest.mark.parametrize("place", ["source", "observer", "loop"])
def test_an_interrupt_leaves_whole_steps(place: str) -> None:
    def press(where: str) -> None:
        if where == place and trainer.steps == 4 and not pressed:
            pressed.append(where)
            signal.raise_signal(signal.SIGINT)

    def batches(rng: np.random.Generator) -> Iterator[Any]:
        for rows in np.array_split(rng.permutation(70), 7):
            press("source")
            yield X[rows], Y[rows]

    class Press(pl.Callback):
        def on_run_start(self, run: Any) -> None:
            run.on_step(lambda run: press("observer"))

    pressed: list[str] = []
    whole, trainer = trainer_of(), trainer_of(Press())
    whole.fit(batches, epochs=2, verbose=False)
    handler = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with pytest.raises(KeyboardInterrupt):
            for batch in trainer.batches(batches, epochs=2, verbose=False):
                trainer.step(batch)
                press("loop")
    finally:
        signal.signal(signal.SIGINT, handler)
    assert (trainer.steps, trainer.position, trainer.run) == (4, 40, None)
    trainer.fit(batches, epochs=2 - trainer.epochs, verbose=False)
    assert trainer.history.records == whole.history.records
    assert trainer.runtime.arena.data.tobytes() == whole.runtime.arena.data.tobytes()
