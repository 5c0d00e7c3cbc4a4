"""predict: the model's outputs for any number of samples; small batches reuse their memory and recorded plan.

For models that make samples: ``in_batches`` applies a part of a model, ``as_codes`` checks what a decoder is given,
``to_data`` gives samples in the data's units.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from pellucid.basics.arrays import HostArray
from pellucid.basics.component import CHANGES
from pellucid.basics.errors import DataError, ShapeError
from pellucid.interfaces.context import Context
from pellucid.interfaces.layer import Layer, require_runtime
from pellucid.model.inputs import as_model_input, batches, transformed
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
        self._ops = runtime.ops
        self._rows = np.arange(len(inputs[0]))
        self._index = np.empty(len(inputs[0]), np.int64)  # which samples these are: stochastic layers are keyed by it
        self._ctx = Context(self._ops, training=False, seed=runtime.seed, dtype=runtime.dtype)
        self._ctx.begin(0, 0, index=self._index)
        self._inputs = inputs
        if self.small:
            self._inputs = tuple(self._ops.empty(part.shape, part.dtype) for part in inputs)
        capturable = self.small and all(layer.capturable for _, layer in model.walk())
        self._model = model
        self._forward = Replayed(self._ops.record, self._outputs, capturable, self._ops.warm_up)

    def __call__(self, inputs: tuple[HostArray, ...], first_row: int) -> Any:
        """The outputs for these inputs, as copies: an array or a tuple of them."""
        given = tuple(map(self._ops.asarray, inputs))
        if self.small:
            for part, buffer in zip(given, self._inputs, strict=True):
                self._ops.copy(part, buffer)
        else:
            self._inputs = given
        np.add(self._rows, first_row, out=self._index)
        y = self._forward()
        return tuple(map(self._copied, y)) if type(y) is tuple else self._copied(y)

    @np.errstate(under="ignore")  # under np.seterr(all="raise"), too, e⁻⁸⁰⁰ is 0 and no error
    def _outputs(self) -> Any:
        return self._model.forward(self._ctx, *self._inputs)

    def _copied(self, y: Any) -> HostArray:
        return np.array(self._ops.to_host(y))


@np.errstate(under="ignore")
def in_batches(
    model: Layer, function: Callable[..., Any], *arrays: HostArray, batch_size: int = 1024, training: bool = False,
    seed: int | None = None, step: int = 0,
) -> HostArray:  # fmt: skip
    """``function(ctx, *rows)``, a part of a model such as its decoder's forward, batch after batch.

    Random numbers are those of the seed, the step and the sample, whatever the batches.

    Args:
        model: the built model whose backend and type are used.
        function: from a context and arrays of the backend to one array.
        arrays: aligned arrays of the host, one sample a row, as the function takes them.
        training: whether layers do what they do in training, such as adding noise.
        seed: of random numbers; None takes the model's.
        step: of training that is meant, for random numbers.

    Raises:
        ShapeError: the model has not been built.
    """
    runtime = require_runtime(model)
    seed = runtime.seed if seed is None else seed
    ctx = Context(runtime.ops, training=training, seed=seed, dtype=runtime.dtype)
    pieces = []
    for rows in batches(len(arrays[0]), batch_size):
        index = None if training else np.arange(rows.start, rows.stop, dtype=np.int64)
        ctx.begin(step, 0, row_offset=rows.start, index=index, share=(rows.stop - rows.start) / batch_size)
        given = (runtime.ops.asarray(array[rows]) for array in arrays)
        pieces.append(np.array(runtime.ops.to_host(function(ctx, *given))))
    return np.concatenate(pieces)


def as_codes(model: Layer, z: Any, size: int) -> HostArray:
    """Codes for a decoder, (N, size), in the model's floating-point type.

    Raises:
        ShapeError: codes of another size. DataError: no numbers.
    """
    try:
        codes = np.asarray(z)
    except ValueError as error:
        raise DataError(f"Codes are rows of {size} numbers each. Received: rows of several lengths.") from error
    if codes.dtype.kind not in "fiub":
        raise DataError(f"Codes must hold numbers. Received: an array of dtype {codes.dtype}.")
    if codes.ndim != 2 or codes.shape[1] != size:
        hint = " A single code needs a batch axis: code[None]." if codes.shape == (size,) else ""
        raise ShapeError(f"Codes must have shape (N, {size}), one a row. Received: {codes.shape}.{hint}")
    return as_model_input(model, 0, codes)


def to_data(model: Layer, y: HostArray) -> HostArray:
    """Samples (N, …) that a model made, in the units of its data: the model's transforms undone, the last one first.

    Raises:
        ConfigError: one of them cannot be undone. ShapeError: the model has not been built.
    """
    for transform in reversed(require_runtime(model).transforms):
        y = transform.inverse(y)
    return y


def predict(model: Layer, x: Any, *, batch_size: int = 1024) -> Any:
    """See :meth:`pellucid.Layer.predict`."""
    inputs = transformed(model, x)
    n = len(inputs[0])
    # Predictions are taken out while they are in use, so threads that predict at the same time have one each.
    idle = require_runtime(model).idle_predictions
    pieces: list[Any] = []
    own: dict[Any, Prediction] = {}
    for rows in batches(n, batch_size):
        part = tuple(array[rows] for array in inputs)
        key = tuple((array.shape, array.dtype) for array in part)
        prediction = own.get(key) or idle.pop(key, None)
        if prediction is None or prediction.changes != CHANGES.count:
            prediction = Prediction(model, part)
        own[key] = prediction
        pieces.append(prediction(part, rows.start))
    idle.update((key, prediction) for key, prediction in own.items() if prediction.small)
    for oldest in list(idle)[:-KEPT_SHAPES]:
        idle.pop(oldest, None)
    if len(pieces) == 1:
        return pieces[0]
    if isinstance(pieces[0], tuple):
        return tuple(np.concatenate(parts) for parts in zip(*pieces, strict=True))
    return np.concatenate(pieces)
