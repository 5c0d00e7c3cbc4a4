"""draw_surface: what a model says everywhere where its samples lie, of one or two inputs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb

from pellucid.basics.arrays import HostArray
from pellucid.workbench.experiments.figures import BLUE, INK, ORANGE, style
from pellucid.workbench.figures.sheet import Sheet, class_colours, say_axes

GRID, LINE = 250, 400
"""Points of the grid in each direction; of a line."""
MOST_POINTS = 1_500
"""Samples that are drawn into it: more hide each other."""
MOST_CLASSES = 12
HEIGHTS = "YlGnBu"
Says = Callable[[HostArray], HostArray]
"""Of inputs (N, 1 or 2) in the unit of the data -> probabilities (N, K), or values (N, J)."""


def draw_surface(
    says: Says, x: HostArray, y: HostArray, path: Path, *, classes: Sequence[str] | None,
    features: Sequence[str] | None = None, title: str = "decisions",
) -> str:  # fmt: skip
    """Write a PNG: of two inputs the plane, coloured by the most probable class, paler the less sure, or by the value;
    of one input a curve for each class or value.

    Args:
        x: (N, 1 or 2), samples that are drawn into it; y: (N,) their labels or values.
        classes: names of the classes; None: they are values.

    Returns:
        why nothing was drawn, or empty.
    """
    if x.ndim != 2 or x.shape[1] not in (1, 2):
        return f"samples have the shape {x.shape[1:]}, and a plane has two numbers"
    if classes is not None and len(classes) > MOST_CLASSES:
        return f"colours cannot tell {len(classes)} classes apart"
    if y.size != len(y):
        return f"there are {y.shape[1:]} targets a sample, and a plane has one height"
    names = list(features) if features is not None and len(features) == x.shape[1] else ["x", "y"]
    sheet = Sheet(panel=(4.6, 3.8) if x.shape[1] == 2 else (5.6, 3.4), right=0.25 if classes is not None else 1.0)
    axes = sheet.axes()
    points, targets = x.astype(np.float64), y.reshape(len(y))
    if x.shape[1] == 1:
        fact = _curves(axes, says, points, targets, classes, names)
    elif classes is not None:
        fact = _regions(axes, says, points, targets, classes, names)
    else:
        fact = _heights(sheet, axes, says, points, targets, names)
    sheet.heading(title, [fact, f"{len(x):,} samples"])
    sheet.save(path)
    return ""


def _span(values: HostArray) -> tuple[float, float]:
    """From the smallest to the largest, and a little further."""
    low, high = float(values.min()), float(values.max())
    margin = 0.08 * (high - low) or 1.0
    return low - margin, high + margin


def _plane(says: Says, points: HostArray) -> tuple[HostArray, tuple[float, float, float, float]]:
    """What is said at each point of a grid, (GRID, GRID, K), and its extent."""
    (left, right), (low, high) = _span(points[:, 0]), _span(points[:, 1])
    across, up = np.meshgrid(np.linspace(left, right, GRID), np.linspace(low, high, GRID))
    said = says(np.stack([across.ravel(), up.ravel()], axis=1))
    return said.reshape(GRID, GRID, -1), (left, right, low, high)


def _regions(
    axes: Axes, says: Says, points: HostArray, labels: HostArray, classes: Sequence[str], names: Sequence[str]
) -> str:
    said, extent = _plane(says, points)
    k = len(classes)
    colours = class_colours(k)
    best, certain = said.argmax(axis=2), said.max(axis=2)
    sure = np.clip((certain - 1 / k) / (1 - 1 / k), 0, 1)[..., None].round(1)  # in steps, which are contours
    solid = np.array([to_rgb(colour) for colour in colours])[best]
    axes.imshow(1 - (0.08 + 0.36 * sure) * (1 - solid), extent=extent, origin="lower", aspect="auto",
                interpolation="nearest", zorder=0)  # fmt: skip
    for each in range(k if k > 2 else 1):
        rest = np.delete(said, each, axis=2).max(axis=2)
        if (said[..., each] > rest).any() and (said[..., each] < rest).any():
            axes.contour(said[..., each] - rest, levels=[0.0], extent=extent, colors=INK, linewidths=1.1, zorder=1)
    taken = says(points).argmax(axis=1)
    for each in range(k):
        mine = labels == each
        wrong = mine & (taken != labels)
        axes.scatter(points[mine, 0], points[mine, 1], s=16, color=colours[each], edgecolor="white", linewidth=0.6,
                     zorder=2, label=str(classes[each]))  # fmt: skip
        axes.scatter(points[wrong, 0], points[wrong, 1], s=62, facecolor="none", edgecolor=INK, linewidth=1.1, zorder=3)
    style(axes)
    axes.grid(visible=False)
    axes.legend(frameon=True, framealpha=0.85, edgecolor="none", fontsize=8, labelcolor=INK, loc="best")
    say_axes(axes, names[0], names[1])
    wrong = int((taken != labels).sum())
    return f"paler: less sure   ·   {f'ringed: {wrong:,} taken for another class' if wrong else 'all of them right'}"


def _heights(sheet: Sheet, axes: Axes, says: Says, points: HostArray, values: HostArray, names: Sequence[str]) -> str:
    said, extent = _plane(says, points)
    low, high = min(said[..., 0].min(), values.min()), max(said[..., 0].max(), values.max())
    levels = np.linspace(low, high if high > low else low + 1, 17)
    image = axes.contourf(said[..., 0], levels=levels, extent=extent, cmap=HEIGHTS, zorder=0)
    axes.scatter(points[:, 0], points[:, 1], c=values, cmap=HEIGHTS, vmin=levels[0], vmax=levels[-1], s=20,
                 edgecolor=INK, linewidth=0.6, zorder=2)  # fmt: skip
    style(axes)
    axes.grid(visible=False)
    place = axes.get_position()
    bar = sheet.figure.add_axes((1 - 0.85 / sheet.width, place.y0, 0.13 / sheet.width, place.height))
    colours = sheet.figure.colorbar(image, cax=bar)
    colours.ax.tick_params(length=0, labelsize=7.5)
    colours.outline.set_visible(False)
    say_axes(axes, names[0], names[1])
    return "dots: the targets, in the same colours"


def _curves(
    axes: Axes, says: Says, points: HostArray, targets: HostArray, classes: Sequence[str] | None, names: Sequence[str]
) -> str:
    left, right = _span(points[:, 0])
    line = np.linspace(left, right, LINE)[:, None]
    said = says(line)
    style(axes)
    if classes is None:
        axes.scatter(
            points[:, 0], targets, s=14, color=BLUE, edgecolor="white", linewidth=0.5, label="samples", zorder=2
        )
        axes.plot(line[:, 0], said[:, 0], color=ORANGE, linewidth=2.2, label="the model", zorder=3)
        say_axes(axes, names[0], "value")
    else:
        for each, colour in enumerate(class_colours(len(classes))):
            axes.plot(line[:, 0], said[:, each], color=colour, linewidth=2.0, label=str(classes[each]))
            mine = points[targets == each, 0]
            axes.plot(mine, np.full(len(mine), -0.04 - 0.03 * each), "|", color=colour, markersize=6)
        say_axes(axes, names[0], "probability")
    axes.legend(frameon=False, fontsize=8, labelcolor=INK, loc="best")
    return "" if classes is None else "strokes: the samples of each class"
