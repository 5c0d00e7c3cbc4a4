"""From what the user passes as data to checked arrays on the device."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from pellucid.basics.arrays import HostArray
from pellucid.basics.errors import ConfigError, DataError
from pellucid.interfaces.dataset import Dataset, Splits, load_dataset
from pellucid.interfaces.samples import Split, check_data
from pellucid.interfaces.transform import Augmentation, Transform
from pellucid.model.inputs import transformed
from pellucid.registry.config import config_or_none, read_several
from pellucid.training.microbatch import Source

if TYPE_CHECKING:
    from pellucid.training.trainer import Trainer

KEPT_SHAPES = 32
"""Shapes of batches whose memory ``train_step`` keeps."""
Pair = tuple[tuple[HostArray, ...], HostArray | None]


@dataclass(eq=False)
class Prepared:
    """Data for one call of ``fit``: the rows to train on, and (inputs, y) to validate on or None."""

    source: Source
    validation: Pair | None


def prepare(
    trainer: Trainer, data: Any, validation: Any, sample_weight: Any, epochs: int, batch_size: int
) -> Prepared:
    """Check everything that can be checked before the first step, and bring it to the device.

    The transforms of the data set and of the model are fitted here, on the training part only, unless the model has
    been trained before: then those that it has, which may be none, are used, and a data set that proposes others is a
    ConfigError.
    """
    for name, value, least in (("epochs", epochs, 0), ("batch_size", batch_size, 1)):
        if not isinstance(value, int | np.integer) or isinstance(value, bool) or value < least:
            raise ConfigError(f"The '{name}' of fit must be an int of at least {least}. Received: {value!r}.")
    opened = _open(data, trainer.seed)
    train = opened.train if isinstance(opened, Splits) else opened
    check_data(train.x, train.y, where="the training data")
    runtime = trainer.runtime
    if train.features is not None:
        runtime.metadata["features"] = list(train.features)
    of_data = read_several("transform", opened.transforms if isinstance(opened, Splits) else (), path="transforms")
    proposed = of_data + read_several("transform", trainer.model.default_transforms, path="default_transforms")
    trained = "objective" in runtime.metadata or runtime.transforms  # the objective of its last training is kept
    if not trained:
        runtime.transforms = fitted_transforms(proposed, train.x)
    elif of_data:
        _require_same(runtime.transforms, proposed)
    if isinstance(opened, Splits):
        runtime.classes = runtime.classes or opened.classes
        if validation is None and len(opened.validation):
            validation = opened.validation
    inputs, y = _checked(trainer, train, "the training data")
    weight = _weight(sample_weight, len(inputs[0]), runtime.dtype)
    source = _source(trainer, inputs, y, weight)
    return Prepared(source, None if validation is None else evaluation_data(trainer, validation, "validation"))


def evaluation_data(trainer: Trainer, data: Any, part: str = "test") -> Pair:
    """Transformed, checked (inputs, y); of a data set's parts the one named."""
    opened = _open(data, trainer.seed)
    if isinstance(opened, Splits):
        opened = getattr(opened, part)
    check_data(opened.x, opened.y, where=f"the {part} data")
    return _checked(trainer, opened, f"the {part} data")


def direct_source(trainer: Trainer, x: Any, y: Any, weight: Any, kept: dict[Any, Source]) -> Source:
    """One batch as a source whose rows are taken in order.

    Its arrays are ``kept`` for the next batch of the same shapes, so that the step's memory and plan serve again.
    """
    split = _open((x, y), trainer.seed)
    check_data(split.x, split.y, where="the batch")
    inputs, target = _checked(trainer, split, "the batch")
    new = _source(trainer, inputs, target, _weight(weight, len(inputs[0]), trainer.runtime.dtype))
    key = tuple(None if part is None else (part.shape, part.dtype) for part in new.arrays)
    source = kept.get(key)
    if source is None:
        if len(kept) == KEPT_SHAPES:  # batches of ever new sizes must not pile up
            kept.clear()
            trainer.forget()
        source = kept[key] = new.copy()  # the arrays may still be the caller's
    else:
        for part, values in zip(source.arrays, new.arrays, strict=True):
            if part is not None:
                trainer.runtime.ops.copy(values, part)
    source.cursor[()] = 0
    return source


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


def _require_same(own: list[Transform], proposed: list[Transform]) -> None:
    """ConfigError unless the model's transforms are those that the data proposes, with the same arguments."""
    if [config_or_none(t) or repr(t) for t in own] != [config_or_none(t) or repr(t) for t in proposed]:
        before = f"with {own}, fitted to the data of then, and keeps them" if own else "without any, and stays so"
        raise ConfigError(
            f"transforms: this model was trained {before}. This data proposes others: {proposed}. Let it propose none, "
            "transforms = [], and the samples go through the model's; for other transforms train a new model."
        )


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


def _checked(trainer: Trainer, split: Split, where: str) -> Pair:
    inputs = transformed(trainer.model, split.x, trainer.objective.input_shapes(trainer.model))
    y = split.y
    if y is not None:
        y = np.asarray(y)
        y = np.ascontiguousarray(y, np.int64 if y.dtype.kind in "iub" else trainer.runtime.dtype)
    try:
        trainer.objective.check(trainer.model, inputs, y)
    except DataError as error:
        raise DataError(f"In {where}: {error}") from error
    return inputs, y


def _weight(given: Any, n: int, dtype: np.dtype[Any]) -> HostArray | None:
    if given is None:
        return None
    weight = np.ascontiguousarray(given, dtype)
    if weight.shape != (n,) or not np.isfinite(weight).all() or (weight < 0).any():
        raise DataError(
            f"Sample weights must be {n} finite numbers of at least 0, one per sample. "
            f"Received: shape {weight.shape}" + (f", smallest {weight.min()}." if weight.size else ".")
        )
    return weight


def _source(trainer: Trainer, inputs: tuple[HostArray, ...], y: HostArray | None, weight: HostArray | None) -> Source:
    ops = trainer.runtime.ops
    x = tuple(ops.asarray(part) for part in inputs)
    return Source(x, None if y is None else ops.asarray(y), None if weight is None else ops.asarray(weight))
