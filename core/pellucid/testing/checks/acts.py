"""acts_of: after which steps and epochs a callback acts, seen from outside."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from io import IOBase
from pathlib import Path
from typing import Any

import numpy as np

from pellucid.interfaces.optimizer import Segment
from pellucid.standard.optimizers.sgd import SGD
from pellucid.testing.checks.using import quiet_folder, small_data, small_run
from pellucid.testing.subject import Subject
from pellucid.training.run import Callback, Run
from pellucid.training.trainer import Trainer

EPOCHS, BATCH, OF_AN_EPOCH = 7, 2, 5
"""Of a run that is looked at: seven epochs of five steps, which no cadence divides."""
CUT = 17
"""The step after which it is interrupted, in the middle of an epoch."""
Moment = tuple[str, int]
"""``("step", 3)``: after the third step; ``("gradients", 3)``: before it; ``("epoch", 2)``: after the second epoch."""


@dataclass
class Acts:
    """What could be seen of a callback in a run.

    Attributes:
        seen: the moments at which something outside of it changed: weights, gradients, rates, files, the history,
            whether the run goes on.
        printed: those at which it printed something.
        grown: those at which lists, tables or arrays in it changed.
        counted: those at which numbers in it changed, which may be no more than a count.
        reached: the last moment of the run.
    """

    seen: set[Moment] = field(default_factory=set)
    printed: set[Moment] = field(default_factory=set)
    grown: set[Moment] = field(default_factory=set)
    counted: set[Moment] = field(default_factory=set)
    reached: dict[str, int] = field(default_factory=dict)

    def kinds(self) -> Iterator[tuple[str, set[Moment]]]:
        """Each of them, with a word for it."""
        yield from (("does something", self.seen), ("prints", self.printed))
        yield from (("keeps something", self.grown), ("counts", self.counted))

    def numbers(self, clock: str, moments: set[Moment]) -> list[int]:
        """Of these moments those of a clock."""
        return sorted(number for what, number in moments if what == clock)


class _Watch(Callback):
    """Stands before or behind a callback, and looks at the world."""

    def __init__(self, acts: Acts, callback: Any, other: _Watch | None = None) -> None:
        self.acts, self.callback, self.first = acts, callback, other
        self.looked: dict[str, Any] = {}
        self.run: Any = None

    def on_run_start(self, run: Run) -> None:
        self.run = run
        run.on_step(lambda run: self.look("step", run.step))
        run.on_gradients(lambda segments: self.look("gradients", run.step + 1, segments))

    def on_epoch_end(self, run: Run) -> None:
        self.look("epoch", run.epoch)

    def look(self, what: str, number: int, segments: Sequence[Segment] = ()) -> None:
        now = (_world(self.run, segments), _written(self.callback)), _printed(), *_inside(self.callback)
        if self.first is None:
            self.looked[what] = now
            return
        before, acts = self.first.looked[what], self.acts
        for (_, moments), a, b in zip(acts.kinds(), before, now, strict=True):
            if a != b:
                moments.add((what, number))
        acts.reached[what] = number


def _world(run: Run, segments: Sequence[Segment]) -> Any:
    """What others can see."""
    trainer: Any = run.trainer
    arrays = [trainer.runtime.arena.data, *(state.data for state in run.model.states())]
    arrays += [*trainer.slots.buffers.values(), *(array for s in segments for array in (s.grad, s.hyper))]
    files = sorted((str(path), path.stat().st_size, path.stat().st_mtime_ns) for path in Path().rglob("*"))
    rates = repr(vars(trainer.optimizer)) + repr(trainer.schedule)
    shown = files, run.stop_reason, repr(run.history.records[-1:]), rates
    return [np.asarray(array).tobytes() for array in arrays], shown


def _written(callback: Any) -> list[int]:
    """How far the files are that it holds open; what is printed has no file here."""
    held = [value for value in vars(callback).values() if isinstance(value, IOBase) and hasattr(value, "name")]
    return [file.tell() for file in held if not file.closed]


def _printed() -> int:
    """How much has been printed; a run that goes on may say so."""
    return sum(getattr(stream, "tell", int)() for stream in (sys.stdout, sys.stderr))


def _inside(callback: Any) -> tuple[Any, Any]:
    """What it keeps: lists, tables and arrays; and numbers."""
    kept = dict(vars(callback))
    plain = {name: value for name, value in kept.items() if isinstance(value, bool | int | float | str | None)}
    rest = {name: value for name, value in kept.items() if isinstance(value, np.ndarray | list | dict | set | tuple)}
    return {name: _text(value) for name, value in rest.items()}, repr(plain)


def _text(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        return value.tobytes()
    if isinstance(value, dict):
        return {key: _text(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [_text(part) for part in value]
    return repr(value)


# -- runs ------------------------------------------------------------------------------------------------------------


def trainer_with(subject: Subject, callback: Any, rate: float = 0.05) -> Trainer:
    return small_run(subject, callback, optimizer=SGD(rate, momentum=0.5))


def fit(trainer: Trainer, callback: Any, cut: Callable[[Run], None] | None = None) -> Acts:
    """Train up to the end of the run and say when the callback acted; ``cut`` is called after the step ``CUT``."""
    x, y = (part[: BATCH * OF_AN_EPOCH] for part in small_data())
    first = _Watch(Acts(), callback)
    last = _Watch(acts := Acts(), callback, first)
    trainer.callbacks[:] = [first, callback, last]
    if cut is not None:
        trainer.callbacks.append(_Cut(cut, callback))
    epochs = EPOCHS - trainer.epochs
    trainer.fit((x, y), validation=(x[::-1], -y), epochs=epochs, batch_size=BATCH, verbose=False)
    return acts


class _Cut(Callback):
    """Calls a function after the step ``CUT``, behind all others, with none but the callback in the trainer."""

    def __init__(self, cut: Callable[[Run], None], callback: Any) -> None:
        self.cut, self.callback = cut, callback

    def on_run_start(self, run: Run) -> None:
        run.on_step(self.look)

    def look(self, run: Run) -> None:
        if run.step == CUT:
            callbacks = run.trainer.callbacks
            kept, callbacks[:] = callbacks[:], [self.callback]
            self.cut(run)
            callbacks[:] = kept


def acts_of(subject: Subject, rate: float = 0.05) -> Acts:
    """When a callback acts in a run from its beginning to its end."""
    with quiet_folder():
        callback = subject.create()
        return fit(trainer_with(subject, callback, rate), callback)


def said(moments: set[Moment]) -> str:
    """``steps 2, 4, 6; epochs 1``."""
    clocks = {clock: sorted(n for what, n in moments if what == clock) for clock in ("step", "gradients", "epoch")}
    return "; ".join(f"{clock}: {listed(numbers)}" for clock, numbers in clocks.items() if numbers) or "never"


def listed(numbers: Sequence[int]) -> str:
    return ", ".join(map(str, numbers[:12])) + (", …" if len(numbers) > 12 else "") or "none"
