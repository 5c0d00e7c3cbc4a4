"""Training and Run: how a model is trained and how far that has come; Callback: who is told of it on the way."""

from __future__ import annotations

from abc import ABC
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import Any, ClassVar
from weakref import proxy

from pellucid.basics.arrays import Array
from pellucid.basics.checks import check_float, check_int
from pellucid.basics.component import Component
from pellucid.basics.errors import ConfigError
from pellucid.interfaces.layer import Layer, require_runtime
from pellucid.interfaces.metric import Metric
from pellucid.interfaces.objective import Objective
from pellucid.interfaces.optimizer import Optimizer, Segment, Slots
from pellucid.interfaces.schedule import Schedule
from pellucid.registry.registry import default_registry

AT_ONCE = 32
"""Steps without a return to Python at the most, unless a run says otherwise: so an interrupt is heard soon."""
StepObserver = Callable[["Run"], None]
GradientObserver = Callable[[Sequence[Segment]], None]
Opener = Callable[[Any], AbstractContextManager[bool | None]]
"""Given a :class:`pellucid.training.stepper.Step` that is about to be taken; the step is taken within."""


class Callback(Component, ABC):
    """Override what you need. Per-step observers subscribe on the run: ``run.on_step(fn, every=n)``.

    What a callback or an observer raises ends the run, after the others have been told of the same step or epoch.
    """

    kind: ClassVar[str] = "callback"
    part_of_step: ClassVar[bool] = False

    def on_run_start(self, run: Run) -> None:
        """Before the first step of a ``fit``."""

    def on_epoch_end(self, run: Run) -> None:
        """After an epoch and its validation; ``run.history[-1]`` holds its figures."""

    def on_run_end(self, run: Run) -> None:
        """After the last epoch, and also when the run is stopped early or an error ends it. The callbacks are called
        in reverse, as ``with`` statements unwind."""

    def lent(self, run: Run) -> AbstractContextManager[None]:
        """Within: the model has the weights that this callback wants evaluated and kept, such as an average, in place
        of those that are trained. It is entered around the validation of an epoch, and by ``best_epoch``; who looks at
        the model in ``on_epoch_end`` does so too: ``with run.lent(): …``. By default the weights are what they are."""
        return nullcontext()

    def choice(self, trainer: Training) -> tuple[int | None, str] | None:
        """Of a callback that gives the model the weights of the best epoch when the run ends: the number of that epoch,
        None before the first, and the figure that epochs are compared by, a column of the history. None, the default:
        it chooses no epoch. An experiment reports the choice, and adds ``best_epoch`` if nobody makes one."""
        return None

    def state(self) -> dict[str, Any]:
        """What a continued run needs to know: NumPy arrays, and values that JSON can hold. Saved in checkpoints."""
        return {}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Take back what ``state`` gave."""


class History:
    """One record per epoch: ``history[-1]["loss"]``, or a column: ``history["validation_loss"]``."""

    def __init__(self) -> None:
        self.records: list[dict[str, Any]] = []

    def __getitem__(self, key: int | str) -> Any:
        if isinstance(key, str):
            return [record.get(key) for record in self.records]
        return self.records[key]

    def __len__(self) -> int:
        return len(self.records)

    def __iter__(self) -> Iterator[dict[str, Any]]:
        return iter(self.records)

    def __repr__(self) -> str:
        return f"History({len(self)} epochs, last: {self.records[-1] if self.records else None})"


@dataclass(eq=False, repr=False)
class Training:
    """How a model is trained, and how far that has come: what a checkpoint holds.

    Attributes:
        model, objective, optimizer, schedule, metrics, callbacks, clip_norm, accumulate, seed, sampler,
            run: see
            :class:`pellucid.Trainer`.
        runtime: the model's.
        steps, epochs: accepted steps, as the optimizer counts them, and finished epochs.
        position: rows of the epoch under way that have been trained on.
        totals: of the loss and of each part that the objective reports, by their names, Σ count·figure and Σ count
            over them.
        plan: of the last call of ``fit``: its ``rows`` and ``batch_size``, which divide an epoch into steps; after how
            many ``epochs`` and accepted ``steps`` of the trainer it ends.
        history: the figures of all epochs.
        directory: the run folder, or None.
        slots: the optimizer's memory.
        openers: who opens every n-th step, in any run; see :meth:`Run.on_trace`.
        keepers: whose ``state`` checkpoints hold besides those of the callbacks: of a trainer that remembers more.
    """

    model: Layer
    objective: Objective
    optimizer: Optimizer
    schedule: Schedule | None
    metrics: list[Metric]
    callbacks: list[Callback]
    clip_norm: float | None
    accumulate: int
    seed: int
    sampler: Any = None

    def __post_init__(self) -> None:
        self.runtime = require_runtime(self.model)
        self.epochs = self.position = 0
        self.totals: dict[str, Array] = {}
        self.plan: dict[str, int] = {}
        self.history = History()
        self.directory: Path | None = None
        self.run: Run | None = None
        self.slots = Slots(self.runtime.arena)
        self.openers: list[tuple[int, Opener]] = []
        self.keepers: list[Callback] = []

    @property
    def steps(self) -> int:
        return int(self.slots.t)  # counted where they are taken


@dataclass
class _Timer:
    observer: StepObserver
    seconds: float
    due: float


class Run:
    """One call of ``Trainer.fit`` as seen from outside: what observers, callbacks and plugins are given.

    Attributes:
        trainer, model, history: what is trained, and the figures of all epochs so far.
        step, epoch: numbers of finished steps and epochs of the trainer, those of earlier calls included.
        total_steps, last_epoch: the same numbers at the planned end of this call; 0 for single steps, ``train_step``,
            which have no plan, and the steps also for data whose end nobody knows.
        data: what is trained on: ``data.data`` as it was given, and ``data.arrays``: inputs, y and weight as the model
            is given them, where steps take them from memory; None for single steps.
        validation: what epochs are validated on, ((inputs, …), y), or what reads it batch by batch; or None.
        objective: what epochs are validated by: the trainer's, or what stands for it.
        at_once: steps without a return to Python at the most.
        loss: the data loss of the last step, before its update.
        rows: the rows of this epoch that have been trained on.
        directory: the run folder, or None.
        gradient_observers, openers: who was subscribed by ``on_gradients`` and ``on_trace``.
        stop_reason: why the run was stopped before its planned end, or None.
        whole: no step is under way: what happens now leaves nothing half done, and the run can be saved.
        failure: the error that ended the run, known in ``on_run_end``; or None.
    """

    def __init__(
        self, trainer: Training, data: Any = None, validation: Any = None,
        progress: Callback | None = None,
    ) -> None:  # fmt: skip
        # A trainer keeps its run of single steps, which must not keep it.
        self.trainer: Training = trainer if data else proxy(trainer)
        self.model = trainer.model
        self.history = trainer.history
        self.data, self.validation = data, validation
        self.last_epoch, self.total_steps = (trainer.plan["epochs"], trainer.plan["steps"]) if data else (0, 0)
        self.objective, self.at_once = trainer.objective, AT_ONCE
        self.loss = float("nan")
        self.rows = trainer.position
        self.directory = trainer.directory
        self.stop_reason: str | None = None
        self.whole = True
        self.failure: BaseException | None = None
        self._progress = progress or Callback()
        self._started = ExitStack()
        self._step_observers: list[tuple[int, StepObserver]] = []
        self._timers: list[_Timer] = []
        self._looked = (perf_counter(), trainer.steps)
        self._pace = 0.0  # seconds a step, of the last ones; 0 where it is not known
        self.gradient_observers: list[GradientObserver] = []
        self.openers: list[tuple[int, Opener]] = []

    @property
    def step(self) -> int:
        return self.trainer.steps

    @property
    def epoch(self) -> int:
        return self.trainer.epochs

    def on_step(self, observer: StepObserver, every: int = 1) -> None:
        """Call ``observer(run)`` after every n-th accepted step. One that a plugin's hook subscribes is switched off
        with its plugin if it raises; any other ends the run."""
        if every < 1:
            raise ConfigError(f"The 'every' of on_step must be an int of at least 1. Received: {every!r}.")
        self._step_observers.append((every, default_registry().plugins.observer(observer)))

    def on_time(self, observer: StepObserver, seconds: float) -> None:
        """Call ``observer(run)`` after a step, about every so many seconds; what depends on the clock should not
        depend on how long a step takes."""
        check_float(self, "seconds", seconds, "[0, inf)")
        self._timers.append(_Timer(default_registry().plugins.observer(observer), seconds, perf_counter() + seconds))

    def on_gradients(self, observer: GradientObserver) -> None:
        """Call ``observer(segments)`` when the gradients of a step are complete and before they are checked, clipped
        and applied. It may change them in place: an all-reduce, noise, a trace."""
        self.gradient_observers.append(default_registry().plugins.observer(observer, ends_run=True))

    def on_trace(self, opener: Opener, every: int = 1) -> None:
        """Have every n-th step of the trainer taken inside ``with opener(step):``, by its code in place of its plan, so
        that whatever it is made of can be watched; by its plan where the ``with`` gives False, which is faster."""
        check_int(self, "every", every, "[1, inf)")
        self.openers.append((every, opener))

    def stop(self, reason: str) -> None:
        """End the run after this step; what was learned stays."""
        self.stop_reason = reason

    @contextmanager
    def lent(self) -> Iterator[None]:
        """Within: the model has the weights that are evaluated and kept, where a callback has others than the trained
        ones; see :meth:`pellucid.Callback.lent`."""
        with ExitStack() as lent:
            for callback in self.trainer.callbacks:
                weights = callback.lent(self)
                if not isinstance(weights, AbstractContextManager):
                    raise ConfigError(
                        f"{type(callback).__name__}.lent must return a context manager: write it with "
                        f"@contextlib.contextmanager and a yield, or leave it out. Received: {weights!r}."
                    )
                lent.enter_context(weights)
            yield

    def __enter__(self) -> Run:
        call = default_registry().plugins.call
        with ExitStack() as started:
            started.callback(call, "pellucid_run_end", run=self)
            for callback in (*self.trainer.callbacks, self._progress):
                callback.on_run_start(self)
                started.callback(callback.on_run_end, self)
            call("pellucid_run_start", run=self)
            self._started, self.trainer.run = started.pop_all(), self
        return self

    def __exit__(self, kind: type[BaseException] | None, failure: BaseException | None, trace: Any) -> None:
        # What was started is ended in reverse, each whatever becomes of the others.
        self.failure, self.trainer.run = self.failure if kind is GeneratorExit else failure, None  # a loop was left
        self._started.__exit__(kind, failure, trace)

    def unobserved_steps(self) -> int:
        """How many steps may be taken before somebody wants to look."""
        if self.gradient_observers:
            return 1
        step = self.trainer.steps
        opened = (every - 1 - step % every or every for every, _ in (*self.trainer.openers, *self.openers))
        observed = (every - step % every for every, _ in self._step_observers)
        return min([self.at_once, self._steps_in_time(), *observed, *opened])

    def _steps_in_time(self) -> int:
        """How many steps may be taken, at the present pace, before a timer goes off."""
        if not self._timers:
            return self.at_once
        left = min(timer.due for timer in self._timers) - self._looked[0]
        return max(1, int(left / self._pace)) if self._pace > 0.0 else 1

    def step_done(self) -> None:
        self.rows, self.whole = self.trainer.position, True
        if self._step_observers:
            self._tell([observer for every, observer in self._step_observers if self.trainer.steps % every == 0])
        if self._timers:
            self._look_at_the_clock()

    def _tell(self, observers: Sequence[StepObserver]) -> None:
        """Each, whatever becomes of the others: a run that one of them ends is saved as all have seen it."""
        with ExitStack() as told:
            for observer in reversed(observers):
                told.callback(observer, self)

    def _look_at_the_clock(self) -> None:
        now, step = perf_counter(), self.trainer.steps
        before, first = self._looked
        self._looked, self._pace = (now, step), (now - before) / max(step - first, 1)
        for timer in self._timers:
            if now >= timer.due:
                timer.due = now + timer.seconds
                timer.observer(self)

    def epoch_done(self) -> None:
        told: list[StepObserver] = [callback.on_epoch_end for callback in (*self.trainer.callbacks, self._progress)]
        self._tell([*told, lambda run: default_registry().plugins.call("pellucid_epoch_end", run=run)])
