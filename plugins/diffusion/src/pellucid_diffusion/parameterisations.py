"""What the network is asked to say about x_t: the noise ε, the data x₀, or the velocity v; and one from the other.

Each of the three is a mixture ``p = a x₀ + b ε``. With ``x_t = √ᾱ x₀ + √(1−ᾱ) ε`` that makes two equations for x₀ and
ε, whose determinant is ``d = √ᾱ b − √(1−ᾱ) a``::

    x₀ = (b x_t − √(1−ᾱ) p) / d        ε = (√ᾱ p − a x_t) / d

So one formula serves all, and a fourth parameterisation would be one more line in the table.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Literal

import numpy as np
from pellucid import HostArray

from pellucid_diffusion.process import Process

Predict = Literal["epsilon", "x0", "v"]
_Pair = tuple[HostArray, HostArray]

PARAMETERISATIONS: Mapping[str, Callable[[HostArray, HostArray], _Pair]] = MappingProxyType(
    {
        "epsilon": lambda signal, noise: (np.zeros_like(signal), np.ones_like(noise)),
        "x0": lambda signal, noise: (np.ones_like(signal), np.zeros_like(noise)),
        "v": lambda signal, noise: (-noise, signal),
    }
)
"""(a, b) from (√ᾱ, √(1−ᾱ)). ε: Ho, Jain & Abbeel, 2020. v = √ᾱ ε − √(1−ᾱ) x₀: Salimans & Ho, 2022, appendix D."""


def mixture(predict: Predict, process: Process) -> _Pair:
    """(a, b) of ``p = a x₀ + b ε`` for t = 0 … T."""
    return PARAMETERISATIONS[predict](process.signal, process.noise)


def split(predict: Predict, process: Process, prediction: Any, x: Any, t: int) -> tuple[Any, Any]:
    """(x₀, ε) that a prediction p about ``x = x_t`` stands for."""
    signal, noise = float(process.signal[t]), float(process.noise[t])
    a, b = (float(part) for part in PARAMETERISATIONS[predict](np.array(signal), np.array(noise)))
    determinant = signal * b - noise * a
    x0 = (b / determinant) * x - (noise / determinant) * prediction
    epsilon = (signal / determinant) * prediction - (a / determinant) * x
    return x0, epsilon


def noise_in(process: Process, x: Any, x0: Any, t: int) -> Any:
    """The noise in ``x = x_t`` if the data is x₀: ``ε = (x_t − √ᾱ x₀)/√(1−ᾱ)``."""
    return (x - float(process.signal[t]) * x0) / float(process.noise[t])


def min_snr_weight(predict: Predict, process: Process, gamma: float) -> HostArray:
    """The weight w_t of ``‖p̂ − p‖²`` that makes ``min(SNR, γ) ‖x̂₀ − x₀‖²`` of it, for t = 1 … T (w_0 = 0).

    From the equations above ``p̂ − p = −(d/√(1−ᾱ)) (x̂₀ − x₀)``, so ``w = min(SNR, γ) (1 − ᾱ)/d²``: for ε it is
    min(SNR, γ)/SNR, for v min(SNR, γ)/(SNR + 1).

    Source: Hang et al., Efficient Diffusion Training via Min-SNR Weighting Strategy, 2023.
    """
    a, b = mixture(predict, process)
    weight = np.zeros(process.steps + 1)
    determinant = process.signal * b - process.noise * a
    weight[1:] = np.minimum(process.snr()[1:], gamma) * (1 - process.kept[1:]) / determinant[1:] ** 2
    return weight
