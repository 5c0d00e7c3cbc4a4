"""Witness: a layer of the sample package, which knows nothing of VAEs, inside one by its registered name."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pellucid as pl
import pytest

pytestmark = pytest.mark.usefixtures("acme")
RBF = {"type": "acme/rbf", "units": 12, "width": 1.5}


def blobs() -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 2, 300)
    x = np.clip(rng.normal(np.where(labels[:, None] == 1, 0.8, 0.2), 0.1, (300, 4)), 0, 1).astype(np.float32)
    return x, labels


def test_it_encodes_and_learns_and_is_saved(tmp_path: Path) -> None:
    x, labels = blobs()
    decoder = {"type": "sequential", "layers": [RBF, {"type": "dense", "units": 4}]}
    model = pl.build("vae", input_shape=(4,), latent=1, encoder=RBF, decoder=decoder, seed=0)
    trainer = pl.Trainer(model, optimizer={"type": "adam", "lr": 0.02}, seed=0)
    history = trainer.fit((x, None), epochs=40, batch_size=50, verbose=False)
    assert history[-1]["loss"] < history[0]["loss"] - 0.1
    codes = model.predict(x)[1][:, 0]
    assert abs(np.corrcoef(codes, labels)[0, 1]) > 0.9  # the one unit has found what the blobs differ in
    pl.save(model, tmp_path / "model.safetensors")
    again = pl.load(tmp_path / "model.safetensors")
    np.testing.assert_array_equal(again.predict(x)[1][:, 0], codes)
    config = pl.to_config(again)
    assert config["encoder"]["type"] == config["decoder"]["layers"][0]["type"] == "acme/rbf"


def test_it_takes_the_label_of_a_conditional_model() -> None:
    x, labels = blobs()
    model = pl.build("conditional_vae", input_shape=[(4,), ()], classes=2, latent=1, encoder=RBF, seed=0)
    trainer = pl.Trainer(model, seed=0)
    trainer.fit((x, labels), epochs=1, verbose=False)
    assert model.encoder.centers.shape == (12, 4 + 2)
    assert trainer.evaluate((x, labels)) == trainer.evaluate((x, labels))
