"""Proof: what a recorded call works on, so that it can be taken twice: of a step of training, and of a prediction."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from itertools import zip_longest
from typing import Any, ClassVar

import numpy as np

from pellucid.basics.arrays import Array, HostArray, as_tuple
from pellucid.interfaces.context import Context
from pellucid.interfaces.layer import Layer
from pellucid.model.predict import Prediction
from pellucid.standard.suspects import held_fast
from pellucid.standard.trials import moved
from pellucid.training.stepper import Step

MOST_ROWS = 1024
"""So many rows are looked at for one that differs from those of the recording."""
QUEUED = 0.01
"""Of what a step changes: so far may a graph on a device be from the same kernels launched one by one."""


class Proof(ABC):
    """What a call changes, and what it is given.

    Attributes:
        word: what messages call it.
        changed: the arrays that it changes and that outlast it.
        model, ctx: whose call it is, and its root context.
    """

    word: ClassVar[str]
    model: Layer
    ctx: Context

    def __init__(self, ops: Any, changed: Sequence[Array]) -> None:
        self.ops, self.changed = ops, list(changed)

    def copies(self) -> list[HostArray]:
        """What is in the arrays now."""
        return [np.array(self.ops.to_host(a)) for a in self.changed]

    def put_back(self, values: Sequence[HostArray]) -> None:
        """Write it there again."""
        for array, value in zip(self.changed, values, strict=True):
            array[...] = value if isinstance(array, np.ndarray) else self.ops.asarray(value)

    def seen(self, array: Array) -> Any:
        """An array as it is now, for ``alike``: a hash of its bits, for a large model has no room for more copies."""
        host = self.ops.to_host(array)
        return np.array(host) if self.ops.queues else (host.shape, host.dtype, hash(host.tobytes()))

    def alike(self, replayed: Sequence[Any], found: Sequence[Any], before: Sequence[HostArray]) -> bool:
        """Whether replay and code have left the same; on a device that queues within ``QUEUED`` of what they changed.
        ``before``: what was there, of the first of these arrays."""
        if len(replayed) != len(found) or not self.ops.queues:
            return list(replayed) == list(found)
        return all(map(_near, replayed, found, [b for _, b in zip_longest(found, before)]))

    @abstractmethod
    def results(self, made: Any) -> list[Array]:
        """What is compared: the arrays that it changes, and those of its result."""

    @abstractmethod
    def other_numbers(self) -> list[AbstractContextManager[None]]:
        """Within each, the call works on numbers that are not those of the recording; none where they differ anyway."""

    @abstractmethod
    def asked(self) -> str:
        """Who asked for what a plan holds fast, as a sentence; empty if nobody did."""

    def forget_asked(self) -> None:
        """Nobody has, and who draws from ``ctx.rng`` begins anew."""
        self.ctx.asked_of_step.clear()
        _rewind(self.ctx)

    def kept_result(self, made: Any) -> Any:
        """The method's result in memory of its own, before it is run once more."""
        return made

    def keep_results(self) -> None:
        """What replays write is the result again, where the code has made a new array of it."""
        return


class OfPrediction(Proof):
    """A prediction changes nothing, and its inputs have a place of their own."""

    word = "prediction"

    def __init__(self, owner: Prediction) -> None:
        super().__init__(owner.ops, [])
        self.model, self.ctx, self.inputs = owner.model, owner.ctx, owner.inputs

    def results(self, made: Any) -> list[Array]:
        return list(as_tuple(made))

    def other_numbers(self) -> list[AbstractContextManager[None]]:
        return [in_place(self.ops, self.inputs)]  # what they were at the recording, nobody knows any more

    def asked(self) -> str:
        asked = self.ctx.asked_of_step.items()
        drawn = {path: what for path, what in asked if what == "ctx.rng"}  # there is but one step
        return held_fast(self.model, "", drawn)

    def kept_result(self, made: Any) -> Any:
        kept = tuple(self.ops.asarray(np.array(self.ops.to_host(y))) for y in as_tuple(made))
        return kept if isinstance(made, tuple) else kept[0]


class OfStep(Proof):
    """A step of training, or its first or second half.

    Attributes:
        gathers, learns: whether the first half is part of it, and the second.
    """

    word = "step"

    def __init__(self, step: Step, name: str) -> None:
        self.step, self.batch, self.update, self.figures = step, step.batches[0], step.update, step.figures
        self.source, self.model, self.ctx = self.batch.source, self.batch.model, step.ctx
        self.gathers, self.learns = name != "_apply", name != "_add_gradients"
        arena, slots = self.update.arena, self.update.slots
        super().__init__(step.ops, [
            arena.data, arena.grad, *slots.buffers.values(), slots.t, self.update.t,
            *(state.data for state in self.model.states()), self.source.cursor, *self.source.totals.values(),
        ])  # fmt: skip

    def put_back(self, values: Sequence[HostArray]) -> None:
        super().put_back(values)
        self.update.slots.broken_off = False
        self.keep_results()

    def results(self, made: Any) -> list[Array]:
        return [*self.changed, *self.step.figures.values(), *(value for _, value, _ in self.step.requests)]

    def other_numbers(self) -> list[AbstractContextManager[None]]:
        source, start = self.source, int(self.source.cursor)
        rows, others = source.order[start : start + len(self.batch.batch)], list[AbstractContextManager[None]]()
        for part, buffer in self.batch.pairs if self.gathers else ():  # which hold what was gathered before
            if not np.array_equal(self._gathered(part, rows), self.ops.to_host(buffer)):
                continue
            if source.own:
                others = [in_place(self.ops, [array for array in source.arrays if array is not None])]
                break
            chosen = np.unique(np.linspace(0, len(source) - 1, MOST_ROWS).astype(np.int64))
            unlike = self._gathered(part, chosen) != self.ops.to_host(buffer)[:1]
            found = np.flatnonzero(unlike.reshape(len(chosen), -1).any(axis=1))
            if len(found):
                others.append(in_order(source.order, start, int(chosen[found[0]])))
        if self.learns and self.update.schedule is not None and not self.ops.queues:  # which writes its rates itself
            others.append(in_place(self.ops, [segment.hyper for segment in self.update.segments]))
        return others

    def _gathered(self, part: Array, rows: HostArray) -> HostArray:
        gathered = self.ops.empty((len(rows), *part.shape[1:]), part.dtype)
        self.ops.gather(part, np.array(rows), gathered)
        return self.ops.to_host(gathered)

    def asked(self) -> str:
        asked = self.ctx.asked_of_step
        if self.batch.objective.turns:  # it may ask whose turn it is: each player has a plan of its own
            asked = {path: what for path, what in asked.items() if path}
        return held_fast(self.model, "/model", asked, self.update.optimizer, self.update.slots.asked)

    def forget_asked(self) -> None:
        super().forget_asked()
        self.update.slots.asked.clear()

    def kept_result(self, made: Any) -> Any:
        if self.gathers:  # the second half leaves the loss as it is
            copies = {name: np.array(self.ops.to_host(figure)) for name, figure in self.step.figures.items()}
            self.figures = {name: self.ops.asarray(copied) for name, copied in copies.items()}
        return made

    def keep_results(self) -> None:
        self.step.figures = self.figures


def _rewind(ctx: Context) -> None:
    """Let the generators of a call give the same numbers once more."""
    ctx._rng = None
    for child in ctx._children.values():
        _rewind(child)


def _near(a: HostArray, b: HostArray, before: HostArray | None) -> bool:
    """Whether two arrays differ by little, measured by how far b is from what was there before, or from nothing."""
    if a.shape != b.shape or np.array_equal(a, b, equal_nan=a.dtype.kind == "f"):
        return a.shape == b.shape
    change = b if before is None else b - before
    return bool(np.linalg.norm(np.ravel(a - b)) <= QUEUED * np.linalg.norm(np.ravel(change)))


@contextmanager
def in_place(ops: Any, arrays: Sequence[Array]) -> Iterator[None]:
    """Within: other numbers in these arrays."""
    before = [np.array(ops.to_host(a)) for a in arrays]

    def write(values: Sequence[HostArray]) -> None:
        for array, value in zip(arrays, values, strict=True):
            array[...] = value if isinstance(array, np.ndarray) else ops.asarray(value)

    try:
        write([moved(value) for value in before])
        yield
    finally:
        write(before)


@contextmanager
def in_order(order: HostArray, place: int, row: int) -> Iterator[None]:
    """Within: another row at a place of the order."""
    before = int(order[place])
    try:
        order[place] = row
        yield
    finally:
        order[place] = before
