"""Collected: the predictions and targets of an evaluation, as the run's own metrics see them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from pellucid.basics.arrays import HostArray
from pellucid.interfaces.metric import Metric
from pellucid.interfaces.objective import Objective
from pellucid.training.trainer import Trainer

NAME = "collected_samples"
MOST = 1 << 28
"""Numbers that are kept: 1 GiB in float32, 3.3 million samples of 80 classes."""


class Collector(Metric):
    """Keeps copies of all predictions and targets; it stands beside the metrics of a run and has no say in them.

    Attributes:
        why: why nothing was kept, or empty.
    """

    figure = NAME

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        self.predictions, self.targets, self._numbers, self.why = list[HostArray](), list[HostArray](), 0, ""

    def update(self, prediction: Any, target: Any, weight: HostArray | None = None) -> None:
        if not (isinstance(prediction, np.ndarray) and isinstance(target, np.ndarray)):
            self.why = "the model has several outputs: their figures stand in the list above"
        elif not self.why:
            self._numbers += prediction.size
            self.predictions.append(prediction.copy())
            self.targets.append(target.copy())
            if self._numbers > MOST:
                self.predictions, self.targets = [], []
                self.why = f"the model gives more than {MOST:,} numbers here, which are not kept: take less data"

    def result(self) -> float:
        return float(len(self.predictions))


@dataclass(frozen=True, eq=False)
class Collected:
    """What an evaluation has seen.

    Attributes:
        figures: as ``Trainer.evaluate`` gives them.
        prediction, target: of all samples, in the unit of the data; None if there are none to be compared.
        why: why there are none, or empty.
    """

    figures: dict[str, float]
    prediction: HostArray | None = field(default=None, repr=False)
    target: HostArray | None = field(default=None, repr=False)
    why: str = ""


def collect(trainer: Trainer, data: Any) -> Collected:
    """Evaluate, and keep what the metrics were given. The figures are those without a collector, bit for bit."""
    if type(trainer.objective).metric_pair is Objective.metric_pair:
        what = f"{type(trainer.objective).__name__} has no pair of prediction and target"
        return Collected(trainer.evaluate(data), why=what)
    collector = Collector()
    trainer.metrics.append(collector)
    try:
        figures = trainer.evaluate(data)
    finally:
        trainer.metrics.remove(collector)
    del figures[NAME]
    if collector.why:
        return Collected(figures, why=collector.why)
    return Collected(figures, np.concatenate(collector.predictions), np.concatenate(collector.targets))
