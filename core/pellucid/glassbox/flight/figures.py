"""What is read of arrays for statistics, by the compiled kernels where they are there; and what it is called."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from pellucid.basics.arrays import HostArray

BINS = 32
"""Of a histogram, all of one width: from the smallest output of the layer in that step to the largest."""
OF_OUTPUT = 5 + BINS
"""Σ y, Σ y², smallest, largest, dead units, counts."""


def span_sums(x: HostArray, other: HostArray | None, spans: HostArray, out: HostArray) -> None:
    """Of each span of a flat array: Σ (x − other)², how many of these are 0, Σ other².

    Args:
        x: (n,).
        other: (n,); None counts as 0.
        spans: int64 (k, 2), each its first element and the one behind its last.
        out: float64 (k, 3).
    """
    native = sys.modules.get("pellucid.ops.kernels.native")  # whoever trains on it has loaded it
    if native is not None and native.span_sums(x, other, spans, out):
        return
    for row, (start, stop) in zip(out, spans.tolist(), strict=True):
        change = x[start:stop] if other is None else x[start:stop] - other[start:stop]
        row[:] = _squares(change), change.size - np.count_nonzero(change), 0.0
        if other is not None:
            row[2] = _squares(other[start:stop])


def distribution(y: HostArray, out: HostArray) -> None:
    """Σ y, Σ y², min y, max y, how many columns are 0 in each row, and counts in equal bins from the smallest to the
    largest: of each y the bin ⌊(y − min)·bins/(max − min)⌋, of the largest the last; 0 where a number is not finite.

    Args:
        y: (rows, columns), not empty.
        out: float64 (5 + bins,).
    """
    native = sys.modules.get("pellucid.ops.kernels.native")
    if native is not None and native.distribution(y, out):
        return
    wide, bins = y.astype(np.float64), len(out) - 5
    low, high = float(wide.min()), float(wide.max())
    out[:5] = wide.sum(), _squares(wide), low, high, np.count_nonzero(~y.any(axis=0))
    width = high - low
    if np.isfinite(width):
        places = ((wide - low) * (bins / width if width else 0.0)).astype(np.int64)
        out[5:] = np.bincount(np.minimum(places, bins - 1).ravel(), minlength=bins)
    else:
        out[5:] = 0


def _squares(x: HostArray) -> float:
    flat = x.ravel().astype(np.float64)
    return float(flat.dot(flat))


class Layout:
    """What the figures of a step are of, and so where each lies in one flat array; steps that are alike share it.

    Args:
        params: path and size of each parameter, and whether it is trained.
        outputs: name and size of each output of a layer.
        rates: paths of the first parameters of the segments, each with a learning rate.
    """

    def __init__(
        self, params: Sequence[tuple[str, int, bool]], outputs: Sequence[tuple[str, int]], rates: Sequence[str]
    ) -> None:  # fmt: skip
        self.params, self.outputs, self.rates = params, outputs, rates

    def columns(self, steps: HostArray, flat: HostArray) -> Iterator[tuple[str, HostArray, HostArray]]:
        """Name, steps and values of each figure.

        Args:
            steps: int64 (T,).
            flat: what was found in each of them (T, n): span sums of gradients, of changes, distributions, rates, loss.
        """
        ends = np.cumsum([3 * len(self.params), 3 * len(self.params), OF_OUTPUT * len(self.outputs), len(self.rates)])
        gradients, changes, outputs, rates, loss = np.split(flat, ends.tolist(), axis=1)
        found: dict[str, HostArray] = {}
        for (name, size), y in zip(self.outputs, np.split(outputs, max(len(self.outputs), 1), axis=1), strict=False):
            mean = y[:, 0] / size
            found[f"{name}.mean"], found[f"{name}.min"], found[f"{name}.max"] = mean, y[:, 2], y[:, 3]
            found[f"{name}.std"] = np.sqrt(np.maximum(y[:, 1] / size - mean**2, 0.0))
            found[f"{name}.dead"] = y[:, 4].astype(np.int64)
            found[f"{name}.histogram"] = y[:, 5:].astype(np.int64)
        total = np.zeros(len(flat))
        for i, (path, size, trained) in enumerate(self.params):
            if trained:
                (squares, zeros, _), (moved, _, weight) = gradients.T[3 * i : 3 * i + 3], changes.T[3 * i : 3 * i + 3]
                total += squares
                found[f"{path}.grad.rms"], found[f"{path}.grad.zeros"] = np.sqrt(squares / size), zeros / size
                found[f"{path}.update.rms"] = np.sqrt(moved / size)
                with np.errstate(divide="ignore", invalid="ignore"):
                    ratio = np.sqrt(moved) / np.sqrt(weight)
                found[f"{path}.update.ratio"] = np.where(moved > 0, ratio, 0.0)
        found["norm"], found["loss"] = np.sqrt(total), loss[:, 0]
        for name, values in found.items():
            yield name, steps, values
        same = (rates == rates[:, :1]).all(axis=1)
        several = [("lr", same, rates[:, 0])] if self.rates else []
        several += [(f"{path}.lr", ~same, rates[:, i]) for i, path in enumerate(self.rates)]
        for name, where, values in several:
            if where.any():
                yield name, steps[where], values[where]


class Row(NamedTuple):
    """The figures of one step."""

    layout: Layout
    flat: HostArray

    @property
    def nbytes(self) -> int:
        return self.flat.nbytes

    def figures(self) -> dict[str, HostArray]:
        """By their names."""
        return {name: values[0] for name, _, values in self.layout.columns(np.zeros(1, np.int64), self.flat[None])}
