"""Samples: data that is read or made when it is asked for, by the numbers of rows."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, TypeGuard

import numpy as np

from pellucid.basics.arrays import HostArray
from pellucid.interfaces.samples import Classes, Inputs, Split


class Samples(ABC):
    """Samples that are read or made when they are asked for: by their numbers, in any order, the same every time.

    ::

        class Pictures(Samples):
            def __init__(self, files, labels):
                self.files, self.labels = files, labels

            def __len__(self):
                return len(self.files)

            def take(self, rows):
                return Split(np.stack([decoded(self.files[row]) for row in rows]), self.labels[rows])

    They are taken wherever a :class:`Split` is: by ``fit`` and ``evaluate``, in ``Splits``, from ``Dataset.load``. In
    training ``take`` is called once for each step, with the rows of the step, and never for one that is not taken;
    all inputs of one call have one shape, which the next call may have another of.

    Attributes:
        classes, features: names, as of a ``Split``; or None.
        labels: class labels (N,) that are known without reading a sample: for parts in proportion to the classes, and
            for samplers; or None.
        x, y: all of them, read into memory.
    """

    classes: Classes | None = None
    features: Classes | None = None
    labels: HostArray | None = None

    @abstractmethod
    def __len__(self) -> int:
        """How many there are."""

    @abstractmethod
    def take(self, rows: HostArray) -> Split:
        """The samples of these numbers, int64 from 0 to ``len(self) - 1``, in this order."""

    def weights(self, rows: HostArray) -> HostArray | None:
        """What these samples weigh in training, (n,), or each of their steps, (n, T); None: all are alike."""
        return None

    @property
    def x(self) -> Inputs:
        return self.take(np.arange(len(self))).x

    @property
    def y(self) -> HostArray | None:
        return self.take(np.arange(len(self))).y


class Subset(Samples):
    """Some rows of samples, which are read when they are asked for."""

    def __init__(self, whole: Split | Samples, rows: HostArray) -> None:
        self.whole, self.rows, self.classes, self.features = whole, rows, whole.classes, whole.features
        self.labels = None if whole.labels is None else whole.labels[rows]

    def __len__(self) -> int:
        return len(self.rows)

    def take(self, rows: HostArray) -> Split:
        return self.whole.take(self.rows[rows])

    def weights(self, rows: HostArray) -> HostArray | None:
        return self.whole.weights(self.rows[rows]) if isinstance(self.whole, Samples) else None


def in_memory(data: Any) -> TypeGuard[Split]:
    """Whether all samples lie in memory, and not in a file that is mapped into it."""
    return isinstance(data, Split) and not data.mapped


def part(whole: Split | Samples, rows: HostArray) -> Split | Samples:
    """Some of the samples: copies where they are in memory, else what reads them when they are asked for."""
    return whole.take(rows) if in_memory(whole) else whole if len(rows) == len(whole) else Subset(whole, rows)
