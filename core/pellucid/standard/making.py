"""For models that make samples: ``in_batches`` applies a part of a model, ``as_codes`` checks what a decoder is given,
``to_data`` gives samples in the data's units.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import numpy as np

from pellucid.basics.arrays import HostArray, as_array
from pellucid.basics.errors import ShapeError
from pellucid.interfaces.context import Context
from pellucid.interfaces.layer import Layer, require_runtime
from pellucid.model.inputs import as_model_input, collected, given_inputs, ready_batches, transformed


@np.errstate(under="ignore")
def in_batches(
    model: Layer, function: Callable[..., Any], *arrays: HostArray, batch_size: int = 1024, training: bool = False,
    seed: int | None = None, step: int = 0, from_data: bool = False, into_data: bool = False,
) -> HostArray:  # fmt: skip
    """``function(ctx, *rows)``, a part of a model such as its decoder's forward, batch after batch.

    Random numbers are those of the seed, the step and the sample, whatever the batches. Beside what is given and what
    is returned there is never more in memory than some batches.

    Args:
        model: the built model whose backend and type are used.
        function: from a context and arrays of the backend to one array, a row for each sample.
        arrays: aligned arrays of the host, one sample a row, as the function takes them.
        training: whether layers do what they do in training, such as adding noise.
        seed: of random numbers; None takes the model's.
        step: of training that is meant, for random numbers.
        from_data: whether the arrays are the model's inputs in the units of its data, as :meth:`pellucid.Layer.predict`
            takes them: its transforms are applied first.
        into_data: whether the results are samples, to be given in the units of the data, see :func:`to_data`.

    Raises:
        ShapeError: the model has not been built; other than one row for each sample. ConfigError: a transform cannot be
            undone.
    """
    runtime = require_runtime(model)
    seed = runtime.seed if seed is None else seed
    ctx = Context(runtime.ops, training=training, seed=seed, dtype=runtime.dtype)

    def results() -> Iterator[tuple[slice, HostArray]]:
        for rows, part in ready_batches(given, batch_size, ready):
            index = None if training else np.arange(rows.start, rows.stop, dtype=np.int64)
            ctx.begin(step, 0, row_offset=rows.start, index=index, share=(rows.stop - rows.start) / batch_size)
            y = runtime.ops.to_host(function(ctx, *map(runtime.ops.asarray, part)))
            yield rows, to_data(model, y) if into_data else y

    given = given_inputs(model, arrays) if from_data else arrays
    ready = partial(_transformed, model) if from_data else _as_they_are
    made: HostArray = collected(results(), len(given[0]))
    return made


def _transformed(model: Layer, *arrays: HostArray) -> tuple[HostArray, ...]:
    return transformed(model, arrays)


def _as_they_are(*arrays: HostArray) -> tuple[HostArray, ...]:
    return arrays


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
