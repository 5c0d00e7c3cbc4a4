"""Look: what a training step has left, copied so that others may read it while training goes on; Gate: takes it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import pellucid  # Trace by its full name: the glass box is imported once a step is opened, and not for the first frame
from pellucid import HostArray, Run, Segment, Trainer, create

Waits = Callable[[], None]


@dataclass(frozen=True)
class Look:
    """A training after one of its steps, in arrays that nobody writes to any more.

    Attributes:
        step, epoch, position: steps and epochs done, and rows of the epoch under way.
        loss: the data loss of this step, before its update; None before the first.
        totals: of the epoch under way: Σ count·loss and Σ count.
        record: the figures of the last epoch that has ended, or None.
        weights: of all parameters, flat as the arena.
        states: of the layers, in the model's order.
        before, gradient: weights before this step and the gradient that it was taken by, flat; None before the first.
        transforms, target_transforms: the model's, once they are fitted.
        at: when, in seconds of the clock that measures.
    """

    step: int
    epoch: int
    position: int
    loss: float | None
    totals: tuple[float, float]
    record: dict[str, Any] | None
    weights: HostArray
    states: tuple[HostArray, ...]
    before: HostArray | None
    gradient: HostArray | None
    transforms: Sequence[Any]
    target_transforms: Sequence[Any]
    at: float


def looked(
    trainer: Trainer, *, loss: float | None = None, before: HostArray | None = None, gradient: HostArray | None = None
) -> Look:
    """The trainer as it stands, between two steps of its thread."""
    runtime = trainer.runtime
    host = runtime.ops.to_host
    sums = host(trainer.totals["loss"]).tolist() if "loss" in trainer.totals else [0.0, 0.0]
    return Look(
        trainer.steps, trainer.epochs, trainer.position, loss, (sums[0], sums[1]),
        trainer.history[-1] if len(trainer.history) else None,
        np.array(host(runtime.arena.data)), tuple(np.array(host(state.data)) for state in trainer.model.states()),
        before, gradient, runtime.transforms, runtime.target_transforms, time.perf_counter(),
    )  # fmt: skip


class Gate:
    """Stands around single steps of a run: it waits before them, and takes a look after them.

    It is put in where a look is due and takes itself out again: all other steps are replayed as if nobody were there.
    A step that is looked at is taken in two halves, as the gradient is to be seen between them, and its bits are the
    same; one that is ``traced`` is taken by its code, with the glass box's recorder looking on.

    Args:
        trainer: whose runs they are.
        seconds: between two looks, where it stands around every step.
        wait: called before each step; it may wait, or raise to end the run.
        done: given each look, and the trace of a step that was traced.

    Attributes:
        cost: seconds that the last look has taken.
    """

    def __init__(
        self, trainer: Trainer, seconds: float, wait: Waits, done: Callable[[Look, pellucid.Trace | None], None]
    ) -> None:
        self._trainer, self._seconds, self._wait, self._done = trainer, seconds, wait, done
        self._due = self.cost = 0.0
        self._gradient: HostArray | None = None
        self._in: tuple[Run, Any, Any] | None = None
        self.traced = False
        self.stays = False
        """Whether it stands around every step, until it is taken out."""

    def put_in(self, run: Run, *, traced: bool = False) -> None:
        """Stand around the next step of the run."""
        self.traced = traced
        if self._in is None:
            run.on_trace(self._opened)
            run.on_gradients(self._gradients)
            self._in = run, run.openers[-1], run.gradient_observers[-1]

    def take_out(self) -> None:
        if self._in is not None:
            run, opener, observer = self._in
            if opener in run.openers:
                run.openers.remove(opener)
            if observer in run.gradient_observers:
                run.gradient_observers.remove(observer)
            self._in = None

    @contextmanager
    def last(self, step: Any) -> Iterator[bool | None]:
        """The last step of a plan, which nobody has asked for beforehand, is traced."""
        if self._in is not None:
            self.traced = True
            yield False
            return
        self.traced, self._gradient = True, None
        with self._opened(step) as by_code:
            yield by_code

    def _gradients(self, segments: Sequence[Segment]) -> None:
        self._gradient = np.array(self._trainer.runtime.ops.to_host(self._trainer.runtime.arena.grad))

    @contextmanager
    def _opened(self, step: Any) -> Iterator[bool | None]:
        self._wait()
        trainer, traced = self._trainer, self.traced
        if self.stays and not traced and time.perf_counter() < self._due:
            yield False
            return
        start = time.perf_counter()
        self._due = start + self._seconds
        before = np.array(trainer.runtime.ops.to_host(trainer.runtime.arena.data))
        self.cost = time.perf_counter() - start
        traces: list[pellucid.Trace] = []
        if traced:
            with create("callback", "trace", limit=MOST_BYTES).opener(trainer, traces.append)(step):
                yield None
        else:
            yield False
        start = time.perf_counter()
        look = looked(trainer, loss=float(step.figures["loss"]), before=before, gradient=self._gradient)
        self.cost += time.perf_counter() - start
        if traced or not self.stays:
            self.take_out()
        self._done(look, traces[0] if traces else None)


MOST_BYTES = 1 << 28
"""What the trace of one step may keep."""
