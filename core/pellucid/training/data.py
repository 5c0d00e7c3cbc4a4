"""From what the user passes as data to checked arrays on the device."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from typing import Any

import numpy as np

from pellucid.basics.arrays import HostArray, as_array, as_tuple, mapped, parts_of
from pellucid.basics.errors import ConfigError, DataError
from pellucid.interfaces.dataset import Dataset, Splits
from pellucid.interfaces.layer import Layer, require_runtime
from pellucid.interfaces.objective import Batch, Objective
from pellucid.interfaces.rows import Samples, in_memory
from pellucid.interfaces.runtime import Runtime
from pellucid.interfaces.samples import Split, check_data
from pellucid.interfaces.transform import Augmentation, Transform, as_read, takes_missing
from pellucid.model.inputs import in_type, ready_batches, transformed
from pellucid.registry.config import config_or_none, read, read_several
from pellucid.training.microbatch import Source

Pair = tuple[tuple[HostArray, ...], Any]
"""Inputs and targets of an evaluation."""


def prepare(
    model: Layer, objective: Objective, data: Any, validation: Any, whole: bool, *, seed: int, **how: Any
) -> tuple[Any, Any]:  # fmt: skip
    """The :class:`pellucid.standard.course.Course` to train on, as ``how`` says; and (inputs, y) to validate on, or a
    course that reads them, or None. All that can be checked before the first step is checked, and rows in memory are on
    the device, if steps take them from there as a ``whole``.

    The transforms of the data set and of the model are fitted here, on the training part only, unless the model has
    been trained before: then those that it has, which may be none, are used, and a data set that proposes others is a
    ConfigError.
    """
    opened = _open(model, data, seed, "the training data")
    train = opened.train if isinstance(opened, Splits) else opened
    if validation is None and isinstance(opened, Splits) and len(opened.validation):
        validation = opened.validation
    of_data = read_several("transform", opened.transforms if isinstance(opened, Splits) else (), path="transforms")
    proposed = of_data + read_several("transform", model.default_transforms, path="default_transforms")
    if in_memory(train):
        train = by_names(model, objective, train, "the training data", to_learn=True, proposed=proposed)
    course = _course(train, seed=seed, **how)
    runtime = require_runtime(model)
    objective.begin(model, opened)
    if not runtime.trained:
        runtime.transforms = fitted_transforms(proposed, course.sample(proposed))
    elif of_data:
        require_own("transforms", runtime.transforms, proposed)
    if whole and in_memory(train):
        pair = _checked(model, objective, train, "the training data")
        course.place(_source(runtime, pair, course.weight, objective.signed_weights, course.totals))
    held = None if validation is None else _evaluated(model, objective, validation, "validation", seed, course)
    if held is not None:
        held = _checked(model, objective, held, "the validation data") if in_memory(held) else _course(held)
    if course.source is not None:  # of what is read later those are kept that have passed the checks
        _keep_names(runtime, course)
    return course, held


def evaluation_batches(
    model: Layer, objective: Objective, data: Any, batch_size: int, *, seed: int
) -> Iterator[tuple[slice, tuple[Any, ...]]]:
    """Which rows, their transformed and checked inputs and, as the last, their y, one batch after the other; of a data
    set the test part."""
    split = _evaluated(model, objective, data, "test", seed)
    if not in_memory(split):
        return held_batches(model, objective, _course(split), batch_size)
    arrays = (*as_tuple(split.x), split.y)
    return ready_batches(arrays, batch_size, lambda *rows: _ready(model, objective, Split(rows[:-1], rows[-1])))


def held_batches(model: Layer, objective: Objective, held: Any, batch_size: int) -> Iterator[tuple[slice, Any]]:
    """The same of (inputs, y) that are ready, or of what a course reads now."""
    if isinstance(held, tuple):
        return ready_batches((*held[0], held[1]), batch_size, lambda *rows: rows)
    named = ((rows, by_names(model, objective, split, "the test data")) for rows, split in held.splits(batch_size))
    return ((rows, _ready(model, objective, split)) for rows, split in named)


def _ready(model: Layer, objective: Objective, split: Split) -> tuple[Any, ...]:
    inputs, y = _checked(model, objective, split, "the test data")
    return *inputs, y


def _evaluated(model: Layer, objective: Objective, data: Any, part: str, seed: int, known: Any = None) -> Any:
    """Samples by the names that the model knows, or ``known`` if it has none yet, unless they are read later; of a data
    set the ``part``."""
    opened = _open(model, data, seed, f"the {part} data")
    opened = getattr(opened, part) if isinstance(opened, Splits) else opened
    return by_names(model, objective, opened, f"the {part} data", known) if in_memory(opened) else opened


def direct_source(model: Layer, objective: Objective, batch: Batch, course: Any) -> Source:
    """One batch, of a course or of none, as a source whose rows are taken in order; its arrays may be the caller's."""
    runtime, pair = require_runtime(model), (batch.x, batch.y)
    split = _open(model, pair, 0, "the batch") if course is None else course.named(batch, runtime.transforms)
    split = by_names(model, objective, split, "the batch", to_learn=True)
    if course is None:
        objective.begin(model, split)
    pair = _checked(model, objective, split, "the batch")
    totals = None if course is None else course.totals
    source = _source(runtime, pair, batch.weight, objective.signed_weights, totals, batch.index)
    _keep_names(runtime, split)
    return source


def by_names(
    model: Layer, objective: Objective | None, split: Split, where: str, known: Any = None, *, to_learn: bool = False,
    proposed: Sequence[Transform] = (),
) -> Split:  # fmt: skip
    """Checked samples: columns and labels as the model knows them by their names, or else as ``known`` does. NaN may
    stand in them if the model's transforms, or else those ``proposed`` to it, take what is missing.

    Raises:
        DataError: samples that cannot be used; a column, or a class that counts, of a name that is not known; columns
            in another order, if the model is ``to_learn`` from them: figures can be taken again, weights cannot.
    """
    runtime = require_runtime(model)
    check_data(split.x, split.y, where=where, missing=takes_missing(runtime.transforms or proposed))
    if split.classes is None and split.features is None:  # the arrays of every train_step
        return split
    classes = runtime.classes or (known.classes if known else None)
    features = runtime.metadata.get("features") or (known.features if known else None)
    return split.named(classes if labels_count(model, objective) else None, features, where, fixed=to_learn)


def _keep_names(runtime: Runtime, learned: Any) -> None:
    """The first names stay, those of data that has passed all checks: data of other names does not pass any more."""
    runtime.classes = runtime.classes or learned.classes
    if learned.features is not None:
        runtime.metadata["features"] = list(learned.features)


def labels_count(model: Layer, objective: Objective | None) -> bool:
    """Whether class labels mean something to a model: its objective needs targets (None: it may), or it takes indices.
    An autoencoder also learns from classes that it was never told of."""
    return objective is None or objective.needs_target or bool(model.integer_inputs)


def require_own(name: str, own: Sequence[Transform], proposed: Sequence[Transform]) -> None:
    """ConfigError if a model that has been trained with its ``own`` transforms is proposed others."""
    if [config_or_none(t) or repr(t) for t in own] != [config_or_none(t) or repr(t) for t in proposed]:
        before = f"with {own}, fitted to the data of then, and keeps them" if own else "without any, and stays so"
        raise ConfigError(
            f"{name}: this model was trained {before}. This data proposes others: {proposed}. Let it propose none, "
            f"{name} = [], and the data goes through the model's; for other transforms train a new model."
        )


def fitted_transforms(proposed: Sequence[Transform], x: Any) -> list[Transform]:
    """The transforms, each fitted on what the one before makes of the training samples."""
    first = x[0] if isinstance(x, tuple) else x  # None of a feed, for transforms that learn nothing
    transforms: list[Transform] = []
    for transform in proposed:
        if transforms and isinstance(transforms[-1], Augmentation) and not isinstance(transform, Augmentation):
            raise ConfigError(
                f"transforms: augmentations must stand last: {type(transform).__name__} is computed once for the whole "
                f"data set, {type(transforms[-1]).__name__} anew at every step. Received: {type(transform).__name__} "
                f"after {type(transforms[-1]).__name__}. Move the augmentations to the end of the list."
            )
        if first is not None:
            transform.fit(first)
            first = transform.apply(first)
        transforms.append(transform)
    return transforms


def _open(model: Layer, data: Any, seed: int, where: str) -> Any:
    if isinstance(data, tuple) and len(data) == 2:  # as every single step's is
        try:
            return Split(as_read(require_runtime(model).transforms, data[0]), data[1])
        except DataError as error:
            raise DataError(f"In {where}: {error}") from error
    if isinstance(data, str | Dataset):
        return read("dataset", data).splits(seed)
    if isinstance(data, Split | Splits | Samples) or getattr(data, "kind", None) == "feed":
        return data
    arrays = isinstance(data, list | tuple | Mapping | Set) or hasattr(data, "__array__")
    if callable(data) or (isinstance(data, Iterable) and not arrays):
        return read("feed", {"type": "batches", "source": data})
    raise DataError(
        "Data must be a data set, the name of one, or a pair (x, y) of arrays with one sample a row (y may be None); "
        f"pellucid.Samples, a pellucid.Feed, or a function that yields batches. Received: {type(data).__name__}."
    )


def _course(data: Any, **how: Any) -> Any:
    return read("feed", "course").over(data, **how)


def _checked(model: Layer, objective: Objective, split: Split, where: str) -> Pair:
    inputs, y = transformed(model, split.x, objective.input_shapes(model)), split.y
    if y is not None:
        y, dtype = objective.scaled(model, y), require_runtime(model).dtype

        def typed(y: HostArray, name: str) -> HostArray:
            return np.ascontiguousarray(y, np.int64) if y.dtype.kind in "iub" else in_type(name, y, dtype)

        y = mapped(typed, y, f"y of {where}")
    try:
        objective.check(model, inputs, y)
    except DataError as error:
        raise DataError(f"In {where}: {error}") from error
    return inputs, y


def _source(runtime: Runtime, pair: Pair, weight: Any, signed: bool, totals: Any, numbers: Any = None) -> Source:
    inputs, y = pair
    if weight is not None:
        n = len(inputs[0])
        weight = np.ascontiguousarray(as_array(weight, "The array of sample weights"), np.float64)
        used = np.abs(weight[weight != 0]) if signed else weight[weight != 0]
        good = ((used >= 1e-15) & (used <= 1e15)).all()  # float32 holds their sums and ratios
        steps = any(weight.shape != part.shape[: weight.ndim] for part in parts_of(y) or inputs)
        if weight.shape[:1] != (n,) or steps or not good:
            raise DataError(
                f"Sample weights must be {n} numbers, one per sample, each 0 or from 1e-15 to 1e15; or one per step of "
                f"each sequence, ({n}, T). Received: shape {weight.shape}"
                + (f", from {weight.min()} to {weight.max()}. " if weight.size else ". ")
                + "Only their ratios count: divide them by the largest, and set to 0 what is nothing beside it. Those "
                'below 0 are for the loss {"type": "signed", "loss": …}.'
            )
        weight = weight.astype(runtime.dtype)
    put = runtime.ops.asarray
    return Source(tuple(map(put, inputs)), mapped(put, y), mapped(put, weight), totals, mapped(put, numbers))
