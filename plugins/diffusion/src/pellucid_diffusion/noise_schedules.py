"""Noise schedules: β_t, the share of the variance that step t replaces by noise, for t = 1 … T."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

import numpy as np
from pellucid import ConfigError, HostArray

LARGEST_BETA = 0.999
"""What the cosine schedule stops at, so that no single step wipes out everything (Nichol & Dhariwal, §3.2)."""


def linear(steps: int) -> HostArray:
    """β grows in equal steps from 1e-4 to 0.02 for T = 1000; for another T both ends are multiplied by 1000/T.

    So ``Σ β_t``, and with it the signal that is left at the end, hardly depends on T.

    Source: Ho, Jain & Abbeel, Denoising Diffusion Probabilistic Models, 2020, §4.

    Raises:
        ConfigError: T is so small that a β would reach 1.
    """
    if steps <= 20:
        raise ConfigError(
            f"The linear noise schedule needs at least 21 steps, or its last β, 20/T, reaches 1. Received: {steps}. "
            'Take more steps, or schedule = "cosine".'
        )
    return np.linspace(1e-4, 0.02, steps) * (1000 / steps)


def cosine(steps: int) -> HostArray:
    """β such that ``ᾱ_t = f(t)/f(0)`` with ``f(t) = cos²((t/T + s)/(1 + s) · π/2)``, s = 0.008; at most 0.999.

    The signal fades more evenly than under the linear schedule, which spends many steps on almost pure noise.

    Source: Nichol & Dhariwal, Improved Denoising Diffusion Probabilistic Models, 2021, §3.2.
    """
    offset = 0.008
    times = np.arange(steps + 1) / steps
    f = np.cos((times + offset) / (1 + offset) * np.pi / 2) ** 2
    return np.minimum(1 - f[1:] / f[:-1], LARGEST_BETA)


NOISE_SCHEDULES: Mapping[str, Callable[[int], HostArray]] = MappingProxyType({"linear": linear, "cosine": cosine})
"""The schedules by name."""
