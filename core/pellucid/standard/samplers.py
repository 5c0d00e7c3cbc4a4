"""Sampler: in which order an epoch visits samples. Built in: classes in turn, groups of a class, easy ones first."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from math import ceil
from typing import Any, ClassVar, Protocol, runtime_checkable

import numpy as np

from pellucid.basics.arrays import HostArray
from pellucid.basics.checks import check_float, check_int
from pellucid.basics.component import Component, Example
from pellucid.basics.errors import ConfigError, DataError
from pellucid.basics.suggest import listed
from pellucid.interfaces.rows import Samples
from pellucid.interfaces.samples import Split, class_labels


class Sampler(Component, ABC):
    """In which order an epoch visits the samples: some of them more often than others, or next to each other. ::

    class Easy(Sampler):
        def order(self, rng, data, *, epoch, batch_size):
            easy = np.flatnonzero(data.x.std(axis=1) < 1 + epoch)
            return rng.choice(easy, len(data))
    """

    kind: ClassVar[str] = "sampler"
    part_of_step: ClassVar[bool] = False

    @abstractmethod
    def order(self, rng: np.random.Generator, data: Split | Samples, *, epoch: int, batch_size: int) -> HostArray:
        """Numbers of rows of ``data``, integers from 0, in the order in which this epoch visits them: as many at every
        epoch, for steps are planned, and any of them several times or not at all.

        A pure function of its arguments, so that a run can continue anywhere with the same bits; ``rng`` depends on the
        trainer's seed and on the epoch. Consecutive ``batch_size`` of them are a micro-batch. ``data.labels`` are class
        labels (N,), or None.
        """


@runtime_checkable
class Ordered(Protocol):
    """Samples that say themselves in which order an epoch visits them, where no sampler does."""

    def order(self, rng: np.random.Generator, *, epoch: int, batch_size: int) -> HostArray:
        """As of a :class:`Sampler`."""


Target = str | int | None
"""Which of several targets the classes are those of, by its name, or by its place in a tuple; None: the only one that
holds class labels."""


class Balanced(Sampler):
    """All classes in turn: of K consecutive rows each is of another class, whatever their sizes. An epoch has as many
    rows as the data; those of small classes come several times, and all of a class once before one comes again.

    Args:
        target: of several targets the one whose classes count; None: the only one that holds class labels.

    Errors: DataError where the targets are no class labels, or several are and none is named.
    """

    def __init__(self, target: Target = None) -> None:
        self.target = target

    def order(self, rng: np.random.Generator, data: Split | Samples, *, epoch: int, batch_size: int) -> HostArray:
        rows = _of_classes(self, data)
        turns = ceil(len(data) / len(rows))
        columns = np.stack([again_and_again(rng, of_class, turns) for of_class in rows], axis=1)
        return rng.permuted(columns, axis=1).ravel()[: len(data)]


class Groups(Sampler):
    """Groups of one class: ``size`` consecutive rows are of the same class, for losses that compare samples, such as
    contrastive ones on pairs (``size`` 2). Classes come as often as they have samples.

    Args:
        size: rows of a group, at least 2; the batch size must be a multiple.
        target: of several targets the one whose classes count, as of ``Balanced``.

    Errors: DataError where the targets are no class labels, or several are and none is named; ConfigError for a batch
    size that cuts groups.
    """

    def __init__(self, size: int = 2, target: Target = None) -> None:
        check_int(self, "size", size, "[2, inf)")
        self.size = size
        self.target = target

    def order(self, rng: np.random.Generator, data: Split | Samples, *, epoch: int, batch_size: int) -> HostArray:
        if batch_size % self.size:
            raise ConfigError(
                f"The batch size must be a multiple of the 'size' of Groups, {self.size}, or batches would cut groups. "
                f"Received: batch_size = {batch_size}."
            )
        groups = [
            again_and_again(rng, of_class, ceil(len(of_class) / self.size) * self.size).reshape(-1, self.size)
            for of_class in _of_classes(self, data)
        ]
        return rng.permutation(np.concatenate(groups)).ravel()


class Curriculum(Sampler):
    """Easy ones first: epoch e (0 the first) draws from the easiest ``min(1, first + (1 − first)·e/epochs)`` of all
    samples. Every epoch has as many rows as the data; while the share is small, each comes several times.

    Args:
        difficulty: a number for each row, the smallest the easiest; None: the rows stand in that order.
        first: the share of the first epoch, in (0, 1].
        epochs: after how many epochs all samples are drawn from, at least 1.
    """

    def __init__(self, difficulty: Sequence[float] | None = None, *, first: float = 0.3, epochs: int = 5) -> None:
        check_float(self, "first", first, "(0, 1]")
        check_int(self, "epochs", epochs, "[1, inf)")
        self.difficulty = difficulty
        self.first = first
        self.epochs = epochs

    examples = (Example(), Example({"difficulty": [3.0, 1.0, 2.0] * 4, "first": 0.5, "epochs": 2}))

    def order(self, rng: np.random.Generator, data: Split | Samples, *, epoch: int, batch_size: int) -> HostArray:
        n = len(data)
        ranked = np.arange(n) if self.difficulty is None else np.argsort(self.difficulty, kind="stable")
        if len(ranked) != n:
            raise DataError(
                f"The 'difficulty' of Curriculum must be one number for each of {n} samples. Received: {len(ranked)}."
            )
        share = min(1.0, self.first + (1 - self.first) * epoch / self.epochs)
        return again_and_again(rng, ranked[: max(1, round(share * n))], n)


def again_and_again(rng: np.random.Generator, rows: HostArray, n: int) -> HostArray:
    """``n`` of the rows in random order: all of them once before one comes again."""
    return np.concatenate([rng.permutation(rows) for _ in range(ceil(n / len(rows)))])[:n]


def _of_classes(sampler: Balanced | Groups, data: Split | Samples) -> list[HostArray]:
    """The rows of each class."""
    labels = _labels(sampler, data)
    if labels.shape != (len(data),):
        raise DataError(
            f"{type(data).__name__}.labels must be one for each of {len(data)} samples. Received: shape {labels.shape}."
        )
    return [np.flatnonzero(labels == label) for label in np.unique(labels)]


def _labels(sampler: Balanced | Groups, data: Split | Samples) -> HostArray:
    """The class label of each sample, of the target that the sampler names."""
    who, target = type(sampler).__name__, sampler.target
    if data.labels is not None and target is None:
        return np.asarray(data.labels)
    several = data.y if isinstance(data, Split) and isinstance(data.y, tuple | dict) else {}
    named: dict[Any, Any] = dict(several) if isinstance(several, dict) else dict(enumerate(several))
    found = {name: part for name, part in named.items() if class_labels(part) is not None}
    if target is not None and target not in found:
        told = f"Those with class labels are {listed(map(repr, found))}" if found else "None holds class labels"
        raise DataError(f"The 'target' of {who} must be one of several targets. {told}. Received: {target!r}.")
    if len(found) > 1 and target is None:
        choice = repr(next(iter(found)))
        raise DataError(
            f"{who} needs one class label for every sample, and {listed(map(repr, found))} hold some. Name the one "
            f'that counts: {{"type": "{who.lower()}", "target": {choice}}}.'
        )
    if not found:
        raise DataError(
            f"{who} needs a class label, an integer, for every sample. Received: none. Of samples "
            "that are read when they are asked for, give them as the attribute 'labels'."
        )
    return np.asarray(found[next(iter(found)) if target is None else target])
