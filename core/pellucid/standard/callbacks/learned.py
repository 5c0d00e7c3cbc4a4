"""What a model has learned: its parameters and states, as arrays by name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from pellucid.basics.arrays import Array, HostArray
from pellucid.interfaces.layer import Layer, require_runtime
from pellucid.training.run import Run


def learned(model: Layer) -> list[tuple[str, Array]]:
    """All of it, as it lies in the model."""
    return [("parameters", require_runtime(model).arena.data), *((f"states/{s.path}", s.data) for s in model.states())]


def copied(run: Run) -> dict[str, HostArray]:
    """Copies of it, on the host."""
    ops = run.trainer.runtime.ops
    return {name: np.array(ops.to_host(array)) for name, array in learned(run.model)}


def forms(arrays: Mapping[str, Any]) -> dict[str, Any]:
    """Types and shapes."""
    return {name: (getattr(array, "dtype", None), np.shape(array)) for name, array in arrays.items()}
