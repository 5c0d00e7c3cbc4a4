"""Which figure of the history a callback looks at, and which way is better."""

from __future__ import annotations

import re

from pellucid.basics.errors import ConfigError
from pellucid.training.evaluation import figure_names
from pellucid.training.run import Callback, Run, Training


def monitored(trainer: Training, monitor: str | None, mode: str | None, *, loss: bool = False) -> tuple[str, float]:
    """The figure's name, and 1 if higher is better, −1 otherwise.

    Args:
        monitor: its name; None takes the first metric on the validation data, or the ``loss`` there.
        mode: ``"max"`` or ``"min"``; None asks the metric whether higher is better.
    """
    figures = figure_names(trainer.metrics)
    metrics = {f"validation_{figure}": metric for figure, metric in zip(figures, trainer.metrics, strict=True)}
    name = monitor or next(iter(() if loss else metrics), "validation_loss")
    if mode is not None:
        return name, 1.0 if mode == "max" else -1.0
    metric = metrics.get(name)
    return name, 1.0 if metric is not None and metric.higher_is_better else -1.0


def require_measured(callback: Callback, run: Run, name: str) -> None:
    """ConfigError where no epoch of this run has that figure."""
    if name.startswith("validation_") and run.validation is None:
        raise no_such_figure(callback, name, "there are no validation data")
    if not name.startswith("validation_") and name not in ("loss", "penalty"):
        raise no_such_figure(callback, name, "the figures of training are loss and, of regularized models, penalty")


def figure_of(callback: Callback, run: Run, name: str) -> float:
    """Its value in the last epoch."""
    record = run.history[-1]
    if name not in record:
        figures = [key for key, value in record.items() if isinstance(value, float)]
        raise no_such_figure(callback, name, f"the figures of an epoch are {', '.join(figures)}")
    return float(record[name])


def no_such_figure(callback: Callback, name: str, reason: str) -> ConfigError:
    own = called(callback)
    return ConfigError(
        f"{own} cannot compare epochs by '{name}': {reason}. Train with validation data, or name another figure: "
        f'{own} with monitor = "loss".'
    )


def called(callback: Callback) -> str:
    """What a callback is called in configurations: BestEpoch is best_epoch."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", type(callback).__name__).lower()
