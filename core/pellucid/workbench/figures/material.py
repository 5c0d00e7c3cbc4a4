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
from pellucid.interfaces.samples import Split
from pellucid.workbench.evaluation.evaluation import Evaluation
from pellucid.workbench.evaluation.read import Outcome
from pellucid.workbench.experiments.finished import FinishedRun
from pellucid.workbench.experiments.predictions import interpret
from pellucid.workbench.pictures import as_images

SMALLEST = 8
"""Rows of n² numbers without names are pictures of n × n from this n on."""
TRACED = 256
"""Samples whose activations are drawn."""
_WHOLE = ("*.x", "*.y")


@dataclass(frozen=True, eq=False)
class Material:
    """What figures are drawn from.

    Attributes:
        run: the trained model.
        split: the samples, in the order of what was evaluated.
        found: what an evaluation of them says.
        outcome: predictions and targets of them all; None if the objective says nothing of its outputs.
    """

    run: FinishedRun[Layer]
    split: Split
    found: Evaluation
    outcome: Outcome | None

    @property
    def heading(self) -> str:
        """``runs/first, test``."""
        return f"{self.found.run}, {self.found.data or self.found.split}"

    @cached_property
    def images(self) -> HostArray | None:
        """The samples as pictures, (N, H, W) or (N, H, W, 3), from 0 to 1; None if they are none."""
        x = self.split.x
        if isinstance(x, tuple) or self.split.features is not None or 0 in self.run.model.integer_inputs:
            return None
        if x.dtype.kind not in "fiub":
            return None
        square = x.ndim == 2 and isqrt(x.shape[1]) ** 2 == x.shape[1] >= SMALLEST**2
        if not square and not (x.ndim == 3 or (x.ndim == 4 and x.shape[3] in (1, 3))):
            return None
        if x.ndim > 2 and min(x.shape[1:3]) < 3:  # a sequence of few numbers each
            return None
        return as_images(x)

    def shown(self, rows: Sequence[int]) -> HostArray | None:
        """The pictures of these rows; what does not go from 0 to 1 is stretched to it, all alike."""
        if self.images is None:
            return None
        chosen = self.images[list(rows)].astype(np.float64)
        low, high = float(chosen.min(initial=0.0)), float(chosen.max(initial=1.0))
        return (chosen - low) / (high - low)

    def says(self, x: HostArray) -> HostArray:
        """Probabilities (N, K), or values (N, J), of inputs in the unit of the data."""
        outputs = self.run.model.predict(x.astype(np.float64))
        found = interpret(self.run.model, outputs, self.run.target)
        told = outputs if found.probabilities is None else found.probabilities
        return np.asarray(told, np.float64).reshape(len(x), -1)

    def trace(self) -> Trace:
        """What every layer gives for some of the samples, evenly chosen."""
        n = len(self.split)
        rows = np.unique(np.linspace(0, n - 1, min(n, TRACED)).round().astype(int))
        trace: Trace = self.run.model.trace(self.split.take(rows).x, keep=list(_WHOLE))
        return trace
