"""Material: what figures are drawn from, a run, samples and what was found out about them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from math import isqrt

import numpy as np

from pellucid.basics.arrays import HostArray
from pellucid.glassbox.trace import Trace
from pellucid.interfaces.layer import Layer
from pellucid.interfaces.rows import Samples, in_memory
from pellucid.interfaces.samples import Split
from pellucid.training.data import by_names
from pellucid.workbench.evaluation.evaluation import Evaluation
from pellucid.workbench.evaluation.read import Outcome
from pellucid.workbench.experiments.finished import FinishedRun, trained_objective
from pellucid.workbench.experiments.predictions import interpret
from pellucid.workbench.pictures import as_images

SMALLEST = 8
"""Rows of n² numbers without names are pictures of n × n from this n on."""
TRACED = 256
"""Samples whose activations are drawn."""
_OUTPUTS = ("*.x", "*.y")


def evenly(count: int, most: int) -> list[int]:
    """``most`` of ``count`` rows, the first and the last among them: data often lies in order."""
    return np.unique(np.linspace(0, count - 1, min(count, most)).round().astype(int)).tolist()


@dataclass(frozen=True, eq=False)
class Material:
    """What figures are drawn from.

    Attributes:
        run: the trained model.
        samples: what was evaluated, in its order; what is read when it is asked for stays so.
        found: what came out.
    """

    run: FinishedRun[Layer]
    samples: Split | Samples
    found: Evaluation

    @property
    def heading(self) -> str:
        """``runs/first, test``."""
        return f"{self.found.run}, {self.found.data or self.found.split}"

    @property
    def outcome(self) -> Outcome | None:
        """Predictions and targets, a row a sample; None if there are none, or they are of steps of samples."""
        outcome = self.found.outcome
        return outcome if outcome is not None and outcome.by_sample else None

    def __len__(self) -> int:
        return len(self.samples)

    def take(self, rows: Sequence[int]) -> Split:
        """The samples of these rows."""
        taken = self.samples.take(np.asarray(rows, np.int64))
        if in_memory(self.samples):
            return taken
        return by_names(self.run.model, trained_objective(self.run.model), taken, "the data")

    @cached_property
    def first(self) -> Split:
        """The first sample alone: what samples look like."""
        return self.take([0])

    @property
    def are_pictures(self) -> bool:
        """Whether a sample is a picture: height and width, and perhaps 1 or 3 channels; or n² numbers without names."""
        x = self.first.x
        if isinstance(x, tuple) or self.first.features is not None or 0 in self.run.model.integer_inputs:
            return False
        if x.ndim == 2:
            return x.dtype.kind in "fu" and isqrt(x.shape[1]) ** 2 == x.shape[1] >= SMALLEST**2
        return x.dtype.kind in "fu" and min(x.shape[1:3]) > 2 and (x.ndim == 3 or x.shape[3:] in ((1,), (3,)))

    def pictures(self, rows: Sequence[int]) -> HostArray | None:
        """The pictures of these rows, (n, H, W) or (n, H, W, 3), from 0 to 1: what is not is stretched, all alike. None
        if they are none."""
        if not self.are_pictures or not rows:
            return None
        chosen = as_images(self.take(rows).x).astype(np.float64)
        low, high = min(float(chosen.min()), 0.0), max(float(chosen.max()), 1.0)
        stretched: HostArray = (chosen - low) / (high - low)
        return stretched

    def says(self, x: HostArray) -> HostArray:
        """Probabilities (N, K), or values (N, J), of inputs in the unit of the data."""
        outputs = self.run.model.predict(x)
        found = interpret(self.run.model, outputs, self.run.target)
        told = outputs if found.probabilities is None else found.probabilities
        return np.asarray(told, np.float64).reshape(len(x), -1)

    def trace(self) -> Trace:
        """What every layer gives for some of the samples."""
        trace: Trace = self.run.model.trace(self.take(evenly(len(self), TRACED)).x, keep=list(_OUTPUTS))
        return trace
