"""Process: the forward process, which turns data into noise step by step, and all numbers that follow from β."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
from pellucid import ConfigError, HostArray, did_you_mean, listed

from pellucid_diffusion.noise_schedules import NOISE_SCHEDULES

LARGEST_REST = 1e-3
"""The largest ᾱ_T that is accepted: sampling starts from N(0, 1), and the last step must look like that."""


class Process:
    """``x_t = √ᾱ_t x₀ + √(1 − ᾱ_t) ε`` with ``ᾱ_t = Π_{i ≤ t} (1 − β_i)``, ε ~ N(0, 1), t = 1 … T; x₀ is the data.

    Args:
        betas: β_1 … β_T, each in (0, 1).

    Attributes:
        steps: T.
        kept: ᾱ_0 = 1, ᾱ_1, … ᾱ_T: the share of the variance that is still data's.
        signal, noise: √ᾱ_t and √(1 − ᾱ_t), t = 0 … T.

    All arrays are float64.

    Raises:
        ConfigError: a β outside (0, 1); or ᾱ_T > 0.001, that is, the data shine through the last step, while sampling
            would start from noise alone.

    Source: Ho, Jain & Abbeel, Denoising Diffusion Probabilistic Models, 2020, §2.
    """

    def __init__(self, betas: HostArray) -> None:
        betas = np.asarray(betas, np.float64)
        if betas.ndim != 1 or not len(betas) or not ((betas > 0) & (betas < 1)).all():
            raise ConfigError(f"A noise schedule is a row of numbers β in (0, 1). Received: {betas!r:.80}.")
        self.steps = len(betas)
        self.kept = np.concatenate([[1.0], np.cumprod(1 - betas)])
        self.signal, self.noise = np.sqrt(self.kept), np.sqrt(1 - self.kept)
        if self.kept[-1] > LARGEST_REST * (1 + 1e-9):  # 1 - 0.999 is a little more than 0.001
            raise ConfigError(
                f"This noise schedule leaves ᾱ_T = {self.kept[-1]:.3g} of the data's variance after its {self.steps} "
                f"steps. Expected: at most {LARGEST_REST}, because sampling starts from pure noise. Take larger β or "
                "more steps."
            )

    def snr(self) -> HostArray:
        """The signal-to-noise ratio ``ᾱ_t/(1 − ᾱ_t)``, t = 0 … T; infinite at 0."""
        with np.errstate(divide="ignore"):
            return self.kept / (1 - self.kept)

    def diffuse(self, x0: Any, noise: Any, t: int) -> Any:
        """``x_t`` of data and standard normal noise of one shape: the whole way in one step."""
        return float(self.signal[t]) * x0 + float(self.noise[t]) * noise

    def bridge(self, t: int, s: int) -> tuple[float, float]:
        """(α, β) of a single step from s to t > s: ``α = ᾱ_t/ᾱ_s``, ``β = 1 − α``; for s = t − 1 these are α_t, β_t."""
        alpha = float(self.kept[t] / self.kept[s])
        return alpha, 1 - alpha

    def times(self, count: int) -> list[int]:
        """count + 1 of the times T … 0, T and 0 among them, as evenly spread as whole numbers can be.

        Raises:
            ConfigError: none, or more than there are.
        """
        whole = isinstance(count, int | np.integer) and not isinstance(count, bool)
        if not whole or not 1 <= count <= self.steps:
            raise ConfigError(
                f"Sampling takes from 1 to {self.steps} steps, the number that the model was trained with. "
                f"Received: {count!r}."
            )
        return [int(t) for t in np.linspace(self.steps, 0, count + 1).round()]


@lru_cache
def process_of(schedule: str, steps: int) -> Process:
    """The process with a schedule of this name.

    Raises:
        ConfigError: an unknown name; or a schedule that leaves too much of the data.
    """
    if schedule not in NOISE_SCHEDULES:
        raise ConfigError(
            f"There is no noise schedule {schedule!r}.{did_you_mean(schedule, NOISE_SCHEDULES)} "
            f"Schedules: {listed(NOISE_SCHEDULES)}."
        )
    return Process(NOISE_SCHEDULES[schedule](steps))
