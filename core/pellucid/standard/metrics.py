"""Accuracy of classes and of yes-no answers; R2, RMSE and MAE of values."""

from __future__ import annotations

from abc import ABC, abstractmethod
from math import nan, prod, sqrt
from typing import ClassVar

import numpy as np

from pellucid.basics.arrays import HostArray, Shape
from pellucid.basics.checks import check_type
from pellucid.basics.component import Equation, Example
from pellucid.basics.errors import ConfigError, DataError, ShapeError
from pellucid.interfaces.metric import Kind, Metric


class Accuracy(Metric):
    """``Σ wᵢ [argmaxₖ ŷᵢₖ = tᵢ] / Σ wᵢ``; of equal scores the first counts. Or, of answers that are yes or no each by
    itself, the fraction of right answers, ``Σ wᵢ (1/J) Σⱼ [(zᵢⱼ > 0) = (tᵢⱼ > ½)] / Σ wᵢ``.

    Args:
        each: whether every number of a prediction is an answer by itself, as binary cross-entropy takes them; then a
            sample may have several labels. None asks the loss when a Trainer is made, and without one takes each output
            for the score of a class.

    Shapes: prediction (N, …, K) scores, logits or probabilities; target (N, …) class indices or (N, …, K) one-hot or
    probabilities; weight (N,) or (N, …). With one output, (N, …, 1), it is a logit: class 1 if above 0; target (N, …)
    or (N, …, 1). With ``each`` prediction and target are (N, …) logits and answers.

    Raises:
        ConfigError: beside a loss that predicts values, with ``each`` one that predicts classes. DataError: several
            labels a sample, without ``each``.
    """

    equations = (
        Equation(
            "accuracy",
            r"\frac{\sum_i w_i [\arg\max_k \hat y_{ik} = t_i]}{\sum_i w_i} \quad\text{or}\quad"
            r" \frac{\sum_i w_i \frac1J \sum_j [(z_{ij} > 0) = (t_{ij} > \frac12)]}{\sum_i w_i}",
            "np.sum(w * (np.mean((z > 0) == (t > 0.5), axis=1) if each else prediction.argmax(-1) == t)) / np.sum(w)",
        ),
    )
    examples = (Example({}, ((4,), ("int", 4))), Example({"each": True}, ((3,), ("int", 2, 3))))

    def __init__(self, each: bool | None = None) -> None:
        check_type(self, "each", each, (bool, type(None)), "True, False or None")
        self.each = each
        self.reset()

    def reset(self) -> None:
        self._right = self._total = 0.0  # Σ w over the right ones, Σ w over all

    def beside(self, predicts: Kind | None, output_shape: Shape) -> Metric:
        if predicts == "values":
            raise ConfigError(
                "metrics: Accuracy counts classes that are predicted right, and this loss predicts values, of which "
                "hardly one is hit. Take r2, rmse or mae."
            )
        if self.each and predicts == "classes":
            raise ConfigError(
                "metrics: Accuracy(each=True) counts answers that are yes or no each by itself, and this loss predicts "
                "one class a sample. Take accuracy without 'each', or the loss binary_cross_entropy."
            )
        if self.each is None and predicts == "answers" and tuple(output_shape[-1:]) != (1,):
            return Accuracy(each=True)
        return self

    def update(self, prediction: HostArray, target: HostArray, weight: HostArray | None = None) -> None:
        right = self._answers(prediction, target) if self.each else self._choices(prediction, target)
        each = np.ones(right.shape) if weight is None else weight.astype(np.float64)
        each = np.broadcast_to(each.reshape(*each.shape, *(1,) * (right.ndim - each.ndim)), right.shape)
        self._right += float(np.sum(each * right))
        self._total += float(np.sum(each))

    def _answers(self, prediction: HostArray, target: HostArray) -> HostArray:
        """Whether each number is on the right side of 0."""
        if target.shape != prediction.shape and (*target.shape, 1) != prediction.shape:
            raise ShapeError(
                f"Accuracy of answers of shape {prediction.shape} needs a target of this shape. Received: "
                f"{target.shape}."
            )
        right: HostArray = (prediction > 0) == (target.reshape(prediction.shape) > 0.5)
        return right

    def _choices(self, prediction: HostArray, target: HostArray) -> HostArray:
        """Whether the class of each row is the right one."""
        if prediction.ndim < 2:
            raise ShapeError(
                "Accuracy needs predictions with the scores of classes along their last axis, (N, K). Received: shape "
                f"{prediction.shape}. If each number is a yes or no by itself: Accuracy(each=True)."
            )
        binary = prediction.shape[-1] == 1
        predicted = prediction[..., 0] > 0 if binary else prediction.argmax(axis=-1)
        if target.shape == prediction.shape:
            if not binary:
                _require_one_class(target)
            target = target[..., 0] if binary else target.argmax(axis=-1)
        if target.shape != predicted.shape:
            raise ShapeError(
                f"Accuracy of a prediction of shape {prediction.shape} needs a target of shape {predicted.shape} "
                f"(class indices) or {prediction.shape} (one-hot). Received: {target.shape}."
            )
        right: HostArray = predicted == (target > 0.5 if binary else target)
        return right

    def result(self) -> float:
        """The fraction, in [0, 1]; NaN if nothing has been counted."""
        return self._right / self._total if self._total > 0 else nan


def _require_one_class(target: HostArray) -> None:
    """DataError unless each row is one-hot, or probabilities that add up to 1."""
    wrong = (abs(target.sum(axis=-1, dtype=np.float64) - 1.0) > 1e-3) | (target < 0).any(axis=-1)
    if wrong.any():
        row = np.argwhere(wrong)[0]
        raise DataError(
            "Accuracy needs one class a sample: an index, or a row that is one-hot or adds up to 1. Received: "
            f"{target[tuple(row)].tolist()!s:.80} in row {int(row[0])}. If several labels may hold at once, each is an "
            "answer by itself: Accuracy(each=True), with the loss binary_cross_entropy."
        )


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
