"""The U-Net: its shapes, what it learns from a handful of images, and what it refuses."""

from __future__ import annotations

from typing import Any

import numpy as np
import pellucid as pl
import pytest
from pellucid.registry.registry import Registry
from pellucid.testing.registries import use_registry
from pellucid_diffusion.sampling import sample


def unet(shape: tuple[int, ...] = (4, 4, 1), **arguments: Any) -> pl.Layer:
    labels = [()] * bool(arguments.get("classes"))
    return pl.build("unet_denoiser", input_shape=[shape, (), *labels], seed=0, **{"channels": [4, 8], **arguments})


def test_it_halves_and_doubles() -> None:
    model: Any = unet((28, 28, 1), channels=[4, 6, 8], classes=10)
    shapes = {param.path: param.shape for param in model.parameters()}
    assert shapes["entry.weight"] == (3, 3, 1, 4)
    assert shapes["up.0.first.layers.2.weight"] == (3, 3, 6 + 4, 4)  # what was seen beside what was understood
    assert shapes["told.labels.weight"] == (11, 64)
    x = np.random.default_rng(0).normal(size=(2, 28, 28, 1))
    y = model.predict((x, np.array([5, 900]), np.array([3, 10])))
    assert y.shape == x.shape and not y.any()  # it starts by saying 0


def test_time_and_label_are_heard() -> None:
    model: Any = unet(classes=3)
    rng = np.random.default_rng(1)
    for param in model.parameters():
        param.data = rng.normal(0, 0.3, param.shape)
    x, t, label = rng.normal(size=(3, 4, 4, 1)), np.array([1, 50, 900]), np.array([0, 1, 3])
    before = model.predict((x, t, label))
    assert np.abs(model.predict((x, t + 7, label)) - before).min(axis=(1, 2, 3)).all()
    assert np.abs(model.predict((x, t, (label + 1) % 4)) - before).max(axis=(1, 2, 3)).all()


def test_it_learns_to_draw_bars() -> None:
    y = np.arange(120) % 2
    x = np.full((120, 4, 4, 1), -1.0)
    x[y == 0, 1], x[y == 1, :, 2] = 1.0, 1.0  # a row, or a column
    objective = {"type": "diffusion/denoise", "steps": 50, "label_dropout": 0.1, "data_range": [-1, 1]}
    model = unet(classes=2, channels=[8, 16], embedding=16)
    trainer = pl.Trainer(model, objective=objective, optimizer={"type": "adam", "lr": 1e-2}, schedule="cosine", seed=0)
    trainer.fit((x, y), epochs=25, batch_size=40, verbose=False)
    drawn, labels = sample(model, labels=[0, 1] * 10, steps=10), np.array([0, 1] * 10)
    expected = np.stack([x[0], x[1]])[labels]
    assert np.mean((drawn - expected) ** 2) < 0.1


@pytest.mark.parametrize(
    ("shape", "arguments", "error", "message"),
    [
        ((5, 6, 1), {}, pl.ShapeError, r"divide by 2\. Received: images of 5 x 6\. Pad them, here to 6 x 6"),
        ((28, 28, 1), {"channels": [4, 4, 4, 4]}, pl.ShapeError, "halves its images 3.*here to 32 x 32"),
        ((16,), {}, pl.ShapeError, r"takes images.*Received: \(16,\).*flat = false"),
        ((4, 4, 1), {"channels": []}, pl.ConfigError, "must hold at least one size"),
        ((4, 4, 1), {"channels": [4, 0]}, pl.ConfigError, r"'channels\[1\]' of UNetDenoiser"),
    ],
    ids=str,
)
def test_what_does_not_fit_is_refused(shape: Any, arguments: Any, error: Any, message: str) -> None:
    with pytest.raises(error, match=message):
        unet(shape, **arguments)


def test_without_the_layers_of_the_cnn_plugin_it_says_what_to_install() -> None:
    registry = Registry()
    del registry.plugins.found["cnn"]
    with use_registry(registry), pytest.raises(pl.ConfigError, match=r"pip install .*\./plugins/cnn"):
        unet()
