"""Using a trained model: codes of samples, samples of codes, and new samples of the prior.

Samples are in the units of the data: the model's transforms are applied to what goes in and undone in what comes out.
"""

from __future__ import annotations

from functools import partial
from math import prod
from typing import Any

import numpy as np
from pellucid import (
    Array,
    ConfigError,
    Context,
    DataError,
    HostArray,
    Layer,
    as_array,
    as_codes,
    check_int,
    check_memory,
    in_batches,
    require_runtime,
)

from pellucid_vae.elbo import Likelihood
from pellucid_vae.models import LatentVariableModel


def encode(model: Layer, x: Any, labels: Any = None) -> HostArray:
    """The means μ of q(z | x), (N, latent).

    Args:
        model: a built model.
        x: samples (N, …).
        labels: (N,) for a conditional model, else None.
    """
    vae = checked(model)

    def means(ctx: Context, *rows: Array) -> Array:
        return vae.encoded(ctx, *rows)[1]

    return in_batches(model, means, *_inputs(vae, x, labels), from_data=True)


def decode(model: Layer, z: Any, labels: Any = None, *, batch_size: int = 1024) -> HostArray:
    """The means of p(x | z), (N, …) of the shape of x: for a Bernoulli likelihood the probabilities of ink.

    Args:
        model: a built model.
        z: codes (N, latent).
        labels: (N,) for a conditional model, else None.
        batch_size: rows at a time.

    Raises:
        ShapeError: the codes have another width. DataError: they are no numbers. DataError, ConfigError: labels out of
            range, missing, or too many. ConfigError: a transform of the data cannot be undone.
    """
    vae = checked(model)
    given = _inputs(vae, as_codes(vae, z, vae.latent), labels)
    return in_batches(model, partial(_means, vae), *given, batch_size=batch_size, into_data=True)


def reconstruct(model: Layer, x: Any, labels: Any = None) -> HostArray:
    """The mean of p(x | z) at the mean of q(z | x): what comes back without any noise."""
    vae = checked(model)

    def both(ctx: Context, seen: Array, *label: Array) -> Array:
        return _means(vae, ctx, vae.encoded(ctx.child("encode"), seen, *label)[1], *label)

    return in_batches(model, both, *_inputs(vae, x, labels), from_data=True, into_data=True)


def sample(model: Layer, count: int, *, labels: Any = None, seed: int = 0) -> HostArray:
    """New samples: the means of p(x | z) for z ~ N(0, I).

    Args:
        model: a trained model.
        count: how many.
        labels: (count,) for a conditional model, else None.
        seed: the same seed, the same samples.
    """
    check_int(sample, "count", count, "[1, inf)")
    check_int(sample, "seed", seed, "[0, inf)")
    shape = require_runtime(model).input_shapes[0]
    numbers = count * (2 * checked(model).latent + prod(size for size in shape if size is not None))
    check_memory(4 * numbers, f"{count:,} samples", "Draw fewer at a time.")
    return decode(model, np.random.default_rng(seed).standard_normal((count, checked(model).latent)), labels)


def _means(vae: LatentVariableModel, ctx: Context, z: Array, *label: Array) -> Array:
    """The means of p(x | z), in the units of the transformed input."""
    y = vae.generate(ctx.child("generate"), z, *label)
    if likelihood_of(vae) != "bernoulli":
        return y
    probabilities = ctx.scratch("probabilities", y.shape)
    ctx.ops.activation_forward("sigmoid", y, probabilities)
    return probabilities


def _inputs(vae: LatentVariableModel, x: Any, labels: Any) -> tuple[Any, ...]:
    given = with_labels(vae, x, labels)
    return given if isinstance(given, tuple) else (given,)


def likelihood_of(model: Layer) -> Likelihood:
    """The likelihood that the model was trained with; ``bernoulli`` before any training."""
    objective = require_runtime(model).metadata.get("objective") or {}
    likelihood: Likelihood = objective.get("likelihood", "bernoulli")
    return likelihood


def checked(model: Layer) -> LatentVariableModel:
    """The model, if it has codes.

    Raises:
        ConfigError: it is another.
    """
    if not isinstance(model, LatentVariableModel):
        raise ConfigError(f"Expected: a model of vae or conditional_vae, which has codes. Received: {model!r:.80}.")
    return model


def with_labels(model: LatentVariableModel, x: Any, labels: Any) -> Any:
    """``x``, or ``(x, labels)`` where the model takes labels.

    Raises:
        ConfigError: labels are missing, or the model takes none. DataError: not one integer for each row, or no rows.
    """
    if not model.integer_inputs:
        if labels is not None:
            raise ConfigError("This model is unconditional and takes no labels. Leave them out.")
        return x
    if labels is None:
        raise ConfigError(f"This model needs a label for each sample, 0 to {model.conditions - 1}. Received: none.")
    labels = as_array(labels, "The array of labels")
    if not np.ndim(x):
        raise DataError(f"Samples must be an array of (N, …), one row for each label. Received: {x!r:.80}.")
    if labels.shape != (len(x),) or labels.dtype.kind not in "iu":
        raise DataError(
            f"Labels must be {len(x)} integers, one for each row. Received: shape {labels.shape}, {labels.dtype}."
        )
    return x, labels.astype(np.int64)
