"""checkpoint: save the run every few seconds and at its end, so that it can be continued bit for bit."""

from __future__ import annotations

from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Any

from pellucid.callback import Callback
from pellucid.checks import check_float
from pellucid.component import Example
from pellucid.errors import NumericalError

if TYPE_CHECKING:
    from pellucid.training.run import Run


class Checkpoint(Callback):
    """Writes one file, again and again; a crash while writing leaves the one before.

    It saves when the run begins, when ``seconds`` have passed, in the middle of an epoch too, and at the end of the
    run, also when it is stopped. After a step that was rejected because it was not finite, the checkpoint is of the
    step before.

    List it last: then it sees what the other callbacks did at the end of an epoch, and saves the latest weights before
    best_epoch exchanges them for the best.

    Args:
        path: the file.
        seconds: the longest time whose work may be lost, at least 0.
    """

    examples = (Example({"path": "latest.checkpoint"}),)

    def __init__(self, path: str | Path, *, seconds: float = 30.0) -> None:
        check_float(self, "seconds", seconds, "[0, inf)")
        self.path = path
        self.seconds = seconds
        self._watch: dict[str, Any] = {"saved": 0.0}

    def on_run_start(self, run: Run) -> None:
        self._save(run)  # a run that cannot be saved should say so now, and one that is killed soon can be continued
        run.on_time(self._save, self.seconds)

    def on_epoch_end(self, run: Run) -> None:
        if monotonic() - self._watch["saved"] >= self.seconds:
            self._save(run)

    def on_run_end(self, run: Run) -> None:
        # Any other error may have come between the first and the last write of a step.
        if run.failure is None or isinstance(run.failure, NumericalError):
            self._save(run)

    def _save(self, run: Run) -> None:
        from pellucid.saving.checkpoint import save_checkpoint

        save_checkpoint(run.trainer, self.path)
        self._watch["saved"] = monotonic()
