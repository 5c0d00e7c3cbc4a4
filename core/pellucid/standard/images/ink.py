"""ink_image: one character on a photo of paper, as MNIST's digits were made ready."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from pellucid.basics.arrays import HostArray
from pellucid.basics.errors import DataError
from pellucid.standard.images.background import darkness
from pellucid.standard.images.fitting import resized
from pellucid.standard.images.shapes import Shape, shapes_of

Centre = Literal["mass", "box"]
CENTRES = ("mass", "box")
NOISE = 6.0
"""Ink is so many standard deviations of the paper's texture darker than paper at least."""
FAINTEST = 0.08
"""And takes so much of its light."""
SMALLEST = 0.02
"""A character is at least so high or wide, of the photo's longer side."""
SPECK = 0.03
"""What has less area than this share of the largest shape is a speck."""
APART = 0.2
"""Shapes that lie further from each other than this share of the height of the larger are two characters."""
WIDEST = 2.5
"""A character is at most so many times as wide as it is high."""
THIN = 1 / 11
"""Strokes of MNIST are about this share of their digit's longer side or wider; thinner ones are widened to it."""


@dataclass(frozen=True)
class Ink:
    """A character that was found on a photo.

    Attributes:
        pixels: (size, size), float32 from 0 (paper) to 1 (ink).
        said: what was done with the photo, in words.
    """

    pixels: HostArray
    said: str


def ink_image(
    photo: HostArray, size: int = 28, box: int = 20, centre: Centre = "mass", *, where: str = "the photo"
) -> Ink:
    """The one character that stands on a photo, in the form of MNIST's digits.

    1. What is darker than the paper around it is ink; :func:`pellucid.standard.images.background.darkness` says how the
       paper is found, and inverts light writing on dark ground. Half of the ink's darkness (Otsu) is a stroke's edge.
    2. Specks are left out, and what is cut off by the border if there is something else.
    3. Strokes that are thinner than MNIST's are widened to these: a pen draws half of what NIST's did.
    4. The box of the character is scaled to ``box`` pixels on its longer side, proportions kept, with antialiasing.
    5. It is put into ``size`` x ``size`` pixels so that its centre of mass is in the middle.

    Args:
        photo: (H, W, 3) or (H, W, 1), from 0 to 1.
        centre: ``mass``, as MNIST has it, or ``box``: the middle of the character's box in the middle of the pixels.
        where: what messages call it.

    Raises:
        DataError: no ink, several characters, or what is no writing at all.

    Source: steps 4 and 5: LeCun, Cortes & Burges, The MNIST database of handwritten digits,
    http://yann.lecun.com/exdb/mnist/: "size normalized to fit in a 20x20 pixel box while preserving their aspect ratio
    […] as a result of the anti-aliasing technique […] centered in a 28x28 image by computing the center of mass of the
    pixels, and translating the image so as to position this point at the center of the 28x28 field".
    """
    missing, inverted = darkness(photo)
    strokes = _strokes(missing, where)
    labels, shapes = shapes_of(strokes > 0.5)
    kept = _one_character(shapes, strokes.shape, where)
    own = np.isin(labels, [shape.label for shape in kept])
    top, left = min(shape.top for shape in kept), min(shape.left for shape in kept)
    bottom, right = max(shape.bottom for shape in kept), max(shape.right for shape in kept)
    strokes = np.where(_widened(own, 1), strokes, 0)[top:bottom, left:right]
    strokes, widened = _as_thick(strokes)
    said = f"ink {'lighter' if inverted else 'darker'} than its ground, {right - left} x {bottom - top} pixels of it"
    pixels = _centred(_boxed(strokes, box), size, centre)
    return Ink(pixels, said + (", thin strokes widened" if widened else ""))


def _strokes(missing: HostArray, where: str) -> HostArray:
    """From 0 on paper to 1 in strokes, their edges between."""
    fine = _means(missing, max(1, round(max(missing.shape) / 400)))
    deviation = 1.4826 * float(np.median(np.abs(fine - np.median(fine))))
    candidates = fine[fine > max(NOISE * deviation, FAINTEST)]
    if candidates.size < 12:
        raise DataError(
            f"{where} shows no writing: nothing on it is clearly darker than the paper around it, or lighter. Take the "
            "photo again, with one character on plain paper, nearer and with more light."
        )
    level = float(np.median(candidates[candidates >= _otsu(candidates)]))
    if candidates.size > 0.5 * fine.size:
        raise DataError(
            f"{where} shows no writing on paper: half of it is dark. Photograph one character on plain paper."
        )
    return np.clip((fine / level - 0.3) / 0.4, 0, 1)


def _otsu(values: HostArray) -> float:
    """The number that parts values into two groups with the largest variance between them.

    Source: Otsu, A threshold selection method from gray-level histograms, 1979.
    """
    counts, edges = np.histogram(values, bins=128)
    middles = (edges[:-1] + edges[1:]) / 2
    below, above = counts.cumsum()[:-1], counts[::-1].cumsum()[::-1][1:]
    sums = (counts * middles).cumsum()
    apart = sums[:-1] / np.maximum(below, 1) - (sums[-1] - sums[:-1]) / np.maximum(above, 1)
    return float(edges[1 + int((below * above * apart**2).argmax())])


def _one_character(shapes: list[Shape], of: tuple[int, ...], where: str) -> list[Shape]:
    """The shapes of the one character."""
    height, width = of
    inside = [s for s in shapes if s.top > 0 and s.left > 0 and s.bottom < height and s.right < width]
    large = max(8, SMALLEST * max(height, width))
    inside = [s for s in inside if max(s.height, s.width) >= large] and inside
    shapes = inside or shapes
    if not shapes or max(max(s.height, s.width) for s in shapes) < large:
        raise DataError(
            f"{where} shows specks and no character: the largest has "
            f"{max((max(s.height, s.width) for s in shapes), default=0)} pixels of {max(of)}. Take the photo nearer."
        )
    shapes = [s for s in shapes if s.area >= SPECK * shapes[0].area]
    tallest = max(s.height for s in shapes)
    full = [s for s in shapes if max(s.height, s.width) >= 0.4 * tallest and s.area >= 0.15 * shapes[0].area]
    groups = _apart(full, APART * tallest)
    if len(groups) > 1:
        raise DataError(
            f"{where} shows {len(groups)} characters, or more: there are shapes apart from each other. Cut the photo "
            "so that one is left, and ask for each."
        )
    near = [s for s in shapes if any(_gap(s, other) <= 2 * APART * tallest for other in full)]
    wide = max(s.right for s in near) - min(s.left for s in near)
    high = max(s.bottom for s in near) - min(s.top for s in near)
    if wide > WIDEST * high:
        raise DataError(
            f"{where} shows something {wide} pixels wide and {high} high: several characters that touch each other, or "
            "a line. Cut the photo so that one character is left."
        )
    return near


def _apart(shapes: list[Shape], gap: float) -> list[list[Shape]]:
    """Shapes in groups, of which each lies further than a gap from all others."""
    groups: list[list[Shape]] = []
    for shape in shapes:
        joined = [group for group in groups if any(_gap(shape, other) <= gap for other in group)]
        groups = [group for group in groups if group not in joined]
        groups.append([shape, *(each for group in joined for each in group)])
    return groups


def _gap(a: Shape, b: Shape) -> int:
    """How far two boxes lie from each other, 0 where they overlap."""
    across = max(a.left, b.left) - min(a.right, b.right)
    down = max(a.top, b.top) - min(a.bottom, b.bottom)
    return max(across, down, 0)


def _as_thick(strokes: HostArray) -> tuple[HostArray, bool]:
    """With strokes that are at least as wide as those of MNIST, for the size; and whether they were not."""
    longest = max(strokes.shape)
    ink = strokes > 0.5
    outline = ink & ~_narrowed(ink)
    thickness = 2 * ink.sum() / max(1, outline.sum())
    lacking = THIN * longest - thickness
    if lacking < 1:
        return strokes, False
    by = round(lacking / 2) or 1
    return _widened(np.pad(strokes, by), by), True


def _boxed(strokes: HostArray, box: int) -> HostArray:
    height, width = strokes.shape
    scale = box / max(height, width)
    h, w = max(1, round(height * scale)), max(1, round(width * scale))
    return resized(strokes[..., None], h, w, (0.0, 0.0, float(width), float(height)))[..., 0]


def _centred(small: HostArray, size: int, centre: Centre) -> HostArray:
    """In the middle of size x size pixels, as near as whole pixels let it, and never cut off."""
    total = max(float(small.sum()), 1e-6)
    whole = np.zeros((size, size), np.float32)
    place = []
    for axis, extent in enumerate(small.shape):
        mass = float(small.sum(axis=1 - axis) @ np.arange(extent)) / total
        middle = mass if centre == "mass" else extent / 2
        place.append(min(max(round(size / 2 - middle), 0), size - extent))
    whole[place[0] : place[0] + small.shape[0], place[1] : place[1] + small.shape[1]] = small
    return np.clip(whole, 0, 1)


def _means(values: HostArray, size: int) -> HostArray:
    """Means of squares of (2 size + 1) points a side."""
    for axis in range(2):
        padded = np.pad(values, [(size, size) if i == axis else (0, 0) for i in range(2)], mode="edge")
        sums = np.cumsum(np.insert(padded, 0, 0, axis=axis), axis=axis, dtype=np.float64)
        n = values.shape[axis]
        upper, lower = (np.take(sums, np.arange(n) + shift, axis=axis) for shift in (2 * size + 1, 0))
        values = ((upper - lower) / (2 * size + 1)).astype(np.float32)
    return values


def _widened(values: HostArray, by: int) -> HostArray:
    """The largest of each neighbourhood, an octagon of that radius."""
    for step in range(by):
        padded = np.pad(values, 1, mode="edge")
        middle = np.maximum(np.maximum(padded[:-2, 1:-1], padded[2:, 1:-1]), np.maximum(padded[1:-1, :-2], values))
        middle = np.maximum(middle, padded[1:-1, 2:])
        if step % 2:
            corners = np.maximum(
                np.maximum(padded[:-2, :-2], padded[:-2, 2:]), np.maximum(padded[2:, :-2], padded[2:, 2:])
            )
            middle = np.maximum(middle, corners)
        values = middle
    return values


def _narrowed(mask: HostArray) -> HostArray:
    """Points whose four neighbours are of the mask, too."""
    padded = np.pad(mask, 1)
    return mask & padded[:-2, 1:-1] & padded[2:, 1:-1] & padded[1:-1, :-2] & padded[1:-1, 2:]
