"""What a component's page shows besides its arrays and equations: parts made of data alone, for everybody to give.

A component of any kind (a layer, a loss, an objective, an optimizer, …) may have a method ``page_parts``::

    from pellucid.glassbox.page.parts import Note, Picture, Table, Window

    class Squash(pl.Layer):
        ...
        def page_parts(self, call, trace):
            return [
                Note("Outputs lie between 0 and 1.", latex=r"y = x / (1 + |x|)"),
                Picture("Where it is flat", np.abs(trace[call.given["x"]]) > 3),
            ]

``call`` is the :class:`~pellucid.glassbox.quantity.Call`: ``call.given`` and ``call.made`` lead from what the equations
name to names of quantities, ``call.values`` to what is no array. ``trace[name]`` is the array. Nothing in a part is ever
markup: a text is shown letter by letter.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Note:
    """A sentence, and perhaps a formula in LaTeX below it."""

    text: str
    latex: str = ""


@dataclass(frozen=True)
class Picture:
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
class Table:
    """Rows of texts and numbers."""

    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[Any]]


@dataclass(frozen=True)
class Window:
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


Part = Note | Picture | Table | Window
