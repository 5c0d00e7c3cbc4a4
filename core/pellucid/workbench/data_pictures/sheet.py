"""Sheet: what all pictures of data sets have in common: a heading, panels below it, colours of classes, a file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from pellucid.basics.arrays import HostArray
from pellucid.saving.files import replace_by
from pellucid.workbench.experiments.figures import BLUE, FAINT, INK, ORANGE, RED, VIOLET

COLOURS = (BLUE, ORANGE, "#4f8f5b", VIOLET, RED, "#8c6d46", "#3aa6b9", "#c06c9b", "#7f8c3a", "#5f6f7d")
"""Of classes, in turn."""
HEADING = 0.75
"""Inches above the panels."""
NARROWEST = 5.6
"""Inches that the facts in the heading take."""
MOST_CLASSES = 12
"""So many classes are named in a legend."""


@dataclass(frozen=True, eq=False)
class Shown:
    """What is drawn of a data set.

    Attributes:
        name: of the data set.
        facts: a line that stands below it.
        x: some of the samples to train on, (N, …), in the units of the data.
        y: their targets, or None.
        labels: of their classes, or None.
        classes: the names of the classes; none where there are no labels.
        counts: how often each class occurs in all samples to train on; None where that is not known.
        features: names of the columns.
        whole: how many samples there are to train on.
    """

    name: str
    facts: str
    x: HostArray
    y: HostArray | None
    labels: HostArray | None
    classes: Sequence[str]
    counts: HostArray | None
    features: Sequence[str]
    whole: int

    @property
    def chosen(self) -> str:
        """How many are drawn, where that is not all."""
        return "" if len(self.x) == self.whole else f"{len(self.x):,} of {self.whole:,} samples are drawn"


class Sheet:
    """A figure of some inches, with a heading.

    Args:
        shown: whose heading it is.
        width, height: of the panels, in inches.
        note: stands at the right of the heading; None: how many samples are drawn.
    """

    def __init__(self, shown: Shown, width: float, height: float, note: str | None = None) -> None:
        self.width, self.height = max(width, NARROWEST), height + HEADING
        self.figure = Figure(figsize=(self.width, self.height), dpi=150, facecolor="white")
        FigureCanvasAgg(self.figure)
        top = 1 - 0.13 / self.height
        self.figure.text(
            0.2 / self.width, top, shown.name, fontsize=13, color=INK, va="top", weight="bold", parse_math=False
        )
        below = top - 0.27 / self.height
        self.figure.text(0.2 / self.width, below, shown.facts, fontsize=8.5, color=FAINT, va="top", parse_math=False)
        said = shown.chosen if note is None else note
        self.figure.text(1 - 0.2 / self.width, top, said, fontsize=8, color=FAINT, va="top", ha="right")

    def panel(self, left: float, top: float, width: float, height: float) -> Axes:
        """Axes in inches from the left and from below the heading."""
        bottom = self.height - HEADING - top - height
        return self.figure.add_axes((left / self.width, bottom / self.height, width / self.width, height / self.height))

    def name_colours(self, axes: Axes) -> None:
        """The classes with their colours, as they are drawn in these axes, at the right of the heading."""
        handles, labels = axes.get_legend_handles_labels()
        if labels:
            self.figure.legend(
                handles, labels, loc="upper right", ncols=min(len(labels), 6), fontsize=8, frameon=False,
                labelcolor=INK, bbox_to_anchor=(1 - 0.1 / self.width, 1 - 0.05 / self.height),
            )  # fmt: skip

    def save(self, path: Path) -> None:
        """Write the PNG."""
        replace_by(path, lambda file: self.figure.savefig(file, format="png"))


def colour(number: int) -> str:
    """That of a class."""
    return COLOURS[number % len(COLOURS)]


def groups(shown: Shown) -> list[tuple[str, str, HostArray]]:
    """The samples of each class that occurs: its name, its colour, their rows; one group without a name where there are
    no classes, or more than can be told apart."""
    if shown.labels is None or len(shown.classes) > MOST_CLASSES:
        return [("", BLUE, np.arange(len(shown.x)))]
    found = [(name, colour(k), np.flatnonzero(shown.labels == k)) for k, name in enumerate(shown.classes)]
    return [each for each in found if len(each[2])]


def legend(axes: Any, names: Sequence[str]) -> None:
    """Where there is something to name."""
    if any(names):
        axes.legend(fontsize=8, frameon=False, labelcolor=INK, loc="best", handletextpad=0.4)
