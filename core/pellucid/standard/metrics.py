"""Accuracy: the fraction of samples whose class is predicted right."""

from __future__ import annotations

import numpy as np

from pellucid.basics.arrays import HostArray
from pellucid.basics.component import Equation, Example
from pellucid.basics.errors import ShapeError
from pellucid.interfaces.metric import Metric


class Accuracy(Metric):
    """``Σ wᵢ [argmaxₖ ŷᵢₖ = tᵢ] / Σ wᵢ``; of equal scores the first counts.

    Shapes: prediction (N, …, K) scores, logits or probabilities; target (N, …) class indices or (N, …, K) one-hot;
    weight (N,) or (N, …). With one output, (N, …, 1), it is a logit: class 1 if above 0; target (N, …) or (N, …, 1).
    """

    equations = (
        Equation(
            "accuracy",
            r"\frac{\sum_i w_i [\arg\max_k \hat y_{ik} = t_i]}{\sum_i w_i}",
            "np.sum(w * (prediction.argmax(-1) == t)) / np.sum(w)",
        ),
    )
    examples = (Example({}, ((4,), ("int", 4))),)

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        self._right = self._total = 0.0  # Σ w over the right ones, Σ w over all

    def update(self, prediction: HostArray, target: HostArray, weight: HostArray | None = None) -> None:
        binary = prediction.shape[-1] == 1
        predicted = prediction[..., 0] > 0 if binary else prediction.argmax(axis=-1)
        if target.shape == prediction.shape:
            target = target[..., 0] if binary else target.argmax(axis=-1)
        if target.shape != predicted.shape:
            raise ShapeError(
                f"Accuracy of a prediction of shape {prediction.shape} needs a target of shape {predicted.shape} "
                f"(class indices) or {prediction.shape} (one-hot). Received: {target.shape}."
            )
        right = predicted == (target > 0.5 if binary else target)
        each = np.ones(right.shape) if weight is None else weight.astype(np.float64)
        each = np.broadcast_to(each.reshape(*each.shape, *(1,) * (right.ndim - each.ndim)), right.shape)
        self._right += float(np.sum(each * right))
        self._total += float(np.sum(each))

    def result(self) -> float:
        """The fraction, in [0, 1]; NaN if nothing has been counted."""
        return self._right / self._total if self._total > 0 else float("nan")
