"""Within: the share of predicted values that are nearly right."""

from __future__ import annotations

from math import nan

import numpy as np
from pellucid import Equation, Example, HostArray, Metric, ShapeError, check_float


class Within(Metric):
    """``Σ wᵢ (1/J) Σⱼ [|ŷᵢⱼ − tᵢⱼ| ≤ tolerance] / Σ wᵢ``; NaN before any sample.

    Args:
        tolerance: how far off counts as right, in the unit of the target.

    Shapes: prediction (N, J); target (N, J); weight (N,).
    """

    equations = (
        Equation(
            "within", r"\frac{\sum_i w_i \frac1J \sum_j [\,|\hat y_{ij} - t_{ij}| \le \tau\,]}{\sum_i w_i}",
            "np.sum(w * np.mean(abs(prediction.astype(float) - t) <= tolerance, axis=1)) / np.sum(w)",
        ),
    )  # fmt: skip
    symbols = {"tau": "tolerance"}  # noqa: RUF012
    examples = (Example({"tolerance": 0.5}, ((3,), (3,))), Example({"tolerance": 1.0}, ((1,), (1,))))
    higher_is_better = True

    def __init__(self, tolerance: float = 0.1) -> None:
        check_float(self, "tolerance", tolerance, "[0, inf)")
        self.tolerance = tolerance
        self.reset()

    def reset(self) -> None:
        self._right = self._total = 0.0

    def update(self, prediction: HostArray, target: HostArray, weight: HostArray | None = None) -> None:
        if prediction.shape != target.shape or prediction.ndim != 2:
            raise ShapeError(
                f"Within compares values (N, J) with targets of the same shape. Received: {prediction.shape} and "
                f"{target.shape}."
            )
        w = np.ones(len(prediction)) if weight is None else weight.astype(np.float64)
        right = np.abs(prediction.astype(np.float64) - target) <= self.tolerance
        self._right += float(w @ right.mean(axis=1))
        self._total += float(w.sum())

    def result(self) -> float:
        return self._right / self._total if self._total > 0 else nan
