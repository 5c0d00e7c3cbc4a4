"""MappedRows: rows of mapped files as samples; an epoch visits them block by block, as disks like it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from pellucid.basics.arrays import HostArray
from pellucid.interfaces.rows import Samples
from pellucid.interfaces.samples import Split
from pellucid.standard.mapped.file import MappedFile

EXCERPT = 16
"""Blocks by which the data are known again."""


class MappedRows(Samples):
    """Some blocks of mapped files: rows that lie next to each other.

    An epoch visits the blocks in random order, ``mixed`` of them at a time, whose rows it mixes: rows of one batch come
    from as many blocks, and each block is read once, in one piece. While one group is trained on, the system reads the
    next; what lies behind is given back, so that memory holds two groups.

    Args:
        x, y: the files, with as many rows; no targets without y.
        rows_of_block: how many rows lie in a block; the last of the file may have fewer.
        blocks: the numbers of those that are here, ascending.
        mixed: blocks of a group.
        classes: names of the classes.
    """

    def __init__(
        self, x: MappedFile, y: MappedFile | None, *, rows_of_block: int, blocks: HostArray, mixed: int,
        classes: Sequence[str] | None = None,
    ) -> None:  # fmt: skip
        self._files = (x,) if y is None else (x, y)
        self._size, self._blocks, self._mixed = rows_of_block, blocks, mixed
        self._last = len(x.array)
        self._starts = blocks * rows_of_block
        self._lengths = np.minimum(self._starts + rows_of_block, self._last) - self._starts
        self._first = np.cumsum(self._lengths) - self._lengths  # row of this part with which each block begins
        self.classes = None if classes is None else tuple(classes)
        targets = None if y is None else y.array
        if targets is not None and targets.ndim == 1 and targets.dtype.kind in "iu":
            of_blocks = [targets[a : a + n] for a, n in zip(self._starts, self._lengths, strict=True)]
            self.labels = np.concatenate([targets[:0], *of_blocks])
        self._group: HostArray | None = None  # of each block, in the order of the epoch that is under way
        self._here: set[int] = set()  # blocks whose rows are being taken
        self._held: set[int] = set()  # these, and those that come next

    def __len__(self) -> int:
        return int(self._lengths.sum())

    def take(self, rows: HostArray) -> Split:
        rows = np.asarray(rows)
        places = np.searchsorted(self._first, rows, side="right") - 1
        self._look_at(places)
        found = [file.array[self._starts[places] + rows - self._first[places]] for file in self._files]
        return Split(found[0], found[1] if len(found) > 1 else None, self.classes)

    def order(self, rng: np.random.Generator, *, epoch: int, batch_size: int) -> HostArray:
        """Blocks in random order, the rows of ``mixed`` of them at a time in random order."""
        turn = rng.permutation(len(self._blocks))
        self._group = np.empty(len(turn), np.int64)
        self._group[turn] = np.arange(len(turn)) // self._mixed
        self._here = set()
        order = []
        for start in range(0, len(turn), self._mixed):
            of_group = turn[start : start + self._mixed]
            rows = [np.arange(self._first[i], self._first[i] + self._lengths[i]) for i in of_group]
            order.append(rng.permutation(np.concatenate(rows)))
        return np.concatenate(order)

    def excerpt(self) -> Split:
        """Some of it, the same every time, by which the data are known again."""
        chosen = np.unique(np.linspace(0, len(self._blocks) - 1, EXCERPT).astype(int))
        return self.take(np.concatenate([np.arange(self._first[i], self._first[i] + self._lengths[i]) for i in chosen]))

    def _look_at(self, places: HostArray) -> None:
        """Give back the blocks that are done with, and have those read that come next."""
        here = set(np.unique(places).tolist())
        if here <= self._here:
            return
        self._here = here
        if self._group is not None:
            groups = np.unique(self._group[places])
            self._here = set(np.flatnonzero(np.isin(self._group, groups)).tolist())
            here = self._here | set(np.flatnonzero(self._group == groups[-1] + 1).tolist())
        behind = 0  # all that lies between the blocks that are kept: the system maps more than it is asked for
        for place in sorted(here):
            start, stop = int(self._starts[place]), int(self._starts[place] + self._lengths[place])
            for file in self._files:
                if behind < start:
                    file.give_back(behind, start)
                if place not in self._held:
                    file.fetch(start, stop)
            behind = stop
        for file in self._files:
            if behind < self._last:
                file.give_back(behind, self._last)
        self._held = here
