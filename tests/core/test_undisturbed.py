"""Signals wait until a step is whole; one thread trains a trainer at a time; a step broken off ends it."""

from __future__ import annotations

import copy
import pickle
import signal
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FrameType
from typing import Any

import numpy as np
import pellucid as pl
import pytest
from pellucid.basics.errors import PellucidError
from pellucid.registry.config import read
from pellucid.saving.checkpoint import restore_checkpoint, save_checkpoint
from pellucid.standard import undisturbed

RNG = np.random.default_rng(0)
X = RNG.normal(size=(48, 4)).astype("float32")
Y = RNG.integers(0, 3, 48)


class Heard(Exception):
    """What the handler raises."""


@pytest.fixture(autouse=True)
def handler() -> Iterator[Callable[[int, FrameType | None], None]]:
    def raises(number: int, frame: FrameType | None) -> None:
        raise Heard

    before = signal.signal(signal.SIGTERM, raises)
    yield raises
    assert signal.signal(signal.SIGTERM, before) is raises, "the handler was not given back"


def press() -> None:
    signal.raise_signal(signal.SIGTERM)


class Pressing(pl.SGD):
    """A signal comes, or something is wrong, between the two writes of the third step."""

    capturable = False

    def step(self, segments: Any) -> None:
        super().step(segments)
        if segments[0].t == 3 and self.then is not None:
            then, self.then = self.then, None
            then()

    then: Callable[[], None] | None = None


def a_trainer(then: Callable[[], None] | None = None, **options: Any) -> pl.Trainer:
    model = pl.build({"type": "dense", "units": 3}, input_shape=(4,), seed=0, backend="reference")
    trainer = pl.Trainer(
        model, loss="softmax_cross_entropy", seed=0, **{"optimizer": Pressing(lr=0.1, momentum=0.9)} | options
    )
    trainer.optimizer.then = then
    return trainer


def fit(trainer: pl.Trainer, epochs: int = 2, **options: Any) -> pl.Trainer:
    trainer.fit((X, Y), epochs=epochs - trainer.epochs, batch_size=16, verbose=False, **options)
    return trainer


def weights(trainer: pl.Trainer) -> Any:
    return trainer.model.parameters()[0].data


def broken_off() -> pl.Trainer:
    def wrong() -> None:
        raise ValueError("half a step")

    trainer = a_trainer(wrong)
    with pytest.raises(ValueError, match="half a step"):
        fit(trainer)
    return trainer


def test_a_signal_in_the_middle_of_a_step_waits_for_its_end() -> None:
    trainer, undisturbed_one = a_trainer(press), fit(a_trainer())
    with pytest.raises(Heard):
        fit(trainer)
    assert (trainer.steps, trainer.position, trainer.totals["loss"][1]) == (3, 48, 48.0)
    fit(trainer)
    assert trainer.history.records == undisturbed_one.history.records
    np.testing.assert_array_equal(weights(trainer), weights(undisturbed_one))


def test_and_of_a_single_step() -> None:
    trainer, undisturbed_one = a_trainer(press), a_trainer()
    for _ in range(2):
        trainer.train_step(X, Y)
    with pytest.raises(Heard):
        trainer.train_step(X, Y)
    assert trainer.steps == 3
    for _ in range(3):
        undisturbed_one.train_step(X, Y)
    np.testing.assert_array_equal(weights(trainer), weights(undisturbed_one))


def test_in_a_validation_it_is_heard_at_once_and_the_epoch_ends_in_the_next_fit() -> None:
    class Press(pl.Accuracy):
        def update(self, prediction: Any, target: Any) -> None:
            super().update(prediction, target)
            if pressing:
                pressing.clear()
                press()
                raise AssertionError("not heard")

    pressing = [1]
    trainer = a_trainer(metrics=[Press()])
    with pytest.raises(Heard):
        fit(trainer, validation=(X, Y))
    assert (trainer.epochs, trainer.position, len(trainer.history)) == (0, 48, 0)
    fit(trainer, validation=(X, Y))
    assert trainer.history.records == fit(a_trainer(metrics=[Press()]), validation=(X, Y)).history.records


def test_two_signals_are_both_heard() -> None:
    heard: list[int] = []
    before = signal.signal(signal.SIGUSR1, lambda number, frame: heard.append(number))
    try:
        with pytest.raises(Heard):
            fit(a_trainer(lambda: (press(), press(), signal.raise_signal(signal.SIGUSR1))))  # type: ignore[arg-type,func-returns-value]
    finally:
        signal.signal(signal.SIGUSR1, before)
    assert heard == [signal.SIGUSR1]


def test_a_handler_that_somebody_sets_on_the_way_stays() -> None:
    def another(number: int, frame: FrameType | None) -> None:
        pass

    before = signal.getsignal(signal.SIGUSR1)
    try:
        signal.signal(signal.SIGUSR1, lambda number, frame: None)
        fit(a_trainer(lambda: signal.signal(signal.SIGUSR1, another)))  # type: ignore[arg-type,return-value]
        assert signal.getsignal(signal.SIGUSR1) is another
    finally:
        signal.signal(signal.SIGUSR1, before)


def test_a_second_ctrl_c_after_a_while_is_heard_at_once(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(undisturbed, "AT_ONCE_AFTER", 0.01)

    def twice() -> None:
        signal.raise_signal(signal.SIGINT)
        signal.raise_signal(signal.SIGINT)  # as a key that bounces
        time.sleep(0.02)
        signal.raise_signal(signal.SIGINT)
        raise AssertionError("not heard")

    trainer = a_trainer(twice)
    with pytest.raises(KeyboardInterrupt):
        fit(trainer)
    with pytest.raises(PellucidError, match="Step 3 was broken off while it was changing weights"):
        fit(trainer)


def test_a_step_broken_off_is_neither_continued_nor_saved(tmp_path: Path) -> None:
    trainer, path = broken_off(), tmp_path / "run.checkpoint"
    for work in (
        lambda: fit(trainer), lambda: trainer.train_step(X, Y), lambda: save_checkpoint(trainer, path),
    ):  # fmt: skip
        with pytest.raises(PellucidError, match=r"Step 3 was broken off .*restore_checkpoint"):
            work()
    assert not path.exists()
    save_checkpoint(fit(a_trainer(optimizer="sgd"), epochs=1), path)
    trainer.optimizer = read("optimizer", "sgd")
    restore_checkpoint(trainer, path)  # mends it
    fit(trainer)
    np.testing.assert_array_equal(weights(trainer), weights(fit(a_trainer(optimizer="sgd"))))


def test_two_threads_and_calls_within_calls_are_refused() -> None:
    refused: list[str] = []

    def train_too(run: pl.Run) -> None:
        def attempt() -> None:
            for work in (lambda: trainer.train_step(X, Y), lambda: trainer.fit((X, Y))):
                with pytest.raises(PellucidError, match="training already, in another thread") as error:
                    work()
                refused.append(str(error.value))

        thread = threading.Thread(target=attempt)
        thread.start()
        thread.join()
        attempt()

    class Meddle(pl.Callback):
        def on_run_start(self, run: pl.Run) -> None:
            run.on_step(train_too)

    trainer = a_trainer(callbacks=[Meddle()])
    fit(trainer, epochs=1)
    assert len(refused) == 3 * 4
    np.testing.assert_array_equal(weights(trainer), weights(fit(a_trainer(), epochs=1)))
    trainer.train_step(X, Y)  # the next one is none of two


def test_a_copy_of_a_trainer_is_disturbed_by_itself_alone() -> None:
    class Copies(pl.Callback):
        def on_epoch_end(self, run: pl.Run) -> None:
            for another in (copy.deepcopy(run.trainer), pickle.loads(pickle.dumps(run.trainer))):
                another.train_step(X, Y)
                assert another.steps == run.trainer.steps + 1

    trainer = a_trainer(optimizer="sgd")
    trainer.callbacks.append(Copies())
    Copies.__reduce__ = lambda self: (pl.Callback, ())  # type: ignore[method-assign,assignment,return-value]
    fit(trainer, epochs=1)
