"""Photos: one's own pictures in the form that a model was trained on, and what the network sees of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import isqrt
from pathlib import Path
from typing import Any, Literal

from pellucid.basics.arrays import HostArray
from pellucid.basics.checks import is_size
from pellucid.basics.errors import ConfigError, DataError
from pellucid.interfaces.layer import Layer, require_runtime
from pellucid.standard.images.fitting import FITS, Fit, fitted
from pellucid.standard.images.ink import CENTRES, Centre, ink_image
from pellucid.standard.images.reading import is_image, read_image
from pellucid.workbench import pictures

Rule = Literal["ink", "resize"]
RULES = ("ink", "resize")
ENOUGH = 1000
"""Pixels of the longer side at which ink is looked for; larger photos are reduced while they are read."""
SHOWN = 224
"""Pixels of the picture of what the network saw, about."""
_SMALLEST_SIDE = 4
"""Rows of fewer numbers than the square of this are features, and no picture."""


@dataclass(frozen=True)
class PhotoRule:
    """How a photo becomes a sample.

    Attributes:
        rule: ``ink``: one character on paper, as MNIST's digits were made ready,
            :func:`pellucid.standard.images.ink.ink_image`; ``resize``: the photo as it is, in another size.
        size: height and width of the sample.
        channels: 1 for grey levels, 3 for colours.
        flat: whether a sample is a row of pixels.
        box, centre: of ink.
        fit: of ``resize``, see :func:`pellucid.standard.images.fitting.fitted`.
    """

    rule: Rule
    size: tuple[int, int]
    channels: int = 1
    flat: bool = False
    box: int = 20
    centre: Centre = "mass"
    fit: Fit = "crop"


@dataclass(frozen=True, eq=False)
class Seen:
    """A photo as a model takes it.

    Attributes:
        x: the sample, (1, …).
        picture: the same as an image, (1, H, W, channels), from 0 to 1.
        said: what was done with the photo.
    """

    x: HostArray
    picture: HostArray
    said: str


def photo_rule(model: Layer, rule: Rule | None = None) -> PhotoRule:
    """How photos become samples of a model: as its data set said when it was trained by ``pellucid train``, which the
    model's file keeps; else they are resized to the shape of its input.

    Args:
        rule: another one, whatever the data set said.

    Raises:
        ConfigError: the model does not take pictures.
    """
    kept = _kept(require_runtime(model).metadata.get("photos"))
    if kept is None:
        kept = _of_shape(model)
    if rule is None or rule == kept.rule:
        return kept
    if rule == "ink" and (kept.size[0] != kept.size[1] or kept.channels != 1):
        raise ConfigError(
            f"--photo ink makes square grey pictures, and this model takes {kept.size[1]} x {kept.size[0]} pixels of "
            f"{kept.channels} channels. Leave it out."
        )
    box = round(kept.size[0] * 20 / 28)
    return PhotoRule(rule, kept.size, kept.channels, kept.flat, box)


def seen_by(model: Layer, path: Path, rule: Rule | None = None) -> Seen:
    """A photo as a model takes it.

    Raises:
        DataError: no image; for ``ink``, none or several characters on it. ConfigError: a model that takes no pictures.
    """
    how = photo_rule(model, rule)
    (height, width) = how.size
    if how.rule == "ink":
        ink = ink_image(read_image(path, 3, most=ENOUGH), height, how.box, how.centre, where=str(path))
        picture, said = ink.pixels[..., None], ink.said
    else:
        image = read_image(path, how.channels, most=2 * max(how.size))
        picture = fitted(image, height, width, how.fit)
        colour = "in grey levels" if how.channels == 1 else "in colours"
        said = f"resized to {width} x {height} pixels {colour} ({how.fit}), and not otherwise prepared"
    x = picture.reshape(1, -1) if how.flat else picture[None]
    return Seen(x, picture[None], said)


def save_seen(seen: Seen, path: Path) -> Path:
    """What the network saw as a PNG of about 224 pixels."""
    scale = max(1, SHOWN // max(seen.picture.shape[1:3]))
    return pictures.save_png(pictures.tile(seen.picture), path, scale=scale)


def is_photo(path: Path) -> bool:
    """Whether a file is called as an image is."""
    return is_image(path)


def _kept(said: Any) -> PhotoRule | None:
    """What a model's file says, which anybody may have written."""
    if said is None:
        return None
    known = dict(said) if isinstance(said, Mapping) else {}
    size = known.get("size")
    known["size"] = tuple(size) if isinstance(size, list | tuple) else (size, size)
    good = (
        known.get("rule") in RULES and len(known["size"]) == 2 and all(map(is_size, known["size"]))
        and known.get("channels", 1) in (1, 3) and isinstance(known.get("flat", False), bool)
        and is_size(known.get("box", 1)) and known.get("box", 1) <= min(known["size"])
        and known.get("centre", "mass") in CENTRES and known.get("fit", "crop") in FITS
        and known.keys() <= PhotoRule.__dataclass_fields__.keys()
    )  # fmt: skip
    if not good:
        raise DataError(
            f"The model's file does not say rightly how photos become samples: {said!r:.200}. Say it: --photo ink, or "
            "--photo resize."
        )
    known.setdefault("box", round(known["size"][0] * 20 / 28))
    return PhotoRule(**known)


def _of_shape(model: Layer) -> PhotoRule:
    shapes = require_runtime(model).input_shapes
    shape = tuple(shapes[0])
    if len(shapes) == 1 and len(shape) == 3 and shape[2] in (1, 3) and shape[0] and shape[1]:
        return PhotoRule("resize", (shape[0], shape[1]), shape[2])
    side = isqrt(shape[0]) if len(shape) == 1 and shape[0] else 0
    if len(shapes) == 1 and side >= _SMALLEST_SIDE and side * side == shape[0]:
        return PhotoRule("resize", (side, side), 1, flat=True)
    raise ConfigError(
        f"This model takes samples of shape {', '.join(map(str, shapes))}, which are no pictures. Expected: (height, "
        "width, 1 or 3 channels), or a row of n² grey levels. Give it a file of samples: .csv, .npy or .npz."
    )
