"""trace_of_run: one step of a run, made once more with a recorder looking on; nothing in its folder changes."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from math import isnan
from pathlib import Path
from typing import Any

import numpy as np

from pellucid.basics.arrays import mapped
from pellucid.basics.errors import DataError, PellucidWarning
from pellucid.glassbox.flight.flight import FlightRecorder
from pellucid.glassbox.flight.recording import Parts
from pellucid.glassbox.trace import Trace
from pellucid.glassbox.trace_file import load_trace
from pellucid.interfaces.objective import Batch
from pellucid.interfaces.rows import in_memory
from pellucid.registry.config import read, read_several
from pellucid.saving.checkpoint import restore_checkpoint
from pellucid.saving.reading import read_header
from pellucid.standard.callbacks.checkpoint import Checkpoint
from pellucid.standard.callbacks.tensorboard import TensorBoard
from pellucid.standard.summary import Summary
from pellucid.training.data import by_names
from pellucid.training.run import Callback, Run
from pellucid.training.trainer import Trainer
from pellucid.workbench.experiments.callbacks import Recorder
from pellucid.workbench.experiments.experiment import Prepared, check, prepare
from pellucid.workbench.experiments.folder import RunFolder
from pellucid.workbench.experiments.sections import read_sections

Note = Callable[[str], None]


def trace_of_run(
    path: Path, *, step: int | None = None, rows: str | None = None, note: Note = lambda text: None
) -> Trace:
    """A step of a run, opened: on the run's own training data, with the weights, the optimizer's memory, the schedule
    and the random numbers that it had.

    Args:
        path: a run folder; or a trace in a file, which is read.
        step: which one, from 1. None: the one that follows the last checkpoint. One before that is reached again from
            the nearest anchor of a recorder, or from the beginning of the run; on the way, epochs are held against
            their figures.
        rows: of the training data to make the step of, in place of the batch: ``"0:16"``, ``"3,5,8"``.
        note: told of what the user should know.

    Raises:
        DataError: no run, no such step or row, other data than those of the run, or a run that comes out otherwise now.
        CheckpointError: the checkpoint cannot be read.
    """
    if path.is_file() and step is None and rows is None:
        return load_trace(path)
    folder = RunFolder(path)
    if not path.is_dir() or not folder.experiment.exists():
        there = "is a file, which knows nothing of the training behind it" if path.is_file() else "is no run folder"
        there = there if path.exists() else "does not exist"
        raise DataError(f"{path} {there}. Give the folder of a run, such as runs/…, or a trace that was saved.")
    saved = read_header(folder.checkpoint, "checkpoint").document["progress"] if folder.checkpoint.exists() else None
    reached = None if saved is None else int(saved["steps"])
    if step is not None and step < 1:
        raise DataError(f"The steps of a run are counted from 1. Received: {step}.")
    prepared = prepare(check(read_sections(folder.experiment)))
    trainer, start = prepared.trainer, _nearest(folder, reached, step)
    _keep_callbacks(prepared, folder, None if start is None else start[1])
    if step is not None and reached is not None and step <= reached:
        where = "the beginning of the run" if start is None else f"the anchor after step {start[0]}"
        note(f"The last checkpoint is of step {reached}: step {step} is reached from {where}.")
    wanted = trainer.steps + 1 if step is None else step
    epochs = prepared.settings.epochs - trainer.epochs
    if epochs <= 0 and step is None:
        note(f"The run ended after step {reached}: this is the step that would have followed.")
        epochs = 1
    with warnings.catch_warnings():
        if prepared.settings.epochs <= trainer.epochs:  # what a schedule says of so short a training is no news here
            warnings.simplefilter("ignore", PellucidWarning)
        return _reached(prepared, folder, wanted, max(0, epochs), _chosen(trainer, prepared, rows))


def _keep_callbacks(prepared: Prepared, folder: RunFolder, checkpoint: Path | None) -> None:
    """Continue from the checkpoint, if there is one; then leave out whoever writes into the folder or prints.

    Those that remain take part in the training, or only look on.
    """
    trainer = prepared.trainer
    trainer.callbacks.append(_Before(folder))
    if checkpoint is not None:
        writer = Recorder(folder, {}, lambda: None, lambda text: None)
        trainer.callbacks.insert(-1, writer)
        restore_checkpoint(trainer, checkpoint)
    quiet = (Recorder, Checkpoint, FlightRecorder, Summary, TensorBoard)
    trainer.callbacks[:] = [callback for callback in trainer.callbacks if not isinstance(callback, quiet)]


def _nearest(folder: RunFolder, reached: int | None, step: int | None) -> tuple[int, Path] | None:
    """The last checkpoint, or anchor of a recorder, that lies before a step; None: only the beginning does."""
    found = dict(Parts(folder.recorder).anchors())
    if reached is not None:
        found[reached] = folder.checkpoint
    before = [steps for steps in found if step is None or steps < step]
    nearest = (reached if step is None else None) or max(before, default=None)
    return None if nearest is None else (nearest, found[nearest])


class _Before(Callback):
    """Holds each epoch that is made again against what the run has written of it."""

    def __init__(self, folder: RunFolder) -> None:
        self._known = {record["epoch"]: record for record in folder.epochs()}
        self._path = folder.path

    def on_epoch_end(self, run: Run) -> None:
        now = run.history[-1]
        before = self._known.get(now["epoch"], {}).get("loss")
        if isinstance(before, int | float) and not isnan(before) and now["loss"] != before:
            raise DataError(
                f"Epoch {now['epoch']} of the run in {self._path} cannot be made again: its loss was {before!r} and is "
                f"{now['loss']!r} now. The data, the backend, the number of threads or a plugin are others than they "
                "were. A step behind the last checkpoint can be opened: leave out --step."
            )


def _chosen(trainer: Trainer, prepared: Prepared, rows: str | None) -> Batch | None:
    """These rows of the training data as a batch."""
    if rows is None:
        return None
    train = prepared.splits.train
    if not in_memory(train):
        raise DataError("--rows takes data in memory, and this data set is read as it is needed. Leave it out.")
    proposed = read_several("transform", prepared.splits.transforms, path="transforms")
    train = by_names(trainer.model, trainer.objective, train, "the training data", to_learn=True, proposed=proposed)
    index = parse_rows(rows, len(train))
    return Batch(
        mapped(lambda part: np.asarray(part)[index], train.x), mapped(lambda part: np.asarray(part)[index], train.y)
    )


def parse_rows(text: str, count: int) -> list[int]:
    """Numbers of rows: ``"3,5,8"``, ``"0:16"``, ``"0:4,10"``.

    Raises:
        DataError: none, not numbers, or beyond the data.
    """
    found: list[int] = []
    for part in text.split(","):
        first, colon, last = part.strip().partition(":")
        numbers = [word for word in ((first, last) if colon else (first,)) if word]
        if not all(word.isdecimal() and len(word) < 19 for word in numbers) or (not colon and not numbers):
            raise DataError(f"--rows takes numbers of rows from 0, such as 0:16 or 3,5,8. Received: {text!r:.80}.")
        start = int(first or 0)
        found += range(start, min(int(last or count), count + 1)) if colon else [start]
        if len(found) > count:
            break
    if not found:
        raise DataError(f"--rows names no row: a range goes from its first to before its last. Received: {text:.80}.")
    if max(found) >= count:
        raise DataError(f"The training data has {count:,} rows, from 0 to {count - 1:,}. Received: --rows {text:.80}.")
    return found


def _reached(prepared: Prepared, folder: RunFolder, wanted: int, epochs: int, batch: Batch | None) -> Trace:
    """The trace of step ``wanted``: the trainer goes on until then, and no further."""
    trainer, settings, traces = prepared.trainer, prepared.settings, list[Trace]()
    how: dict[str, Any] = {"epochs": epochs, "batch_size": settings.batch_size, "verbose": False}

    def done(trace: Trace) -> None:
        traces.append(trace)
        if trainer.run is not None:
            trainer.run.stop("opened")

    opener = read("callback", "trace").opener(trainer, done)
    trainer.callbacks.append(_NotBeyond(wanted, folder))
    if batch is None:
        with _opening(trainer, wanted, opener):
            trainer.fit(prepared.splits, **how)
    else:
        if wanted > trainer.steps + 1:
            trainer.callbacks.append(_Stop(wanted - 1))
            trainer.fit(prepared.splits, **how)
            trainer.callbacks.pop()
            how["epochs"] = max(prepared.settings.epochs - trainer.epochs, 0)
        if wanted == trainer.steps + 1:
            with _opening(trainer, wanted, opener):
                for _ in trainer.batches(prepared.splits, **how):
                    trainer.step(batch)
                    break
    if not traces:
        why = "stopped" if trainer.epochs < settings.epochs else "ended"
        raise DataError(f"The run in {folder.path} has no step {wanted}: it {why} after step {trainer.steps}.")
    return traces[0]


class _NotBeyond(Callback):
    """Says before any work is done for it that a run has no such step."""

    def __init__(self, step: int, folder: RunFolder) -> None:
        self._step, self._folder = step, folder

    def on_run_start(self, run: Run) -> None:
        if 0 < run.total_steps < self._step:
            raise DataError(
                f"The run in {self._folder.path} has no step {self._step}: it ends after step {run.total_steps}."
            )


@contextmanager
def _opening(trainer: Trainer, step: int, opener: Any) -> Iterator[None]:
    trainer.openers.append((step, opener))
    try:
        yield
    finally:
        trainer.openers.clear()


class _Stop(Callback):
    """Ends the run after a step."""

    def __init__(self, step: int) -> None:
        self._step = step

    def on_run_start(self, run: Run) -> None:
        run.on_step(lambda run: run.stop("reached"), every=self._step)
