"""glyphs: characters written with the fonts of this machine."""

from __future__ import annotations

import json
import warnings
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path
from string import ascii_lowercase, ascii_uppercase, digits
from typing import Any

import numpy as np
from pellucid import (
    CheckpointError,
    ConfigError,
    DataError,
    Dataset,
    Example,
    Part,
    Split,
    Transform,
    check_bool,
    check_choice,
    check_float,
    check_int,
    check_memory,
    check_type,
    replacing,
)

from pellucid_datasets.fonts import Face, text_fonts
from pellucid_datasets.places import CACHE, cache_folder


class Glyphs(Dataset):
    """Which character is it? Digits and letters in the text and handwriting fonts of this machine, each time different.

    For every sample a family of fonts is drawn, then one of its faces; the character gets another stroke width,
    rotation, slant, proportion and a smooth distortion. ``x``: float32 grey levels, 0 (paper) to 1 (ink), (N, size²)
    or, with ``flat=False``, (N, size, size, 1); ``y``: int64, the index into ``classes``, the characters.

    The seed of the splits decides what is rendered. All parts draw from all fonts: the test tells how well a model
    knows these fonts, written anew. For fonts that it has never seen, make a data set of their own with ``fonts``.
    Rendered images are kept in the cache, by the content of the fonts and all else that they depend on.

    Args:
        characters: which, each once; any that the fonts have.
        samples: images of each character, in all parts together, at most 100,000.
        size: width and height of the images in pixels.
        fonts: families (``"Comic Neue"``) or font files; None takes every font found that has all characters. Fonts
            differ from machine to machine: name them where a run must be repeated elsewhere.
        align: ``"mass"``: each character fills the same box, as in MNIST, where o and O look alike; ``"line"``: all at
            one scale on one base line, as in a text.
        jitter: strength of the differences, 0 for the fonts as they are.
        flat: whether an image is one row of values or has its axes height, width, channel.
        validation, test: a fraction of all images or a number of them, with the characters in proportion.
        transforms: proposed to whoever trains.

    Errors: DataError if a font is missing or lacks a character.
    """

    examples = (Example({"characters": "O1a", "samples": 10, "fonts": ("DejaVu Sans", "DejaVu Serif"), "size": 12}),)

    def __init__(
        self,
        characters: str = digits + ascii_uppercase + ascii_lowercase,
        samples: int = 200,
        size: int = 28,
        *,
        fonts: Sequence[str] | None = None,
        align: str = "mass",
        jitter: float = 1.0,
        flat: bool = True,
        validation: Part = 0.1,
        test: Part = 0.1,
        transforms: Sequence[Transform | str] = (),
    ) -> None:
        super().__init__(validation=validation, test=test, transforms=transforms)
        _check_characters(self, characters)
        check_int(self, "samples", samples, "[1, 100000]")
        check_int(self, "size", size, "[8, 256]")
        _check_fonts(self, fonts)
        check_choice(self, "align", align, ("mass", "line"))
        check_float(self, "jitter", jitter, "[0, 2]")
        check_bool(self, "flat", flat)
        self.characters = characters
        self.samples = samples
        self.size = size
        self.fonts = fonts
        self.align = align
        self.jitter = jitter
        self.flat = flat

    @property
    def photos(self) -> dict[str, object] | None:
        """How one's own photo becomes a sample; see pellucid's contract of a data set."""
        box = round(5 / 7 * self.size)
        return {"rule": "ink", "size": self.size, "box": box, "flat": self.flat} if self.align == "mass" else None

    def load(self, rng: np.random.Generator) -> Split:
        pixels_in_all = len(self.characters) * self.samples * self.size**2
        check_memory(5 * pixels_in_all, "These glyphs", "Ask for fewer 'samples', or a smaller 'size'.", DataError)
        seed = int(rng.integers(2**63))
        try:
            faces = text_fonts(self.characters, self.fonts)
            pixels = self._cached(faces, seed)
        except ImportError as error:
            raise DataError(
                f"glyphs are drawn by Pillow with the fonts that matplotlib finds, and {error.name} is not installed. "
                "Install them: pip install 'pellucid-datasets[glyphs]'."
            ) from error
        x = np.multiply(pixels, np.float32(1 / 255), dtype=np.float32)
        y = np.repeat(np.arange(len(self.characters)), self.samples)
        shape = (self.size**2,) if self.flat else (self.size, self.size, 1)
        return Split(x.reshape(len(x), *shape), y, tuple(self.characters))

    def _cached(self, faces: list[Face], seed: int) -> np.ndarray[Any, Any]:
        """The images, from the cache if the same were rendered before."""
        path = cache_folder("glyphs") / f"{self._key(faces, seed)}.npy"
        shape = (len(self.characters) * self.samples, self.size, self.size)
        try:
            pixels = np.load(path, allow_pickle=False)
            if pixels.shape == shape and pixels.dtype == np.uint8:
                return pixels
        except (OSError, ValueError, EOFError):  # not there yet, or damaged: then it is rendered and replaced
            pass
        pixels = self._rendered(faces, seed)
        _keep(path, pixels)
        return pixels

    def _key(self, faces: list[Face], seed: int) -> str:
        """Everything that decides the pixels, as one number."""
        from PIL import __version__, features

        from pellucid_datasets.rendering import VERSION  # Pillow is an extra

        fonts = [[face.family, sha256(face.path.read_bytes()).hexdigest()] for face in faces]
        parts = [
            VERSION, __version__, features.version("freetype2"), fonts, seed,
            self.characters, self.samples, self.size, self.align, float(self.jitter),
        ]  # fmt: skip
        return sha256(json.dumps(parts).encode()).hexdigest()[:32]

    def _rendered(self, faces: list[Face], seed: int) -> np.ndarray[Any, Any]:
        """uint8 (characters · samples, size, size), the samples of the first character first."""
        from pellucid_datasets.rendering import Pen  # Pillow is an extra

        rng = np.random.default_rng(seed)
        families: dict[str, list[Pen]] = {}
        for face in faces:
            families.setdefault(face.family, []).append(Pen(face.path, self.size, self.align))
        pens = list(families.values())
        pixels = np.empty((len(self.characters) * self.samples, self.size, self.size), np.uint8)
        for i, image in enumerate(pixels):
            character = self.characters[i // self.samples]
            family = pens[rng.integers(len(pens))]
            image[:] = family[rng.integers(len(family))].draw(character, rng, self.jitter)
        empty = ~pixels.any(axis=(1, 2))
        if empty.any():
            blank = {self.characters[i // self.samples] for i in np.flatnonzero(empty)}
            raise DataError(
                f"A font draws nothing for {''.join(sorted(blank))!r}. Leave these characters out, or name the 'fonts'."
            )
        return pixels


def _check_characters(owner: object, characters: object) -> None:
    check_type(owner, "characters", characters, (str,), "a text, each character once")
    assert isinstance(characters, str)
    invisible = [c for c in characters if not c.isprintable() or c.isspace()]
    repeated = [c for c in characters if characters.count(c) > 1]
    if invisible or repeated or not characters:
        what = f", where {repeated[0]!r} comes {characters.count(repeated[0])} times" if repeated else ""
        what = f", where {invisible[0]!r} cannot be seen" if invisible else what
        raise ConfigError(
            f"The 'characters' of Glyphs must be a text of visible characters, each once. Received: {characters!r}"
            f"{what}."
        )


def _check_fonts(owner: object, fonts: object) -> None:
    good = isinstance(fonts, list | tuple) and len(fonts) > 0 and all(isinstance(name, str) and name for name in fonts)
    if fonts is not None and not good:
        raise ConfigError(
            f"The 'fonts' of Glyphs must be a list of families or font files, or None for all. Received: {fonts!r}."
        )


def _keep(path: Path, pixels: np.ndarray[Any, Any]) -> None:
    """Write the images into the cache, whole or not at all; without a cache they are rendered anew each time."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with replacing(path) as file:
            np.save(file, pixels)
    except (OSError, CheckpointError) as error:
        warnings.warn(
            f"Rendered glyphs cannot be kept in {path.parent}: {error}. They are rendered again next time. "
            f"Set {CACHE} to a folder that can be written.",
            RuntimeWarning,
            stacklevel=2,
        )
