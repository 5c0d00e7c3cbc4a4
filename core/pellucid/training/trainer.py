"""Trainer: the training loop, whole and in the open."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from pellucid.basics.checks import check_float, check_int
from pellucid.basics.errors import DataError
from pellucid.interfaces.layer import Layer, require_runtime
from pellucid.interfaces.metric import Metric
from pellucid.interfaces.objective import Loss, Objective
from pellucid.interfaces.optimizer import Optimizer, Slots
from pellucid.interfaces.schedule import Schedule
from pellucid.ops.random import mix
from pellucid.registry.config import config_or_none, read, read_several
from pellucid.training.data import Prepared, direct_source, evaluation_data, prepare
from pellucid.training.evaluation import evaluate
from pellucid.training.microbatch import Source
from pellucid.training.objective import choose_objective
from pellucid.training.run import Callback, History, Run
from pellucid.training.stepper import Stepper


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
        self.schedule: Schedule | None = None
        if schedule is not None:
            self.schedule = read("schedule", schedule, path="schedule")
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
        self.totals = np.zeros(2)  # Σ count·loss and Σ count over them
        self.plan: dict[str, int] = {}  # how its rows are divided into steps
        self.history = History()
        self.directory: Path | None = None
        self.slots = Slots(self.runtime.arena)
        self._stepper = Stepper(self)
        self._direct: dict[Any, Source] = {}

    def fit(
        self, data: Any, *, validation: Any = None, epochs: int = 1, batch_size: int = 32, sample_weight: Any = None,
        verbose: bool | None = None,
    ) -> History:  # fmt: skip
        """Train for a number of epochs; a second call continues.

        Args:
            data: a data set, its name, or a pair ``(x, y)`` of arrays.
            validation: the same, evaluated after every epoch; None takes the data set's own validation part.
            epochs: passes over the data, each of which sees every sample once; with 0 everything is checked and
                nothing trained.
            batch_size: samples per micro-batch; the last one of an epoch may be smaller and is weighted so.
            sample_weight: a weight per sample, or None.
            verbose: show progress; None shows it on a terminal only.
        """
        self.forget()
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

    def forget(self) -> None:
        """Let go of the memory that steps work in; the next step takes it anew. What was learned stays."""
        self._stepper.forget()

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
            self._stepper.next_steps(run, source, batch_size)
            run.step_done()

    def _end_epoch(self, run: Run, prepared: Prepared) -> None:
        total, count = self.totals.tolist()
        loss = total / count if count else 0.0
        record: dict[str, Any] = {"epoch": self.epochs + 1, "step": self.steps, "loss": loss}
        record |= self._stepper.penalty()
        self._stepper.check_weights()
        if prepared.validation is not None:
            with run.lent():
                figures = evaluate(self.model, self.objective, self.metrics, *prepared.validation, seed=self.seed)
            record |= {f"validation_{name}": value for name, value in figures.items()}
        self.epochs, self.position = self.epochs + 1, 0
        self.totals[:] = 0.0
        self.history.records.append(record)
        run.epoch_done()

    def train_step(self, x: Any, y: Any = None, *, weight: Any = None) -> float:
        """One optimizer step on one batch; returns the data loss before the update."""
        source = direct_source(self, x, y, weight, self._direct)
        self.runtime.metadata["objective"] = self._objective_config
        with self.runtime.ops.quiet():
            return self._stepper.step(source, (len(source),))[0]

    def evaluate(self, data: Any, *, batch_size: int = 1024) -> dict[str, float]:
        """The objective as ``loss``, its parts, and the metrics, over all samples, in evaluation mode."""
        return evaluate(
            self.model, self.objective, self.metrics, *evaluation_data(self, data), seed=self.seed,
            batch_size=batch_size,
        )  # fmt: skip

