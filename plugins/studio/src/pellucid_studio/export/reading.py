"""What the outputs of a model mean, as its page shows them: probabilities of classes, answers, or values."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np
from pellucid import ConfigError, HostArray, Layer, Objective, read, require_runtime


@dataclass(frozen=True)
class Reading:
    """How numbers become an answer.

    Attributes:
        how: ``softmax``: probabilities of the classes; ``sigmoid``: of yes, from one output; ``answers``: of yes, from
            each output by itself; ``values``: as they are.
        names: of the classes, or of the outputs.
    """

    how: str
    names: tuple[str, ...]


def reading_of(model: Layer, outputs: int, targets: Sequence[str] = ()) -> Reading:
    """What the objective says that the model was trained with.

    Args:
        outputs: how many numbers a sample the model gives.
        targets: what the data calls its targets, where that is known.

    Raises:
        ConfigError: probabilities that are another function of the outputs than softmax or sigmoid.
    """
    runtime, objective = require_runtime(model), objective_of(model)
    # The function itself is asked, not its name: so losses of strangers are read, and none is read wrongly.
    probe = np.random.default_rng(0).normal(size=(16, outputs)).astype(np.float32)
    told = None if objective is None else objective.probabilities(probe)
    classes = runtime.classes
    if told is None:
        alone = None if objective is None or outputs == 1 else objective.probabilities(probe[:, :1])
        how = "answers" if alone is not None and _is_sigmoid(alone, probe) else "values"
        names = next(
            (each for each in (targets, classes) if each and len(each) == outputs), _numbered("output", outputs)
        )
        return Reading(how, tuple(names))
    names = classes if classes is not None and len(classes) == told.shape[1] else _numbered("class", told.shape[1])
    if told.shape == probe.shape and np.allclose(told, _softmax(probe), atol=1e-5):
        return Reading("softmax", tuple(names))
    if outputs == 1 and _is_sigmoid(told, probe):
        return Reading("sigmoid", tuple(names))
    raise ConfigError(
        f"A page reads outputs as softmax or sigmoid. Received: a model trained with {type(objective).__name__}, whose "
        "probabilities are another function of them. Train with a loss such as softmax_cross_entropy."
    )


def objective_of(model: Layer) -> Objective | None:
    """What a model was last trained with; None before the first training."""
    config: Any = require_runtime(model).metadata.get("objective")
    objective: Objective | None = None if config is None else read("objective", config, path="objective", saved=True)
    return objective


def size_of(shape: tuple[int | None, ...]) -> int:
    """How many numbers a sample of this shape holds."""
    return prod(n or 0 for n in shape)


def _is_sigmoid(told: HostArray, z: HostArray) -> bool:
    return told.shape[1:] == (2,) and np.allclose(told[:, 1], 1 / (1 + np.exp(-z[:, 0])), atol=1e-5)


def _softmax(z: HostArray) -> HostArray:
    e = np.exp(z)
    return np.asarray(e / e.sum(1, keepdims=True))


def _numbered(what: str, count: int) -> tuple[str, ...]:
    return (what,) if count == 1 else tuple(f"{what} {i}" for i in range(count))
