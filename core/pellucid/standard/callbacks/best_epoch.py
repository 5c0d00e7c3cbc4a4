"""BestEpoch: a run ends with the weights of its best epoch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import inf, isnan
from typing import Any, Literal

import numpy as np

from pellucid.basics.arrays import parts_of
from pellucid.basics.errors import CheckpointError, ConfigError
from pellucid.standard.arguments import check_choice
from pellucid.standard.callbacks.learned import copied, forms, learned
from pellucid.standard.callbacks.monitored import called, figure_of, monitored, require_measured
from pellucid.standard.fingerprint import fingerprint
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
        if measured or not name.startswith("validation_"):
            require_measured(self, run, name)
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
                f"This {called(self)} holds epoch {self.epoch} of another trainer. Give each trainer one of its own, "
                f'by its name for example: callbacks=["{called(self)}"].'
            )

    def _require_arrays(self, run: Run) -> None:
        """Raise CheckpointError where what was restored is of a model of another form."""
        ours = forms(dict(learned(run.model)))
        if forms(self._learned) != ours:
            raise CheckpointError(
                f"The checkpoint's best epoch is of another model: it has {forms(self._learned)!s:.200}, and this "
                f"model {ours!s:.200}. Begin a new run."
            )

    def _go_on(self, run: Run) -> None:
        """Take up the weights that training stopped with, if the model still has those that it was given then."""
        ops, arrays = run.trainer.runtime.ops, learned(run.model)
        if self._trained and all(np.array_equal(ops.to_host(array), self._learned[name]) for name, array in arrays):
            for name, array in arrays:
                array[...] = ops.asarray(self._trained[name])
        self._trained = {}

    def on_epoch_end(self, run: Run) -> None:
        name, sign = self._monitored(run.trainer)
        record, figure = run.history[-1], figure_of(self, run, name)
        if not isnan(figure) and (self.epoch is None or _key(record, name, sign) > self._key_so_far(run, name, sign)):
            with run.lent():  # where validation was on averaged weights, these are kept
                self._learned = copied(run)
            self.epoch, self.figure = record["epoch"], figure

    def _key_so_far(self, run: Run, name: str, sign: float) -> tuple[float, float]:
        return _key({**run.history[(self.epoch or 0) - 1], name: self.figure}, name, sign)

    def on_run_end(self, run: Run) -> None:
        if self.epoch is not None:
            self._trained = copied(run)
            for name, array in learned(run.model):
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
        if state and not (good and _fits(kept) and (not trained or forms(trained) == forms(kept))):
            raise CheckpointError(
                f"{called(self)} remembers an epoch, its figure and arrays of the model. Received: epoch "
                f"{epoch!r:.40}, the figure {figure!r:.40}, {', '.join(map(str, [*kept, *trained])) or 'no arrays'}."
            )
        self.epoch, self.figure, self._data, self._trained, self._learned = epoch, figure, data, trained, kept

    def choice(self, trainer: Training) -> tuple[int | None, str]:
        return self.epoch, self._monitored(trainer)[0]

    def _monitored(self, trainer: Training) -> tuple[str, float]:
        return monitored(trainer, self.monitor, self.mode)


_TRAINED = "trained/"


def _fits(arrays: Mapping[str, Any]) -> bool:
    """Whether these may be the arrays of a model."""
    return "parameters" in arrays and all(isinstance(array, np.ndarray) for array in arrays.values())


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
