"""Targets that are values, in a unit that suits training: what a data set proposes to do to them, done and undone."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from pellucid.basics.arrays import UNBOUNDED, HostArray
from pellucid.basics.errors import ConfigError
from pellucid.interfaces.dataset import Splits
from pellucid.interfaces.layer import Layer, require_runtime
from pellucid.interfaces.objective import Loss
from pellucid.interfaces.samples import class_labels
from pellucid.interfaces.transform import Augmentation, Transform
from pellucid.registry.config import read_several
from pellucid.standard.feed import Feed
from pellucid.training.data import fitted_transforms, require_own

_NAME = "target_transforms"


def fit_targets(model: Layer, loss: Loss, data: Any) -> None:
    """Fit what the data proposes for its targets to those of its training part, and give it to the model; a model that
    has been trained before keeps its own. They come to the loss ``scaled``, predictions ``unscaled`` to the metrics.

    Class labels that are read as such are left alone, whatever is proposed.

    Raises:
        ConfigError: the loss does not predict values, so scaled targets would mean something else; a transform that
            cannot be undone, or that takes targets to where the outputs of the model never are; a trained model is
            proposed others than its own.
    """
    runtime = require_runtime(model)
    if loss.predicts != "values" or not runtime.trained:
        runtime.target_transforms = []  # those of another loss, or of a first training that came to nothing
    if not isinstance(data, Splits) or not data.target_transforms:
        return
    if isinstance(data.train, Feed):
        raise ConfigError(
            f"{_NAME}: they are fitted to all targets, and {type(data.train).__name__} gives them batch by batch. Let "
            "it yield targets as the model is to learn them."
        )
    if data.train.y is None:
        return
    if loss.predicts != "values" and class_labels(data.train.y) is not None:
        return
    proposed = read_several("transform", data.target_transforms, path=_NAME)
    _check_proposed(proposed, loss)
    if runtime.trained:
        require_own(_NAME, runtime.target_transforms, proposed)
        return
    y = _as_outputs(model, np.asarray(data.train.y))
    fitted = fitted_transforms(proposed, y)
    _try(model, fitted, y)
    runtime.target_transforms = fitted


def scaled(model: Layer, loss: Loss, y: HostArray) -> HostArray:
    """Targets of the data in the unit that the model is trained in."""
    transforms = require_runtime(model).target_transforms if loss.predicts == "values" else []
    return _applied(transforms, _as_outputs(model, y)) if transforms else y


def unscaled(model: Layer, loss: Loss, y: HostArray) -> HostArray:
    """The way back, in float64."""
    transforms = require_runtime(model).target_transforms if loss.predicts == "values" else []
    for transform in reversed(transforms):
        y = transform.inverse(y.astype(np.float64))
    return y


def _applied(transforms: Sequence[Transform], y: HostArray) -> HostArray:
    for transform in transforms:
        y = transform.apply(y)
    return y


def _as_outputs(model: Layer, y: HostArray) -> HostArray:
    """Targets (N,) as a column, where the model gives (N, 1)."""
    output_shape = model.output_shape(*require_runtime(model).input_shapes)
    return y[:, None] if y.ndim == 1 and output_shape == (1,) else y


def _check_proposed(proposed: Sequence[Transform], loss: Loss) -> None:
    if loss.predicts != "values":
        raise ConfigError(
            f"{_NAME}: the data proposes {list(proposed)} for targets that are values, and {type(loss).__name__} takes "
            "targets as they are: it does not say predicts = 'values'. To predict values take a loss that does, such "
            "as mse (an architecture may call it task = 'regression'). To train on these targets as they are let the "
            f"data propose none: {_NAME} = []."
        )
    if any(isinstance(transform, Augmentation) for transform in proposed):
        raise ConfigError(
            f"{_NAME}: the data proposes {list(proposed)}. Augmentations change samples; targets take transforms that "
            "can be undone, such as standardize."
        )


def _try(model: Layer, transforms: Sequence[Transform], y: HostArray) -> None:
    """Apply and undo them once: what cannot be done is said before the first step."""
    runtime = require_runtime(model)
    values = back = _applied(transforms, y)
    for transform in reversed(transforms):
        back = transform.inverse(back)
    undone = back.shape == y.shape and np.allclose(back, y, rtol=1e-3, atol=1e-3 * float(np.ptp(y)))
    if not undone and np.isfinite(values).all():  # the loss tells of what is not finite
        raise ConfigError(
            f"{_NAME}: {list(transforms)} cannot be undone: of targets of shape {y.shape}, from {y.min():.3g} to "
            f"{y.max():.3g}, 'inverse' makes {back.shape}, from {back.min():.3g} to {back.max():.3g}. Predictions and "
            "metrics would not be in the unit of the data. Give targets transforms whose 'inverse' undoes 'apply'."
        )
    low, high = model.output_interval(*[UNBOUNDED] * len(runtime.input_shapes))
    if values.min() < low or values.max() > high:
        raise ConfigError(
            f"{_NAME}: {list(transforms)} takes the targets to {values.min():.3g} … {values.max():.3g}, and the "
            f"outputs of this model lie between {low:g} and {high:g}. Leave the activation of its last layer out, or "
            f"the targets as they are: {_NAME} = []."
        )
