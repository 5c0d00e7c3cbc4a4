"""Dates as numbers: what a day says by its place in the year, in the week and in the day."""

from __future__ import annotations

import numpy as np
from pellucid import DataError, HostArray

FARTHEST = 1e9
"""Days from 1970 that have a calendar."""


def calendar(days: HostArray) -> tuple[HostArray, HostArray]:
    """Of days since 1970-01-01 (N, D), a time of day as the fraction: the year, and the angles (N, 3, D) of month, day
    of week (Monday: 0) and day of year on their circles. NaN stays NaN.

    Raises:
        DataError: a day that no calendar reaches.
    """
    absent = np.isnan(days)
    filled = np.where(absent, 0.0, days)
    if (np.abs(filled) > FARTHEST).any():
        row, column = np.argwhere(np.abs(filled) > FARTHEST)[0]
        raise DataError(
            f"Dates are days since 1970-01-01, within {FARTHEST:.0e} of it. Received: {days[row, column]} in row {row} "
            f"(counted from 0), date {column}."
        )
    day = np.floor(filled).astype(np.int64)
    dates = day.astype("datetime64[D]")
    years, months = dates.astype("datetime64[Y]"), dates.astype("datetime64[M]")
    first = years.astype("datetime64[D]").astype(np.int64)
    length = (years + 1).astype("datetime64[D]").astype(np.int64) - first
    parts = (
        (months.astype(np.int64) - years.astype("datetime64[M]").astype(np.int64)) / 12.0,
        (day + 3) % 7 / 7.0,  # 1970-01-01 was a Thursday
        (day - first) / length,
    )
    angles = 2.0 * np.pi * np.stack(parts, axis=1)
    angles[np.broadcast_to(absent[:, None], angles.shape)] = np.nan
    year = years.astype(np.int64) + 1970.0
    year[absent] = np.nan
    return year, angles


def waves(angles: HostArray) -> HostArray:
    """Sine and cosine of angles (N, D) side by side (N, 2D); both 0, the middle of the circle, where there is none."""
    pairs = np.stack([np.sin(angles), np.cos(angles)], axis=-1)
    pairs[np.isnan(pairs)] = 0.0
    return pairs.reshape(len(angles), 2 * angles.shape[1])
