"""Running statistics computed anew: what batch norm would have found, had it always had these weights."""

from __future__ import annotations

from typing import Any

import numpy as np

from pellucid.interfaces.context import Context
from pellucid.standard.feed import Feed
from pellucid.standard.streams import tell
from pellucid.training.data import direct_source
from pellucid.training.microbatch import MicroBatch
from pellucid.training.run import Run

_FEED = (
    "{} cannot compute running statistics, of batch norm, by the averaged weights: {} gives its samples as they come, "
    "and they are wanted for training. The statistics stay those of training, which do not quite fit; take a norm "
    "without them, such as layer_norm, or data that has rows."
)


def statistics(run: Run, rows: int, asked_by: str) -> dict[str, Any]:
    """Of each state that is a running mean, by its path: the mean of what it is given on the first training rows.

    The model computes as in training, in the order of the first epoch and without a step; each batch counts by its
    rows. A state that a call replaces (rate 1) is no mean, and stays.

    Args:
        rows: how many, at the most; whole batches.
        asked_by: who says that data of a feed cannot be read again.
    """
    if isinstance(run.data.data, Feed):
        tell(_FEED.format(asked_by, type(run.data.data).__name__))
        return {}
    trainer, runtime = run.trainer, run.trainer.runtime
    sums: dict[str, Any] = {}
    weights: dict[str, int] = {}
    root = Context(runtime.ops, training=True, seed=trainer.seed, dtype=runtime.dtype)
    done = 0
    for number, batch in enumerate(run.data.steps(0, 0)):
        source = direct_source(run.model, trainer.objective, batch, run.data)
        micro = MicroBatch(root, run.model, trainer.objective, source, len(source))
        root.begin(number, 0)
        micro.forward()
        for state, value, rate in root.requested_updates:
            if rate < 1:
                wide = np.asarray(runtime.ops.to_host(value), np.float64) * len(source)
                sums[state.path] = sums.get(state.path, 0.0) + wide
                weights[state.path] = weights.get(state.path, 0) + len(source)
        root.discard()
        done += len(source)
        if not sums or done >= rows:
            break
    return {path: runtime.ops.asarray(total / weights[path]) for path, total in sums.items()}
