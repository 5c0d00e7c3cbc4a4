"""draw_answers: of answers that are yes or no each by itself, what each is taken for, a small matrix for each."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib.colors import PowerNorm

from pellucid.basics.arrays import HostArray
from pellucid.workbench.evaluation.classes import confusion
from pellucid.workbench.experiments.figures import INK, short
from pellucid.workbench.figures.sheet import SEQUENTIAL, Sheet, say_axes, say_title

MOST, COLUMNS = 40, 5
"""Answers that are drawn, and how many side by side."""
_DARK = 0.35
"""Above this part of a row a cell is dark, and its number white."""
_WORDS = ("no", "yes")


def draw_answers(answers: HostArray, truth: HostArray, names: Sequence[str], path: Path, *, title: str) -> str:
    """Write a PNG: for each answer what is, down, and what it was taken for, across, coloured by the part of its row.

    Args:
        answers: (N, J), the probability of each yes; truth: (N, J), whether it is one; names: of the J.

    Returns:
        why nothing was drawn, or empty.
    """
    taken, count = answers > 0.5, len(names)
    if count > MOST:
        return f"its {count} answers are more than the {MOST} that one looks at"
    columns = min(COLUMNS, count)
    sheet = Sheet(-(-count // columns), columns, panel=(1.25, 1.25), left=0.55, bottom=0.5, above=0.42, between=0.1)
    for j, name in enumerate(names):
        axes, found = sheet.axes(j), confusion(truth[:, j], taken[:, j].astype(np.int64), _WORDS)
        axes.imshow(found.fractions, cmap=SEQUENTIAL, norm=PowerNorm(0.5, 0.0, 1.0), aspect="equal")
        axes.set_xticks((0, 1), _WORDS, fontsize=8)
        axes.set_yticks((0, 1), _WORDS, fontsize=8)
        axes.tick_params(length=0, colors=INK)
        axes.spines[:].set_color("#cfd6dc")
        for t, p in np.ndindex(2, 2):
            colour = "white" if found.fractions[t, p] > _DARK else INK
            axes.text(p, t, f"{found.counts[t, p]:,}", ha="center", va="center", color=colour, fontsize=8)
        say_title(axes, short(name, 18), size=9)
        say_axes(axes, "taken for" if j >= count - columns else "", "is" if j % columns == 0 else "")
    right = float((taken == truth).mean())
    sheet.heading(title, [f"{right:.2%} of {taken.size:,} answers right"])
    sheet.save(path)
    return ""
