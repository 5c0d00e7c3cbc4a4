"""draw_columns: a table, column by column, or each of a few columns on each other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import ceil
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.dates import AutoDateLocator, ConciseDateFormatter

from pellucid.basics.arrays import HostArray
from pellucid.workbench.data_pictures.sheet import NARROWEST, Sheet, Shown, groups
from pellucid.workbench.experiments.figures import BLUE, FAINT, INK, short, style

FEW = 5
"""So many columns of numbers are drawn on each other."""
MOST = 36
"""Columns that are drawn, the first ones."""
TEXTS = 8
"""Of a category, the most frequent ones."""
BINS = 24


def draw_columns(shown: Shown, told: Sequence[Mapping[str, Any]], path: Path) -> None:
    """Of few columns of numbers each on each other, coloured by class; of more, or where some are no numbers, how each
    is distributed.

    Args:
        told: what the data set tells of its columns: their kinds, and how often the texts of categories occur.
    """
    numbers = not any("counts" in column for column in told) and np.isfinite(shown.x).all()
    if 2 <= shown.x.shape[1] <= FEW and numbers:
        _pairs(shown, path)
    else:
        _distributions(shown, {column["name"]: column for column in told}, path)


def _pairs(shown: Shown, path: Path) -> None:
    n, side = shown.x.shape[1], 1.75
    sheet = Sheet(shown, 0.6 + n * side + 0.2, n * side + 0.55)
    size = float(np.clip(1500 / len(shown.x), 1.5, 9))
    for i in range(n):
        for j in range(n):
            axes = sheet.panel(0.6 + j * side, i * side, side - 0.14, side - 0.14)
            edges = np.histogram_bin_edges(shown.x[:, i].astype(np.float64), bins=BINS).tolist()
            for name, colour, rows in groups(shown):
                if i == j:
                    axes.hist(shown.x[rows, i], bins=edges, color=colour, alpha=0.55, label=name or None)
                else:
                    axes.scatter(shown.x[rows, j], shown.x[rows, i], s=size, color=colour, linewidths=0, alpha=0.75)
            style(axes)
            axes.tick_params(labelsize=6.5)
            if i < n - 1:
                axes.set_xticklabels([])
            else:
                axes.set_xlabel(shown.features[j], fontsize=8, color=INK, parse_math=False)
            if j or i == j:
                axes.set_yticklabels([])
            if j == 0:
                axes.set_ylabel(shown.features[i], fontsize=8, color=INK, parse_math=False)
    sheet.name_colours(sheet.figure.axes[0])
    sheet.save(path)


def _distributions(shown: Shown, told: Mapping[str, Mapping[str, Any]], path: Path) -> None:
    drawn = [i for i in range(shown.x.shape[1]) if told.get(shown.features[i], {}).get("kind") != "left_out"][:MOST]
    across = max(2, ceil(len(drawn) ** 0.5))
    width, height = max(1.95, (NARROWEST - 0.25) / across), 1.55
    rows = ceil(len(drawn) / across)
    left_out = shown.x.shape[1] - len(drawn)
    note = f"{left_out} more column{'s' * (left_out > 1)}" if left_out else ""
    sheet = Sheet(shown, 0.25 + across * width, rows * height + 0.2, note=note)
    for place, i in enumerate(drawn):
        row, column = divmod(place, across)
        axes = sheet.panel(0.35 + column * width, 0.22 + row * height, width - 0.3, height - 0.55)
        of_column = told.get(shown.features[i], {})
        if "counts" in of_column:
            _category(axes, of_column["counts"], int(of_column.get("different", len(of_column["counts"]))))
        else:
            _numbers(axes, shown, shown.x[:, i])
            if of_column.get("kind") == "date":  # days since 1970, for matplotlib as for us
                locator = AutoDateLocator(minticks=2, maxticks=4)  # type: ignore[no-untyped-call]
                axes.xaxis.set_major_locator(locator)
                axes.xaxis.set_major_formatter(ConciseDateFormatter(locator))  # type: ignore[no-untyped-call]
        name = shown.features[i]
        missing = of_column.get("missing")
        gaps = f"  ({missing:,} missing)" if missing else ""  # beside a shorter name, as both stand above one panel
        axes.set_title(
            short(name, 26 - len(gaps)) + gaps,
            fontsize=7.5, color=INK, loc="left", pad=3, parse_math=False,
        )  # fmt: skip
    coloured = [axes for axes in sheet.figure.axes if axes.get_legend_handles_labels()[1]]
    if coloured:
        sheet.name_colours(coloured[0])
    sheet.save(path)


def _numbers(axes: Axes, shown: Shown, values: HostArray) -> None:
    there = np.isfinite(values)
    if there.any():
        edges = np.histogram_bin_edges(values[there].astype(np.float64), bins=BINS).tolist()
        for name, colour, rows in groups(shown):
            own = values[rows][there[rows]]
            axes.hist(own, bins=edges, color=colour, alpha=0.55, label=name or None)
    style(axes)
    axes.tick_params(labelsize=6)
    axes.set_yticks([])


def _category(axes: Axes, counts: Mapping[str, int], different: int) -> None:
    most = list(counts.items())[:TEXTS]
    names = [short(name, 14) for name, _ in most]
    axes.barh(range(len(most)), [n for _, n in most], color=BLUE, alpha=0.75, height=0.8)
    axes.invert_yaxis()
    axes.set_xticks([])
    axes.set_yticks([])
    for at, name in enumerate(names):
        axes.text(0, at, f" {name}", va="center", fontsize=6, color=INK, parse_math=False)
    if different > len(most):
        axes.text(
            1, 0, f"{different:,} different", transform=axes.transAxes, ha="right", va="bottom", fontsize=6, color=FAINT
        )
    axes.set_frame_on(False)
