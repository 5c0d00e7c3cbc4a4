"""Calibration: whether a model that says 80 % is right in four of five cases, and the temperature that mends it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pellucid.basics.arrays import HostArray

BINS = 15
COLDEST, HOTTEST = 1e-3, 1e3
"""Between which a temperature is looked for."""
SMALLEST = 1e-300


@dataclass(frozen=True)
class Bin:
    """The samples whose largest probability lies in (low, high]: how many, its mean, and the part that was right."""

    low: float
    high: float
    count: int
    confidence: float
    accuracy: float


@dataclass(frozen=True)
class Reliability:
    """How far confidence and accuracy are apart.

    Attributes:
        ece: the expected calibration error, ``Σ_b (n_b/N) |accuracy_b − confidence_b|``, over bins of equal width.
        nll: the mean negative log-likelihood, in nats.
        brier: ``(1/N) Σᵢ Σₖ (pᵢₖ − [k = tᵢ])²``.
        bins: one for each; the confidence and accuracy of an empty one are NaN.
    """

    ece: float
    nll: float
    brier: float
    bins: tuple[Bin, ...]


@dataclass(frozen=True)
class Calibration:
    """Calibration before and after a temperature was fitted.

    Attributes:
        before: of the probabilities as the model gives them.
        temperature: T of ``softmax(z/T)`` with the least NLL on the validation part; None if there is none.
        after: of the probabilities at T; None without it.
        why: why there is no temperature, or empty.
    """

    before: Reliability
    temperature: float | None = None
    after: Reliability | None = None
    why: str = ""


def reliability(probabilities: HostArray, labels: HostArray, bins: int = BINS) -> Reliability:
    """Confidence against accuracy: probabilities (N, K), labels (N,), N > 0.

    Source: Guo, Pleiss, Sun & Weinberger, On calibration of modern neural networks, 2017.
    """
    n, rows = len(labels), np.arange(len(labels))
    confidence = probabilities.max(axis=1)
    right = probabilities.argmax(axis=1) == labels
    edges = np.linspace(0, 1, bins + 1)
    place = np.clip(np.searchsorted(edges, confidence, side="left") - 1, 0, bins - 1)
    count = np.bincount(place, minlength=bins)
    with np.errstate(invalid="ignore"):
        said = np.bincount(place, confidence, bins) / count
        was = np.bincount(place, right, bins) / count
    full = count > 0
    ece = float(np.sum(count[full] * abs(was[full] - said[full])) / n)
    of_right = probabilities[rows, labels]
    nll = -float(np.mean(np.log(np.maximum(of_right, SMALLEST))))
    brier = float(np.mean((probabilities**2).sum(axis=1) - 2 * of_right + 1))
    found = tuple(
        Bin(float(edges[b]), float(edges[b + 1]), int(count[b]), float(said[b]), float(was[b])) for b in range(bins)
    )
    return Reliability(ece, nll, brier, found)


def at_temperature(probabilities: HostArray, temperature: float) -> HostArray:
    """``pₖ^{1/T} / Σⱼ pⱼ^{1/T}``, which is ``softmax(z/T)`` where ``p = softmax(z)``, and ``σ(z/T)`` for yes and no."""
    log = np.log(np.maximum(probabilities, SMALLEST)) / temperature
    p: HostArray = np.exp(log - log.max(axis=1, keepdims=True))
    return p / p.sum(axis=1, keepdims=True)


def fit_temperature(probabilities: HostArray, labels: HostArray) -> float | None:
    """The T with the least NLL on these samples, probabilities (N, K) and labels (N,); None if there is none: where
    every label is that of the largest probability, the NLL falls for ever as T does.

    The NLL is convex in ``β = 1/T``, with the derivative ``(1/N) Σᵢ (Σₖ pᵢₖ(β) lᵢₖ − lᵢₜ)``, ``l = log p``: its zero is
    bisected.
    """
    log = np.log(np.maximum(probabilities, SMALLEST))
    of_right = log[np.arange(len(labels)), labels]

    def slope(beta: float) -> float:
        return float(np.mean((at_temperature(probabilities, 1 / beta) * log).sum(axis=1) - of_right))

    low, high = np.log(1 / HOTTEST), np.log(1 / COLDEST)
    if slope(np.exp(low)) >= 0 or slope(np.exp(high)) <= 0:
        return None
    while high - low > 1e-10:
        middle = (low + high) / 2
        low, high = (middle, high) if slope(np.exp(middle)) < 0 else (low, middle)
    return float(np.exp(-(low + high) / 2))


def calibration(
    probabilities: HostArray, labels: HostArray, validation: tuple[HostArray, HostArray] | None, why: str = ""
) -> Calibration:
    """Before and after; ``validation`` has the probabilities and labels that the temperature is fitted on."""
    before = reliability(probabilities, labels)
    if validation is None:
        return Calibration(before, why=why or "there is no validation part to fit it on")
    temperature = fit_temperature(*validation)
    if temperature is None:
        wrong = int((validation[0].argmax(axis=1) != validation[1]).sum())
        none = "every label there is the most probable class" if not wrong else "the NLL there has no minimum in 1e±3"
        return Calibration(before, why=f"the validation part determines none: {none}")
    return Calibration(before, temperature, reliability(at_temperature(probabilities, temperature), labels))
