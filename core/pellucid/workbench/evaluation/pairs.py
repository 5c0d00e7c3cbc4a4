"""Pair: two runs on the same samples: how far their figures are apart, and whether chance would do that."""

from __future__ import annotations

from dataclasses import dataclass
from math import erfc, exp, lgamma, log, sqrt

import numpy as np

from pellucid.basics.arrays import HostArray
from pellucid.workbench.evaluation.interval import Interval, percentiles, resampled_means

MOST_EXACT = 10_000
"""Discordant pairs of which the binomial distribution is summed up."""
DRAWS = 10_000


@dataclass(frozen=True)
class Pair:
    """The difference of a figure between two runs on the same samples.

    Attributes:
        figure: ``"accuracy"`` or ``"rmse"``.
        first, second: of the two runs.
        difference: second − first, with its interval.
        interval: of the difference.
        p: how probable a difference at least so large would be if the two were equal.
        method: of p.
        samples: how many there are.
        only_first, only_second: samples that only one of them has right; None of values.
    """

    figure: str
    first: float
    second: float
    difference: float
    interval: Interval
    p: float
    method: str
    samples: int
    only_first: int | None = None
    only_second: int | None = None


def mcnemar(only_first: int, only_second: int) -> tuple[float, str]:
    """McNemar's test: of the b + c samples on which the two disagree, are b and c alike? (p, method).

    Exact up to 10,000 of them: ``p = min(1, 2 P(X ≤ min(b, c)))`` with X binomial, n = b + c, of probability ½. Above,
    ``χ² = (|b − c| − 1)²/(b + c)`` with one degree of freedom (Edwards, 1948).

    Source: McNemar, Note on the sampling error of the difference between correlated proportions, 1947.
    """
    n, least = only_first + only_second, min(only_first, only_second)
    if n == 0:
        return 1.0, "McNemar, exact"
    if n <= MOST_EXACT:
        terms = (exp(lgamma(n + 1) - lgamma(i + 1) - lgamma(n - i + 1) - n * log(2)) for i in range(least + 1))
        return min(1.0, 2 * sum(terms)), "McNemar, exact"
    chi = max(0, abs(only_first - only_second) - 1) ** 2 / n
    return erfc(sqrt(chi / 2)), "McNemar, χ² with continuity correction"


def of_classes(first: HostArray, second: HostArray, seed: int = 0) -> Pair:
    """Accuracies of two runs: whether each sample, (N,), is right by the first and by the second."""
    n = len(first)
    b, c = int((first & ~second).sum()), int((second & ~first).sum())
    drawn = np.random.default_rng(seed).multinomial(n, [b / n, c / n, 1 - (b + c) / n], size=DRAWS)
    p, method = mcnemar(b, c)
    return Pair(
        "accuracy", float(first.mean()), float(second.mean()), (c - b) / n,
        percentiles((drawn[:, 1] - drawn[:, 0]) / n, seed), p, method, n, b, c,
    )  # fmt: skip


def of_values(first: HostArray, second: HostArray, seed: int = 0) -> Pair:
    """RMSEs of two runs, from their mean squared errors of each sample, (N,): the paired bootstrap.

    Samples are drawn with replacement, the same for both; ``p = 2 min(P(d* ≤ 0), P(d* ≥ 0))`` over the differences d*
    of the draws, each probability as ``(count + 1)/(draws + 1)``.

    Source: Efron & Tibshirani, An introduction to the bootstrap, 1993, chapter 13.
    """
    rng = np.random.default_rng(seed)
    drawn = np.sqrt(resampled_means(np.stack([first, second], axis=1), DRAWS, rng))
    apart = drawn[:, 1] - drawn[:, 0]
    p = min(1.0, 2 * min((np.sum(apart <= 0) + 1) / (DRAWS + 1), (np.sum(apart >= 0) + 1) / (DRAWS + 1)))
    a, b = (float(np.sqrt(each.mean())) for each in (first, second))
    told = f"paired bootstrap, {DRAWS:,} draws, seed {seed}"
    return Pair("rmse", a, b, b - a, percentiles(apart, seed), float(p), told, len(first))


def holm(p: list[float]) -> list[float]:
    """p of several comparisons, so that the chance of any wrong finding among them stays what it is for one (Holm,
    1979): the smallest times their number m, the next times m − 1, …, none below the one before."""
    found, worst = [0.0] * len(p), 0.0
    for rank, i in enumerate(sorted(range(len(p)), key=p.__getitem__)):
        worst = max(worst, min(1.0, (len(p) - rank) * p[i]))
        found[i] = worst
    return found
