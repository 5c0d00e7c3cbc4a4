"""From what the user passes as data to checked arrays on the device."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from pellucid.basics.arrays import Array, HostArray
from pellucid.basics.errors import ConfigError, DataError
from pellucid.interfaces.dataset import Dataset, Splits, load_dataset
from pellucid.interfaces.layer import Layer, require_runtime
from pellucid.interfaces.objective import Objective
from pellucid.interfaces.runtime import Runtime
from pellucid.interfaces.samples import Split, check_data
from pellucid.interfaces.transform import Augmentation, Transform
from pellucid.model.inputs import transformed
from pellucid.registry.config import config_or_none, read_several
from pellucid.training.microbatch import Source

Pair = tuple[tuple[HostArray, ...], HostArray | None]
"""Inputs and targets of an evaluation."""


def prepare(
    model: Layer, objective: Objective, data: Any, validation: Any, sample_weight: Any, *, seed: int, totals: Array
) -> tuple[Source, Pair | None]:
    """The rows to train on, which sum up in ``totals``, and (inputs, y) to validate on or None: all that can be checked
    before the first step is checked, and is on the device.

    The transforms of the data set and of the model are fitted here, on the training part only, unless the model has
    been trained before: then those that it has, which may be none, are used, and a data set that proposes others is a
    ConfigError.
    """
    opened = _open(data, seed)
    train = opened.train if isinstance(opened, Splits) else opened
    check_data(train.x, train.y, where="the training data")
    runtime = require_runtime(model)
    if train.features is not None:
        runtime.metadata["features"] = list(train.features)
    of_data = read_several("transform", opened.transforms if isinstance(opened, Splits) else (), path="transforms")
    proposed = of_data + read_several("transform", model.default_transforms, path="default_transforms")
    trained = "objective" in runtime.metadata or runtime.transforms  # the objective of its last training is kept
    if not trained:
        runtime.transforms = fitted_transforms(proposed, train.x)
    elif of_data:
        own = runtime.transforms
        if [config_or_none(t) or repr(t) for t in own] != [config_or_none(t) or repr(t) for t in proposed]:
            before = f"with {own}, fitted to the data of then, and keeps them" if own else "without any, and stays so"
            raise ConfigError(
                f"transforms: this model was trained {before}. This data proposes others: {proposed}. Let it propose "
                "none, transforms = [], and the samples go through the model's; for other transforms train a new model."
            )
    if isinstance(opened, Splits):
        runtime.classes = runtime.classes or opened.classes
        if validation is None and len(opened.validation):
            validation = opened.validation
    pair = _checked(model, objective, train, "the training data")
    source = _source(runtime, pair, sample_weight, totals)
    if validation is None:
        return source, None
    return source, evaluation_data(model, objective, validation, "validation", seed=seed)


def evaluation_data(model: Layer, objective: Objective, data: Any, part: str = "test", *, seed: int) -> Pair:
    """Transformed, checked (inputs, y); of a data set's parts the one named."""
    opened = _open(data, seed)
    if isinstance(opened, Splits):
        opened = getattr(opened, part)
    check_data(opened.x, opened.y, where=f"the {part} data")
    return _checked(model, objective, opened, f"the {part} data")


def direct_source(model: Layer, objective: Objective, x: Any, y: Any, weight: Any, *, seed: int) -> Source:
    """One batch as a source whose rows are taken in order; its arrays may be the caller's."""
    split = _open((x, y), seed)
    check_data(split.x, split.y, where="the batch")
    runtime = require_runtime(model)
    return _source(runtime, _checked(model, objective, split, "the batch"), weight)


def fitted_transforms(proposed: Sequence[Transform], x: Any) -> list[Transform]:
    """The transforms, each fitted on what the one before makes of the training samples."""
    first = np.asarray(x[0] if isinstance(x, tuple) else x)
    transforms: list[Transform] = []
    for transform in proposed:
        if transforms and isinstance(transforms[-1], Augmentation) and not isinstance(transform, Augmentation):
            raise ConfigError(
                f"transforms: augmentations must stand last: {type(transform).__name__} is computed once for the whole "
                f"data set, {type(transforms[-1]).__name__} anew at every step. Received: {type(transform).__name__} "
                f"after {type(transforms[-1]).__name__}. Move the augmentations to the end of the list."
            )
        transform.fit(first)
        first = transform.apply(first)
        transforms.append(transform)
    return transforms


def _open(data: Any, seed: int) -> Any:
    if isinstance(data, str):
        return load_dataset(data, seed=seed)
    if isinstance(data, Dataset):
        return data.splits(seed)
    if isinstance(data, Split | Splits):
        return data
    if isinstance(data, tuple) and len(data) == 2:
        x, y = data
        return Split(
            tuple(np.asarray(part) for part in x) if isinstance(x, tuple) else np.asarray(x),
            None if y is None else np.asarray(y),
        )
    raise DataError(
        "Data must be a data set, the name of one, or a pair (x, y) of arrays with one sample a row (y may be None). "
        f"Received: {type(data).__name__}."
    )


def _checked(model: Layer, objective: Objective, split: Split, where: str) -> Pair:
    inputs = transformed(model, split.x, objective.input_shapes(model))
    y = split.y
    if y is not None:
        y = np.asarray(y)
        y = np.ascontiguousarray(y, np.int64 if y.dtype.kind in "iub" else require_runtime(model).dtype)
    try:
        objective.check(model, inputs, y)
    except DataError as error:
        raise DataError(f"In {where}: {error}") from error
    return inputs, y


def _source(runtime: Runtime, pair: Pair, weight: Any, totals: Array | None = None) -> Source:
    inputs, y = pair
    if weight is not None:
        n, weight = len(inputs[0]), np.ascontiguousarray(weight, np.float64)
        used = weight[weight != 0]
        if weight.shape != (n,) or not ((used >= 1e-15) & (used <= 1e15)).all():  # float32 holds their sums and ratios
            raise DataError(
                f"Sample weights must be {n} numbers, one per sample, each 0 or from 1e-15 to 1e15. Received: shape "
                f"{weight.shape}"
                + (f", from {weight.min()} to {weight.max()}. " if weight.size else ". ")
                + "Only their ratios count: divide them by the largest, and set to 0 what is nothing beside it."
            )
        weight = weight.astype(runtime.dtype)
    *x, y, weight = (None if part is None else runtime.ops.asarray(part) for part in (*inputs, y, weight))
    return Source(tuple(x), y, weight, totals)
