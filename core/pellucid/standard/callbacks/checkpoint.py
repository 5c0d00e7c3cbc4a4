"""Checkpoint: a file that is written again and again, from which a run goes on."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from time import monotonic

from pellucid.basics.checks import check_float
from pellucid.basics.component import Example
from pellucid.basics.errors import CheckpointError, NumericalError
from pellucid.saving.checkpoint import save_checkpoint
from pellucid.standard.streams import tell
from pellucid.training.run import Callback, Run


class Checkpoint(Callback):
    """Writes one file, again and again; a crash while writing leaves the one before.

    It saves when the run begins, when ``seconds`` have passed, in the middle of an epoch too, and at the end of the
    run, also when it is stopped, and when an error comes between two steps. After a step that was rejected because it
    was not finite, the checkpoint is of the step before, or an earlier one if that already left numbers that are not:
    they never replace finite ones.

    Where the file cannot be written at the beginning or the end, that is an error; in between it is a warning, as the
    disk may have room again later, and the run goes on.

    List it last: then it sees what the other callbacks did at the end of an epoch.

    Args:
        path: the file.
        seconds: the longest time whose work may be lost, at least 0.
    """

    examples = (Example({"path": "latest.checkpoint"}),)

    def __init__(self, path: str | Path, *, seconds: float = 30.0) -> None:
        check_float(self, "seconds", seconds, "[0, inf)")
        self.path = path
        self.seconds = seconds
        self._saved = 0.0

    def on_run_start(self, run: Run) -> None:
        self._save(run)  # a run that cannot be saved should say so now, and one that is killed soon can be continued
        run.on_time(self._try, self.seconds)

    def on_epoch_end(self, run: Run) -> None:
        if monotonic() - self._saved >= self.seconds:
            self._try(run)

    def on_run_end(self, run: Run) -> None:
        if isinstance(run.failure, NumericalError):
            with suppress(NumericalError):  # the weights are not finite either: the error that ends the run says so
                self._save(run)
        elif run.whole:  # another error in a step may have come between its first and its last write
            self._save(run)

    def _try(self, run: Run) -> None:
        try:
            self._save(run)
        except CheckpointError as error:
            tell(
                f"{error} Training goes on, and the next checkpoint is tried in {self.seconds:g} s; until then a crash "
                "costs what was trained since the last one.",
            )  # fmt: skip

    def _save(self, run: Run) -> None:
        self._saved = monotonic()
        save_checkpoint(run.trainer, self.path)
