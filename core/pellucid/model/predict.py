"""predict: the model's outputs for any number of samples; small batches reuse their memory and recorded plan."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np

from pellucid.basics.arrays import HostArray
from pellucid.basics.checks import is_size
from pellucid.basics.component import CHANGES
from pellucid.interfaces.context import Context
from pellucid.interfaces.layer import Layer, require_runtime
from pellucid.model.inputs import collected, given_inputs, ready, ready_batches
from pellucid.ops.recording import Replayed

KEPT_ROWS = 32
"""Batches of up to this many rows keep their memory for the next call; larger ones would gain little by it."""
KEPT_SHAPES = 32
"""Of so many shapes at the most; those not used for longest are let go."""


class Prediction:
    """The memory of the forward pass over a batch, used again for the next batch of the same shapes.

    Small batches are copied to a place of their own, so that the kernel calls can be recorded once and replayed.
    """

    def __init__(self, model: Layer, inputs: tuple[HostArray, ...]) -> None:
        runtime = require_runtime(model)
        self.changes = CHANGES.count
        self.small = len(inputs[0]) <= KEPT_ROWS
        self.ops = runtime.ops
        self._rows = np.arange(len(inputs[0]))
        self._index = np.empty(len(inputs[0]), np.int64)  # which samples these are: stochastic layers are keyed by it
        self.ctx = Context(self.ops, training=False, seed=runtime.seed, dtype=runtime.dtype)
        self.ctx.begin(0, 0, index=self._index)
        self.inputs = inputs
        if self.small:
            self.inputs = tuple(self.ops.empty(part.shape, part.dtype) for part in inputs)
        capturable = self.small and all(layer.capturable for _, layer in model.walk())
        self.model = model
        self._forward = Replayed(self.ops.record, self._outputs, capturable, self.ops.warm_up)

    def __call__(self, inputs: tuple[HostArray, ...], first_row: int) -> Any:
        """The outputs for these inputs, an array or a tuple of them, which last until the next call."""
        given = tuple(map(self.ops.asarray, inputs))
        if self.small:
            for part, buffer in zip(given, self.inputs, strict=True):
                self.ops.copy(part, buffer)
        else:
            self.inputs = given
        np.add(self._rows, first_row, out=self._index)
        y = self._forward()
        return tuple(map(self.ops.to_host, y)) if type(y) is tuple else self.ops.to_host(y)

    @np.errstate(under="ignore")  # under np.seterr(all="raise"), too, e⁻⁸⁰⁰ is 0 and no error
    def _outputs(self) -> Any:
        return self.model.forward(self.ctx, *self.inputs)


def predict(model: Layer, x: Any, *, batch_size: int = 1024) -> Any:
    """See :meth:`pellucid.Layer.predict`."""
    given = given_inputs(model, x)
    # Predictions are taken out while they are in use, so threads that predict at the same time have one each.
    idle = require_runtime(model).idle_predictions
    own: dict[Any, Prediction] = {}
    y = collected(_outputs(model, given, batch_size, own, idle), len(given[0]))
    idle.update((key, prediction) for key, prediction in own.items() if prediction.small)
    for oldest in list(idle)[:-KEPT_SHAPES]:
        idle.pop(oldest, None)
    return y


def _outputs(
    model: Layer, given: tuple[HostArray, ...], batch_size: int, own: dict[Any, Prediction], idle: dict[Any, Any]
) -> Iterator[tuple[slice, Any]]:
    """The outputs for one batch after the other, in the unit of the targets; they last until the next."""
    transforms = require_runtime(model).target_transforms[::-1]
    if is_size(batch_size) and len(given[0]) <= batch_size:  # as a single row, which has to be quick
        batched: Iterable[tuple[slice, Any]] = ((slice(0, len(given[0])), ready(model, given)),)
    else:
        batched = ready_batches(given, batch_size, lambda *parts: ready(model, parts))
    for rows, part in batched:
        key = tuple((array.shape, array.dtype) for array in part)
        prediction = own.get(key) or idle.pop(key, None)
        if prediction is None or prediction.changes != CHANGES.count:
            prediction = Prediction(model, part)
        own[key] = prediction
        y = prediction(part, rows.start)
        for transform in transforms if not isinstance(y, tuple) else ():
            y = transform.inverse(np.asarray(y, np.float64))  # the unit may be large beside what is to be told apart
        yield rows, y
