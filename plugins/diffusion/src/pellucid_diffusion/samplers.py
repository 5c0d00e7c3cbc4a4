"""Samplers: one step of the reverse process, from x_t to x_s with s < t, given what the network says about x_t."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from math import exp, log, sqrt
from types import MappingProxyType
from typing import Literal

from pellucid import Array, ConfigError, check_float

from pellucid_diffusion.process import Process

Said = Callable[[Array, int], tuple[Array, Array]]
"""What the network says about (x_t, t): its (x₀, ε)."""


@dataclass(frozen=True)
class Move:
    """One step of the reverse process.

    Attributes:
        t, s: from which time to which, s < t.
        x: x_t.
        x0, epsilon: what the network says about it.
        before: the step before this one; None for the first.
    """

    t: int
    s: int
    x: Array
    x0: Array
    epsilon: Array
    before: Move | None


class Sampler(ABC):
    """A rule for steps of the reverse process. A step to s = 0 gives the x₀ that the network says, by every rule."""

    @abstractmethod
    def step(self, process: Process, move: Move, fresh: Callable[[], Array]) -> Array:
        """``x_s``. ``fresh`` gives standard normal noise of the shape of x; a deterministic rule does not call it."""


@dataclass(frozen=True)
class DDPM(Sampler):
    """A draw from the posterior of x_s given x_t and x₀, with the network's x₀ in place of the unknown one::

        x_s = √ᾱ_s β/(1−ᾱ_t) x₀ + √α (1−ᾱ_s)/(1−ᾱ_t) x_t + σ z,    α = ᾱ_t/ᾱ_s,  β = 1 − α

    Attributes:
        variance: σ² = β (``"beta"``: right for data of unit variance) or σ² = β (1−ᾱ_s)/(1−ᾱ_t) (``"posterior"``: right
            for a single point). No noise is added in the last step, s = 0.

    Source: Ho, Jain & Abbeel, 2020, equations 6, 7 and §3.2.
    """

    variance: Literal["beta", "posterior"] = "posterior"

    def __post_init__(self) -> None:
        if self.variance not in ("beta", "posterior"):
            raise ConfigError(f"The 'variance' of DDPM must be 'beta' or 'posterior'. Received: {self.variance!r}.")

    def step(self, process: Process, move: Move, fresh: Callable[[], Array]) -> Array:
        alpha, beta = process.bridge(move.t, move.s)
        kept_t, kept_s = float(process.kept[move.t]), float(process.kept[move.s])
        mean = sqrt(kept_s) * beta / (1 - kept_t) * move.x0 + sqrt(alpha) * (1 - kept_s) / (1 - kept_t) * move.x
        if move.s == 0:
            return mean
        variance = beta if self.variance == "beta" else beta * (1 - kept_s) / (1 - kept_t)
        return mean + sqrt(variance) * fresh()


@dataclass(frozen=True)
class DDIM(Sampler):
    """The data moved to the noise level of s, along the noise that the network sees::

        x_s = √ᾱ_s x₀ + √(1−ᾱ_s−σ²) ε + σ z,    σ² = η² (1−ᾱ_s)/(1−ᾱ_t) (1 − ᾱ_t/ᾱ_s)

    Attributes:
        eta: η in [0, 1]: 0 is deterministic, 1 has the posterior variance of DDPM.

    Source: Song, Meng & Ermon, Denoising Diffusion Implicit Models, 2021, equations 12 and 16.
    """

    eta: float = 0.0

    def __post_init__(self) -> None:
        check_float(self, "eta", self.eta, "[0, 1]")

    def step(self, process: Process, move: Move, fresh: Callable[[], Array]) -> Array:
        _, beta = process.bridge(move.t, move.s)
        kept_t, kept_s = float(process.kept[move.t]), float(process.kept[move.s])
        variance = self.eta**2 * (1 - kept_s) / (1 - kept_t) * beta
        x = sqrt(kept_s) * move.x0 + sqrt(max(1 - kept_s - variance, 0.0)) * move.epsilon
        return x + sqrt(variance) * fresh() if variance > 0 else x


@dataclass(frozen=True)
class DPMSolver(Sampler):
    """DPM-Solver++(2M): the differential equation of the reverse process, solved to second order from two x₀::

        x_s = (σ_s/σ_t) x_t − √ᾱ_s (e^{−h} − 1) D,    D = x₀ + (x₀ − x₀')/(2r),
        h = λ_s − λ_t,  r = h'/h,  λ = log(√ᾱ/σ),  σ = √(1−ᾱ)

    where x₀' and h' are those of the step before. The first step and the last one, where λ_0 is infinite, take D = x₀;
    the last then gives x₀. Twenty steps do what takes DDIM fifty.

    Source: Lu et al., DPM-Solver++: Fast Solver for Guided Sampling of Diffusion Models, 2022, algorithm 2.
    """

    def step(self, process: Process, move: Move, fresh: Callable[[], Array]) -> Array:
        if move.s == 0:
            return move.x0
        h = _log_ratio(process, move.s) - _log_ratio(process, move.t)
        direction = move.x0
        if move.before is not None:
            r = (_log_ratio(process, move.t) - _log_ratio(process, move.before.t)) / h
            direction = (1 + 0.5 / r) * move.x0 - (0.5 / r) * move.before.x0
        shrink = float(process.noise[move.s] / process.noise[move.t])
        return shrink * move.x - float(process.signal[move.s]) * (exp(-h) - 1) * direction


def _log_ratio(process: Process, t: int) -> float:
    """λ_t, half the logarithm of the signal-to-noise ratio."""
    return log(process.signal[t] / process.noise[t])


SAMPLERS: Mapping[str, Callable[[float], Sampler]] = MappingProxyType(
    {
        "ddpm": lambda eta: DDPM(),
        "ddpm_beta": lambda eta: DDPM("beta"),
        "ddim": DDIM,
        "dpm_solver": lambda eta: DPMSolver(),
    }
)
"""The samplers by name, each from η, which only DDIM has."""


def reverse(
    process: Process, said: Said, sampler: Sampler, x: Array, count: int, fresh: Callable[[], Array]
) -> Iterator[Move]:
    """The reverse process from noise ``x = x_T`` in ``count`` steps: each step as it is about to be taken.

    The last move has s = 0, and what it leads to is yielded as a move from 0 to 0 whose ``x`` is the sample.

    Args:
        said: what the network says about (x_t, t).
        fresh: standard normal noise of the shape of x.
    """
    times = process.times(count)
    before: Move | None = None
    for t, s in pairwise(times):
        move = Move(t, s, x, *said(x, t), before)
        yield move
        x = sampler.step(process, move, fresh)
        before = Move(t, s, move.x, move.x0, move.epsilon, None)
    yield Move(0, 0, x, x, 0 * x, None)
