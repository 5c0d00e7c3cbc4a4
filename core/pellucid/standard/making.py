"""For models that make samples: ``in_batches`` applies a part of a model, ``as_codes`` checks what a decoder is given,
``to_data`` gives samples in the data's units.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from pellucid.basics.arrays import HostArray, as_array
from pellucid.basics.errors import ShapeError
from pellucid.interfaces.context import Context
from pellucid.interfaces.layer import Layer, require_runtime
from pellucid.model.inputs import as_model_input, batches


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
    codes = as_array(z, "The array of codes")
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
