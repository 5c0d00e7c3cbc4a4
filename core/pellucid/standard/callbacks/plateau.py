"""ReduceOnPlateau: a smaller learning rate when epochs get no better."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from pellucid.basics.checks import check_float, check_int
from pellucid.basics.component import Equation, Example
from pellucid.basics.errors import CheckpointError, ConfigError
from pellucid.interfaces.schedule import Schedule
from pellucid.standard.arguments import check_choice
from pellucid.standard.callbacks.monitored import figure_of, monitored, require_measured
from pellucid.standard.schedules.constant import Constant, ScaledRate
from pellucid.training.run import Callback, Run


class ReduceOnPlateau(Callback):
    """``lr ← factor·lr`` when a figure has not become better for ``patience`` epochs, and again after as many more.

    A schedule is a function of the step alone; this one looks at what comes out, so it is a callback. While a run is
    under way ``scaled`` stands around the trainer's schedule, once for each fall and from its step on, so that the
    rates of all groups fall alike, and the schedule is a function of the step again. When it has fallen is kept in
    checkpoints: a run that goes on has the same bits as one that was never interrupted.

    Args:
        monitor: the figure, a column of the history; None takes ``"validation_loss"``.
        mode: ``"max"`` or ``"min"``; None asks the metric whether higher is better. Losses are minimised.
        factor: what is left of the rate at each fall, in (0, 1).
        patience: epochs without a better one after which it falls, at least 1.
        min_delta: by how much a figure must be better to count, at least 0.
        cooldown: epochs after a fall in which it does not wait, at least 0.
        least: of all that is left of the rate, the smallest part, in [0, 1).

    Attributes:
        falls: after which steps the rate has fallen.
    """

    equations = (
        Equation("factor", r"f_s \leftarrow c\, f_s \text{ from the step of each fall on}",
                 why="it decides on the history of a run, of which there is none here"),
    )  # fmt: skip
    examples = (Example({"monitor": "loss"}), Example({"monitor": "loss", "factor": 0.5, "patience": 1, "cooldown": 1}))

    def __init__(
        self, *, monitor: str | None = None, mode: Literal["min", "max"] | None = None, factor: float = 0.1,
        patience: int = 10, min_delta: float = 0.0, cooldown: int = 0, least: float = 0.0,
    ) -> None:  # fmt: skip
        check_choice(self, "mode", mode, ("min", "max", None))
        check_float(self, "factor", factor, "(0, 1)")
        check_int(self, "patience", patience, "[1, inf)")
        check_float(self, "min_delta", min_delta, "[0, inf)")
        check_int(self, "cooldown", cooldown, "[0, inf)")
        check_float(self, "least", least, "[0, 1)")
        self.monitor = monitor
        self.mode = mode
        self.factor = factor
        self.patience = patience
        self.min_delta = min_delta
        self.cooldown = cooldown
        self.least = least
        self.falls: list[int] = []
        self._best: float | None = None
        self._waited = 0  # below 0 while it cools down
        self._own: Schedule | None = None  # the trainer's, during a run

    def on_run_start(self, run: Run) -> None:
        number = sum(isinstance(callback, ReduceOnPlateau) for callback in run.trainer.callbacks)
        if number > 1:
            raise ConfigError(
                f"A trainer takes one 'reduce_on_plateau', which scales its one schedule. Received: {number} of them."
            )
        name, _ = monitored(run.trainer, self.monitor, self.mode, loss=True)
        if run.last_epoch > run.trainer.epochs:
            require_measured(self, run, name)
        self._own = run.trainer.schedule
        self._set(run)

    def on_epoch_end(self, run: Run) -> None:
        name, sign = monitored(run.trainer, self.monitor, self.mode, loss=True)
        figure = figure_of(self, run, name)
        better = figure == figure and (self._best is None or sign * (figure - self._best) > self.min_delta)
        self._best = figure if better else self._best  # NaN is no better
        self._waited = 0 if better and self._waited >= 0 else self._waited + 1
        if self._waited >= self.patience and self._left(len(self.falls)) > self.least:
            self._waited = -self.cooldown
            self.falls.append(run.step)
            self._set(run)

    def _left(self, falls: int) -> float:
        """Of the rate, after so many falls."""
        return max(self.factor**falls, self.least)

    def _set(self, run: Run) -> None:
        schedule = self._own
        for k, step in enumerate(self.falls):
            scaled = ScaledRate(schedule or Constant(), self._left(k + 1) / self._left(k), since=step)
            scaled.instead_of = self._own  # what checkpoints call the schedule of this run
            schedule = scaled
        run.trainer.schedule = schedule

    def on_run_end(self, run: Run) -> None:
        run.trainer.schedule, self._own = self._own, None

    def state(self) -> dict[str, Any]:
        return {"falls": list(self.falls), "best": self._best, "waited": self._waited}

    def restore(self, state: Mapping[str, Any]) -> None:
        falls, best, waited = state.get("falls", []), state.get("best"), state.get("waited", 0)
        steps = isinstance(falls, list) and all(type(step) is int and step >= 0 for step in falls)
        if not (steps and type(waited) is int and isinstance(best, float | int | None)):
            raise CheckpointError(
                "reduce_on_plateau remembers when the rate has fallen, the best figure and how long it has waited. "
                f"Received: {falls!r:.80}, {best!r:.40}, {waited!r:.40}."
            )
        self.falls, self._best, self._waited = list(falls), best, waited
