"""Mistake: a sample that a model is most wrong about."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pellucid.basics.arrays import HostArray


@dataclass(frozen=True)
class Mistake:
    """One sample.

    Attributes:
        row: its number in the part that was evaluated, from 0.
        true: the name of its class, or its target.
        predicted: what it was taken for.
        error: what the list is sorted by: ``−log p`` of the true class, or the distance of the values.
        probability: of the class that was predicted; None of values.
        probability_of_true: of the true class; None of values.
    """

    row: int
    true: str | float
    predicted: str | float
    error: float
    probability: float | None = None
    probability_of_true: float | None = None


def wrong_classes(
    probabilities: HostArray, labels: HostArray, classes: tuple[str, ...], most: int
) -> tuple[Mistake, ...]:
    """The samples that were taken for another class, the least probable true class first."""
    predicted, rows = probabilities.argmax(axis=1), np.arange(len(labels))
    of_true, of_predicted = probabilities[rows, labels], probabilities[rows, predicted]
    wrong = np.flatnonzero(predicted != labels)
    order = wrong[np.argsort(of_true[wrong], kind="stable")][:most]
    return tuple(
        Mistake(int(i), classes[labels[i]], classes[predicted[i]], float(-np.log(max(of_true[i], 1e-300))),
                float(of_predicted[i]), float(of_true[i]))
        for i in order
    )  # fmt: skip


def far_values(predicted: HostArray, targets: HostArray, most: int) -> tuple[Mistake, ...]:
    """The samples with the largest errors, of one target (N,)."""
    error = abs(predicted - targets)
    order = np.argsort(-error, kind="stable")[:most]
    return tuple(Mistake(int(i), float(targets[i]), float(predicted[i]), float(error[i])) for i in order)
