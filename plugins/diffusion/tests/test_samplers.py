"""Samplers against closed forms: with the ideal denoiser of Gaussian data every step is affine in x.

For data N(μ, s²) the best guess at x₀ is ``E[x₀ | x_t] = μ + K (x_t − √ᾱ_t μ)``, ``K = s² √ᾱ_t/(s² ᾱ_t + 1 − ᾱ_t)``.
"""

from __future__ import annotations

from itertools import pairwise
from math import exp, log, sqrt
from typing import Any

import numpy as np
import pytest
from pellucid import ConfigError
from pellucid_diffusion.process import Process, process_of
from pellucid_diffusion.samplers import DDIM, DDPM, SAMPLERS, DPMSolver, Sampler, reverse

N = 40_000
DATA = [(0.0, 1.0), (3.0, 0.5), (-1.0, 2.0)]
"""Means and standard deviations."""


def gain(process: Process, t: int, std: float) -> float:
    kept = float(process.kept[t])
    return std**2 * sqrt(kept) / (std**2 * kept + 1 - kept)


def ideal(process: Process, mean: float, std: float) -> Any:
    """What a network that knows the data says: (x₀, ε)."""

    def said(x: Any, t: int) -> Any:
        x0 = mean + gain(process, t, std) * (x - process.signal[t] * mean)
        return x0, (x - process.signal[t] * x0) / process.noise[t]

    return said


def sampled(sampler: Sampler, process: Process, count: int, mean: float, std: float, n: int = N, seed: int = 0) -> Any:
    rng = np.random.default_rng(seed)
    start = rng.standard_normal(n)
    start = (start - start.mean()) / start.std()
    moves = reverse(process, ideal(process, mean, std), sampler, start, count, lambda: rng.standard_normal(start.shape))
    return list(moves)[-1].x


def ddpm_moments(process: Process, variance: str, count: int, mean: float, std: float) -> tuple[float, float]:
    """Mean and variance of x_s from those of x_t, by equations 6 and 7 of Ho et al."""
    m, v = 0.0, 1.0
    for t, s in pairwise(process.times(count)):
        kept_t, kept_s = process.kept[t], process.kept[s]
        alpha = kept_t / kept_s
        of_x0, of_x = sqrt(kept_s) * (1 - alpha) / (1 - kept_t), sqrt(alpha) * (1 - kept_s) / (1 - kept_t)
        k = gain(process, t, std)
        slope = of_x0 * k + of_x
        sigma2 = 0.0 if s == 0 else (1 - alpha) * (1.0 if variance == "beta" else (1 - kept_s) / (1 - kept_t))
        m, v = slope * m + of_x0 * (1 - k * sqrt(kept_t)) * mean, slope**2 * v + sigma2
    return m, v


def ddim_moments(process: Process, eta: float, count: int, mean: float, std: float) -> tuple[float, float]:
    """The same by equation 12 of Song et al."""
    m, v = 0.0, 1.0
    for t, s in pairwise(process.times(count)):
        kept_t, kept_s = process.kept[t], process.kept[s]
        k = gain(process, t, std)
        sigma2 = eta**2 * (1 - kept_s) / (1 - kept_t) * (1 - kept_t / kept_s)
        along = sqrt(max(1 - kept_s - sigma2, 0))
        of_x0, of_x = sqrt(kept_s) - along * sqrt(kept_t / (1 - kept_t)), along / sqrt(1 - kept_t)
        m, v = (of_x0 * k + of_x) * m + of_x0 * (1 - k * sqrt(kept_t)) * mean, (of_x0 * k + of_x) ** 2 * v + sigma2
    return m, v


def dpm_moments(process: Process, count: int, mean: float, std: float) -> tuple[float, float]:
    """x_s is affine in the start, g x_T + c: (c, g²), by algorithm 2 of Lu et al."""
    line = np.array([1.0, 0.0])  # g, c
    times = process.times(count)
    lam = [log(process.signal[t] / process.noise[t]) if t else np.inf for t in times]
    said: list[Any] = []
    for i, (t, s) in enumerate(pairwise(times)):
        k = gain(process, t, std)
        said.append(k * line + np.array([0.0, mean * (1 - k * process.signal[t])]))
        if s == 0:
            line = said[-1]
            break
        h, direction = lam[i + 1] - lam[i], said[-1]
        if i:
            r = (lam[i] - lam[i - 1]) / h
            direction = said[-1] + (said[-1] - said[-2]) / (2 * r)
        line = process.noise[s] / process.noise[t] * line + process.signal[s] * (1 - exp(-h)) * direction
    return float(line[1]), float(line[0] ** 2)


def close(x: Any, moments: tuple[float, float]) -> None:
    """Within one per cent of the standard deviation."""
    mean, std = moments[0], sqrt(moments[1])
    assert x.mean() == pytest.approx(mean, abs=0.01 * std + 0.01 * abs(mean))
    assert x.std() == pytest.approx(std, rel=0.01)


@pytest.mark.parametrize(("mean", "std", "count"), [*((*d, 100) for d in DATA), *((*d, 1000) for d in DATA[:2])])
@pytest.mark.parametrize("variance", ["beta", "posterior"])
def test_ddpm(variance: Any, count: int, mean: float, std: float) -> None:
    process = process_of("linear", 1000)
    n = N if count < 1000 else N // 2
    close(sampled(DDPM(variance), process, count, mean, std, n), ddpm_moments(process, variance, count, mean, std))


@pytest.mark.parametrize(("mean", "std"), DATA)
@pytest.mark.parametrize("eta", [0.0, 0.5, 1.0])
@pytest.mark.parametrize("schedule", ["linear", "cosine"])
def test_ddim(schedule: str, eta: float, mean: float, std: float) -> None:
    process = process_of(schedule, 1000)
    close(sampled(DDIM(eta), process, 50, mean, std), ddim_moments(process, eta, 50, mean, std))


@pytest.mark.parametrize(("mean", "std"), DATA)
@pytest.mark.parametrize("schedule", ["linear", "cosine"])
@pytest.mark.parametrize("count", [1, 2, 20])
def test_dpm_solver(count: int, schedule: str, mean: float, std: float) -> None:
    process = process_of(schedule, 1000)
    x = sampled(DPMSolver(), process, count, mean, std)
    m, v = dpm_moments(process, count, mean, std)
    assert (x.mean(), x.std()) == (pytest.approx(m, abs=1e-9), pytest.approx(sqrt(v), rel=1e-9))


def test_unit_data_stay_unit_data_where_the_variance_is_beta() -> None:
    """For N(0, 1) the recursion is v ← α_t v + σ_t²: it stays at 1 with β_t, and comes to 0.9955² with β̃_t."""
    process = process_of("linear", 1000)
    for variance, expected in (("beta", 1.0), ("posterior", 0.9955)):
        v = 1.0
        for t in range(1000, 0, -1):
            alpha, beta = process.bridge(t, t - 1)
            v = alpha * v
            if t > 1:  # no noise in the last step
                v += beta if variance == "beta" else beta * (1 - process.kept[t - 1]) / (1 - process.kept[t])
            if variance == "beta" and t > 1:
                assert v == pytest.approx(1.0, abs=1e-12)
        assert sqrt(v) == pytest.approx(expected, abs=1e-4)
        assert ddpm_moments(process, variance, 1000, 0.0, 1.0)[1] == pytest.approx(v, rel=1e-9)


def test_ddim_turns_unit_data_by_angles() -> None:
    """For N(0, 1) one step multiplies x by cos(φ_t − φ_s), where √ᾱ = cos φ."""
    process = process_of("cosine", 1000)
    angle = np.arccos(process.signal)
    factor = np.prod([np.cos(angle[t] - angle[s]) for t, s in pairwise(process.times(10))])
    assert ddim_moments(process, 0.0, 10, 0.0, 1.0)[1] == pytest.approx(factor**2, rel=1e-9)


@pytest.mark.parametrize("sampler", [DDIM(), DPMSolver()], ids=lambda s: type(s).__name__)
def test_deterministic_samplers_repeat_and_draw_nothing(sampler: Sampler) -> None:
    process = process_of("cosine", 100)
    start = np.random.default_rng(3).standard_normal(50)

    def never() -> Any:
        raise AssertionError

    first, second = (list(reverse(process, ideal(process, 1.0, 0.3), sampler, start, 20, never)) for _ in range(2))
    assert len(first) == 21
    np.testing.assert_array_equal(first[-1].x, second[-1].x)


def test_ddim_with_eta_1_is_ddpm_with_the_posterior_variance() -> None:
    process = process_of("linear", 1000)
    ours, theirs = (sampled(sampler, process, 30, 3.0, 0.5, n=1000) for sampler in (DDIM(1.0), DDPM("posterior")))
    np.testing.assert_allclose(ours, theirs, rtol=1e-9)


def test_two_x0_make_the_solver_of_second_order() -> None:
    """Four times the steps leave a quarter of the error of DDIM, and about a sixteenth of that of DPM-Solver++(2M)."""
    process = process_of("linear", 4000)
    errors: dict[str, list[float]] = {"ddim": [], "dpm": []}
    for count in (50, 100, 200):
        errors["ddim"].append(1 - sqrt(ddim_moments(process, 0.0, count, 0.0, 1.0)[1]))
        errors["dpm"].append(abs(1 - sqrt(dpm_moments(process, count, 0.0, 1.0)[1])))
    assert errors["ddim"][0] / errors["ddim"][2] == pytest.approx(4, abs=0.2)
    assert errors["dpm"][0] / errors["dpm"][2] > 10  # 16 in the limit
    assert errors["dpm"][0] < 0.1 * errors["ddim"][0]


def test_the_way_is_shown() -> None:
    process = process_of("cosine", 100)
    rng = np.random.default_rng(0)
    moves = list(reverse(process, ideal(process, 0.0, 1.0), DDPM(), rng.standard_normal(5), 4, lambda: np.zeros(5)))
    assert [(move.t, move.s) for move in moves] == [(100, 75), (75, 50), (50, 25), (25, 0), (0, 0)]
    assert moves[2].before is not None and moves[2].before.t == 75 and moves[2].before.before is None
    np.testing.assert_allclose(moves[-1].x, moves[-2].x0)


def test_wrong_settings_are_refused() -> None:
    with pytest.raises(ConfigError, match=r"'variance' of DDPM must be 'beta' or 'posterior'\. Received: 'learned'"):
        DDPM("learned")  # type: ignore[arg-type]
    for eta in (-0.1, 1.5, float("nan")):
        with pytest.raises(ConfigError, match=r"'eta' of DDIM must be a float in \[0, 1\]"):
            DDIM(eta)


def test_samplers_have_names() -> None:
    assert set(SAMPLERS) == {"ddpm", "ddpm_beta", "ddim", "dpm_solver"}
    assert SAMPLERS["ddim"](0.3) == DDIM(0.3) and SAMPLERS["ddpm_beta"](0.3) == DDPM("beta")
