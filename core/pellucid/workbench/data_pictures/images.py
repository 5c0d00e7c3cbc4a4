"""draw_images: a row of images for each class."""

from __future__ import annotations

from math import ceil
from pathlib import Path

import numpy as np

from pellucid.basics.arrays import HostArray
from pellucid.workbench import pictures
from pellucid.workbench.data_pictures.sheet import Sheet, Shown
from pellucid.workbench.experiments.figures import FAINT, INK, short

ROWS = 16
"""Classes below each other, at most; more stand in further columns."""
ACROSS = 12
"""Images beside each other, in all columns together."""
MOST = 96
"""Classes that are drawn, the first ones."""


def draw_images(shown: Shown, path: Path) -> None:
    """For each class its name, how often it occurs, and some of its images; without classes about a hundred images."""
    images = pictures.as_images(shown.x, shown.x.shape[1:])
    if shown.labels is None:
        whole = _beside(images[:100], columns=10)
        high, wide = (7.2 * pixels / max(whole.shape[:2]) for pixels in whole.shape[:2])
        sheet = Sheet(shown, wide + 0.4, high + 0.4, note="")
        _show(sheet.panel(0.2, 0, wide, high), whole)
        sheet.save(path)
        return
    classes = range(min(len(shown.classes), MOST))
    columns = ceil(len(classes) / ROWS)
    rows, each = ceil(len(classes) / columns), max(3, ACROSS // columns)
    side = min(0.62, 7.4 / (each * columns))
    ratio = images.shape[1] / images.shape[2]
    longest = max(len(shown.classes[k]) for k in classes)
    name = 0.35 + 0.075 * min(max(longest, 6), 22)
    width = name + each * side + 0.25
    sheet = Sheet(shown, max(columns * width + 0.2, 4.5), rows * (side * ratio + 0.08) + 0.15, note="")
    for k in classes:
        column, row = divmod(k, rows)
        left, top = 0.2 + column * width, row * (side * ratio + 0.08)
        axes = sheet.panel(left + name, top, each * side, side * ratio)
        found = images[np.flatnonzero(shown.labels == k)[:each]]
        if len(found):
            blank = np.ones((each - len(found), *images.shape[1:]), images.dtype)
            _show(axes, _beside(np.concatenate([found, blank]), columns=each))
        else:
            axes.set_axis_off()
        label = short(shown.classes[k], 22)
        axes.text(
            -0.1 / (each * side), 0.5 if shown.counts is None else 0.56, label, transform=axes.transAxes, ha="right",
            va="center" if shown.counts is None else "bottom", fontsize=9, color=INK, parse_math=False,
        )  # fmt: skip
        if shown.counts is not None:
            axes.text(
                -0.1 / (each * side), 0.44, f"{shown.counts[k]:,}", transform=axes.transAxes, ha="right", va="top",
                fontsize=7.5, color=FAINT,
            )  # fmt: skip
    sheet.save(path)


def _beside(images: HostArray, columns: int) -> HostArray:
    return pictures.tile(images, columns=columns, gap=max(1, images.shape[1] // 14))


def _show(axes: object, whole: HostArray) -> None:
    axes.imshow(whole, cmap="gray", vmin=0, vmax=255, interpolation="nearest", aspect="auto")  # type: ignore[attr-defined]
    axes.set_axis_off()  # type: ignore[attr-defined]
