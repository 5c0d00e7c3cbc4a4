"""Confusion and PerClass: which class was taken for which, and what follows for each of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from pellucid.basics.arrays import HostArray
from pellucid.workbench.evaluation.interval import DRAWS, Interval, percentiles, resampled_means


@dataclass(frozen=True, eq=False)
class Confusion:
    """Counts of samples by their class, down, and by the class that was predicted, across.

    Attributes:
        counts: (K, K) int64; ``counts[t, p]`` samples of class t were taken for p.
        classes: their K names.
    """

    counts: HostArray
    classes: tuple[str, ...]

    @property
    def fractions(self) -> HostArray:
        """Of the samples of each class, the part taken for each: rows add up to 1, and are 0 where there are none."""
        total = self.counts.sum(axis=1, keepdims=True)
        fractions: HostArray = self.counts / np.maximum(total, 1)
        return fractions


@dataclass(frozen=True)
class ClassFigures:
    """Of one class: of those that were taken for it the part that is of it, of those that are of it the part that was
    found, the harmonic mean of both, and how many there are. 0 where nothing is divided by nothing."""

    name: str
    precision: float
    recall: float
    f1: float
    support: int


@dataclass(frozen=True)
class PerClass:
    """Precision, recall and F1 of each class, and their means.

    Attributes:
        rows: one for each class.
        macro: the mean over the classes that occur, among targets or predictions, as scikit-learn has it.
        weighted: the mean weighted by support.
        macro_f1_interval: of the F1 of ``macro``, by bootstrap.
    """

    rows: tuple[ClassFigures, ...]
    macro: ClassFigures
    weighted: ClassFigures
    macro_f1_interval: Interval | None


def confusion(labels: HostArray, predicted: HostArray, classes: Sequence[str]) -> Confusion:
    """Count: labels (N,) and predicted (N,), both in 0 … K−1."""
    k = len(classes)
    counts = np.bincount(labels.astype(np.int64) * k + predicted, minlength=k * k).reshape(k, k)
    return Confusion(counts, tuple(classes))


def per_class(confusion: Confusion, seed: int = 0) -> PerClass:
    """What follows from a confusion matrix.

    Rows drawn with replacement fall into its cells by a multinomial distribution, so the bootstrap draws cells.
    """
    counts = confusion.counts
    n = int(counts.sum())
    found = _of(*_sides(counts[None]))
    interval = None
    if n:
        cells = np.flatnonzero(counts)
        drawn = np.random.default_rng(seed).multinomial(n, counts.reshape(-1)[cells] / n, size=DRAWS)
        interval = percentiles(_macro_f1(drawn, cells, len(counts)), seed)
    return _table(confusion.classes, found, counts.sum(axis=1), interval)


def per_answer(yes: HostArray, truth: HostArray, names: Sequence[str], seed: int = 0) -> PerClass:
    """The same of answers that are yes or no each by itself: yes and truth (N, J) of bool; the support counts yes."""
    counts = np.stack([yes & truth, yes, truth]).astype(np.float64)  # (3, N, J)
    right, predicted, support = counts.sum(axis=1)
    found = _of(right[None], predicted[None], support[None])
    interval = None
    if len(yes):
        from_rows = counts.transpose(1, 0, 2).reshape(len(yes), -1)
        drawn = resampled_means(from_rows, DRAWS, np.random.default_rng(seed)).reshape(DRAWS, 3, -1)
        f1 = _of(drawn[:, 0], drawn[:, 1], drawn[:, 2])[2]
        interval = percentiles(f1.mean(axis=1), seed)
    return _table(tuple(names), (*found[:3], np.ones_like(found[3])), support.astype(np.int64), interval)


def _sides(counts: HostArray) -> tuple[HostArray, HostArray, HostArray]:
    """(right, predicted, support) of matrices (D, K, K), each (D, K)."""
    return np.diagonal(counts, axis1=1, axis2=2), counts.sum(axis=1), counts.sum(axis=2)


def _macro_f1(drawn: HostArray, cells: HostArray, k: int) -> HostArray:
    """The mean F1 of each draw: counts (D, C) of the cells that are not empty."""
    true, predicted = np.divmod(cells, k)
    by_class = np.eye(k)
    right = drawn @ (by_class[true] * (true == predicted)[:, None])
    _, _, f1, occurs = _of(right, drawn @ by_class[predicted], drawn @ by_class[true])
    return _mean(f1, occurs)


def _of(right: HostArray, predicted: HostArray, support: HostArray) -> tuple[HostArray, ...]:
    """Precision, recall, F1 and whether a class occurs, each (D, K)."""
    either = predicted + support
    precision, recall = right / np.where(predicted > 0, predicted, 1), right / np.where(support > 0, support, 1)
    return precision, recall, 2 * right / np.where(either > 0, either, 1), either > 0


def _mean(values: HostArray, weight: HostArray) -> HostArray:
    total = weight.sum(axis=1)
    mean: HostArray = np.where(total > 0, (values * weight).sum(axis=1) / np.where(total > 0, total, 1), np.nan)
    return mean


def _table(
    names: Sequence[str], found: tuple[HostArray, ...], support: HostArray,
    interval: Interval | None,
) -> PerClass:  # fmt: skip
    precision, recall, f1, occurs = found
    total = int(support.sum())

    def mean(name: str, weight: HostArray) -> ClassFigures:
        p, r, f = (float(_mean(each, weight)[0]) for each in (precision, recall, f1))
        return ClassFigures(name, p, r, f, total)

    rows = tuple(
        ClassFigures(name, float(precision[0, k]), float(recall[0, k]), float(f1[0, k]), int(support[k]))
        for k, name in enumerate(names)
    )
    return PerClass(rows, mean("macro", occurs.astype(float)), mean("weighted", support[None].astype(float)), interval)
