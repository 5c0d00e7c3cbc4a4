"""Outcome: predictions and targets as classes, as answers, or as values, by what the model was trained with."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from pellucid.basics.arrays import HostArray
from pellucid.interfaces.layer import Layer, require_runtime
from pellucid.standard.supervised import Supervised
from pellucid.workbench.evaluation.collected import Collected
from pellucid.workbench.experiments.finished import FinishedRun, trained_objective
from pellucid.workbench.experiments.predictions import interpret


@dataclass(frozen=True, eq=False)
class Outcome:
    """N samples, or steps of samples, of one of three kinds.

    Attributes:
        names: of the K classes, the J answers or the J values.
        labels: (N,), the right classes, with ``chosen`` (N,), those that the model takes each for; else None.
        probabilities: (N, K), of these classes; None also where the loss takes scores that are none, as a hinge does.
        answers: (N, J), the probability of each yes, with ``truth`` (N, J); else None.
        predicted: (N, J), values, with ``targets`` (N, J); else None.
        by_sample: whether each of the N is a sample, by its number, and no step of one.
    """

    names: tuple[str, ...]
    probabilities: HostArray | None = field(default=None, repr=False)
    labels: HostArray | None = field(default=None, repr=False)
    chosen: HostArray | None = field(default=None, repr=False)
    answers: HostArray | None = field(default=None, repr=False)
    truth: HostArray | None = field(default=None, repr=False)
    predicted: HostArray | None = field(default=None, repr=False)
    targets: HostArray | None = field(default=None, repr=False)
    by_sample: bool = True

    @property
    def right(self) -> HostArray | None:
        """Whether each class, (N,), is the right one; None of others."""
        return None if self.chosen is None else self.chosen == self.labels

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
        labels, chosen = _labels(target, prediction), found.probabilities.argmax(axis=1)
        return Outcome(classes, found.probabilities, labels, chosen, by_sample=by_sample)
    if prediction.ndim == 2 and _scores_classes(run.model):
        return _of_scores(run.model, prediction, target, by_sample=by_sample)
    if target.shape != prediction.shape and (*target.shape, 1) != prediction.shape:
        return None
    flat = prediction.reshape(len(prediction), -1)
    names = found.names if found.names and len(found.names) == flat.shape[1] else tuple(map(str, range(flat.shape[1])))
    if found.answers is not None:
        truth = target.reshape(flat.shape) > 0.5
        return Outcome(names, answers=found.answers, truth=truth, by_sample=by_sample)
    numbers = [each.reshape(flat.shape).astype(np.float64) for each in (prediction, target)]
    return Outcome(names, predicted=numbers[0], targets=numbers[1], by_sample=by_sample)


def _scores_classes(model: Layer) -> bool:
    """Whether the loss that a model was trained with takes its outputs for scores of classes."""
    objective = trained_objective(model)
    return isinstance(objective, Supervised) and objective.loss.predicts == "classes"


def _of_scores(model: Layer, scores: HostArray, target: HostArray, *, by_sample: bool) -> Outcome:
    """Of scores (N, K), or of one whose sign is a yes or no, (N, 1), whose targets are 0 and 1, or −1 and 1."""
    count, known = max(2, scores.shape[1]), require_runtime(model).classes or ()
    if scores.shape[1] == 1:
        labels, chosen = (target.reshape(len(target)) > 0).astype(np.int64), (scores[:, 0] > 0).astype(np.int64)
    else:
        labels, chosen = _labels(target, scores), scores.argmax(axis=1)
    names = tuple(known) if len(known) == count else tuple(map(str, range(count)))
    return Outcome(names, labels=labels, chosen=chosen, by_sample=by_sample)


def _labels(target: HostArray, prediction: HostArray) -> HostArray:
    """Class numbers, (N,), of targets that are one-hot, probabilities, one yes or no, or numbers already."""
    if target.ndim > 1 and target.shape[1] > 1:
        return target.argmax(axis=1)
    flat = target.reshape(len(target))
    return flat.astype(np.int64) if flat.dtype.kind in "iub" else (flat > 0.5).astype(np.int64)
