"""Data that is not all in memory: Samples are asked for by their numbers, a Feed's batches come one after the other."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import Any, ClassVar, TypeGuard

import numpy as np

from pellucid.basics.arrays import HostArray
from pellucid.basics.component import Component
from pellucid.interfaces.objective import Batch
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


class Feed(Component, ABC):
    """Batches that come one after the other: generated, received, read from a file that has no rows to ask for. ::

        class Noise(Feed):
            rows = 1000

            def batches(self, rng, epoch, start, size):
                rng.bit_generator.advance(start)        # one number a row: no row need be drawn again
                for first in range(start, self.rows, size):
                    yield Batch(rng.random((min(size, self.rows - first), 1)))

    For a generator function there is ``Batches``, which cuts, shuffles and skips.

    Attributes:
        rows: samples of an epoch; None where only its end tells.
        classes, features: names, as of a ``Split``; or None.
    """

    kind: ClassVar[str] = "feed"
    part_of_step: ClassVar[bool] = False
    rows: int | None = None
    classes: Classes | None = None
    features: Classes | None = None

    @abstractmethod
    def batches(self, rng: np.random.Generator, epoch: int, start: int, size: int | None) -> Iterator[Batch]:
        """The batches of an epoch, arrays of the host, one sample a row; nothing is asked for before it is needed.

        Args:
            rng: for what is drawn or shuffled; it depends on the trainer's seed and on the epoch alone.
            epoch: its number, 0 the first. The same number must give the same samples wherever that is possible.
            start: rows of this epoch that have been trained on: the first of these batches begins behind them, so that
                a run that was interrupted goes on with the same bits. Where one cannot go back, a PellucidWarning says
                so.
            size: rows that each batch but the last must have; None: as many as it likes, each batch a step.
        """


def in_memory(data: Any) -> TypeGuard[Split]:
    """Whether all samples lie in memory, and not in a file that is mapped into it."""
    return isinstance(data, Split) and not data.mapped


def part(whole: Split | Samples, rows: HostArray) -> Split | Samples:
    """Some of the samples: copies where they are in memory, else what reads them when they are asked for."""
    return whole.take(rows) if isinstance(whole, Split) and not whole.mapped else Subset(whole, rows)
