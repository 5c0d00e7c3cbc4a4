"""robust and quantile: scales for columns of numbers that outliers and long tails do not upset."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping
from math import isfinite
from statistics import NormalDist
from typing import ClassVar, Literal

import numpy as np
from pellucid import (
    CheckpointError,
    ConfigError,
    Equation,
    Example,
    HostArray,
    Transform,
    check_columns,
    check_float,
    check_int,
    floating,
)

LARGEST = 1e300
"""Values are taken no larger, so that the difference of two is a number."""
STEEP = 1e150
"""A scaled value is taken no larger, so that its square is a number: what becomes of it is 3 long before."""


FEW = 64
"""Values up to which they are looked up one by one."""


def _read_off(x: float, knots: list[float], levels: list[float]) -> float:
    """``numpy.interp`` of one value, to the bit."""
    j = bisect_right(knots, x) - 1
    if x != x or not 0 <= j < len(knots) - 1:
        return x if x != x else levels[max(j, 0)]
    y = (levels[j + 1] - levels[j]) / (knots[j + 1] - knots[j]) * (x - knots[j]) + levels[j]
    return y if isfinite(y) else float(np.interp(x, knots, levels))


def _within(x: HostArray, bound: float) -> HostArray:
    """x in float64, a new array, no number of it larger than ``bound``."""
    bounded: HostArray = np.maximum(x, -bound, dtype=np.float64)
    return np.minimum(bounded, bound, out=bounded)


class Robust(Transform):
    """``z = (x − m)/s``, then ``y = z/√(1 + (z/3)²)``, which lies between −3 and 3 however far out x is.

    m is the median of the training samples and s the distance of their quartiles; where half of the samples are equal,
    s is half of the range; of a column that is constant in training, y = 0.

    Shapes: (N, …) to (N, …); one m and s for each position in a sample.

    Source: Holzmüller, Grinsztajn and Steinwart, Better by Default, 2024, appendix A.1.
    """

    equations = (
        Equation("center", r"m = \mathrm{median}_i\, x_i", "np.median(samples, 0)"),
        Equation(
            "spread",
            r"s = q_{3/4} - q_{1/4} \text{, where that is 0 } \tfrac12 (\max_i x_i - \min_i x_i) \text{, or } \infty",
            "(lambda d, r: np.where(d > 0, d, np.where(r > 0, r / 2, np.inf)))"
            "(np.quantile(samples, 0.75, 0) - np.quantile(samples, 0.25, 0), np.ptp(samples, 0))",
        ),
        Equation("z", r"z = \frac{x - m}{s}", "(x - center) / spread"),
        Equation("y", r"y = \frac{z}{\sqrt{1 + (z/3)^2}}", "z / np.sqrt(1 + (z / 3) ** 2)"),
    )
    symbols: ClassVar = {"center": "center", "spread": "spread"}
    examples = (Example(input_shapes=((4,),)), Example(input_shapes=((2, 3),)))
    fitted = ("center", "spread")

    center: HostArray | None = None
    spread: HostArray | None = None

    def fit(self, x: HostArray) -> None:
        x = _within(x, LARGEST)
        low, center, high = np.quantile(x, (0.25, 0.5, 0.75), axis=0)
        half = x.max(axis=0) / 2 - x.min(axis=0) / 2
        spread = np.where(high > low, high - low, half)
        self.center = center
        self.spread = np.where(spread > 0, spread, np.inf)

    @np.errstate(under="ignore", over="ignore")
    def apply(self, x: HostArray) -> HostArray:
        center, spread = self._learned("center"), self._learned("spread")
        check_columns(self, x, center.shape)
        z = _within(x, LARGEST)
        z -= center
        z /= spread
        np.maximum(z, -STEEP, out=z)
        np.minimum(z, STEEP, out=z)
        root = z / 3.0
        root *= root
        root += 1.0
        np.sqrt(root, out=root)
        z /= root
        return z.astype(floating(x), copy=False)

    def restore(self, arrays: Mapping[str, HostArray]) -> None:
        super().restore(arrays)
        center, spread = self._learned("center"), self._learned("spread")
        good = center.dtype.kind == spread.dtype.kind == "f" and center.shape == spread.shape
        if not good or not np.isfinite(center).all() or not (spread > 0).all():
            raise CheckpointError(
                "The saved state of Robust must hold a finite center and a spread above 0 for each column. Received: "
                f"{center.dtype} of shape {center.shape}, {spread.dtype} of shape {spread.shape}. The file is damaged."
            )


class Quantile(Transform):
    """``y = F⁻¹(p(x))``: the share p of training samples below x, read off at stored quantiles, uniform or as a normal
    variable has it.

    Between two stored quantiles y is linear; beyond the outermost it stays. Of a value that many samples share, y is
    the middle between the ends of what these take up. A normal y lies within Φ⁻¹ of half a sample from the ends.

    A value that n samples share counts as n**ties of them. With 1, where nine of ten amounts are 0, all others are left
    a tenth of the scale, and bins of a network hardly tell them apart; with less they have room.

    Args:
        to: ``"normal"`` or ``"uniform"``.
        quantiles: how many are stored. Of heavy tails 1,000 leave a third of the deviation that 256 do.
        ties: τ, from 0, each value counts once, to 1, each sample does.

    Shapes: (N, …) to (N, …); quantiles for each position in a sample.

    Source: Gorishniy et al., Revisiting Deep Learning Models for Tabular Data, 2021, appendix (as its preprocessing);
    Beasley and Erickson, Rank-Based Inverse Normal Transformations, 2009.
    """

    equations = (
        Equation("knots", r"q_k = \text{the } p_k\text{-quantile of the values, each } n^\tau \text{ times},"
                 r" \; p_k = \tfrac{k}{K - 1}",
                 why="Counts of equal samples have no short expression; the tests hold it against numpy.quantile."),
        Equation("levels", r"l_k = F^{-1}\big(\tfrac12 (\min_{q_j = q_k} p_j + \max_{q_j = q_k} p_j)\big)",
                 why="Φ⁻¹ has no short expression; the tests hold it against the error function."),
        Equation("y", r"y = \text{linear between the } (q_k, l_k)",
                 "np.moveaxis(np.array([np.interp(x.reshape(len(x), -1)[:, j], knots.reshape(quantiles, -1)[:, j], "
                 "levels.reshape(quantiles, -1)[:, j]) for j in range(knots[0].size)]), 0, 1).reshape(x.shape)"),
    )  # fmt: skip
    symbols: ClassVar = {"knots": "knots", "levels": "levels", "\\tau": "ties"}
    examples = (
        Example({"quantiles": 50, "ties": 0.5}, ((4,),)),
        Example({"to": "uniform", "quantiles": 20}, ((2, 3),)),
    )
    fitted = ("knots", "levels")

    knots: HostArray | None = None
    levels: HostArray | None = None
    _of: list[list[float]]
    _to: list[list[float]]

    def __init__(
        self, to: Literal["normal", "uniform"] = "normal", quantiles: int = 1000, ties: float = 1.0
    ) -> None:  # fmt: skip
        check_int(self, "quantiles", quantiles, "[2, 100000]")
        check_float(self, "ties", ties, "[0, 1]")
        if to not in ("normal", "uniform"):
            raise ConfigError(f"The 'to' of Quantile must be 'normal' or 'uniform'. Received: {to!r}.")
        self.to = to
        self.quantiles = quantiles
        self.ties = ties

    def fit(self, x: HostArray) -> None:
        shares = np.linspace(0.0, 1.0, self.quantiles)
        samples = _within(x, LARGEST).reshape(len(x), -1)
        knots = np.stack([self._quantiles(column, shares) for column in samples.T], axis=1)
        columns = np.maximum.accumulate(knots, axis=0)  # rounding may put one a digit below the one before
        self.knots = columns.reshape(self.quantiles, *x.shape[1:])
        levels = np.empty_like(columns)
        for j, column in enumerate(columns.T):
            first, last = column.searchsorted(column, "left"), column.searchsorted(column, "right") - 1
            levels[:, j] = (shares[first] + shares[last]) / 2
        if self.to == "normal":
            least = 0.5 / min(len(x), self.quantiles)
            values, place = np.unique(np.clip(levels, least, 1 - least), return_inverse=True)
            levels = np.array([NormalDist().inv_cdf(p) for p in values.tolist()])[place].reshape(levels.shape)
        self.levels = levels.reshape(self.knots.shape)
        self._list()

    def _quantiles(self, samples: HostArray, shares: HostArray) -> HostArray:
        """As numpy.quantile has them, linear between samples, of values that are there n**ties times."""
        values, counts = np.unique(samples, return_counts=True)
        times = counts.astype(np.float64) ** self.ties
        behind = np.cumsum(times)
        places = np.stack([behind - times, behind - 1], axis=1).reshape(-1)  # each value's first and last
        made: HostArray = np.interp(shares * (behind[-1] - 1), places, np.repeat(values, 2))
        return made

    def apply(self, x: HostArray) -> HostArray:
        knots, levels = self._learned("knots"), self._learned("levels")
        check_columns(self, x, knots.shape[1:])
        flat, y = x.reshape(len(x), knots[0].size), np.empty((len(x), knots[0].size), floating(x))
        if 0 < flat.size <= FEW:
            y[:] = [list(map(_read_off, row, self._of, self._to)) for row in flat.tolist()]
            return y.reshape(x.shape)
        of, to = knots.reshape(len(knots), -1), levels.reshape(len(knots), -1)
        for j in range(y.shape[1]):
            y[:, j] = np.interp(flat[:, j], of[:, j], to[:, j])
        return y.reshape(x.shape)

    def _list(self) -> None:
        """Knots and levels of each column as lists, for a few values, for which NumPy's way in takes longer than the
        way. They are made when something is learned: apply changes nothing."""
        for name, array in (("_of", self._learned("knots")), ("_to", self._learned("levels"))):
            setattr(self, name, array.reshape(len(array), -1).T.tolist())

    def restore(self, arrays: Mapping[str, HostArray]) -> None:
        super().restore(arrays)
        knots, levels = self._learned("knots"), self._learned("levels")
        good = knots.dtype.kind == levels.dtype.kind == "f" and knots.shape == levels.shape
        good = good and knots.ndim > 0 and len(knots) == self.quantiles
        for part in (knots, levels) if good else ():
            good = good and bool(np.isfinite(part).all() and (np.diff(part, axis=0) >= 0).all())
        if not good:
            raise CheckpointError(
                f"The saved state of Quantile must hold {self.quantiles} ascending finite knots and levels for each "
                f"column. Received: {knots.dtype} of shape {knots.shape}, {levels.dtype} of shape {levels.shape}. The "
                "file is damaged, or was changed."
            )
        self._list()
