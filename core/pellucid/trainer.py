"""Trainer: the training loop, whole and in the open."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from pellucid.checks import check_float, check_int
from pellucid.component import CHANGES
from pellucid.config import config_or_none, read, read_several
from pellucid.context import Context, mix
from pellucid.errors import DataError
from pellucid.model import require_runtime
from pellucid.objectives.default import choose_objective
from pellucid.optimizer import Slots
from pellucid.training.data import Prepared, direct_source, evaluation_data, prepare
from pellucid.training.evaluation import evaluate
from pellucid.training.microbatch import MicroBatch, Source
from pellucid.training.run import History, Run
from pellucid.training.update import Update

if TYPE_CHECKING:
    from pathlib import Path

    from pellucid.callback import Callback
    from pellucid.layer import Layer
    from pellucid.metric import Metric
    from pellucid.objective import Loss, Objective
    from pellucid.optimizer import Optimizer
    from pellucid.schedule import Schedule


class Trainer:
    """Minimises an objective over a model's parameters by minibatch gradient descent.

    Components are given as objects, registered names, or configurations such as ``{"type": "adamw", "lr": 1e-3}``.

    Args:
        model: a built model.
        loss: a loss between prediction and target; or
        objective: what a step minimises. With neither, the model's own default is used.
        optimizer: how gradients become steps.
        schedule: a factor on the learning rate over the steps; None keeps it constant.
        metrics: figures for evaluation.
        clip_norm: upper bound c on the global norm of the gradient: ``g·min(1, c/‖g‖)``.
        accumulate: number of micro-batches per step. Weights add up: four of 32 make the step of one of 128.
        callbacks: told when a run starts, an epoch ends and the run ends.
        seed: of shuffling and of every random layer; None draws one, which ``trainer.seed`` records.

    Attributes:
        steps, epochs: accepted steps and finished epochs, over all calls of ``fit`` and ``train_step``.
        history: the figures of all epochs.
    """

    def __init__(
        self, model: Layer, *, loss: Loss | str | dict[str, Any] | None = None,
        objective: Objective | str | dict[str, Any] | None = None,
        optimizer: Optimizer | str | dict[str, Any] = "adam", schedule: Schedule | str | dict[str, Any] | None = None,
        metrics: Sequence[Metric | str | dict[str, Any]] = (), clip_norm: float | None = None, accumulate: int = 1,
        callbacks: Sequence[Callback | str | dict[str, Any]] = (), seed: int | None = None,
    ) -> None:  # fmt: skip
        self.model = model
        self.runtime = require_runtime(model)
        self.objective: Objective = choose_objective(model, loss, objective)
        self._objective_config = config_or_none(self.objective)  # the model keeps that of its last training
        self.optimizer: Optimizer = read("optimizer", optimizer, path="optimizer")
        self.schedule: Schedule | None = None if schedule is None else read(
            "schedule", schedule, path="schedule"
        )
        self.metrics: list[Metric] = read_several("metric", metrics, path="metrics")
        self.callbacks: list[Callback] = read_several("callback", callbacks, path="callbacks")
        if clip_norm is not None:
            check_float(self, "clip_norm", clip_norm, "(0, inf)")
        check_int(self, "accumulate", accumulate, "[1, inf)")
        if seed is not None:
            check_int(self, "seed", seed, "[0, inf)")
        self.clip_norm = clip_norm
        self.accumulate = accumulate
        self.seed = int(np.random.SeedSequence().generate_state(1)[0]) if seed is None else seed
        self.steps = self.epochs = 0
        self.position = 0  # rows of the epoch under way that have been trained on
        self.loss_total = np.zeros(())  # Σ count·loss of the epoch under way, in a cell that a recorded step adds to
        self.count_total = 0.0  # and Σ count
        self.plan: dict[str, int] = {}  # how its rows are divided into steps
        self.history = History()
        self.directory: Path | None = None
        self.slots = Slots(self.runtime.arena)
        self.ctx = Context(self.runtime.ops, training=True, seed=self.seed, dtype=self.runtime.dtype)
        self._update: Update | None = None
        self._micro_batches: dict[tuple[int, int], MicroBatch] = {}
        self._direct: dict[Any, Source] = {}
        self._changes = -1

    def fit(
        self, data: Any, *, validation: Any = None, epochs: int = 1, batch_size: int = 32, sample_weight: Any = None,
        verbose: bool | None = None,
    ) -> History:  # fmt: skip
        """Train for a number of epochs; a second call continues.

        Args:
            data: a data set, its name, or a pair ``(x, y)`` of arrays.
            validation: the same, evaluated after every epoch; None takes the data set's own validation part.
            epochs: passes over the data, each of which sees every sample once.
            batch_size: samples per micro-batch; the last one of an epoch may be smaller and is weighted so.
            sample_weight: a weight per sample, or None.
            verbose: show progress; None shows it on a terminal only.
        """
        self._changes = -1  # memory and plans of earlier data are let go
        prepared = prepare(self, data, validation, sample_weight, epochs, batch_size)
        self._continue({"rows": len(prepared.source), "batch_size": batch_size})
        self.runtime.metadata["objective"] = self._objective_config
        steps_per_epoch = -(-len(prepared.source) // (batch_size * self.accumulate))
        # Overflow needs no warning of NumPy's: the finite check of every step finds it and says where.
        with self.runtime.ops.quiet(), Run(self, epochs, steps_per_epoch, verbose) as run:
            while self.epochs < run.last_epoch and run.stop_reason is None:
                self._train_epoch(run, prepared.source, batch_size)
                if run.stop_reason is None:
                    self._end_epoch(run, prepared)
        return self.history

    def _continue(self, plan: dict[str, int]) -> None:
        """An epoch that was left in the middle can only go on with rows divided as before."""
        if self.position and plan != self.plan:
            raise DataError(
                f"The last run ended {self.position} samples into epoch {self.epochs + 1} of {self.plan}. To continue "
                f"it, give the same data and batch size. Received: {plan}. To start afresh, make a new Trainer."
            )
        self.plan = plan

    def _train_epoch(self, run: Run, source: Source, batch_size: int) -> None:
        source.shuffle(mix(self.seed), self.epochs)
        source.cursor[()] = self.position
        while self.position < len(source) and run.stop_reason is None:
            left = len(source) - self.position
            if left >= 2 * batch_size and self._repeatable(run, source, batch_size):
                loss = self._repeat(source, batch_size, min(run.unobserved_steps(), left // batch_size))
            else:
                sizes = step_sizes(left, batch_size, self.accumulate)
                loss, count = self._step(source, sizes, run)
                self.loss_total += count * loss
                self.count_total += count
                self.position += sum(sizes)
            run.step_done(loss)

    def _step(self, source: Source, sizes: Sequence[int], run: Run | None = None) -> tuple[float, float]:
        """One optimizer step: forward, backward, update. Returns the loss before it, and what the loss divided by."""
        update = self._current_update()
        batches = [self._micro_batch(source, rows, update) for rows in sizes]
        loss, count = self._gradients(batches)
        if run is not None:
            run.gradients_ready(update.segments)
        update.set_lr(self.steps, 0 if run is None else run.total_steps)
        applied = batches[0].update() if len(batches) == 1 else update.apply(self.ctx, np.asarray(loss))
        if not applied:
            self.ctx.discard()
            raise update.explain(loss, self.steps)
        self.steps += 1
        return loss, count

    def _repeatable(self, run: Run, source: Source, rows: int) -> bool:
        """Whether nothing happens between this step and the next but the step itself, so that several recorded ones
        can follow each other without a return to Python."""
        if self.accumulate > 1 or self.schedule is not None or run.unobserved_steps() < 2 or not self.steps:
            return False
        return self._micro_batch(source, rows, self._current_update()).repeatable

    def _repeat(self, source: Source, rows: int, times: int) -> float:
        """Several steps of one micro-batch each, the same as as many calls of ``_step``. Returns the last loss."""
        update = self._current_update()
        batch = self._micro_batch(source, rows, update)
        before = int(self.slots.t)
        finite = batch.repeat(times)
        done = int(self.slots.t) - before
        self.steps += done
        self.position += done * rows
        self.count_total += done * batch.ctx.count
        if not finite:
            self.ctx.discard()
            raise update.explain(float(batch.loss), self.steps)
        return float(batch.loss)

    def _gradients(self, batches: list[MicroBatch]) -> tuple[float, float]:
        """The loss and gradient of a step: the mean over all its rows, whichever way they are split."""
        if len(batches) == 1:
            batches[0].ctx.begin(self.steps, self.epochs)
            return float(batches[0].gradients()), batches[0].ctx.count
        ops, grad = self.runtime.ops, self.runtime.arena.grad
        total = count = previous = 0.0
        rows = 0
        for k, batch in enumerate(batches):
            batch.ctx.begin(self.steps, self.epochs, micro=k, row_offset=rows)
            batch.gather()
            loss, weight = batch.forward(), batch.ctx.count
            rows += len(batch.batch)
            if weight == 0.0:
                continue
            # grad holds Σ cᵢ gᵢ / c of the last c; in units of this one's c, its gradient can simply be added.
            if previous not in (0.0, weight):
                ops.scale(grad, previous / weight)
            batch.backward()
            total, count, previous = total + weight * loss, count + weight, weight
        if count:
            ops.scale(grad, previous / count)
        return (total / count if count else 0.0), count

    def _current_update(self) -> Update:
        """What applies gradients, made anew, as are the micro-batches, when any component has changed since."""
        if self._update is None or self._changes != CHANGES.count:
            self._micro_batches.clear()
            self._update = Update(self.optimizer, self.schedule, self.clip_norm, self.slots)
            self._changes = CHANGES.count
        return self._update

    def _micro_batch(self, source: Source, rows: int, update: Update) -> MicroBatch:
        key = (id(source), rows)
        if key not in self._micro_batches:
            self._micro_batches[key] = MicroBatch(
                self.ctx, self.model, self.objective, source, rows, update, self.loss_total
            )
        return self._micro_batches[key]

    def _end_epoch(self, run: Run, prepared: Prepared) -> None:
        total, count = self.totals
        loss = total / count if count else 0.0
        record: dict[str, Any] = {"epoch": self.epochs + 1, "step": self.steps, "loss": loss}
        if self._update is not None and self._update.regularized:
            record["penalty"] = self._update.penalty()
        if prepared.validation is not None:
            figures = evaluate(self.model, self.objective, self.metrics, *prepared.validation, seed=self.seed)
            record |= {f"validation_{name}": value for name, value in figures.items()}
        self.epochs, self.position, self.totals = self.epochs + 1, 0, (0.0, 0.0)
        self.history.records.append(record)
        run.epoch_done()

    @property
    def totals(self) -> tuple[float, float]:
        """Σ count·loss and Σ count of the epoch under way."""
        return float(self.loss_total), self.count_total

    @totals.setter
    def totals(self, totals: Sequence[float]) -> None:
        self.loss_total[()], self.count_total = totals

    def train_step(self, x: Any, y: Any = None, *, weight: Any = None) -> float:
        """One optimizer step on one batch; returns the data loss before the update."""
        source = direct_source(self, x, y, weight, self._direct)
        self.runtime.metadata["objective"] = self._objective_config
        with self.runtime.ops.quiet():
            return self._step(source, (len(source),))[0]

    def evaluate(self, data: Any, *, batch_size: int = 1024) -> dict[str, float]:
        """The objective as ``loss``, its parts, and the metrics, over all samples, in evaluation mode."""
        return evaluate(
            self.model, self.objective, self.metrics, *evaluation_data(self, data), seed=self.seed,
            batch_size=batch_size,
        )  # fmt: skip


def step_sizes(left: int, batch_size: int, accumulate: int) -> list[int]:
    """The rows of each micro-batch of the next step when this many are left of the epoch: the last may be smaller."""
    return [min(batch_size, left - start) for start in range(0, min(left, batch_size * accumulate), batch_size)]
