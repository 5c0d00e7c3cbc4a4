"""Averages of weights: of the last steps, ``ema``, and of the last epochs, ``swa``; with statistics that fit them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import numpy as np

from pellucid.basics.arrays import Array
from pellucid.basics.checks import check_float, check_int
from pellucid.basics.component import Equation, Example
from pellucid.basics.errors import CheckpointError, ConfigError
from pellucid.standard.callbacks.learned import copied, forms, learned
from pellucid.standard.callbacks.monitored import called
from pellucid.standard.callbacks.statistics import statistics
from pellucid.training.run import Callback, Run

_TRAINED = "trained/"


class Averaged(Callback, ABC):
    """A run whose model is evaluated, saved and given back with an average of its weights; training is not touched.

    A checkpoint holds the weights that are trained and, beside them, the average; a run that goes on has the same bits
    as one that was never interrupted, and so has a second ``fit``.

    Running statistics, those of batch norm, are of the weights that were trained and would not fit their average: they
    are computed anew, by the average, on training rows, wherever it is evaluated and at the end.
    """

    rows: int

    def __init__(self) -> None:
        self._count = 0  # how many are in the average
        self._average: Any = None
        self._trained: dict[str, Any] = {}  # what training stopped with, after a run
        self._statistics: tuple[int, dict[str, Any]] = (-1, {})  # of the average after so many steps

    @abstractmethod
    def now(self, run: Run, *, ended: bool = False) -> Array | None:
        """The average, or None while there is none; when the run has ``ended``, of what it has come to."""

    def on_run_start(self, run: Run) -> None:
        own, number = called(self), sum(isinstance(callback, Averaged) for callback in run.trainer.callbacks)
        if number > 1:
            raise ConfigError(
                f"A trainer takes one average of weights, '{own}' for example, which the model ends with. Received: "
                f"{number} of them. To compare two averages, train two models."
            )
        if self._count > run.trainer.steps:
            raise ConfigError(
                f"This {own} holds the average over {self._count} of another trainer. Give each trainer "
                f'one of its own, by its name for example: callbacks=["{own}"].'
            )
        arena = run.trainer.runtime.arena
        ops = arena.ops
        average = arena.zeros()
        if self._average is None:
            ops.copy(arena.data, average)
        elif np.shape(self._average) != average.shape or self._average.dtype != average.dtype:
            raise CheckpointError(
                f"The checkpoint's average has {np.size(self._average)} weights of type {self._average.dtype}, and "
                f"this model {average.size} of type {average.dtype}. Begin a new run."
            )
        else:
            average[...] = ops.asarray(self._average)
            if self._trained and np.array_equal(ops.to_host(arena.data), self._average):
                for name, array in learned(run.model):  # go on where training stopped
                    array[...] = ops.asarray(self._trained[name])
        self._average, self._trained, self._statistics = average, {}, (-1, {})

    def on_run_end(self, run: Run) -> None:
        arena = run.trainer.runtime.arena
        average = self.now(run, ended=True)
        choices = [callback.choice(run.trainer) for callback in run.trainer.callbacks]
        chosen = any(choice is not None and choice[0] is not None for choice in choices)
        if average is not None and not chosen:  # else the last word is with the best epoch, whose averages were kept
            trained = copied(run)
            arena.data[...] = average
            if run.failure is None:
                self._fit(run)
            self._trained = trained
        self._average = np.array(arena.ops.to_host(self._average))

    @contextmanager
    def lent(self, run: Run) -> Iterator[None]:
        """Within: the model has the averaged weights, and statistics that fit them."""
        average = self.now(run)
        if average is None:
            yield
            return
        trained = [(array, array.copy()) for _, array in learned(run.model)]
        try:
            run.trainer.runtime.arena.data[...] = average
            self._fit(run)
            yield
        finally:
            for array, kept in trained:
                array[...] = kept

    def _fit(self, run: Run) -> None:
        """Give the states of the model what they are by the weights that it has: once for each step."""
        if self.rows and run.data is not None and run.model.states():
            if self._statistics[0] != run.step:
                self._statistics = (run.step, statistics(run, self.rows, called(self)))
            for state in run.model.states():
                if state.path in self._statistics[1]:
                    state.data[...] = self._statistics[1][state.path]

    def state(self) -> dict[str, Any]:
        """The average, how many are in it and, after a run, what training stopped with."""
        if self._average is None:
            return {}
        trained = {f"{_TRAINED}{name}": array for name, array in self._trained.items()}
        return {"count": self._count, "average": np.array(_host(self._average)), **trained}

    def restore(self, state: Mapping[str, Any]) -> None:
        count, average = state.get("count", 0), state.get("average")
        trained = {n.removeprefix(_TRAINED): array for n, array in state.items() if n.startswith(_TRAINED)}
        alike = isinstance(average, np.ndarray) and all(isinstance(array, np.ndarray) for array in trained.values())
        alike = alike and (not trained or forms({"": average})[""] == forms(trained).get("parameters"))
        if state and not (type(count) is int and count >= 0 and alike):
            raise CheckpointError(
                f"{called(self)} remembers how many are in an average, and the average. Received: {count!r:.40}; "
                f"average, {forms({'': average})['']}; weights, {forms(trained)!s:.120}."
            )
        self._count, self._average, self._trained = count, average, trained


class Ema(Averaged):
    """``m ← m + (1 − d_n)(θ − m)`` after step n, ``d_n = min(decay, n/(n + 9))``; the model gets m when the run ends.

    One pass over the weights a step. Validation is on the average, ``best_epoch`` gives the model that of the best
    epoch, and what is saved with the model is the average. The smaller d_n at the start lets m forget the first, random
    weights. Running statistics are computed anew, see ``rows``.

    Args:
        decay: d, in [0, 1): the average is over about the last 1/(1 − d) steps.
        rows: training rows, at the most, on which running statistics (of batch norm) are computed anew by the averaged
            weights; with 0 they stay what training made of them.

    Errors: ConfigError where a trainer has two averages, as one model cannot end with both; and where it has averaged
    the weights of another trainer.

    Source: Polyak & Juditsky, 1992; Ho, Jain & Abbeel, 2020, appendix B.
    """

    equations = (
        Equation("d", r"d_n = \min\left(d, \tfrac{n}{n + 9}\right)"),
        Equation("m", r"m \leftarrow m + (1 - d_n)(\theta - m)"),
    )
    examples = (Example(), Example({"decay": 0.5}))

    def __init__(self, decay: float = 0.999, *, rows: int = 16_384) -> None:
        super().__init__()
        check_float(self, "decay", decay, "[0, 1)")
        check_int(self, "rows", rows, "[0, inf)")
        self.decay = decay
        self.rows = rows

    def on_run_start(self, run: Run) -> None:
        super().on_run_start(run)
        run.on_step(self._follow)

    def _follow(self, run: Run) -> None:
        arena = run.trainer.runtime.arena
        self._count += 1
        arena.ops.lerp(self._average, arena.data, 1 - min(self.decay, self._count / (self._count + 9)))

    def now(self, run: Run, *, ended: bool = False) -> Array | None:
        average: Array = self._average
        return average


class Swa(Averaged):
    """``m ← m + (θ − m)/(k + 1)`` at the end of each epoch behind ``start``; the model gets m when the run ends.

    The mean of the weights of the last epochs, all alike: those of a rate that stays high walk around a minimum, and
    their mean lies in the middle of it, where it is flat (Izmailov et al., 2018). Take a schedule that does not end
    near 0, such as ``{"type": "linear", "final": 0.3}``. Before ``start`` the weights are what they are. Validation is
    on the mean, that of an epoch included, and ``best_epoch`` chooses among these. Running statistics are computed
    anew, see ``rows``. As of schedules, a further ``fit`` lengthens the plan: epochs in front of the new start do not
    count any more.

    Args:
        start: part of the planned epochs after which they are averaged, in [0, 1).
        rows: training rows, at the most, on which running statistics (of batch norm) are computed anew by the averaged
            weights; with 0 they stay what training made of them.

    Errors: as of ``ema``.
    """

    equations = (Equation("m", r"m \leftarrow m + \frac{\theta - m}{k + 1}, \quad k \text{ the epochs in } m"),)
    examples = (Example(), Example({"start": 0.5}))

    def __init__(self, start: float = 0.75, *, rows: int = 16_384) -> None:
        super().__init__()
        check_float(self, "start", start, "[0, 1)")
        check_int(self, "rows", rows, "[0, inf)")
        self.start = start
        self.rows = rows
        self._epoch = 0  # the last one in the average

    def on_run_start(self, run: Run) -> None:
        super().on_run_start(run)
        if self._epoch - self._count + 1 <= self._behind(run):  # a longer plan begins later, and anew
            self._count = 0

    def _behind(self, run: Run) -> float:
        return self.start * run.last_epoch

    def on_epoch_end(self, run: Run) -> None:
        if run.epoch > self._behind(run) and run.epoch > self._epoch:
            self._take(run, self._average)
            self._count, self._epoch = self._count + 1, run.epoch

    def _take(self, run: Run, average: Array) -> None:
        arena = run.trainer.runtime.arena
        if self._count:
            arena.ops.lerp(average, arena.data, 1 / (self._count + 1))
        else:
            arena.ops.copy(arena.data, average)

    def now(self, run: Run, *, ended: bool = False) -> Array | None:
        """Until it is taken, with the weights of now, which will be those of the end of this epoch."""
        epoch = run.epoch + (run.trainer.position > 0)
        if ended or epoch <= self._behind(run) or epoch <= self._epoch:
            average: Array | None = self._average if self._count else None
            return average
        with_these: Array = self._average.copy()
        self._take(run, with_these)
        return with_these

    def state(self) -> dict[str, Any]:
        state = super().state()
        return {**state, "epoch": self._epoch} if state else {}

    def restore(self, state: Mapping[str, Any]) -> None:
        kept = dict(state)
        epoch = kept.pop("epoch", 0)
        if type(epoch) is not int or epoch < 0:
            raise CheckpointError(
                f"swa remembers the number of the last epoch in the average. Received: {epoch!r:.40}."
            )
        super().restore(kept)
        self._epoch = epoch


def _host(array: Any) -> Any:
    leave = getattr(array, "get", None)  # CuPy's
    return array if leave is None else leave()
