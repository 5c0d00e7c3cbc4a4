"""The built-in callbacks: checkpoints now and then, the weights of the best epoch."""

from __future__ import annotations

from collections.abc import Mapping
from math import isnan
from pathlib import Path
from time import monotonic
from typing import Any, Literal

import numpy as np

from pellucid.basics.checks import check_choice, check_float
from pellucid.basics.component import Example
from pellucid.basics.errors import ConfigError, NumericalError
from pellucid.interfaces.layer import Layer, require_runtime
from pellucid.saving.checkpoint import save_checkpoint
from pellucid.training.evaluation import figure_names
from pellucid.training.run import Callback, Run, Training


class BestEpoch(Callback):
    """Compares the epochs by one figure, and gives the model the weights of the best one when the run ends.

    Of equal epochs the first counts. Training itself is not touched: a checkpoint holds the latest weights, and the
    best ones beside them. It belongs to one trainer; another one refuses it with a ConfigError.

    Args:
        monitor: the figure, a column of the history such as ``"validation_loss"``; None takes the first metric on the
            validation data, or the loss there if the trainer has no metrics.
        mode: ``"max"`` or ``"min"``; None asks the metric whether higher is better. Losses are minimised.

    Attributes:
        epoch: number of the best epoch so far, None before the first.
        figure: its value.
    """

    def __init__(self, *, monitor: str | None = None, mode: Literal["min", "max"] | None = None) -> None:
        check_choice(self, "mode", mode, ("min", "max", None))
        self.monitor = monitor
        self.mode = mode
        self.epoch: int | None = None
        self.figure: float | None = None
        self._learned: dict[str, Any] = {}  # the arrays of that epoch, by name

    def on_run_start(self, run: Run) -> None:
        if self.epoch is not None and run.trainer.steps == 0:
            raise ConfigError(
                f"This best_epoch holds epoch {self.epoch} of another trainer. Give each trainer one of its own, by "
                'its name for example: callbacks=["best_epoch"].'
            )

    def on_epoch_end(self, run: Run) -> None:
        name, sign = self._monitored(run.trainer)
        record = run.history[-1]
        if name not in record:
            figures = [key for key, value in record.items() if isinstance(value, float)]
            raise ConfigError(
                f"best_epoch cannot choose an epoch by '{name}': the figures of an epoch are {', '.join(figures)}. "
                'Train with validation data, or name another figure: best_epoch with monitor = "loss".'
            )
        figure = float(record[name])
        if not isnan(figure) and (self.figure is None or sign * figure > sign * self.figure):
            with run.lent():  # where validation was on averaged weights, these are kept
                ops = run.trainer.runtime.ops
                self._learned = {name: np.array(ops.to_host(array)) for name, array in _arrays(run.model)}
            self.epoch, self.figure = record["epoch"], figure

    def on_run_end(self, run: Run) -> None:
        if self.epoch is not None:
            for name, array in _arrays(run.model):
                array[...] = run.trainer.runtime.ops.asarray(self._learned[name])

    def state(self) -> dict[str, Any]:
        return {} if self.epoch is None else {"epoch": self.epoch, "figure": self.figure, **self._learned}

    def restore(self, state: Mapping[str, Any]) -> None:
        self._learned = dict(state)
        self.epoch, self.figure = self._learned.pop("epoch", None), self._learned.pop("figure", None)

    def choice(self, trainer: Training) -> tuple[int | None, str]:
        return self.epoch, self._monitored(trainer)[0]

    def _monitored(self, trainer: Training) -> tuple[str, float]:
        """The figure's name, and 1 if higher is better, −1 otherwise."""
        figures = figure_names(trainer.metrics)
        metrics = {f"validation_{figure}": metric for figure, metric in zip(figures, trainer.metrics, strict=True)}
        name = self.monitor or next(iter(metrics), "validation_loss")
        if self.mode is not None:
            return name, 1.0 if self.mode == "max" else -1.0
        metric = metrics.get(name)
        return name, 1.0 if metric is not None and metric.higher_is_better else -1.0


def _arrays(model: Layer) -> list[tuple[str, Any]]:
    """All arrays that make up what the model has learned."""
    return [("parameters", require_runtime(model).arena.data), *((f"states/{s.path}", s.data) for s in model.states())]


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
        self._saved = 0.0

    def on_run_start(self, run: Run) -> None:
        self._save(run)  # a run that cannot be saved should say so now, and one that is killed soon can be continued
        run.on_time(self._save, self.seconds)

    def on_epoch_end(self, run: Run) -> None:
        if monotonic() - self._saved >= self.seconds:
            self._save(run)

    def on_run_end(self, run: Run) -> None:
        # Any other error may have come between the first and the last write of a step.
        if run.failure is None or isinstance(run.failure, NumericalError):
            self._save(run)

    def _save(self, run: Run) -> None:
        save_checkpoint(run.trainer, self.path)
        self._saved = monotonic()
