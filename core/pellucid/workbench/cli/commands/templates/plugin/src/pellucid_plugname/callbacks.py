"""Patience: ends a run that gets no better."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pellucid import Callback, ConfigError, Example, Run, check_int, check_type, listed


class Patience(Callback):
    """Ends a run when a figure of the history has not become smaller for so many epochs.

    Args:
        monitor: the figure, a column of the history.
        epochs: how many epochs it is waited for.
    """

    examples = (Example(), Example({"monitor": "validation_loss", "epochs": 1}))

    def __init__(self, monitor: str = "loss", epochs: int = 5) -> None:
        check_type(self, "monitor", monitor, (str,), "the name of a figure, such as 'validation_loss'")
        check_int(self, "epochs", epochs, "[1, inf)")
        self.monitor = monitor
        self.epochs = epochs
        self._best: float | None = None
        self._waited = 0

    def on_run_start(self, run: Run) -> None:
        self._stop_if_over(run)  # a run that was stopped and is resumed is over

    def on_epoch_end(self, run: Run) -> None:
        record = run.history[-1]
        if self.monitor not in record:
            raise ConfigError(f"The 'monitor' of Patience must be one of {listed(record)}. Received: {self.monitor!r}.")
        figure = float(record[self.monitor])
        better = self._best is None or figure < self._best
        self._best, self._waited = (figure, 0) if better else (self._best, self._waited + 1)
        self._stop_if_over(run)

    def _stop_if_over(self, run: Run) -> None:
        if self._waited >= self.epochs:
            run.stop(f"{self.monitor} has not become smaller for {self.epochs} epochs")

    def state(self) -> dict[str, Any]:
        return {"best": self._best, "waited": self._waited}

    def restore(self, state: Mapping[str, Any]) -> None:
        self._best, self._waited = state["best"], state["waited"]
