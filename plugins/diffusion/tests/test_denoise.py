"""The objective: what it draws, what it asks for, how parts and weights add up, and what it refuses."""

from __future__ import annotations

from typing import Any

import numpy as np
import pellucid as pl
import pytest
from pellucid import Context, get_ops
from pellucid_diffusion.denoise import Denoise
from pellucid_diffusion.parameterisations import min_snr_weight, mixture

STEPS = 50


class Listener(pl.Layer):
    """A denoiser that says what it is told to say, and remembers what it was asked."""

    integer_inputs = (1, 2)
    classes = 3

    def __init__(self, says: Any = None) -> None:
        self.says = says

    def output_shape(self, *input_shapes: Any) -> Any:
        return input_shapes[0]

    def build(self, *input_shapes: Any) -> None:
        self.factor = self.param("factor", ())

    def forward(self, ctx: Context, *inputs: Any) -> Any:
        ctx.asked = [np.array(part) for part in inputs]
        return np.zeros_like(inputs[0]) if self.says is None else self.says(*inputs)

    def backward(self, ctx: Context, *dy: Any) -> Any:
        ctx.dy = dy[0].copy()
        return None, None, None


def listener(says: Any = None) -> pl.Layer:
    return pl.build(Listener(says), input_shape=[(2,), (), ()], seed=0, dtype="float64")


def data(n: int = 3000) -> pl.Batch:
    rng = np.random.default_rng(0)
    return pl.Batch(rng.normal(1.0, 0.5, (n, 2)), rng.integers(0, 3, n), None, np.arange(n))


def asked(objective: Denoise, batch: pl.Batch, *, training: bool = True, step: int = 0) -> tuple[Any, Context]:
    model = listener()
    ctx = Context(get_ops("reference"), training=training, dtype="float64")
    ctx.begin(step, 0, index=None if training else batch.index)
    objective.forward(ctx, model, batch)
    return ctx.child("model").asked, ctx


def test_times_are_uniform_and_never_zero() -> None:
    _, t, _ = asked(Denoise(steps=STEPS), data(50_000))[0]
    counts = np.bincount(t, minlength=STEPS + 1)
    assert counts[0] == 0 and len(counts) == STEPS + 1
    assert counts[1:].min() > 850 and counts[1:].max() < 1150
    assert t.dtype == np.int64


def test_mean_and_variance_of_what_the_network_sees() -> None:
    objective = Denoise(steps=STEPS)
    x0 = np.full((60_000, 2), 2.0)
    x_t, t, _ = asked(objective, pl.Batch(x0, np.zeros(len(x0), np.int64)))[0]
    process = objective.process
    for time in (1, 20, 50):
        seen = x_t[t == time]
        assert seen.mean() == pytest.approx(2 * process.signal[time], abs=0.06)
        assert seen.std() == pytest.approx(process.noise[time], rel=0.05)
    assert abs(np.corrcoef(((x_t - process.signal[t][:, None] * 2) / process.noise[t][:, None]).T)[0, 1]) < 0.02


@pytest.mark.parametrize("predict", ["epsilon", "x0", "v"])
@pytest.mark.parametrize("weighting", ["uniform", "min_snr"])
def test_the_loss_is_that_of_the_definition(predict: Any, weighting: Any) -> None:
    objective = Denoise("linear", STEPS, predict, weighting=weighting)
    batch, process = data(40), objective.process
    (x_t, t, _), ctx = asked(objective, batch)
    noise = (x_t - process.signal[t][:, None] * batch.x) / process.noise[t][:, None]
    a, b = mixture(predict, process)
    target = a[t][:, None] * batch.x + b[t][:, None] * noise
    w = np.ones(STEPS + 1) if weighting == "uniform" else min_snr_weight(predict, process, 5.0)
    model = listener(lambda x, t, label: 0.3 * x)
    loss = objective.forward(ctx, model, batch)
    expected = np.mean(w[t][:, None] * (0.3 * x_t - target) ** 2)
    assert float(loss) == pytest.approx(expected, rel=1e-9)
    objective.backward(ctx, model)
    np.testing.assert_allclose(ctx.child("model").dy, 2 * w[t][:, None] * (0.3 * x_t - target) / 80, rtol=1e-9)


def test_a_network_that_knows_everything_has_no_loss() -> None:
    """With one and the same x₀ for all samples, x_t tells the noise."""
    objective = Denoise(steps=STEPS, predict="epsilon")
    x0, process = np.full((50, 2), 0.7), objective.process
    model = listener(lambda x, t, label: (x - process.signal[t][:, None] * 0.7) / process.noise[t][:, None])
    ctx = Context(get_ops("reference"), training=True, dtype="float64")
    assert float(objective.forward(ctx, model, pl.Batch(x0, np.zeros(50, np.int64)))) < 1e-20


def test_labels_are_dropped_in_training_only() -> None:
    batch = data()
    _, _, label = asked(Denoise(steps=STEPS, label_dropout=0.2), batch)[0]
    dropped = label == 3
    assert np.mean(dropped) == pytest.approx(0.2, abs=0.02)
    np.testing.assert_array_equal(label[~dropped], batch.y[~dropped])
    for objective, training in ((Denoise(steps=STEPS), True), (Denoise(steps=STEPS, label_dropout=0.2), False)):
        np.testing.assert_array_equal(asked(objective, batch, training=training)[0][2], batch.y)


def test_every_step_draws_anew() -> None:
    objective, batch = Denoise(steps=STEPS, label_dropout=0.5), data(100)
    first, second = (asked(objective, batch, step=step)[0] for step in (0, 1))
    assert all((a != b).any() for a, b in zip(first, second, strict=True))


def test_parts_add_up_and_evaluation_repeats_whatever_the_batches() -> None:
    objective = Denoise(steps=STEPS, weighting="min_snr", label_dropout=0.2)
    model = pl.build("mlp_denoiser", input_shape=[(2,), (), ()], classes=3, hidden=8, blocks=1, embedding=4, seed=0)
    for param in model.parameters():
        param.data[...] += 0.1 * np.random.default_rng(1).normal(size=param.shape)
    trainer, batch = pl.Trainer(model, objective=objective, seed=0), data(500)
    figures = trainer.evaluate((batch.x, batch.y))
    parts = [figures[name] for name in ("low_noise", "middle_noise", "high_noise")]
    assert sum(parts) == pytest.approx(figures["loss"], rel=1e-5)
    assert min(parts) > 0
    again = trainer.evaluate((batch.x, batch.y), batch_size=77)
    assert again == pytest.approx(figures, rel=1e-5)


@pytest.mark.parametrize(("steps", "thirds"), [
    (21, [0] * 8 + [1] * 7 + [2] * 7), (22, [0] * 9 + [1] * 7 + [2] * 7), (23, [0] * 9 + [1] * 8 + [2] * 7),
])  # fmt: skip
def test_parts_are_those_of_a_third_of_the_times_each(steps: int, thirds: list[int]) -> None:
    """Time t is in the third ⌊3 (t − 1)/T⌋; there is no sample of time 0."""
    objective, batch = Denoise("linear", steps, weighting="min_snr", gamma=0.5), data(90)
    (x_t, t, _), ctx = asked(objective, batch, training=False)
    process = objective.process
    noise = (x_t - process.signal[t][:, None] * batch.x) / process.noise[t][:, None]
    wrong = process.signal[t][:, None] * noise - process.noise[t][:, None] * batch.x  # what v is, where 0 is said
    each = min_snr_weight("v", process, 0.5)[t] * (wrong**2).mean(axis=1)
    for k, name in enumerate(("low_noise", "middle_noise", "high_noise")):
        assert float(ctx.parts[name]) == pytest.approx(each[np.array(thirds)[t] == k].sum() / 90, rel=1e-9)


@pytest.mark.parametrize("weight", [None, np.linspace(0, 2, 24)])
def test_micro_batches_make_the_step_of_the_whole(weight: Any) -> None:
    batch, after = data(24), []
    for batch_size, accumulate in ((24, 1), (8, 3), (5, 5)):
        model = pl.build("mlp_denoiser", input_shape=[(2,), (), ()], classes=3, hidden=8, blocks=1, embedding=4,
                         seed=0, dtype="float64")  # fmt: skip
        objective = Denoise(steps=STEPS, label_dropout=0.3, weighting="min_snr")
        trainer = pl.Trainer(model, objective=objective, optimizer="sgd", seed=1, accumulate=accumulate)
        trainer.fit((batch.x, batch.y), batch_size=batch_size, epochs=2, sample_weight=weight, verbose=False)
        after.append(model.runtime.arena.data.copy())  # type: ignore[union-attr]
    for other in after[1:]:
        assert np.max(np.abs(after[0] - other)) < 1e-12


def test_it_trains_a_strangers_layer() -> None:
    """Any layer of these inputs: here the U-Net's little sister, written on the tape."""

    class Own(pl.Composite):
        integer_inputs = (1,)

        def __init__(self) -> None:
            from pellucid import Dense

            self.first, self.second = Dense(16, "silu"), Dense(2)

        def call(self, ctx: Context, x: Any, t: Any) -> Any:
            time = t[:, None] * (1.0 / STEPS)
            return self.second(self.first(np.concatenate([x, time], axis=1)))

    model = pl.build(Own(), input_shape=[(2,), ()], seed=0)
    trainer = pl.Trainer(model, objective=Denoise(steps=STEPS), optimizer={"type": "adam", "lr": 0.01}, seed=0)
    x = data(400).x
    before = trainer.evaluate((x, None))["loss"]
    trainer.fit((x, None), epochs=20, batch_size=50, verbose=False)
    assert trainer.evaluate((x, None))["loss"] < 0.8 * before


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"schedule": "cubic"}, "'schedule' of Denoise must be one of"),
        ({"predict": "score"}, "'predict' of Denoise must be one of"),
        ({"steps": 0}, "'steps' of Denoise must be an int"),
        ({"schedule": "linear", "steps": 10}, "at least 21 steps"),
        ({"label_dropout": 1.0}, r"'label_dropout' of Denoise must be a float in \[0, 1\)"),
        ({"weighting": "snr"}, "'weighting' of Denoise must be one of"),
        ({"gamma": 0.0}, "'gamma' of Denoise must be a float"),
        ({"data_range": (1, 0)}, r"'data_range' of Denoise must be \[low, high\]"),
    ],
    ids=str,
)
def test_wrong_arguments_are_named(arguments: Any, message: str) -> None:
    with pytest.raises(pl.ConfigError, match=message):
        Denoise(**arguments)


def test_models_and_data_that_do_not_suit_are_refused() -> None:
    dense = pl.build("dense", input_shape=(2,), units=2, seed=0)
    with pytest.raises(pl.ConfigError, match=r"trains models that take \(x, t\) or \(x, t, label\)\. Dense takes"):
        pl.Trainer(dense, objective="diffusion/denoise").fit((np.zeros((4, 2)), None), verbose=False)
    plain = pl.build("mlp_denoiser", input_shape=[(2,), ()], hidden=4, blocks=1, seed=0)
    with pytest.raises(pl.ConfigError, match=r"label_dropout = 0\.1 needs a model that takes labels"):
        pl.Trainer(plain, objective=Denoise(label_dropout=0.1)).fit((np.zeros((4, 2)), None), verbose=False)
    model = pl.build("mlp_denoiser", input_shape=[(2,), (), ()], classes=3, hidden=4, blocks=1, seed=0)
    for y, message in (
        (None, r"takes labels, so every sample needs a class number.* Received: y = None"),
        (np.zeros((4, 1)), r"takes labels.*targets of shape \(4, 1\)"),
        (np.array([0, 1, 3, 2]), "labels from 0 to 2. Received: 3 in row 2"),
    ):
        with pytest.raises(pl.DataError, match=message):
            pl.Trainer(model).fit((np.zeros((4, 2)), y), verbose=False)


def test_a_denoiser_says_how_it_is_built() -> None:
    with pytest.raises(pl.ShapeError, match=r"takes x, t, label, all but x of shape \(\)\. Received: .*\[\(2,\)\]"):
        pl.build("mlp_denoiser", input_shape=(2,), classes=3)
    with pytest.raises(pl.ShapeError, match="samples of a fixed shape"):
        pl.build("mlp_denoiser", input_shape=[(None, 2), ()])
    with pytest.raises(pl.ConfigError, match="'units' of Embedding must be even"):
        pl.build("mlp_denoiser", input_shape=[(2,), ()], embedding=5)
