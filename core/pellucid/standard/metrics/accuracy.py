"""Accuracy: the fraction of classes, or of yes-no answers, that are right; TopK: that are among the best few."""

from __future__ import annotations

from math import nan

import numpy as np

from pellucid.basics.arrays import HostArray, Shape
from pellucid.basics.checks import check_int
from pellucid.basics.component import Equation, Example
from pellucid.basics.errors import ConfigError, ShapeError
from pellucid.interfaces.metric import Kind, Metric
from pellucid.standard.metrics.choices import OfClasses, answers, chosen, says_nothing, weight_of


class Accuracy(OfClasses):
    """``Σ wᵢ [argmaxₖ ŷᵢₖ = tᵢ] / Σ wᵢ``; of equal scores the first counts, and scores that are
    not numbers are never right. Or, of answers that are yes or no each by
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

    def __init__(self, each: bool | None = None) -> None:
        super().__init__(each)

    def reset(self) -> None:
        self._right = self._total = 0.0  # Σ w over the right ones, Σ w over all

    def update(self, prediction: HostArray, target: HostArray, weight: HostArray | None = None) -> None:
        found, true = (answers if self.each else chosen)(type(self).__name__, prediction, target)
        right = (found == true) & ~says_nothing(prediction, each=bool(self.each))
        each = weight_of(right, weight)
        self._right += float(np.sum(each * right))
        self._total += float(np.sum(each))

    def result(self) -> float:
        """The fraction, in [0, 1]; NaN if nothing has been counted."""
        return self._right / self._total if self._total > 0 else nan


class TopK(Metric):
    """``Σ wᵢ [the right class is among the k largest scores] / Σ wᵢ``; of equal scores the class with the larger number
    goes first, as in scikit-learn: ``#{j: ŷᵢⱼ > ŷᵢₜ} + #{j > t: ŷᵢⱼ = ŷᵢₜ} < k``.

    Args:
        k: how many classes may be named.

    Shapes: prediction (N, …, K), K ≥ 2; target (N, …) class indices, or (N, …, K) one-hot; weight (N,) or (N, …).

    Raises:
        ConfigError: beside a loss that predicts no classes, or no more than k of them: the figure would be 1.
    """

    equations = (
        Equation("score", r"s_i = \hat y_{i t_i}", "np.take_along_axis(z, t[..., None], -1)"),
        Equation(
            "before",
            r"b_i = |\{j : \hat y_{ij} > s_i\}| + |\{j > t_i : \hat y_{ij} = s_i\}|",
            "np.sum((z > score) | ((z == score) & (np.arange(z.shape[-1]) > t[..., None])), axis=-1)",
        ),
        Equation("top_k", r"\frac{\sum_i w_i [b_i < k]}{\sum_i w_i}", "np.sum(w * (before < k)) / np.sum(w)"),
    )
    examples = (Example({"k": 2}, ((4,), ("int", 4))),)

    def __init__(self, k: int = 5) -> None:
        check_int(self, "k", k, "[1, inf)")
        self.k = k
        self.reset()

    def reset(self) -> None:
        self._right = self._total = 0.0

    def beside(self, predicts: Kind | None, output_shape: Shape) -> Metric:
        if predicts not in ("classes", None):
            raise ConfigError(
                f"metrics: TopK looks for the right one of several classes, and this loss predicts {predicts}. Take "
                f"{'accuracy' if predicts == 'answers' else 'within_tolerance'}."
            )
        classes = output_shape[-1] if predicts is not None and output_shape else None
        if classes is not None and classes <= self.k:
            raise ConfigError(
                f"metrics: TopK(k={self.k}) of {classes} classes is always 1. Take a smaller k, or accuracy."
            )
        return self

    def update(self, prediction: HostArray, target: HostArray, weight: HostArray | None = None) -> None:
        if prediction.shape[-1:] == (1,):
            raise ShapeError(f"TopK needs the scores of several classes. Received: shape {prediction.shape}.")
        _, true = chosen("TopK", prediction, target)
        true = true[..., None]
        score = np.take_along_axis(prediction, true, -1)
        earlier = np.arange(prediction.shape[-1]) < true
        behind = (prediction < score) | ((prediction == score) & earlier)
        right = (~behind).sum(axis=-1) <= self.k  # itself and those before it; a NaN is behind none
        each = weight_of(right, weight)
        self._right += float(np.sum(each * right))
        self._total += float(np.sum(each))

    def result(self) -> float:
        """The fraction, in [0, 1]; NaN if nothing has been counted."""
        return self._right / self._total if self._total > 0 else nan
