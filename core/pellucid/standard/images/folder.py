"""image_folder: images in folders, one for each class."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from pellucid.basics.checks import is_int
from pellucid.basics.errors import ConfigError, DataError, PellucidWarning
from pellucid.basics.suggest import listed
from pellucid.interfaces.dataset import Dataset, Part, check_part
from pellucid.interfaces.rows import Samples
from pellucid.interfaces.samples import Split
from pellucid.interfaces.transform import Transform
from pellucid.standard.arguments import check_choice
from pellucid.standard.images.choice import proposal
from pellucid.standard.images.fitting import FITS, Fit
from pellucid.standard.images.pictures import Pictures
from pellucid.standard.images.reading import SEEN, SUFFIXES, is_image, read_header

LARGEST = 256
"""Pixels of a side that images are taken with as they are: a network of larger ones is no first try."""
IN_MEMORY = 1 << 30
"""Bytes of decoded images that are kept in memory; more of them are decoded anew in every epoch."""
_LEFT_BY_SYSTEMS = ("thumbs.db", "desktop.ini")


class ImageFolder(Dataset):
    """Which class is it? Images in folders that are called as their classes: ``folder/class/*.png``.

    ``x``: float32 (N, height, width, channels), grey levels or colours from 0 to 1; ``y``: int64, the class, in the
    alphabetical order of the folders. Images are upright, as cameras note it, and what is transparent lies on white.
    Those that take up to a gibibyte, decoded, are decoded once; more are decoded when they are asked for.

    Args:
        train: the folder with a folder of images for each class, relative to the working directory.
        validation, test: another folder, or the part of ``train`` that is kept: a fraction or a number of images, with
            the classes in proportion.
        size: height and width of the samples, or one number for both. None: that of the images, which must then be all
            of one size, of at most 256 pixels a side.
        fit: what happens to images of another size: ``crop`` keeps proportions and takes the largest part of the
            middle, ``pad`` keeps all of the image with black beside it, ``stretch`` keeps all of it and no proportions.
        channels: 1 for grey levels, 3 for colours. None: 3 if any image has colours.
        transforms: proposed to whoever trains.

    Errors: DataError for a folder without classes or images, images of several sizes, a broken file, which is named;
    ConfigError without Pillow.
    """

    examples = ()
    paths = ("train", "validation", "test")
    validation: Any
    test: Any

    def __init__(
        self, train: str, *, validation: str | Part = 0.1, test: str | Part = 0.2,
        size: int | Sequence[int] | None = None, fit: Fit = "crop", channels: int | None = None,
        transforms: Sequence[Transform | str] = (),
    ) -> None:  # fmt: skip
        for name, part in (("validation", validation), ("test", test)):
            if not isinstance(part, str):
                check_part(self, name, part)
        sizes = [size, size] if is_int(size) else size
        if sizes is not None and not (
            isinstance(sizes, list | tuple) and len(sizes) == 2 and all(is_int(n) and n >= 1 for n in sizes)
        ):
            raise ConfigError(
                "The 'size' of ImageFolder must be a number of pixels, or two of them, height and width. "
                f"Received: {size!r}."
            )
        check_choice(self, "fit", fit, FITS)
        check_choice(self, "channels", channels, (1, 3, None))
        self.train = train
        self.validation = validation
        self.test = test
        self.size = size
        self.fit: Fit = fit
        self.channels = channels
        self.transforms = transforms
        self._sizes = None if sizes is None else (int(sizes[0]), int(sizes[1]))
        self._found: tuple[tuple[int, int], int] | None = None
        self._classes: tuple[str, ...] | None = None
        self._count = 0

    def load(self, rng: np.random.Generator) -> Split | Samples:
        files, labels, classes = _listed(Path(self.train))
        self._found = self._form(files)
        self._classes, self._count = classes, len(files)
        return self._samples(files, labels)

    def load_validation(self) -> Split | Samples | None:
        return self.samples_of(self.validation) if isinstance(self.validation, str) else None

    def load_test(self) -> Split | Samples | None:
        return self.samples_of(self.test) if isinstance(self.test, str) else None

    def samples_of(self, folder: str) -> Split | Samples:
        """The images of another folder, in the form and with the classes of the training folder."""
        if self._classes is None:
            self.load(np.random.default_rng(0))
        assert self._classes is not None
        files, labels, classes = _listed(Path(folder))
        unknown = [name for name in classes if name not in self._classes]
        if unknown:
            raise DataError(
                f"{folder} has folders of unknown classes: {listed(unknown)}. Those of {self.train} are: "
                f"{listed(self._classes)}."
            )
        if self._sizes is None:
            self._form(files)
        return self._samples(files, np.array([self._classes.index(name) for name in classes], np.int64)[labels])

    def decided(self) -> Mapping[str, Any]:
        if self._found is None:
            return {}
        size, channels = self._found
        return {"size": list(size), "channels": channels}

    @property
    def photos(self) -> dict[str, Any] | None:
        """How a photo becomes a sample; see docs/contracts/dataset.md."""
        if self._found is None:
            return None
        size, channels = self._found
        return {"rule": "resize", "size": list(size), "channels": channels, "fit": self.fit}

    def proposed(self) -> Mapping[str, Any]:
        if self._found is None or self._classes is None:
            return {}
        (height, width), channels = self._found
        return proposal((height, width, channels), len(self._classes), self._count, chosen=bool(self.transforms))

    def _form(self, files: Sequence[Path]) -> tuple[tuple[int, int], int]:
        """Height, width and channels of the samples."""
        if self._sizes is not None and self.channels is not None:
            return self._sizes, self.channels
        headers = [read_header(file) for file in files]
        channels = self.channels or (1 if all(header.grey for header in headers) else 3)
        return self._sizes or self._one_size(files, [(header.height, header.width) for header in headers]), channels

    def _one_size(self, files: Sequence[Path], sizes: Sequence[tuple[int, int]]) -> tuple[int, int]:
        known = self._found[0] if self._found else sizes[0]
        other = next((i for i, size in enumerate(sizes) if size != known), None)
        remedy = (
            "Say which size all are to have: --set data.size=64, or size = [height, width]; and how they are brought "
            "to it: fit = crop (the largest part of the middle, unless told otherwise), pad or stretch."
        )
        if other is not None:
            first = files[0] if known == sizes[0] else f"each of {self.train}"
            raise DataError(
                f"The images are of several sizes: {first} has {known[1]} x {known[0]} pixels, {files[other]} has "
                f"{sizes[other][1]} x {sizes[other][0]}. {remedy}"
            )
        if max(known) > LARGEST:
            raise DataError(
                f"The images of {self.train} have {known[1]} x {known[0]} pixels, more than {LARGEST} a side. {remedy}"
            )
        return known

    def _samples(self, files: Sequence[Path], labels: np.ndarray[Any, Any]) -> Split | Samples:
        assert self._found is not None
        (height, width), channels = self._found
        pictures = Pictures(files, labels, self._classes or (), size=(height, width), channels=channels, fit=self.fit)
        if 4 * len(files) * height * width * channels > IN_MEMORY:
            return pictures
        return pictures.take(np.arange(len(files)))


def _listed(folder: Path) -> tuple[list[Path], np.ndarray[Any, Any], tuple[str, ...]]:
    """The images of a folder, the class of each, and the names of the classes."""
    try:
        entries = sorted(entry for entry in folder.iterdir() if not entry.name.startswith("."))
    except OSError as error:
        raise DataError(f"Cannot read the folder {folder}: {error.strerror or error}. Check the path.") from error
    classes = [entry for entry in entries if entry.is_dir()]
    if not classes:
        raise DataError(
            f"{folder} must hold a folder of images for each class: {folder / 'cat'}, {folder / 'dog'}. It holds: "
            f"{listed(entry.name for entry in entries[:5])}."
        )
    files: list[Path] = []
    counts = []
    seen: list[Path] = []
    others = [entry for entry in entries if not entry.is_dir() and entry.name.lower() not in _LEFT_BY_SYSTEMS]
    for place in classes:
        found = sorted(entry for entry in place.iterdir() if not entry.name.startswith("."))
        images = [entry for entry in found if is_image(entry) and not entry.name.endswith(SEEN)]
        seen += [entry for entry in found if entry.name.endswith(SEEN)]
        others += [e for e in found if not is_image(e) and not e.is_dir() and e.name.lower() not in _LEFT_BY_SYSTEMS]
        if not images:
            folders = [entry.name for entry in found if entry.is_dir()]
            inner = f" It holds folders: is it a part of the data? Then give {place}." if folders else ""
            raise DataError(
                f"{place} is the folder of a class, and has no image ({', '.join(SUFFIXES)}).{inner} Remove it, or put "
                "images into it."
            )
        files += images
        counts.append(len(images))
    for left, what in ((others, "no images"), (seen, f"what a network saw of a photo, *{SEEN},")):
        if left:
            warnings.warn(
                f"{folder}: {what} are left out: {len(left):,} of its files, the first of them {left[0]}.",
                PellucidWarning, stacklevel=3,
            )  # fmt: skip
    return files, np.repeat(np.arange(len(classes)), counts), tuple(place.name for place in classes)
