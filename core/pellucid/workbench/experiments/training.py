"""train: run an experiment in its folder, from the first epoch or from a checkpoint, to the summary."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from signal import Signals
from typing import Any

from pellucid.basics.errors import ConfigError
from pellucid.basics.suggest import listed
from pellucid.saving.checkpoint import restore_checkpoint
from pellucid.saving.model import save
from pellucid.saving.temporary import remove_leftovers
from pellucid.standard.callbacks import Checkpoint
from pellucid.workbench.experiments.callbacks import Recorder, StopOnSignal
from pellucid.workbench.experiments.experiment import Prepared
from pellucid.workbench.experiments.folder import RunFolder
from pellucid.workbench.experiments.sections import to_toml
from pellucid.workbench.experiments.summary import summary_of


def train(
    prepared: Prepared, folder: RunFolder, *, resume: bool = False, verbose: bool | None = True,
    note: Callable[[str], None] = lambda text: None,
) -> dict[str, Any] | Signals:  # fmt: skip
    """Train, and leave everything in the folder.

    The best epoch is chosen on the validation data; the test set is read once, when all else is done.

    Args:
        resume: continue from the folder's checkpoint.
        verbose: show progress, see :meth:`pellucid.Trainer.fit`.
        note: told of what the user should know.

    Returns:
        The summary of a run that came to its end, or the signal that interrupted it.
    """
    with ExitStack() as held:  # the lock of the folder

        def begin() -> None:
            if not resume:
                folder.create()
                held.enter_context(folder.lock())
            remove_leftovers(folder.path)  # of a killed process
            known = len(folder.epochs())
            if known < prepared.trainer.epochs:
                note(
                    f"{folder.metrics} holds {known} of the {prepared.trainer.epochs} epochs so far: the others were "
                    "removed from it. Training does not depend on them; the curves will lack them."
                )
            folder.keep_epochs(prepared.trainer.epochs)
            folder.write_experiment(to_toml(prepared.resolved))
            if prepared.decided:
                note(_decided(prepared))

        if resume:
            folder.check_resumable()
            held.enter_context(folder.lock())
        else:
            folder.check_free()
        return _train(prepared, folder, Recorder(folder, begin), resume, verbose, note)


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
        restore_checkpoint(trainer, folder.checkpoint)
        if trainer.epochs > settings.epochs:
            raise ConfigError(
                f"The run in {folder.path} has had {trainer.epochs} epochs, and train.epochs = {settings.epochs}. "
                "Give the same number or a larger one: --set train.epochs=…."
            )
    epochs = settings.epochs - trainer.epochs
    trainer.fit(splits, epochs=epochs, batch_size=settings.batch_size, verbose=verbose)
    save(trainer.model, folder.model)
    if signals.received is not None:
        return signals.received
    test = trainer.evaluate(splits) if len(splits.test) else None
    summary = summary_of(prepared, test, recorder.seconds)
    folder.write_summary(summary)
    draw_curves(folder, summary, note)
    return summary


def _decided(prepared: Prepared) -> str:
    """What the data set found out, as a line."""
    classes = prepared.splits.classes
    settings = ", ".join(to_toml(prepared.decided).splitlines())
    return f"data: found out that {settings}" + (f"; {len(classes)} classes: {listed(classes)}." if classes else ".")


def draw_curves(folder: RunFolder, summary: dict[str, Any], note: Callable[[str], None]) -> None:
    """Draw the epochs, if there is something to draw with."""
    try:
        from pellucid.workbench.experiments.curves import draw
    except ImportError:
        note("curves.png is not drawn, because matplotlib is not installed: pip install 'pellucid[plot]'.")
        return
    epochs = folder.epochs()
    if not epochs:
        note(f"curves.png is not drawn, because {folder.metrics} holds no epochs.")
        return
    draw(epochs, summary, folder.curves)
