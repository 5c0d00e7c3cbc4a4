"""What both halves of an autoencoder need: checked sizes, and a half applied to arrays of any length."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from pellucid import ConfigError
from pellucid.context import Context
from pellucid.model import batches, require_runtime

if TYPE_CHECKING:
    from pellucid.layer import Layer
    from pellucid.model import HostArray

    from pellucid_ae.autoencoder import Autoencoder


def check_sizes(owner: object, name: str, sizes: object) -> None:
    """ConfigError unless ``sizes`` is a list of ints of at least 1."""
    good = isinstance(sizes, list | tuple)
    good = good and all(isinstance(n, int) and not isinstance(n, bool) and n >= 1 for n in sizes)  # type: ignore[attr-defined]
    if not good:
        raise ConfigError(
            f"The '{name}' of {type(owner).__name__} must be a list of ints of at least 1, the units of each hidden "
            f"layer. Received: {sizes!r}."
        )


def check_tied(owner: object, hidden: Sequence[int], decoder_hidden: Sequence[int]) -> None:
    """ConfigError unless the decoder's sizes are those of the encoder backwards."""
    expected = list(reversed(hidden))
    if list(decoder_hidden) != expected:
        raise ConfigError(
            f"The 'decoder_hidden' of {type(owner).__name__} must be {expected}, the encoder's sizes backwards, where "
            f"weights are tied. Received: {list(decoder_hidden)}. Leave it out, or set tied = false."
        )


def apply(model: Layer, half: Layer, x: HostArray, *, batch_size: int = 1024) -> HostArray:
    """The outputs of a part of a model in evaluation mode, batch after batch.

    Raises:
        ShapeError: the model has not been built.
    """
    runtime = require_runtime(model)
    ctx = Context(runtime.ops, training=False, seed=runtime.seed, dtype=runtime.dtype)
    pieces = []
    for rows in batches(len(x), batch_size):
        ctx.begin(0, 0, index=np.arange(rows.start, rows.stop, dtype=np.int64))
        pieces.append(np.array(runtime.ops.to_host(half.forward(ctx, runtime.ops.asarray(x[rows])))))
    return np.concatenate(pieces)


def as_values(model: Autoencoder, outputs: HostArray) -> HostArray:
    """The decoder's outputs in the units of the input: logits as probabilities."""
    if model.outputs == "values":
        return outputs
    values: HostArray = 0.5 * (1.0 + np.tanh(0.5 * outputs))  # the logistic function, without overflow
    return values
