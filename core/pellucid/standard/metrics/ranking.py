"""ROCAUC and PRAUC: how well scores rank samples of a class before the others, whatever threshold is chosen."""

from __future__ import annotations

from abc import ABC, abstractmethod
from math import nan, prod
from typing import Literal, get_args

import numpy as np

from pellucid.basics.arrays import HostArray
from pellucid.basics.component import Equation
from pellucid.basics.errors import ConfigError
from pellucid.standard.arguments import check_choice
from pellucid.standard.metrics.choices import Average, Averaged, answers, chosen, weight_of

Scores = Literal["logits", "probabilities"]

_SCORE = Equation(
    "score",
    r"s_{ik} = \log \frac{p_{ik}}{1 - p_{ik}} = -\log \sum_{j \ne k} e^{z_{ij} - z_{ik}}"
    r" \quad\text{of logits of classes, else}\quad z_{ik}",
    "z if each or scores == 'probabilities' else np.stack([-np.logaddexp.reduce(np.sort("
    "np.delete(z.astype(float), k, 1) - z[:, k : k + 1].astype(float), axis=1), axis=1)"
    " for k in range(z.shape[1])], axis=1)",
)
_TRUE = Equation(
    "truth", r"y_{ik} = [k = t_i] \quad\text{or}\quad [t_{ik} > \tfrac12]",
    "t > 0.5 if each else t[:, None] == np.arange(z.shape[1])",
)  # fmt: skip
_YES = Equation("yes", r"P_k = \sum_i w_i y_{ik}", "np.sum(w[:, None] * truth, axis=0)")
_NO = Equation("no", r"N_k = \sum_i w_i (1 - y_{ik})", "np.sum(w[:, None] * ~truth, axis=0)")
_MEAN = (
    r"\text{macro: the mean over } K, \quad \text{weighted: } \frac{\sum_{k \in K} P_k f_k}{\sum_{k \in K} P_k}, \quad"
    r" \text{binary: } f_1"
)
_OVER_K = (
    "np.sum(yes[there] * of_class[there]) / np.sum(yes[there]) if average == 'weighted' else"
    " of_class[-1] if average == 'binary' else np.mean(of_class[there])"
)


class Ranking(Averaged, ABC):
    """A figure of the order that scores give to the samples. They are all kept until the result is asked for: of N
    samples of K classes in float32 ``4 N (K + 3)`` bytes, 52 MB for a million of ten."""

    def __init__(self, average: Average = "macro", scores: Scores = "logits", each: bool | None = None) -> None:
        check_choice(self, "scores", scores, get_args(Scores))
        if average == "micro":
            raise ConfigError(
                f"The 'average' of {type(self).__name__} must be 'macro', 'weighted' or 'binary': scores of different "
                "classes have no common order. Received: 'micro'."
            )
        self.scores = scores
        super().__init__(average, each)

    def reset(self) -> None:
        self._kept = list[tuple[HostArray, HostArray, HostArray]]()

    @staticmethod
    @abstractmethod
    def of(score: HostArray, truth: HostArray, w: HostArray) -> float:
        """The figure of one class: scores, whether each is of the class, and weights above 0, all (N,); NaN if the
        class has none to be ranked."""

    def update(self, prediction: HostArray, target: HostArray, weight: HostArray | None = None) -> None:
        name = type(self).__name__
        self.require_two(prediction)
        if self.each:
            rows = prediction.reshape(len(prediction), prod(prediction.shape[1:]))
            _, truth = answers(name, prediction, target)
            truth, w = truth.reshape(rows.shape), weight_of(rows, weight)[:, :1].reshape(-1)
        else:
            found, truth = chosen(name, prediction, target)
            rows, w = prediction.reshape(-1, prediction.shape[-1]), weight_of(found, weight).reshape(-1)
            truth = truth.reshape(-1).astype(np.int64)
        counted = w > 0
        self._kept.append((rows[counted], truth[counted], w[counted]))  # copies

    def result(self) -> float:
        """The figure, in [0, 1]; NaN if no class has what is ranked, or a score is NaN."""
        if not self._kept:
            return nan
        rows, truth, w = (np.concatenate(parts) for parts in zip(*self._kept, strict=True))
        score = self._scores(rows)
        if not len(w) or np.isnan(score).any():
            return nan
        of = truth if self.each else truth[:, None] == np.arange(score.shape[1])
        figures = np.array([self.of(score[:, k], of[:, k], w) for k in range(score.shape[1])])
        if self.average == "binary":
            return float(figures[-1])
        there, support = np.isfinite(figures), w @ of
        if not there.any():
            return nan
        by = support[there] if self.average == "weighted" else None
        return float(np.average(figures[there], weights=by))

    def _scores(self, rows: HostArray) -> HostArray:
        """What each class is ranked by, (N, K), in float64."""
        z = rows.astype(np.float64)
        if self.each:
            return z
        if z.shape[1] == 1:  # one logit, or the probability of class 1
            return np.concatenate([-z, z], axis=1)
        return log_odds(z) if self.scores == "logits" else z


def log_odds(z: HostArray) -> HostArray:
    """``log pₖ/(1 − pₖ)`` with ``p = softmax(z)``, (N, K): in the order of the probabilities, and never rounded to 0
    or 1. Rows that are shifted, or hold the same numbers in another order, are equal to the last bit."""
    z = z - z.max(axis=1, keepdims=True)
    ordered = np.sort(z, axis=1)
    total = np.exp(ordered).sum(axis=1, keepdims=True)
    second = ordered[:, -2:-1]
    of_others = second + np.log(np.exp(ordered[:, :-1] - second).sum(axis=1, keepdims=True))  # of the largest one
    with np.errstate(divide="ignore"):  # the largest, which is computed otherwise
        odds: HostArray = np.where(z == 0, -of_others, z - np.log(np.maximum(total - np.exp(z), 0)))
    return odds


def _steps(score: HostArray, truth: HostArray, w: HostArray) -> tuple[HostArray, HostArray]:
    """Weights of the class and of all others at each score that occurs, the largest first."""
    order = np.argsort(-score, kind="stable")
    starts = np.flatnonzero(np.r_[True, np.diff(score[order]) != 0])
    own, all_ = w * truth, w
    yes = np.add.reduceat(own[order], starts)
    return yes, np.add.reduceat((all_ - own)[order], starts)


class ROCAUC(Ranking):
    """The area under the receiver operating characteristic: how probable it is that a sample of the class has a larger
    score than one of the others, equal ones counted by half. ½ is chance.

    Of several classes each against the rest, averaged over those of which there are samples and samples of others.

    Args:
        average: ``"macro"``, ``"weighted"`` by how many samples a class has, or ``"binary"``, of class 1 of two.
        scores: ``"logits"``: the model's outputs are logits, and samples are ranked by their softmax.
            ``"probabilities"``: by the outputs as they are.
        each: as of ``Accuracy``.

    Shapes: as of ``Accuracy``.

    Source: Hanley & McNeil, The meaning and use of the area under a ROC curve, 1982.
    """

    figure = "roc_auc"
    equations = (
        _SCORE, _TRUE, _YES, _NO,
        Equation(
            "before",
            r"b_{ik} = \sum_{j : y_{jk} = 0} w_j \left([s_{ik} > s_{jk}] + \tfrac12 [s_{ik} = s_{jk}]\right)",
            "np.sum((w[:, None] * ~truth) * ((score[:, None] > score) + 0.5 * (score[:, None] == score)), axis=1)",
        ),
        Equation(
            "of_class", r"f_k = \frac{1}{P_k N_k} \sum_i w_i y_{ik} b_{ik}",
            "np.sum(w[:, None] * truth * before, axis=0) / (yes * no)",
        ),
        Equation("there", r"K = \{k : P_k > 0, N_k > 0\}", "(yes > 0) & (no > 0)"),
        Equation("roc_auc", _MEAN, _OVER_K),
    )  # fmt: skip

    @staticmethod
    def of(score: HostArray, truth: HostArray, w: HostArray) -> float:
        yes, no = _steps(score, truth, w)
        both = yes.sum() * no.sum()
        above = np.cumsum(yes) - yes / 2  # of the class, with a larger score than the others of this step
        return float(np.sum(above * no) / both) if both > 0 else nan


class PRAUC(Ranking):
    """The area under the curve of precision over recall, as the average precision: ``Σ (Rₙ − Rₙ₋₁) Pₙ`` over the
    thresholds, which does not interpolate between them. Chance is the part of the class among all.

    Of several classes each against the rest, averaged over those of which there are samples.

    Args:
        average, scores, each: as of :class:`ROCAUC`.

    Shapes: as of ``Accuracy``.

    Source: Davis & Goadrich, The relationship between precision-recall and ROC curves, 2006.
    """

    figure = "pr_auc"
    equations = (
        _SCORE, _TRUE, _YES,
        Equation("reached", r"a_{ijk} = w_j [s_{jk} \ge s_{ik}]", "w[:, None] * (score >= score[:, None])"),
        Equation("found", r"u_{ik} = \sum_j a_{ijk} y_{jk}", "np.sum(reached * truth, axis=1)"),
        Equation("taken", r"v_{ik} = \sum_j a_{ijk}", "np.sum(reached, axis=1)"),
        Equation(
            "of_class", r"f_k = \frac{1}{P_k} \sum_i w_i y_{ik} \frac{u_{ik}}{v_{ik}}",
            "np.sum(w[:, None] * truth * found / np.maximum(taken, 1e-300), axis=0) / yes",
        ),
        Equation("there", r"K = \{k : P_k > 0\}", "yes > 0"),
        Equation("pr_auc", _MEAN, _OVER_K),
    )  # fmt: skip

    @staticmethod
    def of(score: HostArray, truth: HostArray, w: HostArray) -> float:
        yes, no = _steps(score, truth, w)
        found = np.cumsum(yes)
        return float(np.sum(yes * found / (found + np.cumsum(no))) / found[-1]) if found[-1] > 0 else nan
