"""ConfusionMatrix, and Precision, Recall and F1: figures of which class was taken for which, counted batch by batch."""

from __future__ import annotations

from abc import ABC, abstractmethod
from math import nan, prod

import numpy as np

from pellucid.basics.arrays import HostArray, Shape
from pellucid.basics.component import Equation, Example
from pellucid.basics.errors import ConfigError
from pellucid.interfaces.metric import Kind, Metric
from pellucid.standard.metrics.choices import Averaged, OfClasses, answers, chosen, says_nothing, weight_of


class ConfusionMatrix(OfClasses):
    """``Cₜₚ = Σ wᵢ [tᵢ = t, argmaxₖ ŷᵢₖ = p]``: what each class was taken for. The matrix is ``metric.matrix``, (K, K);
    its figure, for a history that holds numbers, the balanced accuracy: the mean over the classes that there are of the
    part that was found, ``mean_t Cₜₜ / nₜ`` with ``nₜ = Σₚ Cₜₚ``. Scores that are not numbers are taken for no
    class: they stand in nₜ alone.

    Shapes: prediction (N, …, K) or one logit (N, …, 1), which has two classes; target and weight as of ``Accuracy``.

    Raises:
        ConfigError: beside a loss that predicts no classes.
    """

    equations = (
        Equation("predicted", r"p_i = \arg\max_k \hat y_{ik}", "z.argmax(axis=1)"),
        Equation(
            "matrix", r"C_{tp} = \sum_i w_i [t_i = t, p_i = p]",
            "np.sum(w[:, None, None] * (t[:, None, None] == np.arange(z.shape[1])[:, None])"
            " * (predicted[:, None, None] == np.arange(z.shape[1])), axis=0)",
        ),
        Equation("support", r"n_t = \sum_p C_{tp}", "matrix.sum(axis=1)"),
        Equation(
            "balanced_accuracy", r"\frac{1}{|\{t : n_t > 0\}|} \sum_{t : n_t > 0} \frac{C_{tt}}{n_t}",
            "np.mean(np.diag(matrix)[support > 0] / support[support > 0])",
        ),
    )  # fmt: skip
    examples = (Example({}, ((4,), ("int", 4))),)

    def __init__(self) -> None:
        super().__init__()

    def reset(self) -> None:
        self._counts: HostArray = np.zeros((0, 0))  # (K, K + 1): the last column is of those taken for no class

    @property
    def matrix(self) -> HostArray:
        return self._counts[:, :-1]

    def beside(self, predicts: Kind | None, output_shape: Shape) -> Metric:
        if predicts == "answers" and tuple(output_shape[-1:]) != (1,):
            raise ConfigError(
                "metrics: ConfusionMatrix counts one class a sample, and this loss predicts several answers. Take "
                "precision, recall or f1, which count each of them."
            )
        return super().beside(predicts, output_shape)

    def update(self, prediction: HostArray, target: HostArray, weight: HostArray | None = None) -> None:
        predicted, true = chosen("ConfusionMatrix", prediction, target)
        k = max(2, prediction.shape[-1])
        predicted = np.where(says_nothing(prediction), k, predicted)
        cells = (true.astype(np.int64) * (k + 1) + predicted).reshape(-1)
        counts = np.bincount(cells, weight_of(predicted, weight).reshape(-1), k * (k + 1)).reshape(k, k + 1)
        self._counts = counts if self._counts.size == 0 else self._counts + counts

    def result(self) -> float:
        """The balanced accuracy, in [0, 1]; NaN if nothing has been counted."""
        support = self._counts.sum(axis=1)
        there = support > 0
        return float(np.mean(np.diag(self.matrix)[there] / support[there])) if there.any() else nan


_CHOSEN = Equation(
    "chosen", r"c_{ik} = [k = \arg\max_j \hat y_{ij}] \quad\text{or}\quad [z_{ik} > 0]",
    "z > 0 if each else z.argmax(axis=1)[:, None] == np.arange(z.shape[1])",
)  # fmt: skip
_TRUE = Equation(
    "truth", r"y_{ik} = [k = t_i] \quad\text{or}\quad [t_{ik} > \tfrac12]",
    "t > 0.5 if each else t[:, None] == np.arange(z.shape[1])",
)  # fmt: skip
_COUNTS = (
    Equation("right", r"r_k = \sum_i w_i c_{ik} y_{ik}", "np.sum(w[:, None] * (chosen & truth), axis=0)"),
    Equation("predicted", r"p_k = \sum_i w_i c_{ik}", "np.sum(w[:, None] * chosen, axis=0)"),
    Equation("support", r"n_k = \sum_i w_i y_{ik}", "np.sum(w[:, None] * truth, axis=0)"),
)
_PICKED = "{'macro': of_class[(predicted + support > 0) | (each is True)], 'binary': of_class[-1:]}"
_AVERAGE = (
    r"\text{macro: } \frac1K \sum_k f_k, \quad \text{weighted: } \frac{\sum_k n_k f_k}{\sum_k n_k}, \quad"
    r" \text{micro: that of } \textstyle\sum_k r_k, \sum_k p_k, \sum_k n_k, \quad \text{binary: } f_1"
)


def _equations(of: str, latex: str, expression: str) -> tuple[Equation, ...]:
    """Those of a figure f of right, predicted and support; 0 where nothing is divided by nothing."""
    f = f"(lambda r, p, n: {expression})"
    return (
        _CHOSEN, _TRUE, *_COUNTS, Equation("of_class", rf"f_k = {latex}", f"{f}(right, predicted, support)"),
        Equation(
            of, _AVERAGE,
            f"{f}(right.sum(), predicted.sum(), support.sum()) if average == 'micro' else"
            " np.sum(support * of_class) / max(support.sum(), 1e-300) if average == 'weighted' else"
            f" np.mean({_PICKED}[average])",
        ),
    )  # fmt: skip


class OfCounts(Averaged, ABC):
    """A figure of a class by three sums of weights: rₖ of those rightly taken for it, pₖ of those that were taken for
    it, nₖ of those that are of it. 0 where nothing is divided by nothing."""

    def reset(self) -> None:
        self._counts = np.zeros((3, 0))  # r, p, n of each class

    @staticmethod
    @abstractmethod
    def of(right: HostArray, predicted: HostArray, support: HostArray) -> HostArray:
        """The figure of each class."""

    def update(self, prediction: HostArray, target: HostArray, weight: HostArray | None = None) -> None:
        name = type(self).__name__
        self.require_two(prediction)
        if self.each:
            yes, truth = answers(name, prediction, target)
            sides = (yes & truth, yes, truth)
            w = weight_of(yes, weight)
            counts = np.stack([(w * side).reshape(len(yes), prod(yes.shape[1:])).sum(axis=0) for side in sides])
        else:
            choices = chosen(name, prediction, target)
            w = weight_of(choices[0], weight).reshape(-1)
            predicted, true = (side.astype(np.int64).reshape(-1) for side in choices)
            k = max(2, prediction.shape[-1])
            said = w * ~says_nothing(prediction).reshape(-1)
            of = ((true, said * (true == predicted)), (predicted, said), (true, w))
            counts = np.stack([np.bincount(side, each, k) for side, each in of])
        self._counts = counts if self._counts.size == 0 else self._counts + counts

    def result(self) -> float:
        """The figure, in [0, 1]; NaN if nothing has been counted."""
        _, predicted, support = self._counts
        if not (predicted.sum() > 0 or support.sum() > 0) and not (self.each and self._counts.size):
            return nan
        if self.average == "micro":
            return float(self.of(*self._counts.sum(axis=1, keepdims=True))[0])
        of_class = self.of(*self._counts)
        if self.average == "binary":
            return float(of_class[-1])
        if self.average == "weighted":
            return float(np.sum(support * of_class) / support.sum()) if support.sum() > 0 else 0.0
        there = np.full(len(support), True) if self.each else predicted + support > 0
        return float(np.mean(of_class[there]))


class Precision(OfCounts):
    """Of those that were taken for a class the part that is of it: ``rₖ / pₖ``, averaged.

    Classes that occur neither among targets nor predictions have no part in the macro average, as in scikit-learn; a
    class that was never predicted has the precision 0. Of answers (``each``) all count.

    Args:
        average: ``"macro"``, the mean over classes; ``"weighted"``, by their support; ``"micro"``, of all decisions
            together, which is the accuracy of classes; ``"binary"``, of class 1 of two.
        each: as of ``Accuracy``.

    Shapes: as of ``Accuracy``.
    """

    equations = _equations("precision", r"\frac{r_k}{p_k}", "r / np.where(p > 0, p, 1)")

    @staticmethod
    def of(right: HostArray, predicted: HostArray, support: HostArray) -> HostArray:
        return right / np.where(predicted > 0, predicted, 1)


class Recall(OfCounts):
    """Of those that are of a class the part that was found: ``rₖ / nₖ``, averaged; 0 of a class that is predicted and
    does not occur. See :class:`Precision`."""

    equations = _equations("recall", r"\frac{r_k}{n_k}", "r / np.where(n > 0, n, 1)")

    @staticmethod
    def of(right: HostArray, predicted: HostArray, support: HostArray) -> HostArray:
        return right / np.where(support > 0, support, 1)


class F1(OfCounts):
    """The harmonic mean of precision and recall: ``2 rₖ / (pₖ + nₖ)``, averaged. See :class:`Precision`.

    Source: van Rijsbergen, Information Retrieval, 1979, chapter 7.
    """

    equations = _equations("f1", r"\frac{2 r_k}{p_k + n_k}", "2 * r / np.where(p + n > 0, p + n, 1)")

    @staticmethod
    def of(right: HostArray, predicted: HostArray, support: HostArray) -> HostArray:
        either = predicted + support
        return 2 * right / np.where(either > 0, either, 1)
