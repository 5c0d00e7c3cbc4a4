"""Member: one trainer of a pack, its run and its rows, which it shares with the first."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from time import perf_counter
from typing import Any, cast

import numpy as np

from pellucid.basics.arrays import HostArray, mapped, parts_of
from pellucid.basics.errors import ConfigError, NumericalError
from pellucid.interfaces.objective import Objective
from pellucid.ops.base import Backend
from pellucid.standard.judged import Judged
from pellucid.training.run import AT_ONCE
from pellucid.training.trainer import Trainer

AT_A_TIME = 0.05
"""Seconds without a return to Python, about: so an interrupt is heard soon."""
HALTED = "the pack was halted"


class Member:
    """A trainer within a call of ``Pack.fit``.

    Attributes:
        run: its run, which is that of ``trainer.fit``.
        goal: after how many epochs of the trainer it returns.
        failure: the error that has ended it alone, or None.
    """

    def __init__(self, trainer: Trainer, data: Any, how: dict[str, Any], first: Member | None) -> None:
        self.trainer = trainer
        self.failure: NumericalError | None = None
        self.run = trainer._begin(data, None, True, verbose=False, **how)
        if self.run.data.source is None:
            raise ConfigError(
                f"A pack trains on rows in memory, which its members share. Received: {type(data).__name__}, which is "
                "read as it is needed, and would be by each member. Train them one after the other, by Trainer.fit."
            )
        self.goal = trainer.epochs
        self._entered = False
        self._judged: Judged | None = None
        if first is not None:
            self._share(first)

    def _share(self, first: Member) -> None:
        """Hold arrays that are equal to those of the first once, in memory that nobody writes to."""
        source, lent = self.run.data.source, first.run.data.source
        source.inputs = tuple(_same(lent.arrays, part) for part in source.inputs)
        source.y = mapped(lambda part: _same(lent.arrays, part), source.y)
        source.arrays = (*source.inputs, *(parts_of(source.y) or (None,)), source.weight, source.numbers)
        if isinstance(self.run.validation, tuple) and isinstance(first.run.validation, tuple):
            (inputs, y), (others, target) = self.run.validation, first.run.validation
            lent = (*others, *parts_of(target))
            self.run.validation = (
                tuple(_same(lent, part) for part in inputs), mapped(lambda part: _same(lent, part), y)
            )  # fmt: skip

    @property
    def active(self) -> bool:
        """Whether anything is left to train."""
        return self.failure is None and self.run.stop_reason is None and self.trainer.epochs < self.run.last_epoch

    @property
    def due(self) -> bool:
        """Whether it has not come to its goal."""
        return self.active and self.trainer.epochs < self.goal

    @property
    def packed(self) -> bool:
        """Whether its steps run recorded, beside others."""
        looked_at = self.run.gradient_observers or self.run.openers or self.trainer.openers
        return recorded(self.trainer) and not looked_at and self.run.data.source.weight is None

    @property
    def reason(self) -> str | None:
        return self.run.stop_reason if self.failure is None else str(self.failure)

    def enter(self, *, kept: bool) -> None:
        """Begin the run; with outputs ``kept`` at each validation."""
        self.run.__enter__()
        self._entered = True
        if self.run.validation is not None:
            self._judged = Judged(self.run, kept=kept)
            self.run.objective = cast(Objective, self._judged)  # in all that an evaluation asks of one

    def leave(self, error: BaseException | None) -> None:
        """End it, whatever has ended the pack."""
        if self._entered:
            own = self.failure or error
            self.run.__exit__(None if own is None else type(own), own, None)

    def outputs(self) -> HostArray | None:
        """On the validation rows, at the last validation."""
        return None if self._judged is None else self._judged.outputs()

    @np.errstate(under="ignore")
    def go(self) -> None:
        """Train up to the goal, or to where it is halted."""
        trainer, run = self.trainer, self.run
        try:
            with trainer.runtime.ops.quiet():
                while self.due:
                    before, began = trainer.steps, perf_counter()
                    trainer._train_epoch(run)
                    if seconds := perf_counter() - began:
                        run.at_once = max(AT_ONCE, int(AT_A_TIME * (trainer.steps - before) / seconds))
                    if run.stop_reason is None:
                        trainer._end_epoch(run)
        except NumericalError as error:
            self.failure = error

    @contextmanager
    def told_by(self, undisturbed: Any) -> Iterator[None]:
        """Within: it is the pack's signals that its steps hear."""
        own, self.trainer._undisturbed = self.trainer._undisturbed, undisturbed
        try:
            yield
        finally:
            self.trainer._undisturbed = own

    def halt(self) -> None:
        """Let it return behind the step that it is at."""
        self.run.stop_reason = self.run.stop_reason or HALTED

    def resume(self) -> None:
        if self.run.stop_reason == HALTED:
            self.run.stop_reason = None


@contextmanager
def alone() -> Iterator[None]:
    """Within: kernels that this thread runs use this thread alone, for others have work of their own."""
    native = sys.modules.get("pellucid.ops.kernels.native")
    before = native is not None and native.alone(True)
    try:
        yield
    finally:
        if native is not None:
            native.alone(before)


def recorded(trainer: Trainer) -> bool:
    """Whether the steps of a trainer can run recorded, as far as is known: what is promised before the first, what has
    been proved behind it."""
    ops = trainer.runtime.ops
    if ops.queues or type(ops).record is Backend.record or trainer.accumulate > 1:
        return False
    parts = (trainer.objective, trainer.optimizer, *(layer for _, layer in trainer.model.walk()))
    return all(part.capturable for part in parts) and all(
        step._whole.capturable for step in trainer._stepper._steps.values()
    )


def _same(lent: tuple[Any, ...], array: Any) -> Any:
    """The one of these arrays that holds the same bits, or the array itself."""
    for other in lent:
        arrays = isinstance(other, np.ndarray) and isinstance(array, np.ndarray)
        if arrays and other.dtype == array.dtype and other.shape == array.shape and _bits(other) == _bits(array):
            return other
    return array


def _bits(array: HostArray) -> Any:
    """What is compared: −0 is not 0, a NaN is itself. Of contiguous arrays nothing is copied."""
    return array.data.cast("B") if array.flags.c_contiguous and array.size else array.tobytes()
