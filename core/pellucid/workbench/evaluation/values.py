"""Values: figures of predicted numbers, in the unit of the targets, with their intervals."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pellucid.basics.arrays import HostArray
from pellucid.workbench.evaluation.interval import DRAWS, Interval, percentiles, resampled_means, wilson


@dataclass(frozen=True)
class ValueFigures:
    """Of one target.

    Attributes:
        name: of the target.
        r2: the part of its variance that is explained; NaN if it does not vary.
        rmse, mae: root of the mean squared, and mean absolute error.
        within: the fraction of samples with an error of at most ``tolerance``.
        tolerance: in the unit of the target.
        intervals: of r2, rmse and mae by bootstrap, of within by Wilson; by their names.
    """

    name: str
    r2: float
    rmse: float
    mae: float
    within: float
    tolerance: float
    intervals: dict[str, Interval]


@dataclass(frozen=True)
class Values:
    """Figures of each target."""

    rows: tuple[ValueFigures, ...]


def values(
    predicted: HostArray, targets: HostArray, names: tuple[str, ...], tolerance: float | None = None, seed: int = 0
) -> Values:
    """Figures of predicted and targets, (N, J).

    Args:
        tolerance: in the targets' unit; None takes a tenth of each target's standard deviation over these samples.
    """
    columns = zip(names, predicted.T.astype(np.float64), targets.T.astype(np.float64), strict=True)
    return Values(tuple(_of(name, y, t, tolerance, seed) for name, y, t in columns))


def _of(name: str, y: HostArray, t: HostArray, tolerance: float | None, seed: int) -> ValueFigures:
    error, n = abs(y - t), len(t)
    centred = t - t.mean()
    allowed = float(0.1 * centred.std()) if tolerance is None else tolerance
    hits = int((error <= allowed).sum())
    parts = np.stack([error**2, error, centred, centred**2], axis=1)
    drawn = resampled_means(parts, DRAWS, np.random.default_rng(seed))
    found, draws = _figures(parts.mean(axis=0)[None]), _figures(drawn)
    intervals = {figure: percentiles(draws[figure], seed) for figure in draws} | {"within": wilson(hits, n)}
    r2, rmse, mae = (float(found[figure][0]) for figure in ("r2", "rmse", "mae"))
    return ValueFigures(name, r2, rmse, mae, hits / n, allowed, intervals)


def _figures(means: HostArray) -> dict[str, HostArray]:
    """From the means of e², |e|, t − t̄ and its square, (D, 4)."""
    squared, absolute, shift, square = means.T
    spread = square - shift**2  # of numbers around 0, so that no digits are lost
    with np.errstate(divide="ignore", invalid="ignore"):
        r2 = np.where(spread > 1e-12 * square, 1 - squared / spread, np.nan)
    return {"r2": r2, "rmse": np.sqrt(squared), "mae": absolute}
