"""ReconstructionError: how far outputs are from their targets, whatever loss they were trained with."""

from __future__ import annotations

import numpy as np
from pellucid import Equation, HostArray, OfValues


class ReconstructionError(OfValues):
    """``Σᵢ wᵢ (1/J) Σⱼ (yᵢⱼ − xᵢⱼ)² / Σᵢ wᵢ``: the mean squared error, in the units of the model's
    input squared: after the transforms of the data.

    Shapes: prediction, target (N, …), J numbers a sample; weight (N,).
    """

    equations = (
        Equation(
            "reconstruction_error",
            r"\frac{\sum_i w_i \frac1J \sum_j (y_{ij} - x_{ij})^2}{\sum_i w_i}",
            "np.sum(w * np.mean((prediction - t) ** 2, axis=1)) / np.sum(w)",
        ),
    )

    def reset(self) -> None:
        self._error = self._total = 0.0  # Σ w · error, Σ w

    def add(self, y: HostArray, t: HostArray, w: HostArray) -> None:
        self._error += float(np.sum(w * ((y - t) ** 2).mean(axis=1)))
        self._total += float(np.sum(w))

    def result(self) -> float:
        """The mean over all batches; NaN if nothing has been counted."""
        return self._error / self._total if self._total > 0 else float("nan")
