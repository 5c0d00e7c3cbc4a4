"""Decoders: models that make samples of codes, and what a page has to know of their codes."""

from __future__ import annotations

from typing import Any

import numpy as np
from pellucid import ConfigError, HostArray, Layer, Split, require_runtime

from pellucid_studio.export.describe import name_of

DECODERS = ("ae/autoencoder", "vae/vae", "vae/conditional_vae")
"""Registered names of the classes whose JavaScript has ``decode``; a stranger's class says ``decodes = True``."""


def is_decoder(model: Layer) -> bool:
    """Whether a page can make samples of codes with it."""
    return name_of(model) in DECODERS or bool(vars(type(model)).get("decodes"))


def encoded(model: Layer, split: Split) -> HostArray:
    """The codes (N, K) of samples; of a variational one the means."""
    encode = getattr(model, "encode", None)
    if callable(encode):
        return np.asarray(encode(split.x))
    conditional = bool(model.integer_inputs)
    given: Any = (split.x, split.y) if conditional else split.x
    return np.asarray(model.predict(given)[1])


def decoded_as(model: Layer) -> str:
    """``sigmoid`` where the decoder's outputs are logits, else ``values``."""
    objective = require_runtime(model).metadata.get("objective") or {}
    logits = getattr(model, "outputs", None) == "logits" or (
        name_of(model).startswith("vae/") and objective.get("likelihood", "bernoulli") == "bernoulli"
    )
    return "sigmoid" if logits else "values"


def ranges_of(model: Layer, codes: HostArray | None) -> list[list[float]]:
    """For each number of a code from where to where it goes: what the samples' codes show; of a variational one three
    deviations of the prior.

    Raises:
        ConfigError: nothing tells.
    """
    count = int(model.latent)  # type: ignore[attr-defined]
    if name_of(model).startswith("vae/"):
        return [[-3.0, 3.0] for _ in range(count)]
    if codes is None:
        raise ConfigError(
            "Which codes an autoencoder makes is only known from samples, and this model file knows of no data. Give "
            "the run folder, or samples: --data mnist, --data FILE."
        )
    low, high = np.percentile(codes, [1, 99], axis=0)
    margin = np.where(high > low, 0.1 * (high - low), 1.0)
    return [[float(a), float(b)] for a, b in zip(low - margin, high + margin, strict=True)]
