"""Parts: what a view shows, made of data alone. No text in a part is ever markup.

``PageNote``, ``PagePicture`` of an array and ``PageTable``, of which the page of a step is made, serve here, too.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pellucid.glassbox.page.parts import PageNote, PagePicture, PageTable


@dataclass(frozen=True)
class ViewBars:
    """Horizontal bars: probabilities for example.

    Args:
        title: what they show.
        labels: of the bars, one each.
        values: their lengths, n numbers.
        marked: the number of the bar that stands out, or None.
    """

    title: str
    labels: Sequence[str]
    values: Any
    marked: int | None = None


@dataclass(frozen=True)
class ViewPictures:
    """Pictures in rows, each perhaps with a label below it.

    Args:
        images: (n, h, w) grey levels or (n, h, w, 3) colours, from 0 to 1.
        columns: so many in a row; None: as there is space.
    """

    title: str
    images: Any
    labels: Sequence[str] | None = None
    columns: int | None = None


@dataclass(frozen=True)
class ViewPoints:
    """Points in a plane, (n, 2). The n ints in ``classes``, from 0, are colours, ``labels`` names of the classes."""

    title: str
    points: Any
    classes: Any = None
    labels: Sequence[str] | None = None


@dataclass(frozen=True)
class ViewCurves:
    """Curves over common values of x, by their names; a number that is not finite leaves a gap."""

    title: str
    x: Any
    curves: Mapping[str, Any]
    x_label: str = ""
    y_label: str = ""


@dataclass(frozen=True)
class ViewWords:
    """Words in a row.

    Args:
        words: tokens for example.
        strengths: how strongly each is shaded, n numbers from 0 to 1, or None.
        links: (n, n) numbers from 0 to 1: row i shades the words when word i is pointed at; or None.
    """

    title: str
    words: Sequence[str]
    strengths: Any = None
    links: Any = None


ViewPart = PageNote | PagePicture | PageTable | ViewBars | ViewPictures | ViewPoints | ViewCurves | ViewWords
