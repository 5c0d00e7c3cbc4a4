"""Dates as numbers: what a day says by its place in the year, in the week and in the day."""

from __future__ import annotations

import numpy as np
from pellucid import DataError, HostArray

FARTHEST = 1e9
"""Days from 1970 that have a calendar."""
CIRCLE = 2.0 * np.pi


def calendar(days: HostArray) -> tuple[HostArray, HostArray]:
    """Of days since 1970-01-01 (N, D), a time of day as the fraction: the year (N, D), and the angles (N, 3D) of month,
    day of week (Monday: 0) and day of year on their circles, those of all dates side by side. NaN stays NaN.

    Raises:
        DataError: a day that no calendar reaches.
    """
    absent = np.isnan(days)
    some = bool(absent.any())
    filled = np.where(absent, 0.0, days) if some else days
    if filled.size and not -FARTHEST <= filled.min() <= filled.max() <= FARTHEST:
        row, column = np.argwhere(np.abs(filled) > FARTHEST)[0]
        raise DataError(
            f"Dates are days since 1970-01-01, within {FARTHEST:.0e} of it. Received: {days[row, column]} in row {row} "
            f"(counted from 0), date {column}."
        )
    day = np.floor(filled).astype(np.int64)
    dates = day.astype("datetime64[D]")
    years, months = dates.astype("datetime64[Y]"), dates.astype("datetime64[M]").astype(np.int64)
    first = years.astype("datetime64[D]").astype(np.int64)
    length = (years + np.timedelta64(1, "Y")).astype("datetime64[D]").astype(np.int64) - first
    number = years.astype(np.int64)
    angles = np.concatenate(
        (
            (months - 12 * number) * (CIRCLE / 12),
            (day + 3) % 7 * (CIRCLE / 7),  # 1970-01-01 was a Thursday
            (day - first) * CIRCLE / length,
        ),
        axis=1,
    )
    year = number + 1970.0
    if some:
        year[absent] = np.nan
        angles[np.concatenate((absent, absent, absent), axis=1)] = np.nan
    return year, angles


def waves(angles: HostArray) -> HostArray:
    """Sine and cosine of angles (N, A) side by side (N, 2A); both 0, the middle of the circle, where there is none."""
    pairs = np.empty((*angles.shape, 2))
    np.sin(angles, out=pairs[..., 0])
    np.cos(angles, out=pairs[..., 1])
    absent = np.isnan(angles)
    if absent.any():
        pairs[absent] = 0.0
    return pairs.reshape(len(angles), 2 * angles.shape[1])
