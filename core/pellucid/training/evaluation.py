"""Evaluation: the objective and the metrics over a whole data set, without a gradient."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from pellucid.basics.arrays import mapped
from pellucid.basics.checks import as_python, is_number
from pellucid.basics.errors import ConfigError
from pellucid.interfaces.context import Context
from pellucid.interfaces.layer import Layer, require_runtime
from pellucid.interfaces.metric import Metric
from pellucid.interfaces.objective import Batch, Objective


def evaluate(
    model: Layer, objective: Objective, metrics: Sequence[Metric], batches: Iterable[tuple[slice, Any]], *,
    seed: int = 0,
) -> dict[str, float]:  # fmt: skip
    """``{"loss": …, part: …, metric: …}``: means over all samples, however they are batched.

    ``batches`` are the rows and their inputs, with the target or None as the last, as :func:`ready_batches` gives them.

    Randomness is keyed by (seed, sample), so a stochastic objective gives the same figures again.
    """
    runtime = require_runtime(model)
    ops = runtime.ops
    ctx = Context(ops, training=False, seed=seed, dtype=runtime.dtype)
    sums: dict[str, float] = {"loss": 0.0}
    total = 0.0
    for metric in metrics:
        metric.reset()
    for rows, (*inputs, y) in batches:
        index = np.arange(rows.start, rows.stop, dtype=np.int64)
        ctx.begin(0, 0, index=index)
        x = tuple(ops.asarray(part) for part in inputs)
        batch = Batch(x if len(x) > 1 else x[0], mapped(ops.asarray, y), None, index)
        ctx.parts = {}
        for name, value in ({"loss": objective.forward(ctx, model, batch)} | ctx.parts).items():
            sums[name] = sums.get(name, 0.0) + ctx.count * float(value)
        total += ctx.count
        if metrics:
            pair = objective.metric_pair(ctx)
            if pair is None:
                raise objective.no_pair(metrics)
            host = [mapped(lambda part: np.asarray(ops.to_host(part)), of) for of in pair]
            prediction, target = (objective.unscaled(model, of) for of in host)
            for metric in metrics:
                metric.update(prediction, target)
    figures = {name: value / total if total else float("nan") for name, value in sums.items()}
    names = figure_names(metrics, "loss", *ctx.parts)
    return figures | {name: _figure(metric) for name, metric in zip(names, metrics, strict=True)}


def _figure(metric: Metric) -> float:
    """What a metric has found, as a float of Python's: history, checkpoints and JSON know no other."""
    result = as_python(metric.result())
    if not is_number(result):
        raise ConfigError(f"{type(metric).__name__}.result must return a number, of all batches. Received: {result!r}.")
    return float(result)


OF_EPOCHS = ("epoch", "step", "penalty", "lr", "seconds", "validation_loss")
"""What the history of a training, or the record of a run, calls other figures than the loss and its parts."""


def figure_names(metrics: Sequence[Metric], *others: str) -> list[str]:
    """What metrics are reported as: ``TopK`` as ``top_k``, and where there are several of one class ``top_k(k=3)``;
    several functions without names of their own are numbered.

    Raises:
        ConfigError: two figures, these or ``others``, would have one name.
    """
    kinds = [m.figure or re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", type(m).__name__).lower() for m in metrics]
    names = list(others)
    for i, (metric, kind) in enumerate(zip(metrics, kinds, strict=True)):
        arguments = metric.arguments() if kinds.count(kind) > 1 else {}
        told = "({})".format(", ".join(f"{name}={value!r}" for name, value in arguments.items())) if arguments else ""
        names.append(kind + (f"_{kinds[:i].count(kind) + 1}" if " at 0x" in told else told))  # 0x: of a function
    if len(set(names)) < len(names):
        raise ConfigError(
            f"metrics: every figure needs a name of its own. Received: {', '.join(names)}. Leave out the metric that "
            "stands there twice, or give its class, or the part of the loss, another name."
        )
    return names[len(others) :]
