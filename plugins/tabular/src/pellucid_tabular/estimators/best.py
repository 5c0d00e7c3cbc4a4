"""The best epoch: kept, restored, and waited for, over calls of ``fit`` and ``partial_fit``."""

from __future__ import annotations

from math import inf, isnan
from typing import Any

import numpy as np
from pellucid import Callback, Layer, Run, require_runtime


class Best(Callback):
    """Gives the model the weights of the epoch with the least validation loss when a run ends, and ends it after
    ``patience`` epochs without a better one; with None never. The next run goes on with the weights that training
    stopped with.

    Attributes:
        figure: the least loss; :meth:`measured_anew` where it is of other rows now.
        epoch: its number.
    """

    def __init__(self, patience: int | None) -> None:
        self.patience = patience
        self.figure, self.epoch = inf, 0
        self._best: list[Any] = []
        self._last: list[Any] = []

    def measured_anew(self, figure: float) -> None:
        """The loss of the best weights on the rows that count from now on."""
        self.figure = figure

    def on_run_start(self, run: Run) -> None:
        if self._last:
            give(run.model, self._last)
        self._last = []

    def on_epoch_end(self, run: Run) -> None:
        figure = float(run.history[-1]["validation_loss"])
        if not isnan(figure) and figure < self.figure:
            self.figure, self.epoch = figure, run.epoch
            with run.lent():
                self._best = taken(run.model)
        elif self.patience is not None and run.epoch - self.epoch >= self.patience:
            run.stop(f"no better validation loss in {self.patience} epochs")

    def on_run_end(self, run: Run) -> None:
        if self._best:
            self._last = taken(run.model)
            give(run.model, self._best)

    def restore_in(self, model: Layer) -> None:
        """Give a copy of the model the best weights."""
        if self._best:
            give(model, self._best)

    def choice(self, trainer: Any) -> tuple[int | None, str]:
        return self.epoch or None, "validation_loss"


def taken(model: Layer) -> list[Any]:
    """Copies, on the host, of all that the model has learned."""
    runtime = require_runtime(model)
    return [np.array(runtime.ops.to_host(array)) for array in _arrays(model)]


def give(model: Layer, arrays: list[Any]) -> None:
    """The way back."""
    asarray = require_runtime(model).ops.asarray
    for array, values in zip(_arrays(model), arrays, strict=True):
        array[...] = asarray(values)


def _arrays(model: Layer) -> list[Any]:
    return [require_runtime(model).arena.data, *(state.data for state in model.states())]
