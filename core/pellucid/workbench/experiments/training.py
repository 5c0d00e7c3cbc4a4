"""train: run an experiment in its folder, from the first epoch or from a checkpoint, to the summary."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from signal import Signals
from typing import Any

import numpy as np

from pellucid.basics.arrays import as_tuple, parts_of
from pellucid.basics.checks import is_number
from pellucid.basics.errors import CheckpointError, ConfigError, DataError
from pellucid.basics.suggest import listed
from pellucid.glassbox.flight.recording import Parts, Recording
from pellucid.interfaces.rows import Samples, in_memory
from pellucid.interfaces.samples import Split, class_labels
from pellucid.saving.checkpoint import restore_checkpoint
from pellucid.saving.model import save
from pellucid.saving.reading import read_header
from pellucid.saving.temporary import remove_leftovers
from pellucid.standard.callbacks.checkpoint import Checkpoint
from pellucid.standard.fingerprint import fingerprint
from pellucid.workbench.experiments.callbacks import Recorder, StopOnSignal
from pellucid.workbench.experiments.experiment import Prepared
from pellucid.workbench.experiments.folder import RunFolder
from pellucid.workbench.experiments.inference import targets_of
from pellucid.workbench.experiments.proposals import told, words
from pellucid.workbench.experiments.sections import to_toml
from pellucid.workbench.experiments.summary import summary_of


def train(
    prepared: Prepared, folder: RunFolder, *, resume: bool = False, verbose: bool | None = True,
    note: Callable[[str], None] = lambda text: None, pictures: bool = True,
) -> dict[str, Any] | Signals:  # fmt: skip
    """Train, and leave everything in the folder.

    The best epoch is chosen on the validation data; the test set is read once, when all else is done.

    Args:
        resume: continue from the folder's checkpoint.
        verbose: show progress, see :meth:`pellucid.Trainer.fit`.
        note: told of what the user should know.
        pictures: draw what there is to draw at the end.

    Returns:
        The summary of a run that came to its end, or the signal that interrupted it.
    """
    with ExitStack() as held:  # the lock of the folder

        def begin() -> None:
            if not resume:
                folder.create()
                held.enter_context(folder.lock())
                folder.check_free()  # of whoever had the lock before
            remove_leftovers(folder.path)  # of a killed process
            folder.write_experiment(to_toml(prepared.resolved))  # first: from here on the run can be continued
            known = len(folder.epochs())
            if known < prepared.trainer.epochs:
                note(
                    f"{folder.metrics} holds {known} of the {prepared.trainer.epochs} epochs so far: the others were "
                    "removed from it. Training does not depend on them; the curves will lack them."
                )
            folder.keep_epochs(prepared.trainer.epochs)
            if prepared.decided:
                note(_decided(prepared))
            for missing in _empty_parts(prepared):
                note(missing)
            if prepared.proposed:
                note(
                    "chosen to suit the data; to change it, use --set, or change experiment.toml in the run folder and "
                    f"train it again:\n{told(prepared.proposed)}"
                )

        if resume:
            folder.check_resumable()
            held.enter_context(folder.lock())
        else:
            folder.check_free()
        recorder = Recorder(folder, _fingerprints(prepared), begin, note)
        summary = _train(prepared, folder, recorder, resume, verbose, note)
        if pictures and not isinstance(summary, Signals):
            draw_curves(folder, summary, note)
        return summary


def _train(
    prepared: Prepared, folder: RunFolder, recorder: Recorder, resume: bool, verbose: bool | None,
    note: Callable[[str], None],
) -> dict[str, Any] | Signals:  # fmt: skip
    trainer, settings, splits = prepared.trainer, prepared.settings, prepared.splits
    signals = StopOnSignal()
    checkpoint = Checkpoint(folder.checkpoint, seconds=settings.checkpoint_seconds)
    trainer.callbacks += [recorder, signals, checkpoint]
    trainer.directory = folder.path
    if resume:
        _go_on(prepared, folder, recorder, note)
    steps = trainer.steps
    try:
        _fit(prepared, verbose, note)
        save(trainer.model, folder.model)
        if signals.received is not None:
            return signals.received
        test = trainer.evaluate(splits) if len(splits.test) else None
        summary = summary_of(prepared, test, recorder.seconds)
        folder.write_summary(summary)
    except BaseException:
        if trainer.steps > steps:
            note(_saved(folder))
        raise
    return summary


def _empty_parts(prepared: Prepared) -> Iterator[str]:
    """What is to be said of parts that were asked for, and for which there are too few samples."""
    splits, data = prepared.splits, prepared.resolved["data"]
    count = sum(len(part) for part in (splits.train, splits.validation, splits.test))
    lost = {"validation": "No epoch is validated, and the last one is kept.", "test": "Nothing tells what was learned."}
    for name, without in lost.items():
        asked = data.get(name)
        if is_number(asked) and asked > 0 and not len(getattr(splits, name)):
            yield (
                f"data.{name} = {asked:g} of {count:,} samples, in which every class has its part, is none: there is "
                f"no {name} part. {without} Add samples, or make it larger."
            )


def _fit(prepared: Prepared, verbose: bool | None, note: Callable[[str], None]) -> None:
    trainer, settings = prepared.trainer, prepared.settings
    epochs = settings.epochs - trainer.epochs
    try:
        trainer.fit(prepared.splits, epochs=epochs, batch_size=settings.batch_size, verbose=verbose)
    except CheckpointError as error:
        if trainer.epochs < settings.epochs:
            raise
        note(f"{error} The run has come to its end all the same.")


def _go_on(prepared: Prepared, folder: RunFolder, recorder: Recorder, note: Callable[[str], None]) -> None:
    """Put the trainer where the run in the folder stands.

    Raises:
        ConfigError: it has had more epochs than are asked for. DataError: its data were others.
    """
    trainer, epochs = prepared.trainer, prepared.settings.epochs
    if not folder.checkpoint.exists():
        note(f"The run in {folder.path} was ended before its first checkpoint: it begins anew, with the same settings.")
        return
    restore_checkpoint(trainer, folder.checkpoint)
    if trainer.epochs > epochs:
        raise ConfigError(
            f"The run in {folder.path} has had {trainer.epochs} epochs, and train.epochs = {epochs}. "
            "Give the same number or a larger one: --set train.epochs=…."
        )
    before = recorder.data_before or {}
    different = [name for name, found in recorder.data.items() if before.get(name) != found]
    if different:
        raise DataError(
            f"The run in {folder.path} cannot be continued with other data: its {' and its '.join(different)} data "
            "have changed since it was begun. Give it the same data again, or begin a new run with these."
        )


def _saved(folder: RunFolder) -> str:
    """How far a run is saved that something has ended."""
    try:
        progress = read_header(folder.checkpoint, "checkpoint").document["progress"]
    except CheckpointError as error:
        return f"The run is not saved: {error}"
    return (
        f"The run is saved up to step {progress['steps']}: {folder.checkpoint}. When the cause is mended, it goes on "
        f"from there: pellucid train --resume --out {folder.path}"
    )


def _fingerprints(prepared: Prepared) -> dict[str, str]:
    """Of each part of the data, by its name."""
    splits = prepared.splits
    parts = {"training": splits.train, "validation": splits.validation, "test": splits.test}
    return {name: fingerprint(f"{part.classes}{part.features}", _arrays(part)) for name, part in parts.items()}


def _arrays(part: Split | Samples) -> Iterator[Any]:
    """All arrays of samples, or of blocks of them where they are not in memory; of what is larger than that the excerpt
    that it gives."""
    n, excerpt = len(part), getattr(part, "excerpt", None)
    whole = [part] if in_memory(part) else (part.take(np.arange(a, min(a + 1024, n))) for a in range(0, n, 1024))
    whole = [excerpt()] if excerpt is not None and n else whole
    for block in whole:
        yield from (*as_tuple(block.x), *parts_of(block.y))


def _decided(prepared: Prepared) -> str:
    """What the data set found out, as a line."""
    classes = prepared.splits.classes
    settings = ", ".join(words(prepared.decided))
    y = targets_of(prepared.splits.train)
    what = "classes" if class_labels(y) is not None else "targets"
    return f"data: found out that {settings}" + (f"; {len(classes)} {what}: {listed(classes)}." if classes else ".")


def draw_curves(folder: RunFolder, summary: dict[str, Any], note: Callable[[str], None]) -> None:
    """Draw the epochs, and what a recorder has kept, if there is something to draw with. A picture that cannot be made
    is no fault of the run."""
    try:
        from pellucid.workbench.experiments.curves import draw
        from pellucid.workbench.experiments.flight_curves import draw_flight
    except ImportError:
        note("curves.png is not drawn, because matplotlib is not installed: pip install 'pellucid[plot]'.")
        return
    except Exception as error:  # a broken installation raises what it likes
        note(f"curves.png is not drawn, because matplotlib cannot be imported: {type(error).__name__}: {error}.")
        return
    try:
        epochs = folder.epochs()
        if epochs:
            draw(epochs, summary, folder.curves)
        else:
            note(f"curves.png is not drawn, because {folder.metrics} holds no epochs.")
    except Exception as error:
        note(f"curves.png is not drawn: {type(error).__name__}: {error}. The run is complete without it.")
    try:
        if Parts(folder.recorder).parts():
            draw_flight(Recording(folder.recorder), folder.flight)
    except Exception as error:
        note(f"{folder.flight.name} is not drawn: {type(error).__name__}: {error}. The run is complete without it.")
