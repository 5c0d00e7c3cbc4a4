"""What follows from the data: the shape of a sample, and how many outputs its targets ask for."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Any

import numpy as np

from pellucid.basics.arrays import Shape, as_tuple
from pellucid.basics.errors import DataError
from pellucid.interfaces.dataset import Splits, class_labels
from pellucid.interfaces.objective import Loss, Objective
from pellucid.registry.config import read_several


def input_shape_of(splits: Splits, made: Sequence[Shape] = (), transforms: Sequence[Any] = ()) -> Any:
    """The shape of one sample as the model receives it: after the transforms of the data set and of the model.

    Args:
        made: shapes of further inputs, which the objective makes; see :attr:`pellucid.Layer.made_inputs`.
        transforms: of the model; see :attr:`pellucid.Layer.default_transforms`.
    """
    x = splits.train.x
    first, *others = as_tuple(x)
    shape = tuple(first.shape[1:])
    of_data = read_several("transform", splits.transforms, path="data.transforms")
    for transform in of_data + read_several("transform", transforms, path="default_transforms"):
        shape = transform.output_shape(shape)
    further = [*(list(part.shape[1:]) for part in others), *(list(part) for part in made)]
    return [list(shape), *further] if further else list(shape)


def outputs_of(splits: Splits, asked: Loss | Objective | None) -> int:
    """How many outputs the targets ask for: what the loss or objective says, else one per class or one per number."""
    y = splits.train.y
    if y is None:
        raise DataError("The data has no targets, so the number of outputs is unknown. Give it: [model] outputs = ….")
    y = np.asarray(y)
    said = None if asked is None else asked.outputs_for(y)
    if said is not None:
        return said
    if class_labels(y) is None:
        return prod(y.shape[1:])
    return len(splits.classes) if splits.classes is not None else int(y.max()) + 1
