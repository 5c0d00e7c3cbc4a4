"""samples_part: samples that a model makes as the part of a view that suits them: pictures, points or rows."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Any

import numpy as np

from pellucid.basics.arrays import HostArray
from pellucid.basics.errors import DataError
from pellucid.glassbox.page.parts import PagePicture, PageTable
from pellucid.glassbox.views.parts import ViewPart, ViewPictures, ViewPoints
from pellucid.interfaces.layer import Layer, require_runtime
from pellucid.workbench.pictures import as_images

MOST_COLUMNS = 32
"""Numbers of a sample that a table can show; more are a heat map."""


def samples_part(
    title: str, model: Layer, samples: Any, labels: Sequence[str] | None = None, *, columns: int | None = None
) -> ViewPart:
    """Samples (N, …) in the units of the data: images, and rows of n² ≥ 16 numbers without names, as pictures; pairs as
    points of a plane; others as rows of a table or of a heat map.

    Args:
        title: what they are.
        model: knows the names of the numbers.
        labels: of the samples, one each.
        columns: pictures in a row; None: as there is space.
    """
    values = np.asarray(samples, np.float64)
    names = require_runtime(model).metadata.get("features")
    numbers = prod(values.shape[1:])
    if numbers == 2:
        classes = None if labels is None else np.arange(len(values))
        return ViewPoints(title, values.reshape(-1, 2), classes, labels)
    images = None if names else _images(values)
    if images is not None:
        return ViewPictures(title, images, labels, columns)
    rows = values.reshape(len(values), -1)
    if numbers > MOST_COLUMNS:
        return PagePicture(title, rows, f"One row for each: {', '.join(labels)}." if labels else "")
    heads = list(map(str, names)) if names and len(names) == numbers else [f"x{k}" for k in range(numbers)]
    first = [] if labels is None else [""]
    told = labels or [""] * len(rows)
    table = [[*([label] if labels else []), *row] for label, row in zip(told, rows.tolist(), strict=True)]
    return PageTable(title, [*first, *heads], table)


def _images(values: HostArray) -> HostArray | None:
    try:
        return np.clip(as_images(values), 0.0, 1.0)
    except DataError:
        return None
