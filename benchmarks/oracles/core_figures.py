"""The core's metrics against scikit-learn, its first values against SciPy's distributions.

    python -m benchmarks.oracles.core_figures

Metrics take random scores in batches of random lengths, with weights. Of an initializer 40,000 numbers are drawn, and
the largest distance of their distribution from SciPy's is compared with what chance exceeds about once in a thousand,
2.0/√n. It prints a line for each and exits with 1 if one is too far.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from math import sqrt
from pathlib import Path
from typing import Any

import numpy as np
from scipy import special, stats
from sklearn import metrics as theirs

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "core")]  # the references need no build

import pellucid as pl  # noqa: E402

from benchmarks.oracles.held import Row, repeated, report, row  # noqa: E402

ROUNDS, DRAWN = 40, 40_000
FAR = 2.0 / sqrt(DRAWN)
Draw = np.random.Generator
Figure = Callable[[Any, Any, Any], float]
"""Of predictions, targets and weights."""


def counted(metric: Any, prediction: Any, target: Any, weight: Any, rng: Draw) -> float:
    """Our figure, batch by batch."""
    at = 0
    while at < len(target):
        part = slice(at, at + int(rng.integers(1, 12)))
        metric.update(prediction[part], target[part], weight[part])
        at = part.stop
    return float(metric.result())


def of_classes(figure: Figure, name: str, **arguments: Any) -> Callable[[Draw], Iterator[Any]]:
    def pairs(rng: Draw) -> Iterator[Any]:
        k = int(rng.integers(3, 7))
        target = np.concatenate([np.arange(k), rng.integers(0, k, int(rng.integers(9, 60)))])
        z, weight = rng.normal(size=(len(target), k)), rng.uniform(0.1, 2, len(target))
        yield counted(pl.create("metric", name, **arguments), z, target, weight, rng), figure(z, target, weight)

    return pairs


def of_values(figure: Figure, name: str, **arguments: Any) -> Callable[[Draw], Iterator[Any]]:
    def pairs(rng: Draw) -> Iterator[Any]:
        shape = (int(rng.integers(9, 60)), int(rng.integers(1, 4)))
        target, weight = 3 + rng.normal(size=shape), rng.uniform(0.1, 2, shape[0])
        y = target + rng.normal(size=shape)
        yield counted(pl.create("metric", name, **arguments), y, target, weight, rng), figure(y, target, weight)

    return pairs


def averaged(function: Any, average: str) -> Figure:
    return lambda z, t, w: function(t, z.argmax(1), average=average, sample_weight=w, zero_division=0)


def one_against_rest(function: Any) -> Figure:
    return lambda z, t, w: np.mean([function(t == k, z[:, k], sample_weight=w) for k in range(z.shape[1])])


def confusion(rng: Draw) -> Iterator[Any]:
    k, n = int(rng.integers(2, 7)), int(rng.integers(9, 60))
    z, target, weight = rng.normal(size=(n, k)), rng.integers(0, k, n), rng.uniform(0.1, 2, n)
    metric: Any = pl.create("metric", "confusion_matrix")
    counted(metric, z, target, weight, rng)
    yield metric.matrix, theirs.confusion_matrix(target, z.argmax(1), labels=range(k), sample_weight=weight)


def metrics() -> Iterator[Row]:
    averages = ("macro", "micro", "weighted")
    found: dict[str, list[Callable[[Draw], Iterator[Any]]]] = {
        "accuracy": [of_classes(lambda z, t, w: theirs.accuracy_score(t, z.argmax(1), sample_weight=w), "accuracy")],
        "top_k": [
            of_classes(
                lambda z, t, w, k=k: theirs.top_k_accuracy_score(
                    t, z, k=k, sample_weight=w, labels=range(z.shape[1])
                ),  # type: ignore[misc]
                "top_k", k=k,
            ) for k in (1, 2)
        ],
        "precision": [of_classes(averaged(theirs.precision_score, a), "precision", average=a) for a in averages],
        "recall": [of_classes(averaged(theirs.recall_score, a), "recall", average=a) for a in averages],
        "f1": [of_classes(averaged(theirs.f1_score, a), "f1", average=a) for a in averages],
        "roc_auc": [of_classes(lambda z, t, w: one_against_rest(theirs.roc_auc_score)(special.softmax(z, 1), t, w),
                               "roc_auc")],
        "pr_auc": [of_classes(lambda z, t, w: one_against_rest(theirs.average_precision_score)(
            special.softmax(z, 1), t, w), "pr_auc")],
        "confusion_matrix": [confusion],
        "r2": [of_values(lambda y, t, w: theirs.r2_score(t, y, sample_weight=w), "r2")],
        "rmse": [of_values(lambda y, t, w: theirs.mean_squared_error(t, y, sample_weight=w) ** 0.5, "rmse")],
        "mae": [of_values(lambda y, t, w: theirs.mean_absolute_error(t, y, sample_weight=w), "mae")],
    }  # fmt: skip
    for name, cases in found.items():
        pairs = (pair for case in cases for pair in repeated(ROUNDS, case))
        yield row("metric", f"core/{name}", "scikit-learn", pairs)
    near = of_values(
        lambda y, t, w: np.average((abs(y - t) <= 0.4).mean(1), weights=w), "within_tolerance", tolerance=0.4
    )
    yield row("metric", "core/within_tolerance", "NumPy's average", repeated(ROUNDS, near))


def distance(initializer: Any, distribution: Any, **scaled: Any) -> Row:
    """How far what is drawn lies from a distribution, by the statistic of Kolmogorov and Smirnov."""
    name, arguments = initializer
    values = pl.create("initializer", name, **arguments)(np.random.default_rng(7), (200, DRAWN // 200), 200, 50)
    off = float(stats.kstest(values.ravel(), distribution.cdf).statistic)
    return Row("initializer", f"core/{name}", "SciPy's distribution", values.size, off, FAR)


def initializers() -> Iterator[Row]:
    deviation = {"he": sqrt(2 / 200), "glorot": sqrt(2 / 250), "lecun": sqrt(1 / 200)}
    for name, std in deviation.items():
        kinds = [
            distance((name, {"distribution": "normal"}), stats.norm(0, std)),
            distance((name, {"distribution": "uniform"}), stats.uniform(-sqrt(3) * std, 2 * sqrt(3) * std)),
        ]
        worst = max(kinds, key=lambda each: each.worst)
        yield Row(worst.kind, worst.name, worst.against, sum(each.arrays for each in kinds), worst.worst, FAR)
    yield distance(("normal", {"std": 0.3, "mean": 1.0}), stats.norm(1, 0.3))
    yield distance(("uniform", {"limit": 0.3}), stats.uniform(-0.3, 0.6))
    yield distance(("truncated_normal", {"std": 0.3, "mean": 1.0}), stats.truncnorm(-2, 2, 1, 0.3))
    for name, arguments, value in (("zeros", {}, 0.0), ("ones", {}, 1.0), ("constant", {"value": 0.7}, 0.7)):
        made = pl.create("initializer", name, **arguments)(np.random.default_rng(0), (30, 20), 30, 20)
        yield row("initializer", f"core/{name}", "the number itself", [(made, np.full((30, 20), value))])
    yield row("initializer", "core/orthogonal", "QᵀQ = 1", repeated(ROUNDS, orthogonal))


def orthogonal(rng: Draw) -> Iterator[Any]:
    n, m = (int(size) for size in rng.integers(1, 20, 2))
    theta = pl.create("initializer", "orthogonal", gain=1.5)(rng, (n, m), n, m)
    for at in range(0, m, n):
        block = theta[:, at : at + n]
        yield block.T @ block, 2.25 * np.eye(block.shape[1])


def rows() -> Iterator[Row]:
    yield from metrics()
    yield from initializers()


if __name__ == "__main__":
    sys.exit(report(rows()))
