"""What a component's page shows besides its arrays and equations: parts made of data alone, for everybody to give.

A component of any kind (a layer, a loss, an objective, an optimizer, …) may have a method ``page_parts``::

    class Squash(pl.Layer):
        ...
        def page_parts(self, call, trace):
            return [
                pl.PageNote("Outputs lie between 0 and 1.", latex=r"y = x / (1 + |x|)"),
                pl.PagePicture("Where it is flat", np.abs(trace[call.given["x"]]) > 3),
            ]

``call`` is the :class:`~pellucid.glassbox.record.quantity.Call`: ``call.given`` and ``call.made`` lead from what the
equations name to names of quantities, ``call.values`` to what is no array. ``trace[name]`` is the array. Nothing in a
part is ever markup: a text is shown letter by letter.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

MOST_ROWS = 16


@dataclass(frozen=True)
class PageNote:
    """A sentence, and perhaps a formula in LaTeX below it."""

    text: str
    latex: str = ""

    @classmethod
    def kept(cls, mask: Any, factor: float = 1.0) -> PageNote:
        """How much of an array a random mask has left, and by what that is multiplied."""
        share = float(np.mean(mask)) if np.size(mask) else 0.0
        scaled = f" What is kept is multiplied by {factor:.4g}, so that the mean stays." if factor != 1.0 else ""
        return cls(f"{int(np.sum(mask))} of {np.size(mask)} numbers were kept in this step, {share:.0%}.{scaled}")


@dataclass(frozen=True)
class PagePicture:
    """An array as a heat map.

    Args:
        title: what it shows.
        array: an array, or the name of a quantity, whose cells can then be asked for their why.
        note: a sentence about it.
    """

    title: str
    array: Any
    note: str = ""


@dataclass(frozen=True)
class PageTable:
    """Rows of texts and numbers."""

    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[Any]]

    @classmethod
    def before_and_after(cls, of: str, before: Any, after: Any) -> PageTable:
        """What a normalisation does: mean and variance of groups of numbers before and after it, the first sixteen.

        Args:
            of: what a group is: ``"feature"``.
            before, after: the numbers, one group a row.
        """
        pairs = zip(before[:MOST_ROWS], after[:MOST_ROWS], strict=True)
        rows = [
            [k, *(float(f(a, dtype=np.float64)) for a in pair for f in (np.mean, np.var))]
            for k, pair in enumerate(pairs)
        ]
        more = f", the first {MOST_ROWS} of {len(before)}" if len(before) > MOST_ROWS else ""
        return cls(f"Before and after{more}", [of, "mean of x", "variance of x", "mean after", "variance after"], rows)


@dataclass(frozen=True)
class PageWindow:
    """For a cell of one quantity that was clicked: the cells of others that it was made of, as small tables beside each
    other. Of a convolution that is the patch under the kernel, and the kernel.

    Args:
        title: what it shows.
        of: what the equations call the quantity whose cells are clicked: ``"z"``.
        shows: what they call the others: ``("x", "W")``.
    """

    title: str
    of: str
    shows: Sequence[str]


PagePart = PageNote | PagePicture | PageTable | PageWindow
