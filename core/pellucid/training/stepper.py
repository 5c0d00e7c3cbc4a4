"""Step: one optimizer step, recorded once and replayed; Stepper: takes one after the other."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, ExitStack
from functools import partial
from typing import Any

import numpy as np

from pellucid.basics.arrays import Array
from pellucid.basics.component import CHANGES
from pellucid.basics.errors import ConfigError, NumericalError
from pellucid.interfaces.context import Context
from pellucid.interfaces.optimizer import Slots
from pellucid.ops.recording import Cells, Replayed
from pellucid.training.microbatch import MicroBatch, Source
from pellucid.training.run import GradientObserver, Opener, Run, Training
from pellucid.training.update import Update


class Step:
    """One optimizer step over micro-batches: gather, forward, backward, update, the sum of the losses.

    It is recorded as a whole. Where somebody looks at the gradients, or one half cannot be recorded, each half is for
    itself. Several micro-batches are not recorded.

    Attributes:
        figures: the data loss of the last step before its update and the parts that the objective reports, each the
            mean over all its rows, a 0-d array.
        count: what they were divided by.
    """

    def __init__(self, batches: Sequence[MicroBatch], update: Update) -> None:
        self.batches, self.update = batches, update
        self.ctx, self.ops = batches[0].ctx, batches[0].ops
        self._cells: dict[str, Array] = defaultdict(partial(self.ops.xp.zeros, (), np.float64))
        self.figures: dict[str, Array] = {}
        self.count = 0.0
        self.requests: list[Any] = []
        first = len(batches) == 1 and batches[0].capturable
        both = first and update.capturable
        self._gradients = Replayed(self.ops.record, self._add_gradients, first, self.ops.warm_up)
        self._update = Replayed(self.ops.record, self._apply, both, self.ops.warm_up)
        self._whole = Replayed(self.ops.record, self._take, both, self.ops.warm_up)

    @property
    def recorded(self) -> bool:
        """Whether it has been recorded as a whole."""
        return self._whole.recorded

    def __call__(
        self, times: int, observers: Sequence[GradientObserver], cells: Cells = (), *, opened: bool = False
    ) -> bool:
        """Take it; False, and nothing changed but the gradients, if a number is not finite.

        Only a recorded one may be taken several ``times``, each with its values of the cells, see ``Plan.run``.
        The observers are called when the gradients are complete. One that is ``opened`` is taken by its code, whatever
        has been recorded of it: the bits are the same, and whoever looks on sees each call.
        """
        if opened:
            kept = self.figures
            self._add_gradients()
            for name, figure in kept.items():  # it is there that a plan writes
                self.ops.copy(self.figures[name], figure)
            self.figures = kept or self.figures
        elif not observers and self._whole.capturable:
            return self._whole(times, cells) is not False
        else:
            self._gradients()
            if not self._gradients.capturable:  # the loss may lie elsewhere at every step
                self._update.capturable = False
        for observer in observers:
            observer(self.update.segments)
        # Replayed gradients do not ask for their updates of states again; an update that is not replayed needs them.
        self.ctx.requested_updates[:] = self.requests
        applied: bool = self._apply() if opened else self._update()
        self.ctx.discard()
        return applied

    def opened_by(self, openers: Sequence[Opener], *how: Any) -> bool:
        """Take it within all of these; by its plan where each of them yields False, and so does without its code."""
        with ExitStack() as opened:
            by_code = [opened.enter_context(opener(self)) is not False for opener in openers]
            return self(1, *how, opened=any(by_code))

    def _take(self) -> bool:
        self._add_gradients()
        return self._apply()

    def _add_gradients(self) -> None:
        """The loss and gradient of a step: the mean over all its rows, whichever way they are split."""
        ctx, ops, grad = self.ctx, self.ops, self.update.arena.grad
        rows, count, previous = 0, 0.0, 0.0
        several, sums = len(self.batches) > 1, defaultdict[str, float](float)
        ctx.discard()  # what a recording that came to nothing may have asked for
        for k, batch in enumerate(self.batches):
            if k > 0:  # whoever takes the step has begun the first
                ctx.begin(ctx.step, ctx.epoch, micro=k, row_offset=rows, share=len(batch.batch) / batch.source.full)
            values = {"loss": batch.forward()} | batch.ctx.parts
            weight = batch.ctx.count
            rows += len(batch.batch)
            if weight == 0.0:
                continue
            # grad holds Σ cᵢ gᵢ / c of the last c; in units of this one's c, its gradient can simply be added.
            if previous not in (0.0, weight):
                ops.scale(grad, previous / weight)
            batch.backward()
            count, previous = count + weight, weight
            for name, value in values.items() if several else ():  # one alone is not waited for on its device
                sums[name] += weight * float(value)
        if count != previous:
            ops.scale(grad, previous / count)
        self.figures, self.count = values, count
        for name, value in values.items():
            if several:
                self.figures[name] = ops.asarray(np.float64(sums[name] / (count or 1.0)))
            elif getattr(value, "dtype", None) != np.float64:  # of the model's type, say; kernels add up float64
                self.figures[name] = self._cells[name]
                ops.copy(value, self._cells[name])
        self.requests = list(ctx.requested_updates)

    def _apply(self) -> bool:
        if self.count == 0.0:  # every sample has weight 0: there is nothing to learn from
            return True
        return self.update.apply(self.ctx, self.figures, self.batches[0].source.totals, self.count)


class Stepper:
    """Takes steps, and keeps between them what they work in: contexts, buffers, recorded plans.

    What is kept is made anew when a component that steps are made of has changed (``CHANGES``).

    Args:
        held: within it no signal breaks in; ``needless`` where none could.
        rejected: makes the error for a step that was rejected.
    """

    def __init__(
        self, slots: Slots, seed: int, held: Callable[..., AbstractContextManager[None]],
        rejected: Callable[[Training, Step], NumericalError],
    ) -> None:  # fmt: skip
        self.slots, self.arena, self.ops = slots, slots.arena, slots.arena.ops
        self._held, self._rejected, self._unfinished = held, rejected, False
        self.ctx = Context(self.ops, training=True, seed=seed, dtype=self.arena.dtype)
        self._updates: dict[str | None, Update] = {}  # by whose turn it is
        self._steps: dict[tuple[int, tuple[int, ...], str | None], Step] = {}
        self._micro_batches: dict[tuple[int, int], MicroBatch] = {}  # those of one size share their memory
        self._made_of: tuple[Any, ...] = ()

    def forget(self) -> None:
        """Let go of memory and plans of the data so far, and of gradients that a user may have left."""
        self._made_of = ()
        self._steps.clear()
        self._micro_batches.clear()
        self._clean()

    def _clean(self) -> None:
        self.ops.fill(self.arena.grad, 0.0)
        self.ctx.discard()
        self._unfinished = False

    def advance(self, run: Run, source: Source, sizes: tuple[int, ...]) -> None:
        """The next step of a run, over micro-batches of these sizes; several such steps where they can follow each
        other without a return to Python.

        Raises:
            NumericalError: a loss or gradient is not finite; the weights are those of the step before, and where
                these are not finite either, it says so.
        """
        training, rows = run.trainer, sum(sizes)
        turns, player = training.objective.turns, training.objective.player(training.steps)
        update, key = self.update(training, player), (id(source), sizes, player)
        if key not in self._steps:
            self._steps[key] = Step([self._micro_batch(training, source, n) for n in sizes], update)
        step = self._steps[key]
        start, before, times = int(source.cursor), training.steps, 1
        openers = [*training.openers, *run.openers]
        opened = [opener for every, opener in openers if (before + 1) % every == 0] if openers else []
        # Single steps, which have no plan, belong to no epoch.
        epochs, share = training.epochs if run.last_epoch else None, sizes[0] / source.full
        if len(source) - start >= 2 * rows and not turns and step.recorded and not opened:
            times = min(run.unobserved_steps(), (len(source) - start) // rows)
        # A plan of kernels is one call, which no signal breaks off; all else is made of many.
        plain = step.recorded and not run.gradient_observers and not self.ops.queues and not opened
        with self._held(needless=plain):
            if self._unfinished:
                self._clean()
            self._unfinished = True
            try:
                if times == 1:  # else each of them brings its own
                    update.set_lr(before, run.total_steps)
                if player:
                    full, rest = divmod(before, len(turns))
                    update.t[()] = full * turns.count(player) + turns[:rest].count(player) + 1
                self.ctx.begin(before, epochs, share=share)
                cells = update.rates(before, times, run.total_steps) + self.ctx.keys(times) if times > 1 else []
                how = run.gradient_observers, cells
                if not (step.opened_by(opened, *how) if opened else step(times, *how)):
                    # Behind that step, whatever has been queued after it: it may be made again.
                    source.cursor[()] = start + (training.steps - before + 1) * rows
                    raise self._rejected(training, step)
                self._unfinished = False
            finally:
                done = training.steps - before
                if self._unfinished or done < times:  # half a gradient, or that of what has no weight
                    times = done if self._unfinished else times
                    self._clean()
                for name in step.figures if done else ():
                    source.totals[name][1] += done * step.count
                source.cursor[()] = start + times * rows
            run.loss = float(step.figures["loss"])

    def _micro_batch(self, training: Training, source: Source, rows: int) -> MicroBatch:
        key = (id(source), rows)
        if key not in self._micro_batches:
            self._micro_batches[key] = MicroBatch(self.ctx, training.model, training.objective, source, rows)
        return self._micro_batches[key]

    def update(self, training: Training, player: str | None = None) -> Update:
        """The update of a training as its components are now, of all parameters or of a player's."""
        made_of = (CHANGES.count, training.optimizer, training.objective, training.schedule, training.clip_norm)
        if self._made_of != made_of:
            if not all(param.lives_in(self.arena) for param in self.arena.params):
                raise ConfigError(
                    "The parameters of this trainer's model have become part of another model, built later with the "
                    "same layers. Make a new Trainer for the model that is to be trained."
                )
            self._steps.clear()
            self._micro_batches.clear()
            self._updates.clear()
            self._made_of = made_of
        if player not in self._updates:
            parts = training.optimizer, training.schedule, training.clip_norm, self.slots
            self._updates[player] = Update(*parts, player)
        return self._updates[player]


def step_sizes(left: int, batch_size: int, accumulate: int) -> tuple[int, ...]:
    """The rows of each micro-batch of the next step when this many are left of the epoch: the last may be smaller."""
    return tuple(min(batch_size, left - start) for start in range(0, min(left, batch_size * accumulate), batch_size))
