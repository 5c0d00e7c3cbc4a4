"""R2, RMSE, MAE and WithinTolerance: figures of values, in the unit of the targets."""

from __future__ import annotations

from abc import ABC, abstractmethod
from math import nan, prod, sqrt
from typing import ClassVar

import numpy as np

from pellucid.basics.arrays import HostArray, Shape
from pellucid.basics.checks import check_float, check_type
from pellucid.basics.component import Equation, Example
from pellucid.basics.errors import ConfigError, ShapeError
from pellucid.interfaces.metric import Kind, Metric


class OfValues(Metric, ABC):
    """What figures of values have in common: the J numbers of a sample in a row, compared with those of its target."""

    examples: ClassVar[tuple[Example, ...]] = (Example({}, ((3,), (3,))), Example({}, ((1,), (1,))))
    higher_is_better = False

    def __init__(self) -> None:
        self.reset()

    def beside(self, predicts: Kind | None, output_shape: Shape) -> Metric:
        if predicts in ("classes", "answers"):
            raise ConfigError(
                f"metrics: {type(self).__name__} compares values in the unit of the target, and this loss predicts "
                f"{predicts}: logits. Take accuracy."
            )
        return self

    def update(self, prediction: HostArray, target: HostArray, weight: HostArray | None = None) -> None:
        n, shape = len(prediction), prediction.shape
        if target.shape != shape and (*target.shape, 1) != shape:
            raise ShapeError(
                f"{type(self).__name__} of a prediction of shape {shape} needs a target of this shape. Received: "
                f"{target.shape}. Reshape the target, or give the last layer as many units as there are targets."
            )
        w = np.ones(n) if weight is None else weight.astype(np.float64)
        counted, size = w > 0, (n, prod(shape[1:]))
        if counted.any():
            y, t = (a.reshape(size).astype(np.float64)[counted] for a in (prediction, target))
            self.add(y, t, w[counted])

    @abstractmethod
    def add(self, y: HostArray, t: HostArray, w: HostArray) -> None:
        """Take in predictions and targets (N, J) with weights (N,) above 0; all in float64, N > 0."""


class R2(OfValues):
    """``R² = 1 − Σ wᵢ (ŷᵢ − tᵢ)² / Σ wᵢ (tᵢ − t̄)²``: which part of the targets' variance is explained. 1 is right
    throughout, 0 no better than their mean t̄; below 0 worse.

    Of several outputs the mean of their R²; one whose targets are all equal has none and is left out.

    Shapes: prediction, target (N, …), J numbers a sample; weight (N,).

    Source: Draper & Smith, Applied Regression Analysis, 1998, section 1.3.
    """

    equations = (
        Equation("mean", r"\bar t_j = \frac{\sum_i w_i t_{ij}}{\sum_i w_i}", "np.sum(w[:, None] * t, 0) / np.sum(w)"),
        Equation("error", r"e_j = \sum_i w_i (\hat y_{ij} - t_{ij})^2", "np.sum(w[:, None] * (z - t) ** 2, axis=0)"),
        Equation("spread", r"s_j = \sum_i w_i (t_{ij} - \bar t_j)^2", "np.sum(w[:, None] * (t - mean) ** 2, 0)"),
        Equation("varies", r"V = \{j : \max_i t_{ij} > \min_i t_{ij}\}", "np.ptp(t, axis=0) > 0"),
        Equation(
            "r2", r"\frac{1}{|V|} \sum_{j \in V} 1 - \frac{e_j}{s_j}", "np.mean(1 - error[varies] / spread[varies])"
        ),
    )
    higher_is_better = True

    def reset(self) -> None:
        self._weight = 0.0
        self._mean = self._spread = self._error = np.zeros(0)  # of each output, as in the equations
        self._low = self._high = np.zeros(0)

    def add(self, y: HostArray, t: HostArray, w: HostArray) -> None:
        if self._weight == 0.0:
            self._mean, self._spread, self._error = np.zeros((3, t.shape[1]))
            self._low, self._high = t[0], t[0]
        weight, column = float(w.sum()), w[:, None]
        mean = (column * t).sum(axis=0) / weight
        moved, total = mean - self._mean, self._weight + weight
        # Two groups' squares around a common mean (Chan, Golub & LeVeque, 1983): no difference of large sums.
        self._spread = self._spread + (column * (t - mean) ** 2).sum(axis=0) + moved**2 * self._weight * weight / total
        self._mean = self._mean + moved * weight / total
        self._error = self._error + (column * (y - t) ** 2).sum(axis=0)
        self._low, self._high = np.minimum(self._low, t.min(axis=0)), np.maximum(self._high, t.max(axis=0))
        self._weight = total

    def result(self) -> float:
        """R², at most 1; NaN if no target varies, as of a single sample."""
        varies = self._high > self._low
        return float(np.mean(1.0 - self._error[varies] / self._spread[varies])) if varies.any() else nan


class RMSE(OfValues):
    """``√(Σ wᵢ (1/J) Σⱼ (ŷᵢⱼ − tᵢⱼ)² / Σ wᵢ)``: the root of the mean squared error, in the unit of the targets.

    Shapes: prediction, target (N, …), J numbers a sample; weight (N,).
    """

    equations = (
        Equation(
            "rmse",
            r"\sqrt{\frac{\sum_i w_i \frac1J \sum_j (\hat y_{ij} - t_{ij})^2}{\sum_i w_i}}",
            "np.sqrt(np.sum(w * np.mean((prediction - t) ** 2, axis=1)) / np.sum(w))",
        ),
    )

    def reset(self) -> None:
        self._error = self._total = 0.0  # Σ w · squared error, Σ w

    def add(self, y: HostArray, t: HostArray, w: HostArray) -> None:
        self._error += float(np.sum(w * ((y - t) ** 2).mean(axis=1)))
        self._total += float(np.sum(w))

    def result(self) -> float:
        """The root over all batches; NaN if nothing has been counted."""
        return sqrt(self._error / self._total) if self._total > 0 else nan


class MAE(OfValues):
    """``Σ wᵢ (1/J) Σⱼ |ŷᵢⱼ − tᵢⱼ| / Σ wᵢ``: the mean absolute error, in the unit of the targets.

    Shapes: prediction, target (N, …), J numbers a sample; weight (N,).
    """

    equations = (
        Equation(
            "mae",
            r"\frac{\sum_i w_i \frac1J \sum_j |\hat y_{ij} - t_{ij}|}{\sum_i w_i}",
            "np.sum(w * np.mean(np.abs(prediction - t), axis=1)) / np.sum(w)",
        ),
    )

    def reset(self) -> None:
        self._error = self._total = 0.0  # Σ w · absolute error, Σ w

    def add(self, y: HostArray, t: HostArray, w: HostArray) -> None:
        self._error += float(np.sum(w * abs(y - t).mean(axis=1)))
        self._total += float(np.sum(w))

    def result(self) -> float:
        """The mean over all batches; NaN if nothing has been counted."""
        return self._error / self._total if self._total > 0 else nan


class WithinTolerance(OfValues):
    """``Σ wᵢ (1/J) Σⱼ [|ŷᵢⱼ − tᵢⱼ| ≤ τ] / Σ wᵢ``: the fraction of values that come as close as is asked, the accuracy
    of a regression. With ``relative``, as close as ``τ |tᵢⱼ|``.

    Args:
        tolerance: τ, at least 0: in the unit of the targets, or as a part of each target.
        relative: whether it is a part of each target.

    Shapes: prediction, target (N, …), J numbers a sample; weight (N,).
    """

    equations = (
        Equation(
            "allowed", r"a_{ij} = \tau \quad\text{or}\quad \tau |t_{ij}|",
            "tolerance * np.abs(t.astype(float)) if relative else tolerance",
        ),
        Equation(
            "within", r"\frac{\sum_i w_i \frac1J \sum_j [|\hat y_{ij} - t_{ij}| \le a_{ij}]}{\sum_i w_i}",
            "np.sum(w * np.mean(np.abs(prediction.astype(float) - t) <= allowed, axis=1)) / np.sum(w)",
        ),
    )  # fmt: skip
    examples = (Example({"tolerance": 0.5}, ((3,), (3,))), Example({"tolerance": 0.5, "relative": True}, ((1,), (1,))))
    higher_is_better = True

    def __init__(self, tolerance: float, relative: bool = False) -> None:
        check_float(self, "tolerance", tolerance, "[0, inf)")
        check_type(self, "relative", relative, (bool,), "True or False")
        self.tolerance = tolerance
        self.relative = relative
        super().__init__()

    def reset(self) -> None:
        self._within = self._total = 0.0  # Σ w · part of the values within, Σ w

    def add(self, y: HostArray, t: HostArray, w: HostArray) -> None:
        allowed = self.tolerance * abs(t) if self.relative else self.tolerance
        self._within += float(np.sum(w * (abs(y - t) <= allowed).mean(axis=1)))
        self._total += float(np.sum(w))

    def result(self) -> float:
        """The fraction, in [0, 1]; NaN if nothing has been counted."""
        return self._within / self._total if self._total > 0 else nan
