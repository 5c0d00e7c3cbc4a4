"""Sheet: a figure with its panels placed in inches, a heading above them, and the file that becomes of it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from pellucid.saving.files import replace_by
from pellucid.workbench.experiments.figures import FAINT, INK

HEADING = 0.72
"""Height of the heading, in inches."""
DPI = 130
DIVERGING, SEQUENTIAL = "RdBu_r", "Blues"
"""Colours that the colour-blind can tell apart, too: of signed numbers, white for 0; of counts, white for none."""
_FEW = ("#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00", "#22303c", "#7f7f7f")
"""Okabe and Ito's colours, of which no two look alike to the colour-blind; ink for their yellow, which is too light."""


def class_colours(count: int) -> list[str]:
    """A colour for each class; of many ones, neighbours in a sequence, which labels have to tell apart."""
    if count <= len(_FEW):
        return list(_FEW[:count])
    from matplotlib.colors import to_hex

    return [to_hex(colour) for colour in colormaps["viridis"](np.linspace(0.0, 0.95, count))]


class Sheet:
    """A figure of ``rows`` × ``columns`` panels.

    Args:
        panel: width and height of a panel's drawing, in inches.
        left, bottom, between, above: room in inches: for the labels of the vertical axis, of the horizontal one,
            between two panels of a row in addition to ``left``, and above each for its title.
        right: room at the right edge.
    """

    def __init__(
        self, rows: int = 1, columns: int = 1, *, panel: tuple[float, float] = (4.2, 3.0), left: float = 0.65,
        bottom: float = 0.6, between: float = 0.2, above: float = 0.35, right: float = 0.25,
    ) -> None:  # fmt: skip
        wide, high = panel
        self.width = columns * (left + wide) + (columns - 1) * between + right
        self.height = rows * (above + high + bottom) + HEADING
        self.figure = Figure(figsize=(self.width, self.height), dpi=DPI, facecolor="white")
        FigureCanvasAgg(self.figure)
        self.edge = 1 - right / self.width  # of the last panel, in parts of the width
        self._boxes = [
            (left + c * (left + wide + between), HEADING + (r + 1) * (above + high) + r * bottom - high, wide, high)
            for r in range(rows)
            for c in range(columns)
        ]

    def box(self, place: int) -> tuple[float, float, float, float]:
        """Where a panel lies, row by row from 0: its left and top edge from those of the sheet, width and height, in
        inches."""
        return self._boxes[place]

    def axes(self, place: int = 0) -> Axes:
        """The axes of a panel."""
        left, top, wide, high = self._boxes[place]
        width, height = self.width, self.height
        return self.figure.add_axes((left / width, 1 - (top + high) / height, wide / width, high / height))

    def canvas(self) -> Axes:
        """The whole sheet in inches from its upper left, for many small pictures: axes for each take far longer."""
        axes = self.figure.add_axes((0, 0, 1, 1))
        axes.set_axis_off()
        axes.set_xlim(0, self.width)
        axes.set_ylim(self.height, 0)
        axes.set_autoscale_on(False)
        return axes

    def heading(self, title: str, facts: Sequence[str] = ()) -> None:
        """What is shown, and below it what is to be said of it."""
        left = 0.16 / self.width
        self.figure.text(left, 1 - 0.14 / self.height, title, va="top", fontsize=12.5, color=INK, weight="bold")
        text = "   ·   ".join(fact for fact in facts if fact)
        self.figure.text(left, 1 - 0.43 / self.height, text, va="top", fontsize=9, color=FAINT)

    def save(self, path: Path) -> None:
        """Write a PNG, whole or not at all."""
        replace_by(path, lambda file: self.figure.savefig(file, format="png"))


def say_axes(axes: Axes, x: str, y: str) -> None:
    """Labels of both axes."""
    axes.set_xlabel(x, color=FAINT, fontsize=9)
    axes.set_ylabel(y, color=FAINT, fontsize=9)


def say_title(axes: Axes, title: str, size: float = 10.5) -> None:
    axes.set_title(title, color=INK, fontsize=size)


def bare(axes: Axes) -> None:
    """Neither ticks nor a frame: a picture."""
    axes.set_xticks([])
    axes.set_yticks([])
    for spine in axes.spines.values():
        spine.set_visible(False)
