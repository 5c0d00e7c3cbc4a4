"""What follows from the data: the shape of a sample, how many outputs its targets ask for, whether these are values."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Any

import numpy as np

from pellucid.basics.arrays import HostArray, Shape, as_tuple
from pellucid.basics.errors import DataError
from pellucid.interfaces.dataset import Splits
from pellucid.interfaces.objective import Loss, Objective
from pellucid.interfaces.rows import Samples, Subset
from pellucid.interfaces.samples import Split, class_labels
from pellucid.registry.config import read_several


def input_shape_of(splits: Splits, made: Sequence[Shape] = (), transforms: Sequence[Any] = ()) -> Any:
    """The shape of one sample as the model receives it: after the transforms of the data set and of the model.

    Args:
        made: shapes of further inputs, which the objective makes; see :attr:`pellucid.Layer.made_inputs`.
        transforms: of the model; see :attr:`pellucid.Layer.default_transforms`.
    """
    train = splits.train
    while isinstance(train, Subset):
        train = train.whole
    said: Sequence[Shape] | None = getattr(train, "input_shapes", None)  # of samples that differ in length
    first, *others = said or [part.shape[1:] for part in as_tuple(train.take(np.arange(1)).x)]
    shape = tuple(first)
    of_data = read_several("transform", splits.transforms, path="data.transforms")
    for transform in of_data + read_several("transform", transforms, path="default_transforms"):
        shape = transform.output_shape(shape)
    further = [*(list(part) for part in others), *(list(part) for part in made)]
    return [list(shape), *further] if further else list(shape)


def vocabulary_of(splits: Splits) -> int:
    """How many tokens there are: the ``size`` of the tokenizer, the first of the transforms that the data proposes.

    Raises:
        DataError: it proposes none.
    """
    (tokenizer,) = read_several("transform", splits.transforms, path="data.transforms")[:1] or (None,)
    size = getattr(tokenizer, "size", None)
    if not isinstance(size, int):
        raise DataError(
            "The data proposes no tokenizer, so the number of tokens is unknown. Give it: [model] vocabulary = …."
        )
    return size


def outputs_of(splits: Splits, asked: Loss | Objective | None) -> int:
    """How many outputs the targets ask for: what the loss or objective says, else one per class or one per number.

    Raises:
        DataError: no targets, a single class, labels that are not known to be all of 0 … K−1.
    """
    y = targets_of(splits.train)
    if y is None:
        raise DataError(
            "The data has no targets, so the number of outputs is unknown. Say which column holds them, --target NAME, "
            "[data] target = …; or give the number: [model] outputs = …."
        )
    if isinstance(y, tuple | dict):
        raise DataError(
            f"The data has {len(y)} targets for each sample, so the number of outputs does not follow from them. Take "
            "a model that says what it gives for each."
        )
    y = np.asarray(y)
    said = None if asked is None else asked.outputs_for(y)
    if class_labels(y) is None:
        return prod(y.shape[1:]) if said is None else said
    parts = (np.asarray(targets_of(part)) for part in (splits.train, splits.validation, splits.test) if len(part))
    found = np.unique(np.concatenate([part for part in parts if class_labels(part) is not None]))
    if len(found) == 1 or len(splits.classes or found) == 1:
        raise DataError(
            f"All targets of the data are of one class, {(splits.classes or found)[0]!s}, so there is nothing to tell "
            "apart. Add samples of other classes."
        )
    if said is not None:
        return said
    if splits.classes is not None:
        return len(splits.classes)
    return _count(found, rows=len(splits.train) + len(splits.validation) + len(splits.test))


def holds_values(splits: Splits) -> bool:
    """Whether the targets can only be values: the data proposes to scale them, or one is no probability.

    Floats from 0 to 1 may be probabilities, or yes and no, which losses of classes and of answers take.
    """
    y = targets_of(splits.train)
    if not isinstance(y, np.ndarray) or y.dtype.kind != "f" or not y.size:
        return False
    return bool(splits.target_transforms) or bool(y.min() < 0 or y.max() > 1)


def targets_of(part: Split | Samples) -> HostArray | None:
    """The targets; of samples that are read when they are asked for the labels, if these are known before."""
    return part.y if part.labels is None else part.labels


def _count(labels: HostArray, rows: int) -> int:
    """How many classes there are, from the different labels of that many rows, which have no names."""
    count = len(labels)
    told = f"The targets are whole numbers, {count} different ones from {labels[0]} to {labels[-1]} in {rows} rows"
    remedy = (
        "For numbers to be predicted give floats: y.astype(float). For classes name them, Split(x, y, classes=…), or "
        "say how many outputs the model has, [model] outputs = …."
    )
    if labels[0] != 0 or labels[-1] != count - 1:
        raise DataError(
            f"{told}: labels of classes that have no names must be all of 0 to {count - 1}. {remedy} To number them: "
            "classes, y = numpy.unique(y, return_inverse=True)."
        )
    if count > 2 and 2 * count > rows:
        raise DataError(f"{told}, too few for each to be the label of a class. {remedy}")
    return count
