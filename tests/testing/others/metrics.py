"""Metrics of a stranger's: of scores, of ranks, of medians."""

from __future__ import annotations

from math import nan
from typing import Any

import numpy as np
from pellucid import ConfigError, Equation, Example, Metric, check_int


def rows(weight: Any, n: int) -> Any:
    """The weights, ones if there are none."""
    return np.ones(n) if weight is None else np.asarray(weight, np.float64)


class TopK(Metric):
    """``Σ wᵢ [tᵢ is among the k largest of zᵢ] / Σ wᵢ``; of equal scores the first counts."""

    equations = (
        Equation("order", r"o_i = \text{argsort}(-z_i)", "np.argsort(-z.astype(float), axis=1, kind='stable')[:, :k]"),
        Equation("top", r"\frac{\sum_i w_i [t_i \in o_i]}{\sum_i w_i}",
                 "np.sum(w * (order == t[:, None]).any(1)) / np.sum(w)"),
    )  # fmt: skip
    examples = (Example({"k": 2}, ((4,), ("int", 4))), Example({"k": 1}, ((3,), ("int", 3))))

    def __init__(self, k: int = 5) -> None:
        check_int(self, "k", k, "[1, inf)")
        self.k = k
        self.reset()

    def reset(self) -> None:
        self._hits = self._total = 0.0

    def update(self, prediction: Any, target: Any, weight: Any = None) -> None:
        w = rows(weight, len(prediction))
        best = np.argsort(-prediction.astype(np.float64), axis=1, kind="stable")[:, : self.k]
        self._hits += float(np.sum(w * (best == target[:, None]).any(axis=1)))
        self._total += float(np.sum(w))

    def result(self) -> float:
        return self._hits / self._total if self._total > 0 else nan


class Auc(Metric):
    """The probability that a yes has a larger logit than a no; equal ones count half."""

    equations = (
        Equation("z1", "z", "z[:, 0].astype(float)"),
        Equation("pairs", "p_{ij} = w_i w_j t_i (1 - t_j)", "np.outer(w * (t == 1), w * (t == 0))"),
        Equation("wins", r"[z_i > z_j] + \tfrac12 [z_i = z_j]",
                 "(z1[:, None] > z1) + 0.5 * (z1[:, None] == z1)"),
        Equation("auc", r"\frac{\sum_{ij} p_{ij} v_{ij}}{\sum_{ij} p_{ij}}", "np.sum(pairs * wins) / np.sum(pairs)"),
    )  # fmt: skip
    examples = (Example({}, ((1,), ("int", 2))),)

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        self._seen: list[Any] = []

    def update(self, prediction: Any, target: Any, weight: Any = None) -> None:
        w = rows(weight, len(prediction))
        self._seen.append(np.stack([prediction[:, 0].astype(np.float64), target.astype(np.float64), w]))

    def result(self) -> float:
        if not self._seen:
            return nan
        z, t, w = np.concatenate(self._seen, axis=1)
        levels, place = np.unique(z, return_inverse=True)
        yes = np.bincount(place, w * (t == 1), len(levels))
        no = np.bincount(place, w * (t == 0), len(levels))
        below = np.cumsum(no) - no
        pairs = yes.sum() * no.sum()
        return float(np.sum(yes * (below + 0.5 * no)) / pairs) if pairs > 0 else nan


class MedianError(Metric):
    """The smallest error that at least half of the weight does not exceed, of all rows, the mean over outputs."""

    higher_is_better = False
    equations = (
        Equation("error", r"e_i = \tfrac1J \sum_j |\hat y_{ij} - t_{ij}|",
                 "np.abs(prediction.astype(float) - t).mean(1)"),
        Equation("order", "o", "np.argsort(error, kind='stable')"),
        Equation("share", "s", "np.cumsum((w * (w > 0))[order])"),
        Equation("median", r"e_{o_m}", "error[order][np.searchsorted(share, share[-1] / 2 * (1 - 1e-12))]"),
    )  # fmt: skip
    examples = (Example({}, ((3,), (3,))), Example({}, ((1,), (1,))))

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        self._errors: list[Any] = []
        self._weights: list[Any] = []

    def update(self, prediction: Any, target: Any, weight: Any = None) -> None:
        self._errors.append(np.abs(prediction.astype(np.float64) - target).mean(axis=1))
        self._weights.append(rows(weight, len(prediction)))

    def result(self) -> float:
        if not self._errors:
            return nan
        errors, weights = np.concatenate(self._errors), np.concatenate(self._weights)
        order = np.argsort(errors, kind="stable")
        share = np.cumsum(weights[order])
        return float(errors[order][np.searchsorted(share, share[-1] / 2 * (1 - 1e-12))])


class Recall(Metric):
    """The mean over the classes that occur of the part of each that is found."""

    equations = (
        Equation("hot", r"h_{ik} = [t_i = k]", "np.eye(z.shape[1])[t]"),
        Equation("right", "r_i", "(z.argmax(1) == t)"),
        Equation("size", r"n_k = \sum_i w_i h_{ik}", "w @ hot"),
        Equation("found", r"f_k = \sum_i w_i r_i h_{ik}", "(w * right) @ hot"),
        Equation("recall", r"\frac{1}{|K|} \sum_{k \in K} f_k / n_k", "np.mean(found[size > 0] / size[size > 0])"),
    )
    examples = (Example({"classes": 4}, ((4,), ("int", 4))),)

    def __init__(self, classes: int) -> None:
        check_int(self, "classes", classes, "[2, inf)")
        self.classes = classes
        self.reset()

    def reset(self) -> None:
        self._found = np.zeros(self.classes)
        self._size = np.zeros(self.classes)

    def update(self, prediction: Any, target: Any, weight: Any = None) -> None:
        if prediction.shape[1] != self.classes:
            raise ConfigError(f"Recall was made for {self.classes} classes. Received: {prediction.shape[1]} scores.")
        w = rows(weight, len(prediction))
        right = prediction.argmax(axis=1) == target
        np.add.at(self._size, target, w)
        np.add.at(self._found, target, w * right)

    def result(self) -> float:
        there = self._size > 0
        return float(np.mean(self._found[there] / self._size[there])) if there.any() else nan


class LogScore(Metric):
    """``−Σ wᵢ log softmax(zᵢ)[tᵢ] / Σ wᵢ`` of scores."""

    higher_is_better = False
    equations = (
        Equation("s", r"s = z - \max z", "z.astype(float) - z.max(1, keepdims=True)"),
        Equation("log_p", r"s - \log \sum e^s", "s - np.log(np.exp(s).sum(1, keepdims=True))"),
        Equation("score", r"-\frac{\sum_i w_i \log p_{i t_i}}{\sum_i w_i}",
                 "-np.sum(w * np.take_along_axis(log_p, t[:, None], 1)[:, 0]) / np.sum(w)"),
    )  # fmt: skip
    examples = (Example({}, ((4,), ("int", 4))),)

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        self._sum = self._total = 0.0

    def update(self, prediction: Any, target: Any, weight: Any = None) -> None:
        w = rows(weight, len(prediction))
        s = prediction.astype(np.float64)
        s = s - s.max(axis=1, keepdims=True)
        log_p = s - np.log(np.exp(s).sum(axis=1, keepdims=True))
        self._sum -= float(np.sum(w * log_p[np.arange(len(target)), target]))
        self._total += float(np.sum(w))

    def result(self) -> float:
        return self._sum / self._total if self._total > 0 else nan


class F1(Metric):
    """``2 TP / (2 TP + FP + FN)`` of yes or no, a logit above the threshold being a yes."""

    equations = (
        Equation("yes", r"[z_i > h]", "(z[:, 0] > threshold)"),
        Equation("tp", "TP", "np.sum(w * yes * (t == 1))"),
        Equation("wrong", "FP + FN", "np.sum(w * (yes != (t == 1)))"),
        Equation("f1", r"2 TP / (2 TP + FP + FN)", "2 * tp / (2 * tp + wrong)"),
    )
    examples = (Example({}, ((1,), ("int", 2))), Example({"threshold": 0.25}, ((1,), ("int", 2))))

    def __init__(self, threshold: float = 0.0) -> None:
        self.threshold = threshold
        self.reset()

    def reset(self) -> None:
        self._right = self._wrong = 0.0

    def update(self, prediction: Any, target: Any, weight: Any = None) -> None:
        w = rows(weight, len(prediction))
        yes, there = prediction[:, 0] > self.threshold, target == 1
        self._right += float(np.sum(w[yes & there]))
        self._wrong += float(np.sum(w[yes != there]))

    def result(self) -> float:
        whole = 2 * self._right + self._wrong
        return 2 * self._right / whole if whole > 0 else nan


class Correlation(Metric):
    """Pearson's correlation of prediction and target, the mean over outputs; of constant ones 0."""

    equations = (
        Equation("p", r"\hat y - \bar y", "prediction.astype(float) - np.average(prediction.astype(float), 0, w)"),
        Equation("q", r"t - \bar t", "t.astype(float) - np.average(t.astype(float), 0, w)"),
        Equation("n", r"\sqrt{\sum w p^2 \sum w q^2}", "np.sqrt((w @ p**2) * (w @ q**2))"),
        Equation(
            "r", r"\sum_i w_i p_i q_i / n", "np.mean(np.where(n > 1e-9, (w @ (p * q)) / np.where(n > 1e-9, n, 1), 0))"
        ),
    )
    examples = (Example({}, ((2,), (2,))),)

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        self._rows: list[Any] = []

    def update(self, prediction: Any, target: Any, weight: Any = None) -> None:
        w = rows(weight, len(prediction))
        self._rows.append((prediction.astype(np.float64), target.astype(np.float64), w))

    def result(self) -> float:
        if not self._rows:
            return nan
        y, t, w = (np.concatenate(parts) for parts in zip(*self._rows, strict=True))
        p, q = y - w @ y / w.sum(), t - w @ t / w.sum()
        n = np.sqrt((w @ p**2) * (w @ q**2))
        return float(np.mean(np.where(n > 1e-9, (w @ (p * q)) / np.where(n > 1e-9, n, 1.0), 0.0)))
