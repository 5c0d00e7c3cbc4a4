"""What holds for a callback: it can be told of a run, its memory is in checkpoints, it lends weights for a while, and
errors pass it by."""

from __future__ import annotations

import gc
import warnings
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from pellucid.glassbox.failure import ConformanceError, require, require_same
from pellucid.interfaces.layer import Layer
from pellucid.saving.checkpoint import restore_checkpoint, save_checkpoint
from pellucid.standard.optimizers.sgd import SGD
from pellucid.testing.check import checks
from pellucid.testing.checks.using import quiet_folder, small_data, small_run
from pellucid.testing.subject import Subject
from pellucid.training.run import Callback, Run
from pellucid.training.trainer import Trainer

RATES = 0.05, 0.9
"""Learning rates with which the loss falls from epoch to epoch, and rises."""
PLANNED = 6
"""Epochs of a run that may be stopped before."""
IN_STATE = "Put into state all that a continued run needs, and take all of it back in restore."


class _Ended(Exception):
    """What ends a run."""


class _Spy(Callback):
    """Calls a function at one of the places where callbacks are called; it stands last."""

    def __init__(self, **told: Callable[[Run], None]) -> None:
        self.told = told

    def on_run_start(self, run: Run) -> None:
        self.told.get("start", _nothing)(run)

    def on_epoch_end(self, run: Run) -> None:
        self.told.get("epoch", _nothing)(run)


def _nothing(run: Run) -> None:
    pass


@dataclass
class _Course:
    """A training in two calls of ``fit``, and what could be seen of the callback on the way."""

    trainer: Trainer
    callback: Any
    begun: dict[str, Any] = field(default_factory=dict)

    def fit(self, epochs: int, **told: Callable[[Run], None]) -> None:
        x, y = small_data()
        spy = _Spy(**told)
        self.trainer.callbacks.append(spy)
        try:
            self.trainer.fit((x, y), validation=(x[::-1], -y), epochs=epochs, batch_size=4, verbose=False)
        finally:
            self.trainer.callbacks.remove(spy)

    def second(self) -> _Course:
        """Further epochs; what the callback has in mind when they begin is noted."""
        self.fit(2, start=lambda _: self.begun.update(_memory(self.callback)))
        return self

    def ended(self) -> tuple[dict[str, Any], ...]:
        """What it had in mind when the second part began, its state, the figures of all epochs, and the weights."""
        history = {
            f"{name} of epoch {i}": _plain(value)
            for i, record in enumerate(self.trainer.history, 1)
            for name, value in record.items()
        }
        state = {name: _plain(value) for name, value in self.callback.state().items()}
        return self.begun, state, history, {"epochs": self.trainer.epochs, "weights": self.weights}

    @property
    def weights(self) -> Any:
        return _weights(self.trainer.model)


def _weights(model: Layer) -> Any:
    """All parameters in one row, without what lies between them."""
    return np.concatenate([np.array(param.data).reshape(-1) for param in model.parameters()])


def _course(subject: Subject, rate: float) -> _Course:
    callback = subject.create()
    return _Course(small_run(subject, callback, optimizer=SGD(rate, momentum=0.5)), callback)


def trains_along(subject: Subject) -> None:
    """A small model trains with it, through the start, the epochs and the end of a run, and of another one."""
    known = [name for name in dir(Callback) if name.startswith("on_")]
    strange = [name for name in dir(type(subject.create())) if name.startswith("on_") and name not in known]
    require(not strange, "It has methods that are called as hooks are, and that nobody calls.", expected=known,
            received=strange,
            remedy="Call it as the hook is called; or, if it is none, let it not begin with on_.")  # fmt: skip
    with quiet_folder():
        for rate in RATES:
            course = _course(subject, rate)
            before = _of_class(subject)
            course.fit(2)
            course.fit(2)
            require(
                course.trainer.epochs >= 1 and np.isfinite(course.weights).all(),
                "A run with this callback does not finish an epoch.", expected="at least one epoch",
                received=course.trainer.epochs, remedy="Let hooks return; stop a run by run.stop(reason).",
            )  # fmt: skip
            require(_of_class(subject) == before, "A run changes what all callbacks of its class share.",
                    expected="memory on self", received=", ".join(before),
                    remedy="Make lists and the like in __init__.")  # fmt: skip


def nothing_left_open(subject: Subject) -> None:
    """When a run has ended no file is left open that it opened."""
    gc.collect()
    with warnings.catch_warnings(record=True) as found, quiet_folder():
        warnings.simplefilter("always", ResourceWarning)
        _course(subject, RATES[0]).fit(1)
        gc.collect()
    left = [str(each.message) for each in found if issubclass(each.category, ResourceWarning)]
    require(not left, "A run leaves something open.", expected="closed in on_run_end", received="; ".join(left),
            remedy="Close in on_run_end what on_run_start has opened: it is called after errors, too.")  # fmt: skip


def state_carried(subject: Subject) -> None:
    """restore takes back what state gave."""
    for rate in RATES:
        with quiet_folder():
            course = _course(subject, rate)
            course.fit(2)
        state = course.callback.state()
        again = subject.create()
        again.restore(state)
        got = again.state()
        same = set(got) == set(state) and all(np.array_equal(got[key], value) for key, value in state.items())
        require(same, "The state that was restored differs.", expected=state, received=got, remedy=IN_STATE)


def remembers_in_checkpoints(subject: Subject) -> None:
    """A run that goes on from a checkpoint finds in the callback what one finds that was never interrupted."""
    for rate in RATES:
        with quiet_folder() as folder:
            file = folder / "between.checkpoint"

            def whole(rate: float = rate, file: Path = file) -> _Course:
                course = _course(subject, rate)
                course.fit(3)
                save_checkpoint(course.trainer, file)
                return course.second()

            through, again = whole(), _course(subject, rate)
            restore_checkpoint(again.trainer, file)
            again.second()
            if not _alike(through, again):
                _require_alike(through, whole(), again, "from a checkpoint between two calls of fit")


def remembers_within_a_run(subject: Subject) -> None:
    """A run that goes on from a checkpoint of its middle ends as one that was never interrupted."""
    for rate in RATES:
        with quiet_folder() as folder:
            file = folder / "middle.checkpoint"

            def whole(rate: float = rate, file: Path = file) -> _Course:
                course = _course(subject, rate)
                course.fit(PLANNED, epoch=lambda run: _save(run, file))
                return course

            through, again = whole(), _course(subject, rate)
            if not file.exists():
                continue  # it stops runs before
            restore_checkpoint(again.trainer, file)
            again.fit(PLANNED - again.trainer.epochs)
            if not _alike(through, again):
                _require_alike(through, whole(), again, "from a checkpoint of the middle of a run")


def _save(run: Run, path: Path) -> None:
    """After the second epoch, as the callback 'checkpoint' does."""
    if run.epoch == 2:
        spies = [callback for callback in run.trainer.callbacks if isinstance(callback, _Spy)]
        for spy in spies:
            run.trainer.callbacks.remove(spy)  # it is not registered
        save_checkpoint(run.trainer, path)
        run.trainer.callbacks.extend(spies)


def _alike(one: _Course, other: _Course) -> bool:
    """Whether two trainings end alike in all that can be seen."""
    return all(_same(a, b) for a, b in zip(one.ended(), other.ended(), strict=True))


def _require_alike(through: _Course, twin: _Course, again: _Course, where: str) -> None:
    """Raise ConformanceError where a continued training ends otherwise than one that was not interrupted, in what is
    the same each time: no clock, nothing that never repeats."""
    kinds = ("the callback has forgotten", "the state ends otherwise", "a figure is another", "it ends otherwise")
    for what, *found in zip(kinds, through.ended(), twin.ended(), again.ended(), strict=True):
        expected, repeated, received = found
        for name, value in expected.items():
            if _same(repeated.get(name), value):
                got = received.get(name, "nothing")
                require(_same(got, value), f"In a run that goes on {where} {what}: '{name}'.",
                        expected=f"{value!r:.200}", received=f"{got!r:.200}", remedy=IN_STATE)  # fmt: skip


def lends_for_a_while(subject: Subject) -> None:
    """After ``lent`` the model has the weights that are trained again."""
    found: list[tuple[Any, Any]] = []
    trained: list[Any] = []

    def begin(run: Run) -> None:
        run.on_step(lambda run: trained.append(_weights(run.model)))

    def look(run: Run) -> None:  # an epoch has been validated on the lent weights
        for _ in range(2):
            found.append((trained[-1], _weights(run.model)))
            with suppress(_Ended), run.lent():
                raise _Ended  # a validation that fails must give them back, too

    with quiet_folder():
        _course(subject, RATES[0]).fit(3, start=begin, epoch=look)
    for before, after in found:
        require_same("A weight after lent", after, before, "Give the trained weights back, in finally.")


def errors_pass(subject: Subject) -> None:
    """An error that ends a run comes through as it is, whatever the callback does at the end."""

    def end(run: Run) -> None:
        raise _Ended

    for told in ({"epoch": end}, {"start": end}):
        with quiet_folder():
            course = _course(subject, RATES[0])
            try:
                course.fit(2, **told)
            except _Ended:
                require(np.isfinite(course.weights).all(), "After an error the weights are not finite.",
                        expected="those of the last step", received="NaN or infinity",
                        remedy="Look in on_run_end whether there is something to give to the model.")  # fmt: skip
                continue
            except Exception as error:
                raise ConformanceError(
                    "Where a run ends with an error, the callback raises another.", expected="the error of the run",
                    received=f"{type(error).__name__}: {error}",
                    remedy="on_run_end is called after errors too: run.failure is one, and perhaps no epoch is over.",
                ) from error  # fmt: skip
        require(False, "An error in a run is swallowed.", expected="the error", received="nothing",
                remedy="Suppress errors of your own only.")  # fmt: skip


# -- what a callback has in mind -------------------------------------------------------------------------------------

_OTHER = object()


def _memory(callback: Any) -> dict[str, Any]:
    """Copies of the attributes that are numbers, texts, arrays, or lists and tables of them."""
    copies = {name: _plain(value) for name, value in vars(callback).items()}
    return {name: value for name, value in copies.items() if value is not _OTHER}


def _plain(value: Any) -> Any:
    if isinstance(value, np.ndarray | np.generic):
        return np.array(value)
    if isinstance(value, bool | int | float | str | None):
        return value
    if isinstance(value, Mapping):
        parts = {key: _plain(part) for key, part in value.items()}
        return _OTHER if any(part is _OTHER for part in parts.values()) else parts
    if isinstance(value, list | tuple | set):
        items = [_plain(part) for part in (sorted(value, key=repr) if isinstance(value, set) else value)]
        return _OTHER if any(part is _OTHER for part in items) else items
    return _OTHER


def _same(a: Any, b: Any) -> bool:
    if isinstance(a, Mapping) and isinstance(b, Mapping):
        return set(a) == set(b) and all(_same(a[key], b[key]) for key in a)
    if isinstance(a, list) and isinstance(b, list):
        return len(a) == len(b) and all(map(_same, a, b))
    if isinstance(a, str | None) or isinstance(b, str | None):
        return type(a) is type(b) and bool(a == b)
    return bool(np.array_equal(a, b, equal_nan=np.asarray(a).dtype.kind == "f" and np.asarray(b).dtype.kind == "f"))


def _of_class(subject: Subject) -> dict[str, Any]:
    """The lists and tables that stand on its class."""
    classes = (
        [cls for cls in subject.target.__mro__ if cls not in (Callback, object)]
        if isinstance(subject.target, type)
        else []
    )
    return {
        name: repr(value)
        for cls in classes
        for name, value in vars(cls).items()
        if isinstance(value, list | dict | set)
    }


CHECKS = checks(
    trains_along,
    nothing_left_open,
    state_carried,
    remembers_in_checkpoints,
    remembers_within_a_run,
    lends_for_a_while,
    errors_pass,
)
