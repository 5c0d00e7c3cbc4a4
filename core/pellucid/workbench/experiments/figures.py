"""What figures have in common: colours, names that are cut, and axes with a faint grid in place of a frame."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from pellucid.basics.arrays import HostArray

if TYPE_CHECKING:  # matplotlib is optional, and scatter says so in words of its own
    from matplotlib.axes import Axes

INK, FAINT, GRID = "#22303c", "#5f6f7d", "#e3e8ec"
BLUE, ORANGE, VIOLET, RED = "#1f6f8b", "#d98324", "#7a6c9d", "#c0392b"


def short(text: str, most: int) -> str:
    """At most so many letters, with a sign at the end where some are left out."""
    return text if len(text) <= most else f"{text[: most - 1]}…"


def dots(values: Sequence[float] | HostArray) -> dict[str, Any]:
    """How a line shows numbers without one beside them, between gaps or at the very beginning: a line of one point
    cannot be seen."""
    there = np.concatenate([[False], np.isfinite(values), [False]])
    alone = np.flatnonzero(there[1:-1] & ~there[:-2] & ~there[2:]).tolist()
    return {"marker": "o", "markevery": alone, "markersize": 4} if alone else {}


def style(axes: Axes) -> None:
    """Let the data stand out from the axes."""
    axes.grid(color=GRID, linewidth=0.8)
    axes.set_axisbelow(True)
    axes.tick_params(which="both", colors=FAINT, length=0, labelsize=8.5)
    axes.spines[["top", "right"]].set_visible(False)
    axes.spines[["left", "bottom"]].set_color(GRID)
