"""What a page of a step shows of denoising: the noise that was drawn, and what the network takes for it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pellucid as pl
import pytest
from pellucid.glassbox.page.built_in import parts_of


def shown(predict: str, rows: int = 3) -> tuple[Any, list[Any], np.ndarray]:
    """A trace of a step, the parts of its objective, and the samples."""
    model = pl.build("mlp_denoiser", hidden=8, blocks=1, embedding=4, input_shape=((5,), ()), seed=0)
    objective = {"type": "diffusion/denoise", "predict": predict, "steps": 50}
    x = np.random.default_rng(0).normal(size=(rows, 5)).astype("f4")
    trace = pl.Trainer(model, objective=objective, seed=0).trace_step(x)
    (call,) = [call for call in trace.calls if type(call.component).__name__ == "Denoise"]
    return (trace, call), parts_of(call, trace), x


@pytest.mark.parametrize("predict", ["epsilon", "x0", "v"])
def test_what_the_network_takes_for_noise_follows_from_what_it_says(predict: str) -> None:
    """x_t = a x + b ε with a² + b² = 1; of v = a ε − b x there follows ε = b x_t + a v."""
    (trace, call), (noisy, true, guessed, table, _), x = shown(predict)
    x_t = np.asarray(trace[noisy.array], float)
    t, said = np.asarray(trace[call.made["seen1"]]).astype(int).ravel(), np.asarray(trace[call.given["y"]], float)
    a = np.asarray(call.component.process.signal)[t][:, None]
    b = np.sqrt(1 - a**2)
    np.testing.assert_allclose(a * x + b * true.array, x_t, atol=1e-5)
    answers = {"epsilon": said, "x0": (x_t - a * said) / b, "v": b * x_t + a * said}
    np.testing.assert_allclose(guessed.array, answers[predict], rtol=1e-4, atol=1e-4)
    assert predict in guessed.note
    assert [row[:2] for row in table.rows] == [[n, k] for n, k in enumerate(t)]
    np.testing.assert_allclose([row[2] for row in table.rows], a.ravel() ** 2, rtol=1e-5)
    np.testing.assert_allclose([row[3] for row in table.rows], ((guessed.array - true.array) ** 2).mean(1), rtol=1e-5)


def test_of_noise_the_mean_error_is_the_loss() -> None:
    (trace, _), parts, _ = shown("epsilon")
    assert np.mean([row[3] for row in parts[3].rows]) == pytest.approx(float(trace["loss"]), rel=1e-4)


def test_sixteen_rows_are_told() -> None:
    assert len(shown("v", 16)[1][3].rows) == len(shown("v", 17)[1][3].rows) == 16
