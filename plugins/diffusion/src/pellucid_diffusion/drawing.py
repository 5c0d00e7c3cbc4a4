"""Samples as pictures: images in tiles, words as rows of letters, points of the plane as dots."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from pellucid import ConfigError, HostArray, pictures

COLOURS = ((31, 119, 180), (255, 127, 14), (44, 160, 44), (214, 39, 40), (148, 103, 189), (140, 86, 75))
"""Of the classes of points, red, green, blue; used again where there are more classes."""
SIDE = 256
"""Pixels of a picture of points."""


# -- words -----------------------------------------------------------------------------------------------------------


class Place(NamedTuple):
    """Where one character of a text stands."""

    character: str
    row: int
    column: int


def lay_out(text: str, classes: tuple[str, ...] | None) -> list[Place]:
    """Each word a row, each letter a place in it.

    Raises:
        ConfigError: nothing to draw, classes that are no characters, or characters that are none of the classes.
    """
    places = [Place(c, row, column) for row, word in enumerate(text.split()) for column, c in enumerate(word)]
    if not places:
        raise ConfigError(f"There is nothing to draw in --text {text!r}. Give at least one character.")
    letters = [name for name in classes or () if len(name) == 1]
    if not letters:
        raise ConfigError(
            "Text is drawn by models whose classes are single characters, such as those of mnist or of letters. This "
            f"model's are: {', '.join(classes) if classes else 'none, it was trained without labels'}."
        )
    missing = sorted({place.character for place in places} - set(letters))
    if missing:
        other = sorted({c.swapcase() for c in missing} & set(letters))
        hint = f" It can draw {' '.join(other)}." if other else ""
        raise ConfigError(
            f"This model cannot draw {' '.join(missing)}.{hint} Characters that it can: {' '.join(letters)}."
        )
    return places


def written(images: HostArray, places: list[Place], *, margin: int = 4, ink_on_paper: bool = True) -> HostArray:
    """The letters at their places, dark on white paper; the images hold 0 for paper and 1 for ink."""
    height, width = images.shape[1:3]
    rows, columns = 1 + max(p.row for p in places), 1 + max(p.column for p in places)
    page = np.zeros((rows * height + 2 * margin, columns * width + 2 * margin, *images.shape[3:]))
    for image, place in zip(images, places, strict=True):
        top, left = margin + place.row * height, margin + place.column * width
        page[top : top + height, left : left + width] = image
    page = np.clip(page, 0, 1)
    return pictures.as_pixels((1 - page if ink_on_paper else page)[None])[0]


# -- points ----------------------------------------------------------------------------------------------------------


def dots(points: HostArray, labels: HostArray | None, box: HostArray, side: int = SIDE) -> HostArray:
    """Points of the plane as dots of 3 x 3 pixels in the colour of their class, on white.

    Args:
        points: (N, 2). labels: (N,) or None.
        box: [[left, bottom], [right, top]], what the picture shows; dots outside are left out.

    Returns:
        uint8 (side, side, 3), with a thin frame.
    """
    image = np.full((side, side, 3), 225, np.uint8)
    image[1:-1, 1:-1] = 255
    place = np.rint((points - box[0]) / (box[1] - box[0]) * (side - 1)).astype(int)
    inside = ((place >= 2) & (place < side - 2)).all(axis=1)
    colours = np.array(COLOURS, np.uint8)[(np.zeros(len(points), int) if labels is None else labels) % len(COLOURS)]
    for down in (-1, 0, 1):
        for right in (-1, 0, 1):
            image[side - 1 - place[inside, 1] + down, place[inside, 0] + right] = colours[inside]
    return image


def box_around(points: HostArray) -> HostArray:
    """A square that shows all points and some room around them."""
    low, high = points.reshape(-1, 2).min(axis=0), points.reshape(-1, 2).max(axis=0)
    middle, half = (low + high) / 2, 0.65 * max(float((high - low).max()), 1e-6)
    return np.stack([middle - half, middle + half])


# -- either ----------------------------------------------------------------------------------------------------------


def frames_of(way: HostArray, labels: HostArray | None, shape: Sequence[int] | None = None) -> list[Any]:
    """Each moment (N, …) of a reverse process (F, N, …) as one picture: of points, or of images of this shape.

    Raises:
        DataError: the samples are neither images nor points. ConfigError: they have not this shape.
    """
    if way.shape[2:] == (2,) and shape is None:
        box = box_around(way[-1])
        return [dots(points, labels, box) for points in way]
    return [pictures.tile(pictures.as_images(moment, shape), background=0.5) for moment in way]
