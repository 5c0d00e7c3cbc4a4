"""What both halves of an autoencoder need: sizes that agree, and outputs as values."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from pellucid import ConfigError

if TYPE_CHECKING:
    from pellucid.model import HostArray

    from pellucid_ae.autoencoder import Autoencoder


def check_tied(owner: object, hidden: Sequence[int], decoder_hidden: Sequence[int]) -> None:
    """ConfigError unless the decoder's sizes are those of the encoder backwards."""
    expected = list(reversed(hidden))
    if list(decoder_hidden) != expected:
        raise ConfigError(
            f"The 'decoder_hidden' of {type(owner).__name__} must be {expected}, the encoder's sizes backwards, where "
            f"weights are tied. Received: {list(decoder_hidden)}. Leave it out, or set tied = false."
        )


def as_values(model: Autoencoder, outputs: HostArray) -> HostArray:
    """The decoder's outputs in the units of the input: logits as probabilities."""
    if model.outputs == "values":
        return outputs
    values: HostArray = 0.5 * (1.0 + np.tanh(0.5 * outputs))  # the logistic function, without overflow
    return values
