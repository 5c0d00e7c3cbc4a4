"""The forward process: its mean and variance, how little is left of the data, and the three ways to speak about x_t."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from pellucid import ConfigError
from pellucid_diffusion.noise_schedules import NOISE_SCHEDULES, cosine, linear
from pellucid_diffusion.parameterisations import PARAMETERISATIONS, min_snr_weight, mixture, noise_in, split
from pellucid_diffusion.process import Process, process_of


def test_the_linear_schedule_is_that_of_the_paper() -> None:
    betas = linear(1000)
    assert (betas[0], betas[-1]) == (1e-4, 0.02)
    np.testing.assert_allclose(np.diff(betas), (0.02 - 1e-4) / 999, rtol=1e-9)
    np.testing.assert_allclose(linear(250).sum(), betas.sum(), rtol=1e-12)


def test_the_cosine_schedule_is_that_of_the_paper() -> None:
    process = Process(cosine(1000))

    def f(t: float) -> float:
        return float(np.cos((t / 1000 + 0.008) / 1.008 * np.pi / 2) ** 2)

    for t in (1, 250, 500, 900):
        assert process.kept[t] == pytest.approx(f(t) / f(0), rel=1e-9)
    assert cosine(1000).max() == 0.999


@pytest.mark.parametrize("schedule", sorted(NOISE_SCHEDULES))
@pytest.mark.parametrize("steps", [25, 50, 1000])
def test_next_to_nothing_is_left_of_the_data(schedule: str, steps: int) -> None:
    process = process_of(schedule, steps)
    assert process.kept[0] == 1 and process.kept[-1] < 1e-3
    assert (np.diff(process.kept) < 0).all()
    assert process.snr()[0] == np.inf
    np.testing.assert_allclose(process.signal**2 + process.noise**2, 1, rtol=1e-12)


def test_a_single_step_may_leave_just_as_much_as_is_accepted() -> None:
    np.testing.assert_allclose(process_of("cosine", 1).kept, [1, 0.001])


def test_a_schedule_that_leaves_too_much_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"leaves ᾱ_T = 0\.07\d* of the data's variance after its 50 steps"):
        Process(np.linspace(1e-4, 0.1, 50))


@pytest.mark.parametrize("betas", [[], [0.5, 1.0], [0.0, 0.9], [[0.5]], [np.nan]])
def test_numbers_that_are_no_schedule_are_refused(betas: Any) -> None:
    with pytest.raises(ConfigError, match=r"numbers β in \(0, 1\)"):
        Process(np.array(betas))


def test_wrong_names_and_numbers_of_steps_are_refused() -> None:
    with pytest.raises(ConfigError, match=r"no noise schedule 'cosin'.*'cosine'"):
        process_of("cosin", 100)
    with pytest.raises(ConfigError, match=r"at least 21 steps.*Received: 20"):
        process_of("linear", 20)
    process = process_of("linear", 1000)
    for count in (0, -1, 1001):
        with pytest.raises(ConfigError, match=rf"from 1 to 1000 steps.*Received: {count}"):
            process.times(count)


def test_times_go_from_all_noise_to_data() -> None:
    process = process_of("cosine", 100)
    assert process.times(1) == [100, 0]
    assert process.times(4) == [100, 75, 50, 25, 0]
    assert process.times(100) == list(range(100, -1, -1))
    for count in (3, 7, 64, 99):
        times = process.times(count)
        assert len(times) == count + 1 and all(t > s for t, s in pairwise(times))


@pytest.mark.parametrize("schedule", sorted(NOISE_SCHEDULES))
def test_mean_and_variance_of_the_forward_process(schedule: str) -> None:
    """T single steps of variance β_t lead where the closed form says."""
    rng = np.random.default_rng(0)
    process = process_of(schedule, 50)
    x0 = 1.7
    x = np.full(200_000, x0)
    for t in range(1, 51):
        _, beta = process.bridge(t, t - 1)
        x = np.sqrt(1 - beta) * x + np.sqrt(beta) * rng.standard_normal(x.shape)
        if t in (1, 10, 25, 50):
            direct = process.diffuse(x0, rng.standard_normal(x.shape), t)
            for sample in (x, direct):
                assert sample.mean() == pytest.approx(np.sqrt(process.kept[t]) * x0, abs=0.01)
                assert sample.var() == pytest.approx(1 - process.kept[t], rel=0.01)


@pytest.mark.parametrize("predict", sorted(PARAMETERISATIONS))
@pytest.mark.parametrize("t", [1, 37, 99])
def test_a_prediction_tells_data_and_noise_apart(predict: Any, t: int) -> None:
    rng = np.random.default_rng(1)
    process = process_of("linear", 100)
    x0, noise = rng.normal(size=(2, 5, 3))
    x = process.diffuse(x0, noise, t)
    a, b = mixture(predict, process)
    got = split(predict, process, a[t] * x0 + b[t] * noise, x, t)
    np.testing.assert_allclose(got, (x0, noise), atol=1e-9)
    np.testing.assert_allclose(noise_in(process, x, x0, t), noise, atol=1e-9)


def test_the_velocity_is_the_derivative_along_the_angle() -> None:
    """With √ᾱ = cos φ and √(1−ᾱ) = sin φ, v = dx_φ/dφ (Salimans & Ho, 2022)."""
    process = process_of("cosine", 100)
    x0, noise, t, h = 0.7, -1.3, 40, 1e-6
    angle = np.arccos(process.signal[t])
    slope = ((np.cos(angle + h) - np.cos(angle - h)) * x0 + (np.sin(angle + h) - np.sin(angle - h)) * noise) / (2 * h)
    a, b = mixture("v", process)
    assert a[t] * x0 + b[t] * noise == pytest.approx(slope, rel=1e-8)


@pytest.mark.parametrize(
    ("predict", "expected"),
    [
        ("epsilon", lambda snr, capped: capped / snr),
        ("x0", lambda snr, capped: capped),
        ("v", lambda snr, capped: capped / (snr + 1)),
    ],
)
def test_min_snr_weights_are_those_of_the_paper(predict: Any, expected: Any) -> None:
    process = process_of("cosine", 100)
    snr = process.snr()[1:]
    weight = min_snr_weight(predict, process, 5.0)
    np.testing.assert_allclose(weight[1:], expected(snr, np.minimum(snr, 5.0)), rtol=1e-7)
