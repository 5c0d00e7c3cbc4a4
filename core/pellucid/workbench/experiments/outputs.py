"""What a command writes where it is told to: a new file, never over another one."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from io import StringIO
from pathlib import Path
from typing import Any

import numpy as np

from pellucid.basics.checks import check_int
from pellucid.basics.errors import ConfigError
from pellucid.saving.files import replace_by, replace_text
from pellucid.workbench import pictures

PNG_SCALE, GIF_SCALE = 2, 8
"""Pixels of the file for each pixel of a sample, in both directions, unless told otherwise."""
MOST_MADE, MOST_SHOWN = 1_000_000, 10_000
"""Samples that one command makes: for a file of numbers, and for a picture. Who wants more calls it again, with another
seed."""


def check_output(path: Path, *suffixes: str, option: str = "output") -> None:
    """Raise ConfigError unless a file of this name can be made; called before any work is done for it.

    Args:
        path: the file.
        suffixes: endings that the command knows, such as ``.png``, in lower case.
        option: of the command line that names the file.
    """
    if path.suffix.lower() not in suffixes:
        raise ConfigError(f"--{option} must end in {', '.join(suffixes)}. Received: {path}.")
    if path.exists():
        raise ConfigError(f"--{option} {path} exists already. Choose another name, or remove it first.")
    if not path.parent.is_dir():
        raise ConfigError(f"--{option} {path}: there is no folder {path.parent}. Make it first.")


def check_amount(owner: object, name: str, value: object, path: Path, *, least: int = 1) -> None:
    """Raise ConfigError for more samples than a command makes at once, or than a picture can show; called before any
    work is done for them.

    Args:
        owner, name, value: as of :func:`pellucid.check_int`.
        path: where they go: a .png or .gif shows ``MOST_SHOWN`` at most, another file holds ``MOST_MADE``.
        least: how many there must be.
    """
    picture = path.suffix.lower() in (".png", ".gif")
    check_int(owner, name, value, f"[{least}, {MOST_SHOWN if picture else MOST_MADE}]")


def save_arrays(path: Path, **arrays: Any) -> None:
    """Write a .npz file."""
    replace_by(path, lambda file: np.savez(file, **arrays))


def save_table(path: Path, rows: Iterable[Sequence[Any]]) -> None:
    """Write a .csv file."""
    text = StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    replace_text(path, text.getvalue())


def save_array(path: Path, array: np.ndarray[Any, Any]) -> None:
    """Write a .npy file."""
    replace_by(path, lambda file: np.save(file, array, allow_pickle=False))


def save_samples(
    path: Path, samples: Any, *, numbers: Any = None, columns: int | None = None, shape: Sequence[int] | None = None,
    scale: int | None = None,
) -> None:  # fmt: skip
    """Write samples, in the units of their data, as the ending of the name says.

    Args:
        path: a .npy with the numbers, a .png with all samples row by row, or a .gif that shows one after the other.
        samples: (N, …).
        numbers: what a .npy holds in their place, such as the same in another shape; None: the samples.
        columns: of the .png; None makes it about square.
        shape: of a sample as an image, see :func:`pellucid.workbench.pictures.as_images`.
        scale: the file's pixels for each of an image's, in both directions; None takes 2 in a .png and 8 in a .gif.

    Raises:
        DataError: a picture of samples that are none. ConfigError: a wrong shape or scale, no Pillow.
    """
    suffix = path.suffix.lower()
    if suffix == ".npy":
        save_array(path, np.asarray(samples if numbers is None else numbers))
        return
    images = pictures.as_images(samples, shape)
    if suffix == ".gif":
        pictures.save_gif(pictures.as_pixels(images), path, scale=GIF_SCALE if scale is None else scale)
    else:
        pictures.save_png(pictures.tile(images, columns=columns), path, scale=PNG_SCALE if scale is None else scale)
