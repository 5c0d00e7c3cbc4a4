"""Trainer: the training loop, whole and in the open."""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from typing import Any

import numpy as np

from pellucid.basics.checks import as_python, check_float, check_int
from pellucid.basics.component import Component
from pellucid.basics.errors import DataError
from pellucid.interfaces.layer import Layer, require_runtime
from pellucid.interfaces.objective import Batch, Objective
from pellucid.interfaces.optimizer import Optimizer
from pellucid.interfaces.schedule import Schedule
from pellucid.registry.config import config_or_none, read, read_several
from pellucid.training.data import direct_source, evaluation_batches, held_batches, prepare
from pellucid.training.evaluation import OF_EPOCHS, evaluate, figure_names
from pellucid.training.microbatch import Source
from pellucid.training.objective import choose_objective
from pellucid.training.run import Callback, History, Run, Training
from pellucid.training.stepper import Stepper, step_sizes

KEPT_SHAPES = 32
"""Shapes of batches whose memory ``train_step`` keeps."""


class Trainer(Training):
    """Minimises an objective over a model's parameters by minibatch gradient descent.

    Components are given as objects, registered names, or configurations such as ``{"type": "adamw", "lr": 1e-3}``.

    Args:
        model: a built model.
        loss: a loss between prediction and target; of a model of several outputs one for each, in a list or by name,
            ``{"digit": "softmax_cross_entropy", "angle": "mse"}``; or
        objective: what a step minimises. With neither, the model's own default is used.
        optimizer: how gradients become steps; by patterns of paths an optimizer for each part of the model,
            ``{"generator.*": "adam", "*": "sgd"}``.
        schedule: a factor on the learning rate over the steps; None keeps it constant.
        metrics: figures for evaluation; of a model of several outputs by their names, ``{"digit": "accuracy"}``.
        clip_norm: upper bound c on the global norm of the gradient: ``g·min(1, c/‖g‖)``.
        clip_value: upper bound c on every number of it, ``max(−c, min(c, g))``, behind ``clip_norm``: the optimizer
            ``clipped`` around yours.
        accumulate: number of micro-batches per step. Weights add up: four of 32 make the step of one of 128.
        callbacks: told when a run starts, an epoch ends and the run ends.
        seed: of shuffling and of every random layer; None draws one, which ``trainer.seed`` records.
        sampler: which samples an epoch visits, and in which order; None shuffles all of them.

    Attributes:
        run: the run under way: of ``fit``, of a loop over ``batches``, of single steps; or None.
        steps, epochs: accepted steps and finished epochs, over all calls of ``fit`` and ``train_step``.
        history: the figures of all epochs.
    """

    def __init__(
        self, model: Layer, *, loss: Any = None,
        objective: Objective | str | dict[str, Any] | None = None,
        optimizer: Optimizer | str | dict[str, Any] = "adam", schedule: Schedule | str | dict[str, Any] | None = None,
        metrics: Any = (), clip_norm: float | None = None, clip_value: float | None = None, accumulate: int = 1,
        callbacks: Sequence[Callback | str | dict[str, Any]] = (), seed: int | None = None,
        sampler: Component | str | dict[str, Any] | None = None,
    ) -> None:  # fmt: skip
        require_runtime(model)
        check_float(self, "clip_norm", 1.0 if clip_norm is None else clip_norm, "(0, inf)")
        check_int(self, "accumulate", accumulate, "[1, inf)")
        check_int(self, "seed", 0 if seed is None else seed, "[0, inf)")
        if isinstance(metrics, Mapping) and "type" not in metrics:
            several = [(name, of if isinstance(of, list | tuple) else [of]) for name, of in metrics.items()]
            metrics = [{"type": "of_output", "output": name, "metric": m} for name, of in several for m in of]
        if isinstance(optimizer, Mapping) and "type" not in optimizer:
            optimizer = {"type": "by_path", "optimizers": optimizer}
        if clip_value is not None:
            optimizer = {"type": "clipped", "optimizer": optimizer, "value": clip_value}
        chosen = choose_objective(model, loss, objective)
        suited = chosen.suited(model, read_several("metric", metrics, path="metrics"))
        figure_names(suited)
        super().__init__(
            model, chosen, read("optimizer", optimizer, path="optimizer"),
            None if schedule is None else read("schedule", schedule, path="schedule"),
            suited, read_several("callback", callbacks, path="callbacks"), as_python(clip_norm), int(accumulate),
            int(np.random.SeedSequence().generate_state(1)[0] if seed is None else seed),
            None if sampler is None else read("sampler", sampler, path="sampler"),
        )  # fmt: skip
        self._objective_config = config_or_none(self.objective)  # the model keeps that of its last training
        self._direct: dict[Any, Source] = {}  # batches that were brought one by one, by their shapes
        self._make_ready()

    def _make_ready(self) -> None:
        self._undisturbed: Any = read("callback", "undisturbed")
        self._finite: Any = read("callback", "finite")
        self._stepper = Stepper(self.slots, self.seed, self._undisturbed.held, self._finite.rejected)

    @np.errstate(under="ignore")
    def fit(
        self, data: Any, y: Any = None, *, validation: Any = None, epochs: int = 1, batch_size: int | None = None,
        sample_weight: Any = None, verbose: bool | None = None,
    ) -> History:  # fmt: skip
        """Train for a number of epochs; a second call continues, with the weights that training stopped with.

        A schedule follows the plan: from the trainer's first step to the end of this call. A second call lengthens the
        plan, so it begins further down, where that is almost nothing with a warning; for a new beginning, as for other
        data, make a new Trainer of the same model.

        Args:
            data: a data set, its name, or a pair ``(x, y)`` of arrays or data frames. Names of columns and of classes
                are compared with those of the first training, which the model keeps. Or what is read as it is needed:
                memory-mapped arrays, :class:`pellucid.Samples`, a :class:`pellucid.Feed`, a function that yields
                batches.
            y: the targets, where ``data`` is ``x`` alone: ``fit(x, y)`` is ``fit((x, y))``.
            validation: as ``data``, evaluated after every epoch; None takes the data set's own validation part.
            epochs: passes over the data, each of which sees every sample once, unless a sampler has it otherwise; with
                0 everything is checked and nothing trained.
            batch_size: samples per micro-batch; the last one of an epoch may be smaller and is weighted so. None: 32,
                and of a feed the batches that it gives, each of them a step.
            sample_weight: a weight per sample, 0 or from 1e-15 to 1e15; only their ratios count. None: all are alike.
            verbose: show progress; None shows it where somebody may be looking, on a terminal or in a notebook.
        """
        how = {"epochs": epochs, "batch_size": batch_size, "sample_weight": sample_weight, "verbose": verbose}
        with self._undisturbed.alone(self.slots, self.run):
            run = self._begin(data, y, True, validation=validation, **how)
            if run.data.source is not None:
                # Overflow needs no warning of NumPy's: the finite check of every step finds it and says where.
                with self._undisturbed.held(), self.runtime.ops.quiet(), run:
                    while self.epochs < run.last_epoch and run.stop_reason is None:
                        self._train_epoch(run)
                        if run.stop_reason is None:
                            self._end_epoch(run)
                            self._undisturbed.hear()
                return self.history
        run.data.drive(run, self._end_epoch, self._undisturbed.held, self.step)
        return self.history

    @np.errstate(under="ignore")
    def batches(self, data: Any, y: Any = None, **how: Any) -> Generator[Batch]:
        """``fit``, whose arguments it takes, with a loop of one's own: its steps' batches, as the data has them. ::

            for batch in trainer.batches(data, validation=held_out, epochs=5):
                trainer.step(batch)

        is ``fit``, to the bit: the same order, schedule, callbacks, validation and history. What stands in the loop is
        yours: other batches, several steps or none. When it is left, by ``break`` or an error, the run ends; a further
        call goes on behind its last batch. ``trainer.run.stop("why")`` ends it after this one.
        """
        with self._undisturbed.alone(self.slots, self.run):
            run = self._begin(data, y, False, **how)
        return run.data.loop(run, self._end_epoch, self._undisturbed.held)

    def _begin(
        self, data: Any, y: Any, whole: bool, *, validation: Any = None, epochs: int = 1,
        batch_size: int | None = None, sample_weight: Any = None, verbose: bool | None = None,
    ) -> Run:  # fmt: skip
        """A run, all that can be checked checked, to be entered by whoever takes its steps; data in memory is put on
        the device if these take the rows from there, as a ``whole``."""
        check_int(self, "epochs", epochs, "[0, inf)")
        check_int(self, "batch_size", 1 if batch_size is None else batch_size, "[1, inf)")
        self.forget()
        course, validated = prepare(
            self.model, self.objective, data if y is None else (data, y), validation, whole, seed=self.seed,
            totals=self.totals, weight=sample_weight, batch_size=as_python(batch_size), sampler=self.sampler,
            accumulate=self.accumulate,
        )  # fmt: skip
        self._make_plan(int(epochs), course)
        self.runtime.metadata["objective"] = self._objective_config
        progress = None if verbose is False else read("callback", {"type": "progress", "always": bool(verbose)})
        return Run(self, course, validated, progress)

    def _make_plan(self, epochs: int, course: Any) -> None:
        """Note where this call ends: the one place where steps are planned, for schedules and progress alike."""
        plan = {"rows": course.rows or 0, "batch_size": course.batch_size or 0, "epochs": self.epochs + epochs}
        same = {name for name, value in plan.items() if self.plan.get(name) == value}
        if self.position and not same >= {"rows", "batch_size"}:  # an epoch left in the middle has its rows and steps
            raise DataError(
                f"The last run ended {self.position} samples into epoch {self.epochs + 1} of {self.plan}. To continue "
                f"it, give the same data and batch size. Received: {plan}. To start afresh, make a new Trainer."
            )
        plan["steps"] = course.planned(self.steps, epochs, self.position)
        if len(same) == 3:  # the same end as before, with all steps of that plan: some may have had no weight
            plan["steps"] = max(plan["steps"], self.plan.get("steps", 0))
        elif self.schedule is not None and epochs and plan["steps"]:
            self.schedule.starts(self.steps, plan["steps"])
        self.plan = plan

    def forget(self) -> None:
        """Let go of the memory that steps work in; the next step takes it anew. What was learned stays."""
        self._stepper.forget()
        self._direct.clear()

    def __getstate__(self) -> dict[str, Any]:
        """For copies and pickles: what a run needs to go on, without the memory that steps work in."""
        return {**vars(self), "_stepper": None, "_undisturbed": None, "_direct": {}, "run": None}

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(state)
        self._make_ready()

    def _train_epoch(self, run: Run) -> None:
        source: Source = run.data.source
        source.order[:], source.cursor[()] = run.data.order(self.epochs), self.position
        while self.position < len(source) and run.stop_reason is None:
            sizes = step_sizes(len(source) - self.position, run.data.batch_size, self.accumulate)
            run.whole = False
            try:
                self._stepper.advance(run, source, sizes)
            finally:
                self.position = int(source.cursor)
            run.step_done()
            self._undisturbed.hear()

    def _end_epoch(self, run: Run) -> None:
        with self._undisturbed.held(), self.runtime.ops.quiet():
            record: dict[str, Any] = {"epoch": self.epochs + 1, "step": self.steps, "loss": float("nan")}
            figure_names((), *OF_EPOCHS, *self.totals)
            for name, sums in self.totals.items():
                total, count = self.runtime.ops.to_host(sums).tolist()
                if count:  # of what was never counted there is no figure
                    record[name] = total / count
            record |= self._stepper.update(self).penalties()
            self._finite.check(self)
            if run.validation is not None:
                with run.lent(), self._undisturbed.heard():
                    batches = held_batches(self.model, self.objective, run.validation, 1024)
                    figures = evaluate(self.model, run.objective, self.metrics, batches, seed=self.seed)
                record |= {f"validation_{name}": value for name, value in figures.items()}
            self.epochs, self.position = self.epochs + 1, 0
            for sums in self.totals.values():
                sums[:] = 0.0
            self.history.records.append(record)
            run.epoch_done()

    def train_step(self, x: Any, y: Any = None, *, weight: Any = None) -> float:
        """One optimizer step on one batch; returns the data loss before the update.

        Single steps have no plan: nobody knows how many follow, and they belong to no epoch. What needs to know asks
        for it: a schedule for its number of steps, a warm-up for steps in place of epochs. Callbacks and observers are
        told of a run that begins with the first of them and ends with an error, or when ``fit`` or ``batches`` begins
        another. In a loop over ``batches`` it is a step of that loop.
        """
        return self.step(Batch(x, y, weight))

    def trace_step(self, x: Any, y: Any = None, *, weight: Any = None, keep: Any = "*", limit: int = 2**30) -> Any:
        """The step that ``train_step`` makes, bit for bit, and what happened in it: a :class:`pellucid.Trace`.

        Args:
            keep: names of the quantities to keep, or patterns of them, ``("loss", "layers.0.*")``.
            limit: bytes that may be kept; a batch that needs more is a DataError before any weight is changed.
        """
        return read("callback", {"type": "trace", "keep": keep, "limit": limit}).step(self, Batch(x, y, weight))

    def step(self, batch: Batch | tuple[Any, ...]) -> float:
        """One optimizer step on a batch, or on ``(x, y)`` or ``(x, y, weight)``: of the loop over ``batches`` that it
        stands in, or a single one."""
        batch = Batch(*batch) if isinstance(batch, tuple) else batch
        with self._undisturbed.alone(self.slots), self.runtime.ops.quiet():
            course = None if self.run is None else self.run.data
            source = self._kept(direct_source(self.model, self.objective, batch, course), course)
            self.runtime.metadata["objective"] = self._objective_config
            run = Run(self).__enter__() if self.run is None else self.run
            run.whole = False
            try:
                sizes = (len(source),) if course is None else step_sizes(len(source), source.full, self.accumulate)
                with self._undisturbed.held(needless=course is None):
                    self._stepper.advance(run, source, sizes)
                    if course is not None:
                        course.count(run)
                    run.step_done()
            except BaseException as error:
                run.failure = error
                if course is None:
                    run.__exit__(type(error), error, None)
                raise
        return run.loss

    def _kept(self, new: Source, course: Any) -> Source:
        """A source that holds the same, in the memory of earlier ones of its shapes, for which there are plans."""
        key = (course is None, *(None if part is None else (part.shape, part.dtype) for part in new.arrays))
        if key not in self._direct:
            if len(self._direct) == KEPT_SHAPES:  # batches of ever new sizes must not pile up
                self.forget()
            kept = self._direct[key] = new.copy({} if course is None else self.totals)  # the arrays may be the caller's
            if course is not None:
                kept.full = course.full(len(new))
        source = self._direct[key]
        for part, values in zip(source.arrays, new.arrays, strict=True):
            if part is not None:
                self.runtime.ops.copy(values, part)
        source.cursor[()] = 0
        return source

    @np.errstate(under="ignore")
    def evaluate(self, data: Any, y: Any = None, *, batch_size: int = 1024) -> dict[str, float]:
        """The objective as ``loss``, its parts, and the metrics, over all samples, in evaluation mode; of a data set
        its test part. Columns and labels are found by the names that the model keeps."""
        data = data if y is None else (data, y)
        batches = evaluation_batches(self.model, self.objective, data, batch_size, seed=self.seed)
        return evaluate(self.model, self.objective, self.metrics, batches, seed=self.seed)
