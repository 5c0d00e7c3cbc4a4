"""Feed: data whose batches come one after the other."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import ClassVar

import numpy as np

from pellucid.basics.component import Component
from pellucid.interfaces.objective import Batch
from pellucid.interfaces.samples import Classes


class Feed(Component, ABC):
    """Batches that come one after the other: generated, received, read from a file that has no rows to ask for. ::

        class Noise(Feed):
            rows = 1000

            def batches(self, rng, epoch, start, size):
                rng.random(start)                       # the same number for each row, wherever one begins
                for first in range(start, self.rows, size):
                    yield Batch(rng.random((min(size, self.rows - first), 1)))

    For a generator function there is ``Batches``, which cuts, shuffles and skips.

    Attributes:
        rows: samples of an epoch; None where only its end tells.
        batch_rows: rows of every batch, where it can give no others; None: as many as it is asked for.
        classes, features: names, as of a ``Split``; or None.
    """

    kind: ClassVar[str] = "feed"
    part_of_step: ClassVar[bool] = False
    rows: int | None = None
    batch_rows: int | None = None
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
