"""The built-in callbacks: checkpoints now and then, the weights of the best epoch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from math import inf, isnan
from pathlib import Path
from time import monotonic
from typing import Any, Literal

import numpy as np

from pellucid.basics.arrays import parts_of
from pellucid.basics.checks import check_float
from pellucid.basics.component import Example
from pellucid.basics.errors import CheckpointError, ConfigError, NumericalError
from pellucid.interfaces.layer import Layer, require_runtime
from pellucid.saving.checkpoint import save_checkpoint
from pellucid.standard.arguments import check_choice
from pellucid.standard.fingerprint import fingerprint
from pellucid.standard.streams import tell
from pellucid.training.evaluation import figure_names
from pellucid.training.run import Callback, Run, Training


class BestEpoch(Callback):
    """Compares the epochs by one figure, and gives the model the weights of the best one when the run ends.

    Of equal figures that of the smaller loss counts, on the validation data if there are any; of equal losses, the
    first. With few samples many epochs are equally accurate, and the first of them has learned least.

    Figures are compared that were measured on the same data: a further ``fit`` on the same data goes on choosing among
    all epochs, and one on other data begins to choose anew.

    Training itself is not touched. The next ``fit`` goes on with the weights that training stopped with, unless the
    model was given others in between; a checkpoint holds them, and the best ones beside them. It belongs to one
    trainer; another one refuses it with a ConfigError.

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
        self._data: str | None = None  # what the figures were measured on
        self._learned: dict[str, Any] = {}  # the arrays of that epoch, by name
        self._trained: dict[str, Any] = {}  # those that training stopped with, after a run

    def on_run_start(self, run: Run) -> None:
        name, _ = self._monitored(run.trainer)
        measured = run.last_epoch > run.trainer.epochs  # a call of no epochs measures nothing, and chooses nothing
        if measured and name.startswith("validation_") and run.validation is None:
            raise _no_such_figure(name, "there are no validation data")
        if not name.startswith("validation_") and name not in ("loss", "penalty"):
            raise _no_such_figure(name, "the figures of training are loss and, of regularized models, penalty")
        data = _fingerprint(run, name)
        if self.epoch is not None:
            self._require_own(run, name)
            self._require_arrays(run)
            self._go_on(run)
            if measured and self._data not in (None, data):
                self.epoch, self.figure, self._learned = None, None, {}
        self._data = data if measured else self._data

    def _require_own(self, run: Run, name: str) -> None:
        """Raise ConfigError where the trainer has had no such epoch."""
        chosen = run.history.records[(self.epoch or 0) - 1 :][:1]
        if run.trainer.steps == 0 or not chosen or chosen[0].get(name, self.figure) != self.figure:
            raise ConfigError(
                f"This best_epoch holds epoch {self.epoch} of another trainer. Give each trainer one of its own, by "
                'its name for example: callbacks=["best_epoch"].'
            )

    def _require_arrays(self, run: Run) -> None:
        """Raise CheckpointError where what was restored is of a model of another form."""
        ours = _forms(dict(_arrays(run.model)))
        if _forms(self._learned) != ours:
            raise CheckpointError(
                f"The checkpoint's best epoch is of another model: it has {_forms(self._learned)!s:.200}, and this "
                f"model {ours!s:.200}. Begin a new run."
            )

    def _go_on(self, run: Run) -> None:
        """Take up the weights that training stopped with, if the model still has those that it was given then."""
        ops, arrays = run.trainer.runtime.ops, _arrays(run.model)
        if self._trained and all(np.array_equal(ops.to_host(array), self._learned[name]) for name, array in arrays):
            for name, array in arrays:
                array[...] = ops.asarray(self._trained[name])
        self._trained = {}

    def on_epoch_end(self, run: Run) -> None:
        name, sign = self._monitored(run.trainer)
        record = run.history[-1]
        if name not in record:
            figures = [key for key, value in record.items() if isinstance(value, float)]
            raise _no_such_figure(name, f"the figures of an epoch are {', '.join(figures)}")
        figure = float(record[name])
        if not isnan(figure) and (self.epoch is None or _key(record, name, sign) > self._key_so_far(run, name, sign)):
            with run.lent():  # where validation was on averaged weights, these are kept
                self._learned = _copied(run)
            self.epoch, self.figure = record["epoch"], figure

    def _key_so_far(self, run: Run, name: str, sign: float) -> tuple[float, float]:
        return _key({**run.history[(self.epoch or 0) - 1], name: self.figure}, name, sign)

    def on_run_end(self, run: Run) -> None:
        if self.epoch is not None:
            self._trained = _copied(run)
            for name, array in _arrays(run.model):
                array[...] = run.trainer.runtime.ops.asarray(self._learned[name])

    def state(self) -> dict[str, Any]:
        if self.epoch is None:
            return {}
        trained = {f"{_TRAINED}{name}": array for name, array in self._trained.items()}
        return {"epoch": self.epoch, "figure": self.figure, "data": self._data, **self._learned, **trained}

    def restore(self, state: Mapping[str, Any]) -> None:
        kept = dict(state)
        epoch, figure, data = (kept.pop(name, None) for name in ("epoch", "figure", "data"))
        trained = {n.removeprefix(_TRAINED): kept.pop(n) for n in list(kept) if n.startswith(_TRAINED)}
        good = type(epoch) is int and epoch > 0 and type(figure) in (int, float) and isinstance(data, str | None)
        if state and not (good and _fits(kept) and (not trained or _forms(trained) == _forms(kept))):
            raise CheckpointError(
                f"best_epoch remembers an epoch, its figure and arrays of the model. Received: epoch {epoch!r:.40}, "
                f"the figure {figure!r:.40}, {', '.join(map(str, [*kept, *trained])) or 'no arrays'}."
            )
        self.epoch, self.figure, self._data, self._trained, self._learned = epoch, figure, data, trained, kept

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


_TRAINED = "trained/"


def _fits(arrays: Mapping[str, Any]) -> bool:
    """Whether these may be the arrays of a model."""
    return "parameters" in arrays and all(isinstance(array, np.ndarray) for array in arrays.values())


def _forms(arrays: Mapping[str, Any]) -> dict[str, Any]:
    return {name: (getattr(array, "dtype", None), np.shape(array)) for name, array in arrays.items()}


def _no_such_figure(name: str, reason: str) -> ConfigError:
    return ConfigError(
        f"best_epoch cannot choose an epoch by '{name}': {reason}. Train with validation data, or name another figure: "
        'best_epoch with monitor = "loss".'
    )


def _key(record: Mapping[str, Any], name: str, sign: float) -> tuple[float, float]:
    """What is larger for the better one of two epochs: the figure, then the loss."""
    loss = float(record.get("validation_loss", record["loss"]))
    return sign * float(record[name]), -inf if isnan(loss) else -loss


def _fingerprint(run: Run, name: str) -> str:
    """Of the figure's name and of the samples that it is measured on."""
    arrays: Sequence[Any] = ()
    if not name.startswith("validation_"):
        arrays = () if run.data is None else run.data.arrays
    elif isinstance(run.validation, tuple):
        arrays = (*run.validation[0], *(parts_of(run.validation[1]) or (None,)))
    elif run.validation is not None:  # read batch by batch, and not as a whole for this
        arrays = run.validation.known_by()
    to_host = run.trainer.runtime.ops.to_host
    return fingerprint(name, (None if array is None else to_host(array) for array in arrays))


def _arrays(model: Layer) -> list[tuple[str, Any]]:
    """All arrays that make up what the model has learned."""
    return [("parameters", require_runtime(model).arena.data), *((f"states/{s.path}", s.data) for s in model.states())]


def _copied(run: Run) -> dict[str, Any]:
    """Copies of them, on the host."""
    ops = run.trainer.runtime.ops
    return {name: np.array(ops.to_host(array)) for name, array in _arrays(run.model)}


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
                "costs what was trained since the last one.", stacklevel=2,
            )  # fmt: skip

    def _save(self, run: Run) -> None:
        self._saved = monotonic()
        save_checkpoint(run.trainer, self.path)
