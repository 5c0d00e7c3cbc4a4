"""Sampling from trained models: what is drawn, guidance, repeatability, and what is refused."""

from __future__ import annotations

import tracemalloc
from typing import Any

import numpy as np
import pellucid as pl
import pytest
from pellucid import Context
from pellucid_diffusion.denoise import Denoise
from pellucid_diffusion.guidance import Guided, objective_of
from pellucid_diffusion.sampling import BATCH, make_sampler, paths, sample

STEPS = 50


def row_of(x: Any) -> Any:
    """The row with the most ink."""
    return x.sum(axis=2).argmax(axis=1)


@pytest.mark.parametrize("sampler", ["dpm_solver", "ddim", "ddpm", "ddpm_beta"])
@pytest.mark.parametrize("guidance", [0.0, 1.0])
def test_every_sampler_draws_what_it_is_asked_for(draws_bars: pl.Layer, sampler: str, guidance: float) -> None:
    labels = np.arange(60) % 3
    x = sample(draws_bars, labels=labels, sampler=sampler, steps=20, guidance=guidance)
    assert x.shape == (60, 4, 4) and x.dtype == np.float32
    assert x.min() > -0.2 and x.max() < 1.2  # in the units of the data
    assert np.mean(row_of(x) == labels) > 0.95
    assert np.mean(np.abs(x[np.arange(60), labels] - 1)) < 0.15


def test_without_labels_it_draws_all_classes(draws_bars: pl.Layer) -> None:
    rows = row_of(sample(draws_bars, 90, steps=20))
    counts = np.bincount(rows, minlength=4)
    assert counts[:3].min() > 12 and counts[3] < 5


def test_guidance_zero_is_the_conditional_model_and_one_evaluation() -> None:
    """ε̂ = (1 + w) ε_c − w ε_∅, counted and computed by hand."""
    calls: list[Any] = []

    class Says(pl.Layer):
        integer_inputs = (1, 2)
        classes = 2

        def output_shape(self, *input_shapes: Any) -> Any:
            return input_shapes[0]

        def forward(self, ctx: Context, *inputs: Any) -> Any:
            calls.append(inputs[2].copy())
            return np.where(inputs[2] == 2, 0.25, 1.0 + inputs[2])[:, None] * np.ones_like(inputs[0])

        def backward(self, ctx: Context, *dy: Any) -> Any:
            raise AssertionError

    model = pl.build(Says(), input_shape=[(1,), (), ()], seed=0, dtype="float64")
    objective = Denoise(steps=50, predict="epsilon", label_dropout=0.1)
    x, labels = np.array([[0.3], [-0.8]]), np.array([0, 1])

    def said(guidance: float) -> Any:
        calls.clear()
        ctx = Context(model.runtime.ops, dtype="float64")  # type: ignore[union-attr]
        return Guided(model, objective, labels, guidance, ctx)(x, 20)

    process = objective.process
    for guidance, expected in ((0.0, [[1.0], [2.0]]), (1.0, [[1.75], [3.75]]), (0.5, [[1.375], [2.875]])):
        x0, epsilon = said(guidance)
        np.testing.assert_allclose(epsilon, expected, rtol=1e-12)
        np.testing.assert_allclose(process.signal[20] * x0 + process.noise[20] * epsilon, x, rtol=1e-12)
        assert [call.tolist() for call in calls] == ([[0, 1]] if guidance == 0 else [[0, 1], [2, 2]])


def test_data_keep_to_their_range(draws_bars: pl.Layer) -> None:
    ctx = Context(draws_bars.runtime.ops)  # type: ignore[union-attr]
    objective = objective_of(draws_bars)
    said = Guided(draws_bars, objective, np.array([0, 1]), 5.0, ctx)
    x = 3 * np.random.default_rng(0).normal(size=(2, 4, 4)).astype("float32")
    x0, epsilon = said(x, 25)
    assert np.abs(x0).max() == 1.0
    process = objective.process
    np.testing.assert_allclose(process.signal[25] * x0 + process.noise[25] * epsilon, x, atol=1e-5)


@pytest.mark.parametrize("sampler", ["dpm_solver", "ddim", "ddpm"])
def test_a_sample_depends_on_its_number_and_its_seed_alone(draws_bars: pl.Layer, sampler: str) -> None:
    how: dict[str, Any] = {"sampler": sampler, "steps": 3}
    many = sample(draws_bars, labels=[1] * (BATCH + 20), **how)
    few, again = (sample(draws_bars, labels=[1] * 20, **how) for _ in range(2))
    np.testing.assert_array_equal(few, again)
    np.testing.assert_allclose(few, many[:20], atol=1e-5)
    assert len(np.unique(many.reshape(len(many), -1).round(5), axis=0)) == len(many)
    assert not np.allclose(sample(draws_bars, labels=[1] * 20, seed=1, **how), many[:20])


def test_ddim_depends_on_its_start_alone(draws_bars: pl.Layer) -> None:
    """Fewer steps of the same deterministic process, from the same noise, lead to about the same samples."""
    few, many = (sample(draws_bars, labels=[0, 1, 2], sampler="ddim", steps=steps) for steps in (25, 50))
    assert np.abs(few - many).max() < 0.2


def test_paths_end_in_the_samples(draws_bars: pl.Layer) -> None:
    way = paths(draws_bars, labels=[2, 0], steps=10)
    assert way.shape == (11, 2, 4, 4)
    np.testing.assert_array_equal(way[-1], sample(draws_bars, labels=[2, 0], steps=10))
    assert way[0].std() > 0.8 * 0.5  # noise of variance 1, in units that are half as large


def test_only_the_last_step_is_kept(draws_bars: pl.Layer) -> None:
    def peak(steps: int) -> int:
        tracemalloc.start()
        sample(draws_bars, BATCH, sampler="ddim", steps=steps)
        most = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return most

    peak(2)  # what is imported and kept for good does not count
    one_step = BATCH * 4 * 4 * np.dtype("float32").itemsize
    assert peak(STEPS) - peak(5) < 10 * one_step


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"count": 2, "steps": 0}, pl.ConfigError, "from 1 to 50 steps.*Received: 0"),
        ({"count": 2, "steps": 51}, pl.ConfigError, "from 1 to 50 steps.*Received: 51"),
        ({"count": 2, "steps": 2.5}, pl.ConfigError, r"from 1 to 50 steps.*Received: 2\.5"),
        ({"count": 2, "steps": "3"}, pl.ConfigError, "from 1 to 50 steps.*Received: '3'"),
        ({"count": 2, "steps": True}, pl.ConfigError, "from 1 to 50 steps.*Received: True"),
        ({"count": 2, "sampler": None}, pl.ConfigError, "no sampler None"),
        ({"count": 2, "sampler": ["ddim"]}, pl.ConfigError, r"no sampler \['ddim'\]"),
        ({"count": 2, "sampler": "ddim", "eta": "x"}, pl.ConfigError, "'eta' of DDIM must be a float.*Received: 'x'"),
        ({"count": 2, "sampler": "dimm"}, pl.ConfigError, "no sampler 'dimm'.*Did you mean 'ddim'"),
        ({"count": 2, "eta": 0.5}, pl.ConfigError, r"Only ddim has an eta\. Received: eta = 0\.5 for dpm_solver"),
        ({"count": 2, "sampler": "ddim", "eta": 2.0}, pl.ConfigError, "'eta' of DDIM"),
        ({"count": 0}, pl.ConfigError, r"'count' of sample must be an int in \[1, inf\)"),
        ({}, pl.ConfigError, "How many samples"),
        ({"labels": [0, 3]}, pl.DataError, "classes 0 to 2. Received: 3"),
        ({"labels": []}, pl.DataError, r"Labels say which samples to draw.*Received: \[\]"),
        ({"labels": [0.5]}, pl.DataError, "Labels are class numbers"),
        ({"labels": [0, 1], "count": 3}, pl.DataError, "one label for each of the 3 samples. Received: 2 labels"),
        ({"count": 2, "guidance": 1.0}, pl.ConfigError, r"guidance = 1\.0 needs a label to guide towards"),
        ({"labels": [0], "guidance": float("nan")}, pl.ConfigError, "'guidance' of sample .* Received: nan"),
        ({"labels": [0], "guidance": -1.0}, pl.ConfigError, r"'guidance' of sample must be a float in \[0, inf\)"),
    ],
    ids=str,
)
def test_wrong_requests_are_refused(draws_bars: pl.Layer, arguments: Any, error: Any, message: str) -> None:
    with pytest.raises(error, match=message):
        sample(draws_bars, **arguments)


def trained(objective: Any, **arguments: Any) -> pl.Layer:
    classes = arguments.get("classes", 0)
    model = pl.build("mlp_denoiser", input_shape=[(2,), (), ()][: 3 if classes else 2], hidden=4, blocks=1,
                     embedding=4, seed=0, **arguments)  # fmt: skip
    pl.Trainer(model, objective=objective, seed=0).fit((np.zeros((8, 2)), np.arange(8) % 2), verbose=False)
    return model


def test_guidance_needs_label_dropout() -> None:
    model = trained({"type": "diffusion/denoise", "steps": 50}, classes=2)
    assert sample(model, labels=[0, 1], steps=2).shape == (2, 2)
    with pytest.raises(pl.ConfigError, match=r"trained with label_dropout = 0: it has never seen 'no label'"):
        sample(model, labels=[0, 1], guidance=1.0)
    with pytest.raises(pl.ConfigError, match=r"makes samples of a class only\. Give labels"):
        sample(model, 2)


def test_models_without_labels_and_untrained_ones() -> None:
    model = trained({"type": "diffusion/denoise", "steps": 50})
    assert sample(model, 3, steps=2).shape == (3, 2)
    for arguments in ({"labels": [0]}, {"count": 1, "guidance": 1.0}):
        with pytest.raises(pl.ConfigError, match="takes no labels, so there is nothing to guide it by"):
            sample(model, **arguments)  # type: ignore[arg-type]
    with pytest.raises(pl.ConfigError, match=r"Sampling reverses .* This MlpDenoiser has not been trained"):
        sample(pl.build("mlp_denoiser", input_shape=[(2,), ()], seed=0), 1)
    dense = pl.build("dense", input_shape=(2,), units=2, seed=0)
    pl.Trainer(dense, loss="mse", seed=0).fit((np.zeros((4, 2)), np.zeros((4, 2))), verbose=False)
    with pytest.raises(pl.ConfigError, match=r"This Dense was trained with core/supervised"):
        sample(dense, 1)


def test_samples_that_are_not_finite_are_refused() -> None:
    model = trained({"type": "diffusion/denoise", "steps": 50, "label_dropout": 0.1}, classes=2)
    for draw in (sample, paths):
        with pytest.raises(pl.NumericalError, match=r"[12] of 2 samples are not finite.*guidance = 1e\+38.*Take less"):
            draw(model, labels=[0, 1], steps=5, guidance=1e38)
    model.parameters()[0].data[...] = np.nan
    with pytest.raises(pl.NumericalError, match=r"2 of 2 samples .* number 0, with guidance = 0.*weights"):
        sample(model, labels=[0, 1], steps=5)


def test_samplers_are_made_by_name() -> None:
    assert make_sampler("ddim", 0.5) == make_sampler("ddim", 0.5) != make_sampler("ddim")


def test_a_saved_model_draws_the_same(draws_bars: pl.Layer, saved_bars: Any) -> None:
    again = pl.load(saved_bars)
    np.testing.assert_array_equal(sample(again, labels=[0, 1], steps=5), sample(draws_bars, labels=[0, 1], steps=5))
