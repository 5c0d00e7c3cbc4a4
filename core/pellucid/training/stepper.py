"""Stepper: one optimizer step after the other: forward, backward, update."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any
from weakref import proxy

import numpy as np

from pellucid.basics.component import CHANGES
from pellucid.basics.errors import ConfigError, NumericalError
from pellucid.interfaces.context import Context
from pellucid.training.microbatch import MicroBatch, Source
from pellucid.training.update import Update

if TYPE_CHECKING:
    from pellucid.training.run import Run
    from pellucid.training.trainer import Trainer


class Stepper:
    """Takes the steps of a trainer, and keeps between them what they work in: contexts, buffers, recorded plans.

    What is kept is made anew when any component has changed since (``pellucid.basics.component.CHANGES``).
    """

    def __init__(self, trainer: Trainer) -> None:
        self.trainer: Trainer = proxy(trainer)  # which owns this; its memory is to go when its last user does
        runtime = trainer.runtime
        self.ops, self.arena = runtime.ops, runtime.arena
        self.ctx = Context(self.ops, training=True, seed=trainer.seed, dtype=runtime.dtype)
        self._update: Update | None = None
        self._micro_batches: dict[tuple[int, int], MicroBatch] = {}
        self._changes: tuple[Any, ...] = ()

    def forget(self) -> None:
        """Let go of memory and plans of the data so far, and of gradients that a user may have left."""
        self._changes = ()
        self.clean()

    def penalty(self) -> dict[str, float]:
        """``{"penalty": …}`` at the present weights if any parameter is regularized."""
        update = self._current_update()
        return {"penalty": update.penalty()} if update.regularized else {}

    def next_steps(self, run: Run, source: Source, batch_size: int) -> None:
        """The next step of an epoch; several where they can follow each other without a return to Python."""
        trainer = self.trainer
        left = len(source) - trainer.position
        times = min(run.unobserved_steps(), left // batch_size)
        if times > 1 and self._repeatable(source, batch_size):
            self._repeat(run, source, batch_size, times)
            return
        sizes = step_sizes(left, batch_size, trainer.accumulate)
        run.loss, count = self.step(source, sizes, run)
        trainer.totals += count * run.loss, count
        trainer.position += sum(sizes)

    def step(self, source: Source, sizes: Sequence[int], run: Run | None = None) -> tuple[float, float]:
        """One optimizer step over micro-batches of these sizes.

        Returns the data loss before the step, and what it was divided by.

        Raises:
            NumericalError: a loss or gradient is not finite; nothing was changed.
        """
        trainer, update = self.trainer, self._current_update()
        batches = [self._micro_batch(source, rows, update) for rows in sizes]
        try:
            loss, count = self._gradients(batches)
            if run is not None:
                run.gradients_ready(update.segments)
            if count == 0.0:  # every sample has weight 0: there is nothing to learn from
                self.clean()
                return loss, count
            update.set_lr(trainer.steps, 0 if run is None else run.total_steps)
            applied = batches[0].update() if len(batches) == 1 else update.apply(self.ctx, np.asarray(loss))
            if not applied:
                raise update.explain(loss, trainer.steps)
        except BaseException:  # an interrupt, too, must not leave half a gradient to the next step
            self.clean()
            raise
        trainer.steps += 1
        return loss, count

    def check_weights(self) -> None:
        """Raise NumericalError if the optimizer has made a weight infinite or NaN; looked at once an epoch."""
        squares = self.ops.zeros((), np.float64)
        self.ops.sum_squares(self.arena.data, squares)
        if self.ops.guard_finite(squares):
            return
        data = np.asarray(self.ops.to_host(self.arena.data))
        bad = np.flatnonzero(~np.isfinite(data))
        if len(bad):
            path, element = self.arena.where(int(bad[0]))
            raise NumericalError(
                f"After step {self.trainer.steps} the weight '{path}' at {element} is {data[bad[0]]} ({len(bad)} such "
                "elements in all), although all gradients were finite. Lower the learning rate."
            )

    def clean(self) -> None:
        """Forget gradients and requested updates of states."""
        self.ops.fill(self.arena.grad, 0.0)
        self.ctx.discard()

    def _gradients(self, batches: list[MicroBatch]) -> tuple[float, float]:
        """The loss and gradient of a step: the mean over all its rows, whichever way they are split."""
        steps, epochs = self.trainer.steps, self.trainer.epochs
        if len(batches) == 1:
            batches[0].ctx.begin(steps, epochs)
            return float(batches[0].gradients()), batches[0].ctx.count
        total = count = previous = 0.0
        rows = 0
        for k, batch in enumerate(batches):
            batch.ctx.begin(steps, epochs, micro=k, row_offset=rows)
            batch.gather()
            loss, weight = batch.forward(), batch.ctx.count
            rows += len(batch.batch)
            if weight == 0.0:
                continue
            # grad holds Σ cᵢ gᵢ / c of the last c; in units of this one's c, its gradient can simply be added.
            if previous not in (0.0, weight):
                self.ops.scale(self.arena.grad, previous / weight)
            batch.backward()
            total, count, previous = total + weight * loss, count + weight, weight
        if count:
            self.ops.scale(self.arena.grad, previous / count)
        return (total / count if count else 0.0), count

    # -- recorded steps in a row -----------------------------------------------------------------------------------

    def _repeatable(self, source: Source, rows: int) -> bool:
        """Whether nothing but the step itself happens between this step and the next."""
        trainer = self.trainer
        if trainer.accumulate > 1 or trainer.schedule is not None or not trainer.steps:
            return False
        return self._micro_batch(source, rows, self._current_update()).repeatable

    def _repeat(self, run: Run, source: Source, rows: int, times: int) -> None:
        """Several steps of one micro-batch each: the same, bit for bit, as as many calls of ``step``."""
        trainer, update = self.trainer, self._current_update()
        batch = self._micro_batch(source, rows, update)
        before = int(trainer.slots.t)
        finite = batch.repeat(times)
        done = int(trainer.slots.t) - before
        trainer.steps += done
        trainer.position += done * rows
        trainer.totals[1] += done * batch.ctx.count
        run.loss = float(batch.loss)
        if not finite:
            error = update.explain(run.loss, trainer.steps)
            self.clean()
            raise error

    # -- what is kept between steps --------------------------------------------------------------------------------

    def _current_update(self) -> Update:
        trainer = self.trainer
        changes = (CHANGES.count, trainer.optimizer, trainer.objective, trainer.schedule, trainer.clip_norm)
        if self._update is None or self._changes != changes:
            self._check_memory()
            self._micro_batches.clear()
            self._update = Update(trainer.optimizer, trainer.schedule, trainer.clip_norm, trainer.slots)
            self._changes = changes
        return self._update

    def _check_memory(self) -> None:
        if not all(param.lives_in(self.arena) for param in self.arena.params):
            raise ConfigError(
                "The parameters of this trainer's model have become part of another model, built later with the same "
                "layers. Make a new Trainer for the model that is to be trained."
            )

    def _micro_batch(self, source: Source, rows: int, update: Update) -> MicroBatch:
        trainer, key = self.trainer, (id(source), rows)
        if key not in self._micro_batches:
            loss_total = trainer.totals[:1].reshape(())
            self._micro_batches[key] = MicroBatch(
                self.ctx, trainer.model, trainer.objective, source, rows, update, loss_total
            )
        return self._micro_batches[key]


def step_sizes(left: int, batch_size: int, accumulate: int) -> list[int]:
    """The rows of each micro-batch of the next step when this many are left of the epoch: the last may be smaller."""
    return [min(batch_size, left - start) for start in range(0, min(left, batch_size * accumulate), batch_size)]
