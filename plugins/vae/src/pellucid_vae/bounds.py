"""How good a model is, beyond one number: the importance-weighted bound, and the latent units that are in use."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from math import inf, log, pi, prod
from typing import Any

import numpy as np
from pellucid import (
    Array,
    ConfigError,
    Context,
    HostArray,
    Layer,
    PellucidWarning,
    check_int,
    choose_objective,
    in_batches,
    require_runtime,
    transformed,
)

from pellucid_vae.elbo import Elbo
from pellucid_vae.inference import checked, with_labels
from pellucid_vae.models import LatentVariableModel

_GREY = (
    "These samples have grey levels, and of numbers between 0 and 1 the Bernoulli likelihood is no probability: the "
    "figure is none of log p(x), and is not to be held against published ones. Draw the pixels (binarize = true), or "
    "give samples of 0 and 1."
)


def importance_weighted_bound(
    model: Layer, x: Any, labels: Any = None, *, objective: Any = None, samples: int = 64,
    seed: int = 0, batch_size: int = 256,
) -> HostArray:  # fmt: skip
    """``log 1/K Σ_k p(x | z_k) p(z_k) / q(z_k | x)`` for K samples z_k of q(z | x): a lower bound of log p(x), in nats.

    For K = 1 it is the evidence lower bound; in expectation it grows with K towards log p(x) (Burda, Grosse &
    Salakhutdinov, Importance Weighted Autoencoders, 2016). Pixels that the objective binarises are those that
    ``Trainer(…, seed=seed)`` evaluates on; noise is keyed by the seed and the sample. Of grey levels that it takes as
    they are, the Bernoulli likelihood is none, and a PellucidWarning says so.

    Args:
        model: a trained model.
        x: samples (N, …).
        labels: (N,) for a conditional model, else None.
        objective: ``vae/elbo`` with the likelihood; None takes that of the model's training.
        samples: K.
        seed: of pixels and noise.
        batch_size: rows at a time.

    Returns:
        float64 (N,), one bound for each sample.
    """
    check_int(importance_weighted_bound, "samples", samples, "[1, 1000000]")
    check_int(importance_weighted_bound, "seed", seed, "[0, inf)")
    runtime, vae = require_runtime(model), checked(model)
    elbo = choose_objective(model, None, objective)
    if not isinstance(elbo, Elbo):
        raise ConfigError(
            "The bound needs the likelihood of a vae/elbo. Received, from the model's training: "
            f'{type(elbo).__name__}. Give one: objective="vae/elbo".'
        )
    first = transformed(model, x, runtime.input_shapes[:1])[0]
    given = with_labels(vae, first, labels)
    inputs = given if isinstance(given, tuple) else (given,)
    elbo.check(vae, inputs, inputs[1] if len(inputs) > 1 else None)
    if elbo.likelihood == "bernoulli" and not elbo.binarize and ((first > 0) & (first < 1)).any():
        warnings.warn(_GREY, PellucidWarning, stacklevel=2)

    def bound(ctx: Context, seen: Array, *label: Array) -> Array:
        return _bound(ctx, vae, elbo, seen, label, samples)

    return in_batches(model, bound, *inputs, batch_size=batch_size, seed=seed)


def _bound(
    ctx: Context, model: LatentVariableModel, elbo: Elbo, x: Array, label: Sequence[Array], samples: int
) -> Array:
    xp = ctx.xp
    x = elbo.observed(ctx, x)
    _, mean, s = (part.copy() for part in model.forward(ctx.child("model"), x, *label))
    noise = ctx.ops.empty(mean.shape, mean.dtype)
    largest, total = xp.full(len(x), -inf), xp.zeros(len(x))  # so far; float64
    for k in range(samples):
        ctx.ops.random_normal(ctx.stream(f"importance {k}"), noise)
        z = mean + noise * xp.exp(s)
        y = model.generate(ctx.child("generate"), z, *label)
        # log p(z) − log q(z | x): the halves of log 2π cancel.
        of_code = (0.5 * (noise * noise - z * z) + s).sum(axis=1)
        log_weight = log_likelihood(elbo, xp, x, y).astype("float64") + of_code
        # e^(−largest) Σ e^(log weight), whatever their sizes; thousands of them take no more memory than one.
        before, largest = largest, xp.maximum(largest, log_weight)
        total = total * xp.exp(before - largest) + xp.exp(log_weight - largest)
    return largest + xp.log(total / samples)


def log_likelihood(elbo: Elbo, xp: Any, x: Array, y: Array) -> Array:
    """log p(x | z) of each row, (N,), where the decoder gave y."""
    numbers = prod(x.shape[1:])
    x, y = x.reshape(-1, numbers), y.reshape(-1, numbers)
    if elbo.likelihood == "bernoulli":
        size = xp.abs(y)  # −log σ(y) of a pixel that is nearly certain is small, and must not come out as a difference
        return -(size * xp.where(y < 0, x, 1 - x) + xp.log1p(xp.exp(-size))).sum(axis=1)
    return -((x - y) ** 2).sum(axis=1) / (2 * elbo.std**2) - numbers * (log(elbo.std) + 0.5 * log(2 * pi))


def active_units(means: Any, threshold: float = 0.01) -> int:
    """How many latent units say something: those whose mean varies over the samples by more than ``threshold``.

    Args:
        means: μ of q(z | x), (N, latent), as ``encode`` gives them.
        threshold: least variance (Burda, Grosse & Salakhutdinov, 2016, take 0.01).
    """
    return int((np.var(np.asarray(means, np.float64), axis=0) > threshold).sum())
