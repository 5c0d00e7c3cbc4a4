"""Witness: a U-Net denoiser with skip concatenation, time and label inputs, and an objective that draws noise."""

from __future__ import annotations

from typing import Any

import numpy as np
import pellucid as pl
import pytest
from pellucid import Context, Dense
from pellucid.testing import check_gradients

SIZE, CLASSES, STEPS = 4, 3, 20


class Conv(pl.Composite):
    """A 3×3 convolution, NHWC, the image padded with zeros: the nine shifted images side by side, times W."""

    def __init__(self, channels: int) -> None:
        self.channels = channels

    def declare(self, *input_shapes: Any) -> None:
        self.weight = self.param("weight", (9 * input_shapes[0][-1], self.channels), init="he", decay=True)
        self.bias = self.param("bias", (self.channels,))

    def call(self, ctx: Context, x: Any) -> Any:
        height, width = x.shape[1:3]
        x = np.pad(x, ((0, 0), (1, 1), (1, 1), (0, 0)))
        shifted = [x[:, i : i + height, j : j + width] for i in range(3) for j in range(3)]
        return np.concatenate(shifted, axis=-1) @ self.weight + self.bias


class Block(pl.Composite):
    """Convolution, plus what the moment says to each channel, then SiLU."""

    def __init__(self, channels: int) -> None:
        self.conv, self.shift = Conv(channels), Dense(channels)

    def call(self, ctx: Context, h: Any, moment: Any) -> Any:
        h = self.conv(h) + self.shift(moment)[:, None, None, :]
        return h / (1 + np.exp(-h))


class UNet(pl.Composite):
    """x_t (N, H, W, C), t (N,), label (N,) -> the noise in x_t; label CLASSES stands for "none"."""

    integer_inputs = (1, 2)

    def __init__(self, widths: tuple[int, ...] = (3, 4), moment: int = 6) -> None:
        self.widths, self.moment = widths, moment
        self.time = [Dense(moment, "silu"), Dense(moment)]
        self.down = [Block(width) for width in widths]
        self.middle = Block(widths[-1])
        self.up = [Block(width) for width in reversed(widths)]
        self.out = Conv(1)

    def declare(self, *input_shapes: Any) -> None:
        self.labels = self.param("labels", (CLASSES + 1, self.moment), init="normal")

    def call(self, ctx: Context, x: Any, t: Any, label: Any) -> Any:
        angle = t[:, None] / STEPS * 2.0 ** ctx.xp.arange(3)  # (N, 3)
        moment = np.concatenate([np.sin(angle), np.cos(angle)], axis=1)
        for dense in self.time:
            moment = dense(moment)
        moment = moment + ctx.variable(self.labels)[label]
        h, skips = x, []
        for block in self.down:
            skips.append(block(h, moment))
            n, height, width, channels = skips[-1].shape
            h = skips[-1].reshape(n, height // 2, 2, width // 2, 2, channels).mean(axis=(2, 4))
        h = self.middle(h, moment)
        for block in self.up:
            h = np.repeat(np.repeat(h, 2, axis=1), 2, axis=2)
            h = block(np.concatenate([h, skips.pop()], axis=-1), moment)
        return self.out(h)


class Denoise(pl.Objective):
    """``L = mean (ε̂(x_t, t, label) − ε)²`` with ``x_t = √ᾱ_t x₀ + √(1−ᾱ_t) ε``; labels are dropped at a rate."""

    def __init__(self, drop: float = 0.2) -> None:
        self.drop = drop

    def input_shapes(self, model: Any) -> Any:
        return model.runtime.input_shapes[:1]  # t and the label are made here

    def forward(self, ctx: Context, model: Any, batch: Any) -> Any:
        n, xp = len(batch), ctx.xp
        t = (ctx.uniform((n,), "t") * STEPS).astype("int64")
        label = xp.where(ctx.uniform((n,), "drop") < self.drop, CLASSES, batch.y)
        kept = xp.cumprod(1 - xp.linspace(0.01, 0.4, STEPS))[t].astype(ctx.dtype).reshape(n, 1, 1, 1)  # ᾱ_t
        noise = ctx.normal(batch.x.shape, "noise")
        noisy = xp.sqrt(kept) * batch.x + xp.sqrt(1 - kept) * noise
        prediction = model.forward(ctx.child("model", (False, False, False)), noisy, t, label)
        ctx.count = float(n)
        value, ctx.gradient = pl.value_and_grad(lambda p: np.mean((p - noise) ** 2))(prediction)
        return value

    def backward(self, ctx: Context, model: Any) -> None:
        model.backward(ctx.child("model"), ctx.gradient)


SMALL = ((1, 2), 4)


def built(network: Any = None, dtype: str = "float64", **options: Any) -> Any:
    return pl.build(network or UNet(), input_shape=[(SIZE, SIZE, 1), (), ()], seed=0, dtype=dtype, **options)


def data(n: int = 24) -> tuple[np.ndarray, np.ndarray]:
    y = np.arange(n) % CLASSES
    x = np.zeros((n, SIZE, SIZE, 1))
    x[np.arange(n), y] = 1.0  # a bar in the row of its class
    return x, y


def test_gradients_of_the_network() -> None:
    rng = np.random.default_rng(0)
    x, y = data(3)
    report = check_gradients(UNet(*SMALL), x + rng.normal(size=x.shape), rng.integers(0, STEPS, 3), y, tolerance=1e-7)
    assert report.compared > 250


def test_gradients_of_the_objective() -> None:
    x, y = data(4)
    model = built(UNet(*SMALL), backend="reference")
    assert check_gradients(Denoise(), model, pl.Batch(x, y), tolerance=1e-7).compared > 200


def test_shapes_are_found_and_sizes_that_do_not_divide_are_refused() -> None:
    model = built()
    assert model.output_shape((8, 8, 1), (), ()) == (8, 8, 1)
    assert model.up[1].conv.weight.shape == (9 * (4 + 3), 3)
    with pytest.raises(pl.ShapeError, match=r"UNet\.call does not fit inputs of shape \(6, 6, 1\), \(\), \(\)"):
        pl.build(UNet(), input_shape=[(6, 6, 1), (), ()], seed=0)


def test_every_input_matters() -> None:
    model, (x, y) = built(), data(6)
    t = np.full(6, 3)
    for param in model.parameters():
        param.data = np.random.default_rng(1).normal(size=param.shape)
    before = model.predict((x, t, y))
    assert not np.allclose(model.predict((x, t + 5, y)), before)
    assert not np.allclose(model.predict((x, t, np.full(6, CLASSES))), before)
    with pytest.raises(pl.DataError, match=r"Input 1 of the model holds indices"):
        model.predict((x, t * 1.0, y))


def test_it_trains_and_evaluation_repeats() -> None:
    x, y = data()
    trainer = pl.Trainer(built(dtype="float32"), objective=Denoise(), optimizer={"type": "adam", "lr": 0.01}, seed=0)
    before = trainer.evaluate((x, y))["loss"]
    trainer.fit((x, y), epochs=40, batch_size=12, verbose=False)
    after = trainer.evaluate((x, y))["loss"]
    assert after < 0.6 * before
    assert trainer.evaluate((x, y), batch_size=7)["loss"] == pytest.approx(after, rel=1e-5)


def test_draws_do_not_depend_on_the_split_into_micro_batches() -> None:
    x, y = data()
    after = []
    for batch_size, accumulate in ((24, 1), (8, 3)):
        model = built()
        trainer = pl.Trainer(model, objective=Denoise(), optimizer="sgd", seed=1, accumulate=accumulate)
        trainer.fit((x, y), batch_size=batch_size, verbose=False)
        after.append(model.runtime.arena.data.copy())
    assert np.max(np.abs(after[0] - after[1])) < 1e-12
