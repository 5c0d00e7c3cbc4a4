"""Random search: what one can do without a gradient."""

from __future__ import annotations

import time
from typing import Any

import numpy as np
from pellucid.workbench.experiments.experiment import Prepared

FORWARDS_OF_A_STEP = 3
"""A step of gradient descent costs about three forward passes: one, and two for the backward pass."""
PATIENCE, SHRINK, GROW = 10, 0.7, 1.3
"""After so many moves in vain they become shorter by a factor; each that helps makes them longer."""


def search(ready: Prepared, evaluations: int, points: int) -> dict[str, Any]:
    """Move all weights by σ ε, ε ~ N(0, I), and stay where the mean loss on the training data is less.

    σ adapts itself: (1 + 1) evolution strategy (Rechenberg, 1973).

    Returns:
        ``loss`` and ``validation_accuracy`` at so many points on the way, evenly apart; ``seconds``.
    """
    trainer, splits = ready.trainer, ready.splits
    theta = trainer.runtime.arena.data
    train, validation = (splits.train.x, splits.train.y), (splits.validation.x, splits.validation.y)
    rng = np.random.default_rng(trainer.seed)
    trainer.fit(splits, epochs=0, verbose=False)  # the transforms are fitted
    started, sigma, in_vain = time.perf_counter(), 0.1, 0
    best = trainer.evaluate(train)["loss"]
    losses, accuracies = [], []
    for number in range(1, evaluations + 1):
        before = theta.copy()
        theta += (sigma * rng.standard_normal(theta.shape)).astype(theta.dtype)
        loss = trainer.evaluate(train)["loss"]
        if loss < best:
            best, sigma, in_vain = loss, sigma * GROW, 0
        else:
            theta[...] = before
            in_vain += 1
            if in_vain % PATIENCE == 0:
                sigma *= SHRINK
        if number % max(1, evaluations // points) == 0:
            losses.append(best)
            accuracies.append(trainer.evaluate(validation)["accuracy"])
    return {"loss": losses, "validation_accuracy": accuracies, "seconds": time.perf_counter() - started}
