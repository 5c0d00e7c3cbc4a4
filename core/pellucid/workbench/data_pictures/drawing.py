"""draw_data: a data set as a picture, of the kind that suits what it holds."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from pellucid.basics.arrays import HostArray, as_tuple
from pellucid.basics.errors import DataError
from pellucid.interfaces.dataset import Dataset, Splits
from pellucid.registry.config import read_several
from pellucid.workbench.data_pictures.columns import draw_columns
from pellucid.workbench.data_pictures.images import draw_images
from pellucid.workbench.data_pictures.points import draw_curve, draw_points
from pellucid.workbench.data_pictures.sheet import Shown
from pellucid.workbench.data_pictures.texts import draw_texts

MOST = 2000
"""Samples that are drawn, by chance; always the same ones."""


def draw_data(name: str, dataset: Dataset, splits: Splits, told: Mapping[str, Any], path: Path) -> None:
    """Draw a data set into a PNG: images by class; points and curves of one or two numbers where they lie; tables
    column by column; the beginning of texts.

    Args:
        name: what stands above it.
        splits: its parts; the samples to train on are drawn, 2,000 of them at most.
        told: what ``pellucid show-data`` tells of it; its ``columns`` say which are categories.

    Raises:
        DataError: samples of which there is no picture.
    """
    train = splits.train
    rows = np.arange(len(train))
    if len(rows) > MOST:
        rows = np.sort(np.random.default_rng(0).choice(len(rows), MOST, replace=False))
    if (step := _side_by_side(train)) is not None:
        rows = np.arange(0, len(train), step)[:MOST]
    split = train.take(rows)
    x = as_tuple(split.x)[0]
    photos = getattr(dataset, "photos", None) or {}
    if photos.get("flat") and x.ndim == 2:
        side = photos["size"] if isinstance(photos["size"], int) else photos["size"][0]
        x = x.reshape(len(x), side, -1)
    labels = split.labels
    known = train.classes or ()
    if labels is not None and not known:
        known = tuple(map(str, range(int(labels.max(initial=0)) + 1)))
    counts = None if train.labels is None else np.bincount(train.labels, minlength=len(known))
    features = train.features or [f"x{i}" for i in range(x.shape[1] if x.ndim == 2 else 0)]
    y = split.y if isinstance(split.y, np.ndarray) else None
    shown = Shown(
        name, _facts(splits, x, known if labels is not None else ()), x, y, labels, known, counts, features, len(train)
    )
    read = _reader_of_tokens(dataset, splits) if x.dtype.kind in "iu" and x.ndim == 2 else None
    if read is not None:
        lengths = _lengths(as_tuple(split.x))
        texts = [read(row[:length]) for row, length in zip(x, lengths, strict=True)]
        draw_texts(shown, texts, lengths.tolist(), running=_side_by_side(train) is not None, path=path)
    elif x.ndim == 4 or (x.ndim == 3 and min(x.shape[1:]) > 3):
        draw_images(shown, path)
    elif x.ndim == 2 and x.shape[1] == 1:
        draw_curve(shown, path)
    elif x.ndim == 2 and x.shape[1] == 2 and np.isfinite(x).all() and not told.get("decided"):
        draw_points(shown, path)
    elif x.ndim == 2:
        draw_columns(shown, told.get("columns", ()), path)
    else:
        raise DataError(
            f"{name} has samples of shape {x.shape[1:]}, of which there is no picture. Expected: images (height, "
            "width) or (height, width, 1 or 3), rows of numbers, or tokens."
        )


def _facts(splits: Splits, x: HostArray, classes: Sequence[str]) -> str:
    parts = {"to train on": splits.train, "to validate": splits.validation, "to test": splits.test}
    said = ", ".join(f"{len(part):,} {what}" for what, part in parts.items() if len(part))
    shape = " x ".join(map(str, x.shape[1:]))
    return f"{said}  ·  x: {x.dtype} ({shape})" + (f"  ·  {len(classes)} classes" if classes else "")


def _side_by_side(train: Any) -> int | None:
    """From one sample to the next that lies behind it, where samples are windows of one text."""
    steps, apart = getattr(train, "steps", None), getattr(train, "apart", None)
    return -(-steps // apart) if isinstance(steps, int) and isinstance(apart, int) else None


def _reader_of_tokens(dataset: Dataset, splits: Splits) -> Callable[[HostArray], str] | None:
    """What makes a text of a row of tokens: the tokenizer that the data proposes, or the characters that a data set
    has; None: its whole numbers are no tokens."""
    first: Any = next(iter(read_several("transform", splits.transforms, path="transforms")), None)
    if hasattr(first, "decode"):
        return lambda row: str(first.decode(row))
    characters = getattr(dataset, "characters", None)
    if isinstance(characters, str):
        return lambda row: "".join(characters[code] for code in row)
    return None


def _lengths(inputs: tuple[HostArray, ...]) -> HostArray:
    """How many tokens each text has, by the mask beside them."""
    tokens, *others = inputs
    mask = others[0] if others and others[0].shape == tokens.shape else np.ones(tokens.shape, bool)
    found: HostArray = mask.astype(bool).sum(axis=1)
    return found
