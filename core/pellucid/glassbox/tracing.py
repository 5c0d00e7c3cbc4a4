"""Tracing: takes a step, or makes a prediction, with a recorder looking on; what ``trainer.trace_step`` stands on."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from typing import Any

import numpy as np

from pellucid.basics.arrays import parts_of
from pellucid.basics.checks import check_int
from pellucid.basics.errors import ConfigError, PellucidWarning
from pellucid.glassbox.record.names import numbered
from pellucid.glassbox.record.record import Recorder, parts_of_kind, restore
from pellucid.glassbox.record.updates import UpdateRecorder
from pellucid.glassbox.trace import Setting, Trace
from pellucid.interfaces.context import Context
from pellucid.interfaces.layer import Layer, require_runtime
from pellucid.interfaces.objective import Batch
from pellucid.model.inputs import given_inputs, ready
from pellucid.training.run import Callback, Training
from pellucid.training.stepper import Step

LIST = "trainer.trace_step(x, y).names() lists all that there is."


class Tracing(Callback):
    """Opens one step, or one prediction.

    Args:
        keep: names of quantities, or patterns of them, ``"layers.0.*"``; one, or a list.
        limit: bytes that may be kept.
    """

    def __init__(self, keep: Any = "*", limit: int = 2**30) -> None:
        check_int(self, "limit", limit, "[1, inf)")
        names = [keep] if isinstance(keep, str) else list(keep) if isinstance(keep, Iterable) else []
        if not names or not all(isinstance(name, str) for name in names):
            raise ConfigError(
                f"keep: expected names or patterns of quantities, such as 'layers.0.*'. Received: {keep!r}."
            )
        self.keep, self.limit = keep, limit
        self._names = names

    def step(self, trainer: Any, batch: Batch) -> Trace:
        """The step that ``trainer.step(batch)`` makes, and what happened in it."""
        traces: list[Trace] = []
        opener = 1, self.opener(trainer, traces.append)
        trainer.openers.append(opener)
        try:
            trainer.step(batch)
        finally:
            trainer.openers.remove(opener)
        if not traces[0].names():
            warnings.warn(f"keep={self.keep!r} matches no quantity of this step, so nothing was kept. {LIST}",
                          PellucidWarning, stacklevel=3)  # fmt: skip
        return traces[0]

    def opener(self, training: Training, done: Callable[[Trace], None]) -> Callable[[Step], Any]:
        """What :meth:`pellucid.Run.on_trace` takes; ``done`` is given the trace of each step that was taken."""

        @contextmanager
        def opened(step: Step) -> Iterator[None]:
            run = training.run
            total = 0 if run is None else run.total_steps
            number, epoch = training.steps, training.epochs if run is not None and run.last_epoch else None
            setting = Setting.of_step(training, step, number, epoch, total)
            recorder, update, watching = step_recorder(training, step, keep=self._names, limit=self.limit)
            with watching, update.watching():
                yield
            if training.steps == number + 1 or step.count == 0.0:
                done(Trace(recorder.quantities, recorder.calls, setting))

        return opened

    def prediction(self, model: Layer, x: Any) -> Trace:
        """What ``model.predict(x)`` computes, opened; nothing is scaled back to the unit of targets."""
        runtime = require_runtime(model)
        given = given_inputs(model, x)
        inputs = tuple(map(runtime.ops.asarray, ready(model, given)))
        index = np.arange(len(inputs[0]), dtype=np.int64)
        ctx = Context(runtime.ops, training=False, seed=runtime.seed, dtype=runtime.dtype)
        ctx.begin(0, 0, index=index)
        recorder = Recorder(
            runtime.ops, keep=self._names, limit=self.limit,
            again=_drawn_again(runtime.seed, 0, 0, training=False, index=index),
        )  # fmt: skip
        for name, part in _numbered("x", inputs).items():
            recorder.add(name, part, origin="given")
        owned: list[Any] = [*model.parameters(), *model.states()]
        for own in owned:
            recorder.add(own.path, own.data, origin="given")
        with recorder.watching(list(model.walk())), np.errstate(under="ignore"), runtime.ops.quiet():
            model.forward(ctx, *inputs)
        return Trace(recorder.quantities, recorder.calls, Setting.of_prediction(model))


def step_recorder(
    training: Training, step: Step, *, keep: Sequence[str] = ("*",), limit: int = 2**30
) -> tuple[Recorder, UpdateRecorder, AbstractContextManager[None]]:
    """What records a step that is about to be taken: all of it, what becomes of its gradients, and within what the
    gradients have to be made."""
    run = training.run
    total = 0 if run is None else run.total_steps
    number, epoch = training.steps, training.epochs if run is not None and run.last_epoch else None
    again, moment = _drawn_again(training.seed, number, epoch, training=True), {"step": number, "epoch": epoch}
    recorder = Recorder(step.ops, keep=keep, limit=limit, again=again, moment=moment)
    recorder.several = len(step.batches) > 1
    update = UpdateRecorder(recorder, training, step, number, total)

    @contextmanager
    def watching() -> Iterator[None]:
        with recorder.watching(_watched(training)), _batches(recorder, step, update.weights):
            yield

    return recorder, update, watching()


def _numbered(name: str, parts: Sequence[Any]) -> dict[str, Any]:
    """``x`` if there is one, else ``x.0``, ``x.1``, …."""
    return {
        key if key == name else f"{name}.{key.removeprefix(name)}": part for key, part in numbered(name, parts).items()
    }


def _watched(training: Training) -> list[Any]:
    """All that is watched, by paths: layers, the objective and the losses inside of it."""
    inside = [
        (path, part) for path, part in parts_of_kind(training.objective, ("loss", "objective")) if part.kind == "loss"
    ]
    return [*training.model.walk(), *inside, ("objective", training.objective)]


@contextmanager
def _batches(recorder: Recorder, step: Step, begun: Callable[[], None]) -> Iterator[None]:
    """Within: what each micro-batch is given is kept, and quantities bear its number. Those of one size share their
    memory, so they are told apart by who comes first."""
    with ExitStack() as watched:
        for batch in {id(batch): batch for batch in step.batches}.values():
            _watch_batch(watched, recorder, batch, begun)
        yield


def _watch_batch(watched: ExitStack, recorder: Recorder, batch: Any, begun: Callable[[], None]) -> None:
    compute, collect = batch.forward, batch._gather

    def forward() -> Any:
        recorder.micro = len(recorder.counts) + 1
        loss = compute()
        recorder.counts.append(float(batch.ctx.count))
        return loss

    def gather() -> None:
        collect()
        prefix, add = recorder.prefix, recorder.add
        add(f"{prefix}rows", batch.batch.index, origin="given")
        for name, part in _numbered("x", batch.batch.inputs).items():
            add(prefix + name, part, origin="given")
        y = batch.batch.y
        several: Any = y.items() if isinstance(y, dict) else enumerate(parts_of(y)) if isinstance(y, tuple) else ()
        for name, part in several:
            add(f"{prefix}y.{name}", part, origin="given")
        if y is not None and not several:
            add(f"{prefix}y", y, origin="given")
        if batch.source.weight is not None:  # past the note that somebody has looked at it
            add(f"{prefix}sample_weight", object.__getattribute__(batch.batch, "weight"), origin="given")
        if not recorder.counts:
            begun()

    for method, shadow in (("forward", forward), ("_gather", gather)):
        watched.callback(restore, vars(batch), method, vars(batch).get(method))
        vars(batch)[method] = shadow


def _drawn_again(
    seed: int, step: int, epoch: int | None, *, training: bool, index: Any = None
) -> Callable[[Context, int], Context]:  # fmt: skip
    """Contexts at the place of others, whose streams give the same numbers."""

    def again(ctx: Context, micro: int) -> Context:
        own = Context(ctx.ops, training=training, seed=seed, dtype=ctx.dtype)
        own.begin(step, epoch, micro=micro - 1, row_offset=int(ctx.row_offset[0]), index=index)
        own.path = ctx.path
        return own

    return again
