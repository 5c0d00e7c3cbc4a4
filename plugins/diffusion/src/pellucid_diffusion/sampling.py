"""sample and paths: new samples from a trained model, and the way that leads to them."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
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
    NumericalError,
    as_array,
    check_float,
    check_int,
    check_memory,
    did_you_mean,
    listed,
    require_runtime,
    to_data,
)

from pellucid_diffusion.denoise import classes_of
from pellucid_diffusion.guidance import Guided, objective_of
from pellucid_diffusion.samplers import SAMPLERS, Sampler, reverse

BATCH = 250
"""Samples that go through the network together."""


def sample(
    model: Layer, count: int | None = None, *, labels: Sequence[int] | HostArray | None = None,
    sampler: str = "dpm_solver", steps: int = 25, guidance: float = 0.0, eta: float = 0.0, seed: int = 0,
) -> HostArray:  # fmt: skip
    """New samples, in the units of the data: the model's transforms are undone.

    Sample i depends on the seed, on i and on its label, not on how many others are drawn with it.

    Args:
        model: trained by ``diffusion/denoise``.
        count: how many; None draws one for each label.
        labels: class numbers, one a sample; or None for samples of any class.
        sampler: ``dpm_solver``, ``ddim``, ``ddpm`` or ``ddpm_beta``.
        steps: of the sampler, at most as many as the model was trained with.
        guidance: w of classifier-free guidance; 0 is none.
        eta: of ``ddim``, in [0, 1].
        seed: of all noise.

    Returns:
        (count, …), the shape of a sample.

    Raises:
        ConfigError: not a denoiser, an unknown sampler, impossible numbers of steps, guidance without label dropout.
        DataError: labels that the model does not know.
        NumericalError: samples that are not finite.

    Example::

        digits = sample(model, labels=[1, 7, 3, 8], guidance=1.0)
    """
    ways = _batches(model, count, labels, sampler, steps, guidance, eta, seed, all_steps=False)
    with np.errstate(over="ignore", invalid="ignore"):  # what is not finite in the end is refused
        rows = [_on_host(model, deque(way, maxlen=1).pop()) for way in ways]  # of each way the last step alone is kept
        return _finite(to_data(model, np.concatenate(rows)), guidance)


def paths(
    model: Layer, count: int | None = None, *, labels: Sequence[int] | HostArray | None = None,
    sampler: str = "dpm_solver", steps: int = 25, guidance: float = 0.0, eta: float = 0.0, seed: int = 0,
) -> HostArray:  # fmt: skip
    """The same samples with all that came before: x_T, …, x_0, in the units of the data; arguments as of ``sample``.

    Returns:
        (steps + 1, count, …).
    """
    ways = _batches(model, count, labels, sampler, steps, guidance, eta, seed, all_steps=True)
    with np.errstate(over="ignore", invalid="ignore"):
        whole = np.concatenate([np.stack([_on_host(model, x) for x in way]) for way in ways], axis=1)
        frames = [to_data(model, frame) for frame in whole]
    _finite(frames[-1], guidance)
    return np.stack(frames)


def way(
    model: Layer, count: int | None = None, *, labels: Sequence[int] | HostArray | None = None,
    sampler: str = "dpm_solver", steps: int = 25, guidance: float = 0.0, eta: float = 0.0, seed: int = 0,
) -> Iterator[HostArray]:  # fmt: skip
    """The same moments one after the other, each (count, …) as soon as it is computed; of at most ``BATCH`` samples.

    Raises:
        ConfigError: more samples; and what ``sample`` raises.
    """
    ways = _batches(model, count, labels, sampler, steps, guidance, eta, seed, all_steps=False)
    moments, more = next(ways), next(ways, None)
    if more is not None:
        raise ConfigError(
            f"way shows at most {BATCH} samples as they come about. Take fewer, or paths for all of them."
        )
    while True:
        with np.errstate(over="ignore", invalid="ignore"):  # not across a yield, where it would hold for others
            x = next(moments, None)
            if x is None:
                return
            moment = _finite(to_data(model, _on_host(model, x)), guidance)
        yield moment


def make_sampler(name: str, eta: float = 0.0) -> Sampler:
    """A sampler by its name.

    Raises:
        ConfigError: there is none of that name, or η does not suit it.
    """
    if not isinstance(name, str) or name not in SAMPLERS:
        raise ConfigError(
            f"There is no sampler {name!r}.{did_you_mean(str(name), SAMPLERS)} Samplers: {listed(SAMPLERS)}."
        )
    if eta and name != "ddim":
        raise ConfigError(f"Only ddim has an eta. Received: eta = {eta!r} for {name}. Leave it out.")
    return SAMPLERS[name](eta)


def _batches(
    model: Layer, count: int | None, labels: Any, sampler: str, steps: int, guidance: float, eta: float, seed: int,
    *, all_steps: bool,
) -> Iterator[Iterator[Array]]:  # fmt: skip
    """The ways of some samples at a time, of which whoever asks keeps all steps or the last."""
    objective, rule = objective_of(model), make_sampler(sampler, eta)
    objective.process.times(steps)  # refuses impossible numbers
    check_float(sample, "guidance", guidance, "[0, inf)")
    known = _checked(model, labels)
    if count is None and known is None:
        raise ConfigError("How many samples? Give count = …, or labels.")
    n = len(known) if count is None and known is not None else count
    check_int(sample, "count", n, "[1, inf)")
    if known is not None and len(known) != n:
        raise DataError(f"There must be one label for each of the {n} samples. Received: {len(known)} labels.")
    check_int(sample, "seed", seed, "[0, inf)")
    assert n is not None
    runtime = require_runtime(model)
    numbers = n * prod(size for size in runtime.input_shapes[0] if size is not None)
    taken = 2 * numbers * runtime.dtype.itemsize * (steps + 1 if all_steps else 1)
    check_memory(taken, f"{n:,} samples{' with all that came before them' * all_steps}", "Draw fewer at a time.")
    for start in range(0, n, BATCH):
        index = np.arange(start, min(start + BATCH, n))
        yield _reverse(model, rule, None if known is None else known[index], index, steps, guidance, seed)


def _reverse(
    model: Layer, rule: Sampler, labels: HostArray | None, index: HostArray, steps: int, guidance: float, seed: int
) -> Iterator[Array]:
    """x_T, …, x_0 of these samples, on the model's device; each may be overwritten by what comes after it."""
    runtime, objective = require_runtime(model), objective_of(model)
    ops = runtime.ops
    ctx = Context(ops, training=False, seed=seed, dtype=runtime.dtype)
    said = Guided(model, objective, None if labels is None else ops.asarray(labels), guidance, ctx)
    shape = (len(index), *(n for n in runtime.input_shapes[0] if n is not None))
    drawn = 0

    def fresh() -> Any:
        nonlocal drawn
        ctx.begin(drawn, 0, index=index)
        drawn += 1
        return ctx.normal(shape, "noise").copy()

    return (move.x for move in reverse(objective.process, said, rule, fresh(), steps, fresh))


def _on_host(model: Layer, x: Array) -> HostArray:
    """A copy for the host."""
    return np.array(require_runtime(model).ops.to_host(x))


def _finite(x: HostArray, guidance: float) -> HostArray:
    """The samples, if all their values are finite."""
    good = np.isfinite(x).reshape(len(x), -1).all(axis=1)
    if not good.all():
        raise NumericalError(
            f"{np.sum(~good)} of {len(x)} samples are not finite, the first of them number {np.argmin(good)}, with "
            f"guidance = {guidance}. Take less guidance, or train with a data_range, which samples then keep to, or "
            'with predict = "v". If what the model predicts is not finite either, its weights are not: train it again, '
            "with a smaller lr."
        )
    return x


def _checked(model: Layer, labels: Any) -> HostArray | None:
    """The labels as int64, if all are classes of the model."""
    if labels is None:
        return None
    known = np.atleast_1d(as_array(labels, "The array of labels"))
    if not known.size:
        raise DataError(f"Labels say which samples to draw, one for each, and there are none. Received: {labels!r}.")
    if known.ndim != 1 or known.dtype.kind not in "iu":
        raise DataError(f"Labels are class numbers, one for each sample. Received: {labels!r:.80}.")
    if len(require_runtime(model).input_shapes) == 3:
        classes = classes_of(model)
        wrong = known[(known < 0) | (known >= classes)]
        if len(wrong):
            raise DataError(f"The model knows the classes 0 to {classes - 1}. Received: {wrong[0]}.")
    return known.astype(np.int64)
