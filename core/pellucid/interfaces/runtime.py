"""Runtime: what ``pellucid.build`` adds to a tree of layers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from pellucid.basics.arrays import Shape
from pellucid.interfaces.parameters import Arena
from pellucid.interfaces.transform import Transform
from pellucid.ops.base import Backend


@dataclass(eq=False)
class Runtime:
    """What ``pellucid.build`` adds to a tree of layers; stands on the root as ``model.runtime``.

    Attributes:
        ops: the backend.
        dtype: floating-point type of parameters and activations.
        seed: the seed that the parameters were drawn with.
        input_shapes: one shape per input, without the batch axis.
        arena: the flat memory of all parameters.
        predict: computes outputs for any number of samples; ``model.predict`` calls it.
        config: the configuration that builds this model again, by registered names only.
        transforms: fitted on the training data, applied before the model in ``predict``, and saved with it.
        target_transforms: fitted on the training targets, applied to targets in training, undone in ``predict`` and for
            metrics, and saved with the model; none where a loss reads targets as they are.
        classes: names of the classes, or None; of the first training that told them.
        metadata: further facts that are saved with the model, such as its "objective", there once it was trained, and
            "features", the names of the columns.
        idle_predictions: by the shapes of their inputs, the memory and plan of predictions that may be used again.
    """

    ops: Backend
    dtype: np.dtype[Any]
    seed: int
    input_shapes: tuple[Shape, ...]
    arena: Arena
    predict: Callable[..., Any]
    config: dict[str, Any] | None = None
    transforms: list[Transform] = field(default_factory=list)
    target_transforms: list[Transform] = field(default_factory=list)
    classes: tuple[str, ...] | None = None
    metadata: dict[str, Any] = field(default_factory=dict)
    idle_predictions: dict[Any, Any] = field(default_factory=dict)

    @property
    def trained(self) -> bool:
        """Whether it has been trained, or was given transforms: the objective of the last training is kept."""
        return "objective" in self.metadata or bool(self.transforms)

    def __getstate__(self) -> dict[str, Any]:
        """Copied and pickled without plans, which belong to this memory."""
        return self.__dict__ | {"idle_predictions": {}}
