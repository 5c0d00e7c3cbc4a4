"""predict: the model's outputs for any number of samples; small batches reuse their memory and recorded plan."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from pellucid.component import CHANGES
from pellucid.context import Context
from pellucid.microbatch import Recorded
from pellucid.model import HostArray, batches, require_runtime, transformed

if TYPE_CHECKING:
    from pellucid.layer import Layer

KEPT_ROWS = 32
"""Batches of up to this many rows keep their memory for the next prediction; larger ones gain nothing by it."""
KEPT_SHAPES = 32
"""Of so many shapes at the most; those not used for longest are let go."""


class Prediction:
    """The memory of one batch of inputs, and the forward pass in it: recorded at first, replayed after that."""

    def __init__(self, model: Layer, inputs: tuple[HostArray, ...]) -> None:
        runtime = require_runtime(model)
        self.ops = runtime.ops
        self.changes = CHANGES.count
        self._inputs = tuple(self.ops.empty(part.shape, part.dtype) for part in inputs)
        self._index = np.empty(len(inputs[0]), np.int64)  # which samples these are: stochastic layers are keyed by it
        self._rows = np.arange(len(inputs[0]))
        ctx = Context(self.ops, training=False, seed=runtime.seed, dtype=runtime.dtype)
        ctx.begin(0, 0, index=self._index)
        capturable = all(layer.capturable for _, layer in model.walk())
        self._forward = Recorded(self.ops, lambda: model.forward(ctx, *self._inputs), capturable)

    def __call__(self, inputs: tuple[HostArray, ...], first_row: int) -> Any:
        """The outputs for these inputs, as copies: an array or a tuple of them."""
        for part, buffer in zip(inputs, self._inputs, strict=True):
            self.ops.copy(self.ops.asarray(part), buffer)
        np.add(self._rows, first_row, out=self._index)
        y = self._forward()
        return tuple(map(self._copied, y)) if type(y) is tuple else self._copied(y)

    def _copied(self, y: Any) -> HostArray:
        return np.array(self.ops.to_host(y))


def predict(model: Layer, x: Any, *, batch_size: int = 1024) -> Any:
    """See :meth:`pellucid.Layer.predict`."""
    inputs = transformed(model, x)
    n = len(inputs[0])
    if n <= batch_size:
        return _predict_batch(model, inputs, 0)
    pieces = [
        _predict_batch(model, tuple(part[rows] for part in inputs), rows.start) for rows in batches(n, batch_size)
    ]
    if isinstance(pieces[0], tuple):
        return tuple(np.concatenate(parts) for parts in zip(*pieces, strict=True))
    return np.concatenate(pieces)


def _predict_batch(model: Layer, inputs: tuple[HostArray, ...], first_row: int) -> Any:
    # A prediction is taken out while it is in use, so threads that predict at the same time have one each.
    idle = require_runtime(model).idle_predictions
    key = tuple((part.shape, part.dtype) for part in inputs)
    prediction = idle.pop(key, None)
    if prediction is None or prediction.changes != CHANGES.count:
        prediction = Prediction(model, inputs)
    outputs = prediction(inputs, first_row)
    if len(inputs[0]) <= KEPT_ROWS:
        idle[key] = prediction
        for oldest in list(idle)[:-KEPT_SHAPES]:
            idle.pop(oldest, None)
    return outputs
