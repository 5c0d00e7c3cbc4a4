"""draw_confusion: which class is taken for which, as a picture."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from matplotlib.colors import PowerNorm

from pellucid.workbench.evaluation.classes import Confusion
from pellucid.workbench.experiments.figures import FAINT, INK, short
from pellucid.workbench.figures.sheet import SEQUENTIAL, Sheet, say_axes

FEW, MOST = 20, 120
"""Classes of which each cell has its number, and of which a picture is drawn at all."""
LISTED = 12
"""Confusions that stand in the list beside it."""
_DARK = 0.35
"""Above this part of a row a cell is dark, and its number white."""


def draw_confusion(found: Confusion, path: Path, *, title: str = "confusion") -> str:
    """Write a PNG: classes down, what they were taken for across, coloured by the part of each class; the scale is the
    root, so that a hundredth can be seen.

    Returns:
        why nothing was drawn, or empty.
    """
    counts, names, fractions = found.counts, found.classes, found.fractions
    k, n = len(names), int(counts.sum())
    if k > MOST:
        return f"its {k} classes are more than the {MOST} that one can tell apart in a picture"
    cell = max(0.46, 1.9 / k) if k <= FEW else max(7.6 / k, 0.105)
    longest = max(len(name) for name in names)
    letter = 8.5 if k <= FEW else max(4.6, min(7.5, 66 * cell * 0.8))
    room = 0.5 + min(longest, 24) * letter * 0.0088
    sheet = Sheet(panel=(cell * k, cell * k), left=room, bottom=room if longest > 2 or k > FEW else 0.6, right=2.6)
    axes = sheet.axes()
    image = axes.imshow(fractions, cmap=SEQUENTIAL, norm=PowerNorm(0.5, 0.0, 1.0), aspect="equal")
    shown = [short(name, 24) for name in names]
    axes.set_xticks(range(k), shown, rotation=90 if longest > 2 else 0, fontsize=letter)
    axes.set_yticks(range(k), shown, fontsize=letter)
    axes.tick_params(length=0, colors=INK)
    axes.set_xticks(np.arange(-0.5, k), minor=True)
    axes.set_yticks(np.arange(-0.5, k), minor=True)
    axes.grid(which="minor", color="#eef1f4", linewidth=0.6)
    axes.tick_params(which="minor", length=0)
    axes.spines[:].set_color("#cfd6dc")
    say_axes(axes, "taken for", "is")
    if k <= FEW:
        for t, p in np.argwhere(counts):
            colour = "white" if fractions[t, p] > _DARK else INK
            digits = f"{counts[t, p]:,}"
            axes.text(p, t, digits, ha="center", va="center", color=colour, fontsize=8 if len(digits) < 5 else 6.2)
    _list(sheet, found)
    bar = sheet.figure.add_axes(
        (1 - 2.3 / sheet.width, axes.get_position().y0, 1.6 / sheet.width, 0.11 / sheet.height)
    )  # fmt: skip
    colours = sheet.figure.colorbar(image, cax=bar, orientation="horizontal", ticks=[0.01, 0.1, 0.5, 1])
    colours.ax.set_xticklabels(["1 %", "10 %", "50 %", "100 %"], fontsize=6.5, color=FAINT)
    colours.ax.tick_params(length=0)
    colours.outline.set_visible(False)
    colours.ax.set_title("part of the class", fontsize=8, color=FAINT, loc="left")
    right = int(np.trace(counts))
    sheet.heading(title, [f"{right:,} of {n:,} right ({right / max(n, 1):.2%})"])
    sheet.save(path)
    return ""


def _list(sheet: Sheet, found: Confusion) -> None:
    """The most frequent confusions in words."""
    wrong = found.counts - np.diag(np.diag(found.counts))
    order = np.argsort(-wrong, axis=None, kind="stable")[:LISTED]
    pairs = [divmod(int(each), len(found.classes)) for each in order]
    room = max(4, int((sheet.height - 2.4) / 0.19))
    lines = [
        f"{short(found.classes[t], 14)} → {short(found.classes[p], 14)}   {wrong[t, p]:,}"
        for t, p in pairs
        if wrong[t, p]
    ][:room]  # fmt: skip
    left, top = 1 - 2.3 / sheet.width, 1 - 1.08 / sheet.height
    sheet.figure.text(left, top, "most often" if lines else "no confusion", fontsize=8.5, color=FAINT, va="top")
    sheet.figure.text(
        left, top - 0.22 / sheet.height, "\n".join(lines), fontsize=8.5, color=INK, va="top", linespacing=1.5
    )  # fmt: skip
