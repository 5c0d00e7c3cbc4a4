"""Outcome: predictions and targets as classes, as answers, or as values, by what the model was trained with."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from pellucid.basics.arrays import HostArray
from pellucid.interfaces.layer import Layer
from pellucid.workbench.evaluation.collected import Collected
from pellucid.workbench.experiments.finished import FinishedRun
from pellucid.workbench.experiments.predictions import interpret


@dataclass(frozen=True, eq=False)
class Outcome:
    """N samples, or steps of samples, of one of three kinds.

    Attributes:
        names: of the K classes, the J answers or the J values.
        probabilities: (N, K), of classes, with ``labels`` (N,); else None.
        answers: (N, J), the probability of each yes, with ``truth`` (N, J); else None.
        predicted: (N, J), values, with ``targets`` (N, J); else None.
        by_sample: whether each of the N is a sample, by its number, and no step of one.
    """

    names: tuple[str, ...]
    probabilities: HostArray | None = field(default=None, repr=False)
    labels: HostArray | None = field(default=None, repr=False)
    answers: HostArray | None = field(default=None, repr=False)
    truth: HostArray | None = field(default=None, repr=False)
    predicted: HostArray | None = field(default=None, repr=False)
    targets: HostArray | None = field(default=None, repr=False)
    by_sample: bool = True

    @property
    def right(self) -> HostArray | None:
        """Whether each class, (N,), is the right one; None of others."""
        return None if self.probabilities is None else self.probabilities.argmax(axis=1) == self.labels

    @property
    def squares(self) -> HostArray | None:
        """The mean squared error of each sample, (N,); None of others."""
        return None if self.predicted is None else ((self.predicted - self.targets) ** 2).mean(axis=1)


def read_outcome(run: FinishedRun[Layer], seen: Collected, samples: int) -> Outcome | None:
    """What was collected, as the objective of the run reads it; None if it says nothing of the outputs."""
    if seen.prediction is None or seen.target is None or not len(seen.prediction):
        return None
    prediction, target = seen.prediction, seen.target
    steps = prediction.ndim > 2 and target.shape == prediction.shape[:-1]
    if steps:  # a class for each step
        prediction, target = prediction.reshape(-1, prediction.shape[-1]), target.reshape(-1)
    by_sample = not steps and len(prediction) == samples
    found = interpret(run.model, prediction, run.target)
    if found.probabilities is not None:
        classes = found.classes or tuple(map(str, range(found.probabilities.shape[1])))
        return Outcome(classes, found.probabilities, _labels(target, prediction), by_sample=by_sample)
    if target.shape != prediction.shape and (*target.shape, 1) != prediction.shape:
        return None
    flat = prediction.reshape(len(prediction), -1)
    names = found.names if found.names and len(found.names) == flat.shape[1] else tuple(map(str, range(flat.shape[1])))
    if found.answers is not None:
        truth = target.reshape(flat.shape) > 0.5
        return Outcome(names, answers=found.answers, truth=truth, by_sample=by_sample)
    numbers = [each.reshape(flat.shape).astype(np.float64) for each in (prediction, target)]
    return Outcome(names, predicted=numbers[0], targets=numbers[1], by_sample=by_sample)


def _labels(target: HostArray, prediction: HostArray) -> HostArray:
    """Class numbers, (N,), of targets that are one-hot, probabilities, one yes or no, or numbers already."""
    if target.ndim > 1 and target.shape[1] > 1:
        return target.argmax(axis=1)
    flat = target.reshape(len(target))
    return flat.astype(np.int64) if flat.dtype.kind in "iub" else (flat > 0.5).astype(np.int64)
