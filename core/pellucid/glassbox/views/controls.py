"""Controls: what may be set in a view, made of data alone. Each has the name of the keyword that ``show`` takes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class ViewSlider:
    """A number between two others.

    Args:
        name: the keyword of ``show``, which gets a float, or an int where ``step`` is one.
        label: what stands beside it.
        low, high: its ends, both included.
        value: where it stands at first.
        step: between the numbers that may be chosen; None: any.
    """

    name: str
    label: str
    low: float
    high: float
    value: float
    step: float | None = None


@dataclass(frozen=True)
class ViewChoice:
    """One of several words; ``show`` gets the word."""

    name: str
    label: str
    options: Sequence[str]
    value: str


@dataclass(frozen=True)
class ViewSwitch:
    """On or off; ``show`` gets a bool."""

    name: str
    label: str
    value: bool = False


@dataclass(frozen=True)
class ViewText:
    """A text that is typed in, of at most so many letters; ``show`` gets a str."""

    name: str
    label: str
    value: str = ""
    most: int = 200


@dataclass(frozen=True)
class ViewPlane:
    """A plane in which a point is dragged; ``show`` gets (x, y), two floats.

    Args:
        low, high: the ends of both axes.
        value: where the point is at first.
        points: shown in the plane, (n, 2): codes of samples for example.
        classes: of the points, n ints from 0: their colours.
        labels: of the classes.
    """

    name: str
    label: str
    low: float = -3.0
    high: float = 3.0
    value: tuple[float, float] = (0.0, 0.0)
    points: Any = None
    classes: Any = None
    labels: Sequence[str] | None = None


@dataclass(frozen=True)
class ViewDrawing:
    """A canvas to draw on with mouse, finger or pen; ``show`` gets the ink as float32 of this shape, from 0 to 1:
    smoothed, scaled and centred by mass as the digits of MNIST are. All zeros: nothing has been drawn."""

    name: str
    label: str
    shape: tuple[int, int] = (28, 28)


@dataclass(frozen=True)
class ViewButton:
    """A button; ``show`` gets how often it was pressed, an int: the seed of a draw for example."""

    name: str
    label: str


ViewControl = ViewSlider | ViewChoice | ViewSwitch | ViewText | ViewPlane | ViewDrawing | ViewButton
