"""EarlyStopping: a run ends when its epochs get no better, with the weights of the best one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from pellucid.basics.checks import check_float, check_int
from pellucid.basics.component import Equation, Example
from pellucid.basics.errors import CheckpointError
from pellucid.standard.callbacks.best_epoch import BestEpoch
from pellucid.standard.callbacks.monitored import figure_of
from pellucid.training.run import Run


class EarlyStopping(BestEpoch):
    """``best_epoch`` that ends the run when ``patience`` epochs in a row have not been better.

    It chooses among epochs as ``best_epoch`` does, ties by the loss, and the model ends with the weights of the best
    one. It waits for a figure that is by more than ``min_delta`` better than the last for which it waited; with 0, for
    a best epoch: where the figure stays the same and the loss still falls, it goes on. A run that it has ended is over
    for it: a further ``fit`` on the same data trains nothing. On other data it begins to wait anew.

    Args:
        monitor: the figure, a column of the history such as ``"validation_loss"``; None takes the first metric on the
            validation data, or the loss there if the trainer has no metrics.
        mode: ``"max"`` or ``"min"``; None asks the metric whether higher is better. Losses are minimised.
        patience: epochs that it waits for a better one, at least 1.
        min_delta: what counts as better, at least 0, in the figure's unit.

    Attributes:
        epoch: number of the best epoch so far, None before the first.
        figure: its value.

    Source: Prechelt, Early Stopping — but when?, 1998; Goodfellow, Bengio & Courville, Deep Learning, §7.8.
    """

    equations = (
        Equation("stop", r"n - n_b \ge \text{patience}, \quad n_b \text{ the last better epoch}",
                 why="it decides on the history of a run, of which there is none here"),
    )  # fmt: skip
    examples = (Example({"monitor": "loss"}), Example({"monitor": "loss", "patience": 2, "min_delta": 0.1}))

    def __init__(
        self, *, monitor: str | None = None, mode: Literal["min", "max"] | None = None, patience: int = 10,
        min_delta: float = 0.0,
    ) -> None:  # fmt: skip
        super().__init__(monitor=monitor, mode=mode)
        check_int(self, "patience", patience, "[1, inf)")
        check_float(self, "min_delta", min_delta, "[0, inf)")
        self.patience = patience
        self.min_delta = min_delta
        self._better: tuple[int, float] | None = None  # number and figure of the last epoch that it has waited for

    def on_run_start(self, run: Run) -> None:
        super().on_run_start(run)
        if self.epoch is None:  # of these data nothing has been measured
            self._better = None
        self._stop_if_over(run)

    def on_epoch_end(self, run: Run) -> None:
        super().on_epoch_end(run)
        name, sign = self._monitored(run.trainer)
        figure, number = figure_of(self, run, name), int(run.history[-1]["epoch"])
        if self.min_delta > 0:
            better = self._better is None or sign * (figure - self._better[1]) > self.min_delta
        else:
            better = self.epoch == number
        if better and figure == figure:  # NaN is no better
            self._better = (number, figure)
        self._stop_if_over(run)

    def _stop_if_over(self, run: Run) -> None:
        waited = run.epoch - (self._better[0] if self._better else 0)
        if self._better is not None and waited >= self.patience:
            name, _ = self._monitored(run.trainer)
            run.stop(
                f"{name} has not become better for {waited} epochs; the best of them is epoch {self.epoch}, whose "
                "weights are kept"
            )

    def state(self) -> dict[str, Any]:
        state = super().state()
        return state if self._better is None else {**state, "better": list(self._better)}

    def restore(self, state: Mapping[str, Any]) -> None:
        kept = dict(state)
        better = kept.pop("better", None)
        good = isinstance(better, list) and [type(n) for n in better] in ([int, float], [int, int])
        if better is not None and not good:
            raise CheckpointError(
                f"early_stopping remembers the number of an epoch and its figure. Received: {better!r:.80}."
            )
        super().restore(kept)
        self._better = None if better is None else (better[0], float(better[1]))
