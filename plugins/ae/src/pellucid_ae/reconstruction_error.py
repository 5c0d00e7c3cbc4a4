"""ReconstructionError: how far outputs are from their targets, whatever loss they were trained with."""

from __future__ import annotations

import numpy as np
from pellucid import Equation, Example, HostArray, Metric, ShapeError


class ReconstructionError(Metric):
    """``Σᵢ wᵢ (1/J) Σⱼ (yᵢⱼ − xᵢⱼ)² / Σᵢ wᵢ``: the mean squared error, in the units of the input squared.

    Shapes: prediction, target (N, …), J numbers a sample; weight (N,).
    """

    equations = (
        Equation(
            "reconstruction_error",
            r"\frac{\sum_i w_i \frac1J \sum_j (y_{ij} - x_{ij})^2}{\sum_i w_i}",
            "np.sum(w * np.mean((prediction - t) ** 2, axis=1)) / np.sum(w)",
        ),
    )
    examples = (Example({}, ((3,), (3,))),)
    higher_is_better = False

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        self._error = self._total = 0.0  # Σ w · error, Σ w

    def update(self, prediction: HostArray, target: HostArray, weight: HostArray | None = None) -> None:
        if prediction.shape != target.shape:
            raise ShapeError(
                f"ReconstructionError compares arrays of one shape. Received: {prediction.shape} and {target.shape}."
            )
        squared = (prediction.astype(np.float64) - target) ** 2
        each = squared.reshape(len(squared), -1).mean(axis=1) if squared.size else np.zeros(0)
        w = np.ones(len(each)) if weight is None else weight.astype(np.float64)
        self._error += float(np.sum(w * each))
        self._total += float(np.sum(w))

    def result(self) -> float:
        """The mean over all batches; NaN if nothing has been counted."""
        return self._error / self._total if self._total > 0 else float("nan")
