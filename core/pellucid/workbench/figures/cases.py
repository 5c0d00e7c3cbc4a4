"""draw_cases: single samples with what they are and what the model takes them for; pictures as pictures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from matplotlib.patches import Rectangle

from pellucid.basics.arrays import HostArray
from pellucid.workbench.experiments.figures import BLUE, FAINT, INK, short
from pellucid.workbench.figures.sheet import SEQUENTIAL, Sheet

COLUMNS = 8
WRONG = "#b5531c"
"""Beside BLUE for what is right: told apart by the colour-blind too, and by the arrow in the text."""
MOST_CLASSES = 16
"""Columns of a table of probabilities that one can still read."""


@dataclass(frozen=True, eq=False)
class Case:
    """A sample: its number, what it is and what it is taken for, classes or values.

    Attributes:
        right: whether it is taken for what it is; None of values, which are never quite right.
        beside: what stands below the words: how probable the class is, or how far the value is off.
        probabilities: (K,), of each class; None of values.
    """

    row: int
    true: str
    predicted: str
    right: bool | None
    beside: str
    probabilities: HostArray | None = None

    @property
    def words(self) -> str:
        return self.true if self.right else f"{self.true} → {self.predicted}"

    @property
    def colour(self) -> str:
        return INK if self.right is None else BLUE if self.right else WRONG


def cases_of(rows: Sequence[int], labels: HostArray, probabilities: HostArray, classes: Sequence[str]) -> list[Case]:
    """The samples of these rows; labels (N,), probabilities (N, K)."""
    taken = probabilities.argmax(axis=1)
    return [
        Case(row, classes[labels[row]], classes[taken[row]], bool(labels[row] == taken[row]),
             _percent(float(probabilities[row, taken[row]])), probabilities[row])
        for row in rows
    ]  # fmt: skip


def cases_of_values(rows: Sequence[int], targets: HostArray, predicted: HostArray) -> list[Case]:
    """The same of one value a sample, both (N,)."""
    return [
        Case(row, f"{targets[row]:.3g}", f"{predicted[row]:.3g}", None, f"{predicted[row] - targets[row]:+.2g}")
        for row in rows
    ]  # fmt: skip


def draw_cases(
    cases: Sequence[Case], images: HostArray | None, classes: Sequence[str], path: Path, *, title: str,
    facts: Sequence[str] = (),
) -> str:  # fmt: skip
    """Write a PNG: a grid of pictures, or, of samples that are none, a table of the probabilities of each class.

    Args:
        images: (number of cases, H, W) or (…, 3) from 0 to 1, one for each case; None if they are no pictures.

    Returns:
        why nothing was drawn, or empty.
    """
    if not cases:
        return "there are none"
    if images is not None:
        _grid(cases, images, path, title, facts)
        return ""
    if any(case.probabilities is None for case in cases):
        return "the samples are no pictures: values.png has each of them"
    if len(classes) > MOST_CLASSES:
        return f"the samples are no pictures, and a table of {len(classes)} classes could not be read"
    _table(cases, classes, path, title, facts)
    return ""


def _grid(cases: Sequence[Case], images: HostArray, path: Path, title: str, facts: Sequence[str]) -> None:
    columns = min(COLUMNS, max(len(cases), 4))
    sheet = Sheet(-(-len(cases) // columns), columns, panel=(1.0, 1.0), left=0.12, bottom=0.08, between=0.1, above=0.42)
    canvas = sheet.canvas()
    for i, (case, image) in enumerate(zip(cases, images, strict=True)):
        left, top, wide, high = sheet.box(i)
        canvas.imshow(image, cmap="gray_r" if image.ndim == 2 else None, vmin=0, vmax=1, interpolation="nearest",
                      extent=(left, left + wide, top + high, top), aspect="auto")  # fmt: skip
        words, colour = case.words, case.colour
        canvas.add_patch(Rectangle((left, top), wide, high, fill=False, edgecolor=colour, linewidth=1.4))
        size = 8.5 if len(words) <= 13 else max(5.0, 8.5 * 13 / len(words))
        middle = left + wide / 2
        canvas.text(middle, top - 0.2, words, ha="center", va="bottom", fontsize=size, color=colour, weight="bold")
        canvas.text(middle, top - 0.04, case.beside, ha="center", va="bottom", fontsize=7, color=FAINT)
    sheet.heading(title, facts)
    sheet.save(path)


def _percent(probability: float) -> str:
    """``98 %``; not 100 where it is not quite."""
    percent = 100 * probability
    return f"{percent:.0f} %" if 1 <= percent <= 99 else f"{percent:.2f} %" if percent < 99.995 else "100 %"


def _table(cases: Sequence[Case], classes: Sequence[str], path: Path, title: str, facts: Sequence[str]) -> None:
    longest = max(len(name) for name in classes)
    wide, high = max(0.7, min(1.5, 0.14 + 0.085 * longest)), 0.26
    sheet = Sheet(
        panel=(max(wide * len(classes), 2.4), high * len(cases)), left=0.9, bottom=0.15, above=0.5,
        right=max(1.0, 0.4 + 0.085 * min(longest, 24)) + 0.9,
    )  # fmt: skip
    axes = sheet.axes()
    table = np.stack([np.asarray(case.probabilities) for case in cases])
    axes.imshow(table, cmap=SEQUENTIAL, vmin=0, vmax=1.15, aspect="auto")
    axes.set_xticks(range(len(classes)), [short(name, 16) for name in classes], fontsize=8, color=INK)
    axes.xaxis.tick_top()
    axes.set_yticks(range(len(cases)), [f"row {case.row:,}" for case in cases], fontsize=7.5, color=FAINT)
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    axes.set_xticks(np.arange(0.5, len(classes) - 1), minor=True)
    axes.set_yticks(np.arange(0.5, len(cases) - 1), minor=True)
    axes.grid(which="minor", color="white", linewidth=1.6)
    axes.tick_params(which="minor", length=0)
    for i, case in enumerate(cases):
        for k, p in enumerate(table[i]):
            if p >= 0.005:
                axes.text(k, i, f"{p:.2f}", ha="center", va="center", fontsize=7.5, color="white" if p > 0.6 else INK)
        k = classes.index(case.true)
        frame = INK if case.right else WRONG
        axes.add_patch(Rectangle((k - 0.46, i - 0.42), 0.92, 0.84, fill=False, edgecolor=frame, linewidth=1.6))
        axes.text(len(classes) - 0.35, i, case.words, va="center", fontsize=7.5, color=case.colour,
                  weight="normal" if case.right else "bold")  # fmt: skip
    sheet.heading(title, [*facts, "framed: what it is"])
    sheet.save(path)
