"""Recorder: a line in metrics.jsonl after every epoch."""

from __future__ import annotations

from collections.abc import Callable
from time import perf_counter
from typing import Any

from pellucid.training.run import Callback, Run
from pellucid.workbench.experiments.folder import RunFolder


class Recorder(Callback):
    """Adds learning rate and training time to an epoch's figures and writes them down.

    Args:
        folder: the run folder.
        begin: makes the folder ready. It is called when the run begins and not before: data that does not suit the
            model leaves no folder behind.

    Attributes:
        seconds: training time so far, that of the interrupted runs before included.
    """

    def __init__(self, folder: RunFolder, begin: Callable[[], None]) -> None:
        self.folder = folder
        self.begin = begin
        self._clock = {"before": 0.0, "started": perf_counter(), "running": 0.0}

    @property
    def seconds(self) -> float:
        now = perf_counter() - self._clock["started"]
        return self._clock["before"] + now * self._clock["running"]

    def on_run_start(self, run: Run) -> None:
        self.begin()
        self._clock.update(started=perf_counter(), running=1.0)

    def on_epoch_end(self, run: Run) -> None:
        trainer = run.trainer
        factor = 1.0 if trainer.schedule is None else trainer.schedule(run.step - 1, run.total_steps)
        self.folder.append_epoch(
            {**run.history[-1], "lr": trainer.optimizer.lr * factor, "seconds": round(self.seconds, 3)}
        )

    def on_run_end(self, run: Run) -> None:
        self._clock.update(before=self.seconds, running=0.0)

    def state(self) -> dict[str, Any]:
        return {"seconds": self.seconds}

    def restore(self, state: Any) -> None:
        self._clock["before"] = float(state["seconds"])
