"""shapes_of: the connected shapes of a mask, each with its box and area."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pellucid.basics.arrays import HostArray


@dataclass(frozen=True)
class Shape:
    """Points of a mask that touch each other, also at corners.

    Attributes:
        label: its number in the map of labels.
        top, left, bottom, right: its box; the last two lie behind its last row and column.
        area: how many points.
    """

    label: int
    top: int
    left: int
    bottom: int
    right: int
    area: int

    @property
    def height(self) -> int:
        return self.bottom - self.top

    @property
    def width(self) -> int:
        return self.right - self.left


def shapes_of(mask: HostArray) -> tuple[HostArray, list[Shape]]:
    """A map of labels, (H, W), 0 where there is nothing; and the shapes, the largest first.

    Runs of each row are joined with the runs of the row before that they touch (union-find).
    """
    edges = np.diff(np.pad(mask.astype(np.int8), ((0, 0), (1, 1))), axis=1)
    rows, starts = np.nonzero(edges == 1)
    _, ends = np.nonzero(edges == -1)
    parent = np.arange(len(rows))

    def root(i: int) -> int:
        while parent[i] != i:
            parent[i] = parent[parent[i]]
            i = int(parent[i])
        return i

    first = np.searchsorted(rows, np.arange(len(mask) + 1))
    for row in range(1, len(mask)):
        above, here = int(first[row - 1]), int(first[row])
        last_above, last = here, int(first[row + 1])
        while above < last_above and here < last:
            if starts[above] <= ends[here] and starts[here] <= ends[above]:
                parent[root(here)] = root(above)
            if ends[above] < ends[here]:
                above += 1
            else:
                here += 1
    roots, which = np.unique([root(i) for i in range(len(rows))], return_inverse=True)
    labels = np.zeros(mask.shape, np.int32)
    labels[mask.astype(bool)] = np.repeat(which + 1, ends - starts)
    shapes = []
    for label in range(len(roots)):
        runs = which == label
        shapes.append(
            Shape(
                label + 1, int(rows[runs].min()), int(starts[runs].min()), int(rows[runs].max()) + 1,
                int(ends[runs].max()), int((ends - starts)[runs].sum()),
            )
        )  # fmt: skip
    return labels, sorted(shapes, key=lambda shape: -shape.area)
