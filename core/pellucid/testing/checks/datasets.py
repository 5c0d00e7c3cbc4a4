"""What holds for a data set: seeded, aligned, finite; parts without a sample in common; names that fit."""

from __future__ import annotations

from collections import Counter
from itertools import combinations
from typing import Any
from unittest import SkipTest

import numpy as np

from pellucid.basics.arrays import HostArray, as_tuple
from pellucid.glassbox.failure import ConformanceError, require, require_same
from pellucid.interfaces.dataset import Dataset, Splits
from pellucid.interfaces.transform import Transform, takes_missing
from pellucid.registry.config import create, read_several, to_config
from pellucid.testing.check import Check, checks
from pellucid.testing.subject import Subject

PARTS = "train", "validation", "test"
MANY = 30_000
"""Of larger parts so many samples are looked at, evenly spaced."""
SHARED = 0.2
"""The share of a part that may stand in another one: a few samples are measured twice, such as of Fisher's irises."""
ROOM = 20
"""How many times more combinations of values than samples there must be, or else equal samples are no surprise."""


def _found(subject: Subject) -> Splits:
    """Its parts, where they can be had at all."""
    dataset: Dataset = subject.create()
    try:
        return dataset.splits(3)
    except Exception as error:
        raise SkipTest(f"it cannot be loaded, see the case 'splits': {type(error).__name__}") from error


def _arrays(split: Any) -> list[HostArray]:
    return [np.asarray(part) for part in (*as_tuple(split.x), split.y) if part is not None]


def _is_good(array: HostArray, missing: bool) -> bool:
    """Whether numbers are finite, or where some are missing, none is infinite."""
    return bool((~np.isinf(array) if missing else np.isfinite(array)).all())


def splits(subject: Subject) -> None:
    """The same seed gives the same parts, another seed in between; samples and targets are aligned and finite, but for
    what the first transform takes as missing."""
    dataset = subject.create()
    before = to_config(dataset)
    first = dataset.splits(3)
    require(to_config(dataset) == before, "Loading changes the arguments.", expected=before,
            received=to_config(dataset), remedy="Keep what is found under names of its own.")  # fmt: skip
    if len(first.train) < MANY:  # of large ones it takes long
        dataset.splits(4)
    second = dataset.splits(3)
    require(len(first.train) > 0, "There is nothing to train on.", expected="samples", received=0,
            remedy="Keep smaller parts for validation and test.")  # fmt: skip
    missing = takes_missing(read_several("transform", first.transforms, path="transforms"))
    for part in PARTS:
        one, other = getattr(first, part), getattr(second, part)
        for a, b in zip(_arrays(one), _arrays(other), strict=True):
            require(len(a) == len(one) and a.dtype.kind in "fiub" and _is_good(a, missing and a is one.x),
                    f"The {part} part is not aligned or not finite.", expected=f"{len(one)} rows of finite numbers",
                    received=f"{a.dtype} of shape {a.shape}", remedy="Clean the data in load.")  # fmt: skip
            require(a.shape[1:] == b.shape[1:] and a.dtype == b.dtype, "The same seed gives another form.",
                    expected=f"{a.dtype}{a.shape}", received=f"{b.dtype}{b.shape}",
                    remedy="Draw only from the generator given to load.")  # fmt: skip
            require_same(f"The {part} part of the same seed", b, a, "Draw only from the generator given to load.")
    for part in PARTS[1:]:
        for a, b in zip(_arrays(first.train), _arrays(getattr(first, part)), strict=True):
            require(
                a.shape[1:] == b.shape[1:] and a.dtype.kind == b.dtype.kind,
                f"Samples of the {part} part have another form than those to train on.",
                expected=f"{a.dtype} (N, {a.shape[1:]})", received=f"{b.dtype} (N, {b.shape[1:]})",
                remedy="Give load, load_validation and load_test one form.",
            )  # fmt: skip


def named(subject: Subject) -> None:
    """Labels fit the names of the classes, each of which there is something to learn of; columns have a name each."""
    found = _found(subject)
    features, classes = found.train.features, found.classes
    x = as_tuple(found.train.x)[0]
    if features is not None:
        fit = len(features) == x.shape[-1] and len(set(features)) == len(features)
        require(fit, "The names of columns do not fit.",
                expected=f"{x.shape[-1]} names, each once", received=list(features),
                remedy="Give a name for each column of x.")  # fmt: skip
    if classes is None or found.train.y is None:
        return
    require(len(set(classes)) == len(classes), "Two classes have one name.", expected="each name once",
            received=list(classes), remedy="Name the classes in the order of their labels.")  # fmt: skip
    y = [np.asarray(getattr(found, part).y) for part in PARTS]
    if y[0].ndim == 2 and y[0].shape[1] == len(classes):
        return  # a column for each
    labels = np.concatenate([part.reshape(-1) for part in y])
    inside = labels.min() >= 0 and labels.max() < len(classes) and labels.dtype.kind in "iu"
    require(
        inside, "Labels and the names of the classes do not fit.", expected=f"integers 0 … {len(classes) - 1}",
        received=f"{labels.dtype} {labels.min()} … {labels.max()}", remedy="Number the classes from 0 in their order.",
    )  # fmt: skip
    missing = [str(classes[i]) for i in range(len(classes)) if not (y[0] == i).any()]
    require(
        not missing, "Of some classes there is no sample to train on.", expected="samples of each named class",
        received=f"none of {', '.join(missing[:9])}", remedy="Number the classes from 0 in the order of their names.",
    )  # fmt: skip


def parts_apart(subject: Subject) -> None:
    """No part repeats another: what is measured on samples that were trained on says nothing of new ones."""
    found = _found(subject)
    rows = {part: _rows(getattr(found, part)) for part in PARTS}
    for array in (*as_tuple(found.train.x), found.train.y):
        same = array is not None and array.size and bool((array == array[:1]).all())
        require(not same or len(array) < 3, "All samples to train on are the same.", expected="samples that differ",
                received=f"{len(found.train)} times one", remedy="Look at what load gives.")  # fmt: skip
    if not _roomy(found):
        return
    for one, other in combinations(PARTS, 2):
        known = set(rows[one])
        again = sum(row in known for row in rows[other])
        require(
            again <= max(2.0, SHARED * len(rows[other])), f"The {other} part repeats the {one} part.",
            expected="samples that are in one part only", received=f"{again} of {len(rows[other])} stand in both",
            remedy="Let load leave out what load_test and load_validation give, and give each sample once.",
        )  # fmt: skip
    for part in PARTS:
        twice = sum(count - 1 for count in Counter(rows[part]).values())
        require(
            twice <= max(2.0, SHARED * len(rows[part])), f"The {part} part holds samples more than once.",
            expected="each sample once", received=f"{twice} of {len(rows[part])} stand there before",
            remedy="Give each sample once; say by weights that one counts more.",
        )  # fmt: skip


def _rows(split: Any) -> list[int]:
    """A number for each sample that is equal for equal ones: inputs and target."""
    step = max(1, -(-len(split) // MANY))
    arrays = [np.ascontiguousarray(part[::step]) for part in _arrays(split)]
    return [hash(tuple(array[i].tobytes() for array in arrays)) for i in range(len(arrays[0]))] if arrays else []


def _roomy(found: Any) -> bool:
    """Whether there is room for samples that differ: not of four yes or no, of which there are 16."""
    room, n = 1.0, sum(len(getattr(found, part)) for part in PARTS)
    for array in _arrays(found.train):
        flat = array.reshape(len(array), -1)[:MANY]
        for column in flat[:, :64].T:
            values = len(np.unique(column))
            measured = flat.dtype.kind == "f" and values > len(flat) / 8 and bool((column != np.rint(column)).any())
            room *= 1e9 if measured else values
    return room > ROOM * n


def transforms_fit(subject: Subject) -> None:
    """The transforms that it proposes can be made, fitted on the samples to train on, and applied."""
    found = _found(subject)
    for where, proposed, samples in (
        ("transforms", found.transforms, as_tuple(found.train.x)[0]),
        ("target_transforms", found.target_transforms, found.train.y),
    ):
        x = None if samples is None else np.asarray(samples)[:200]
        for item in proposed:
            transform = item if isinstance(item, Transform) else create("transform", item)
            if x is None:
                raise ConformanceError(f"It proposes {where}, and there is nothing to transform.", expected="samples",
                                       received=None, remedy=f"Leave {where} out.")  # fmt: skip
            transform.fit(x)
            x = transform.apply(x)
            require(np.isfinite(x).all(), f"One of its {where} gives numbers that are not finite.",
                    expected="finite numbers", received=type(transform).__name__,
                    remedy="Propose a transform for samples of this kind.")  # fmt: skip


CHECKS = (
    *checks(splits, parts_apart), Check(named, every_example=False), Check(transforms_fit, every_example=False)
)  # fmt: skip
