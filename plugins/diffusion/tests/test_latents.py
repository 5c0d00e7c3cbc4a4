"""Latent diffusion: codes of unit variance, one file that holds all of it, and samples that are decoded."""

from __future__ import annotations

from copy import deepcopy
from pathlib import Path
from typing import Any

import numpy as np
import pellucid as pl
import pytest
from pellucid.registry.registry import default_registry
from pellucid_diffusion.latents import Latents
from pellucid_diffusion.sampling import paths, sample

AE = {"type": "ae/autoencoder", "latent": 3, "hidden": [12], "activation": "tanh"}


def blobs(n: int = 400) -> tuple[Any, Any]:
    """Images of 3 x 4 with a bright column, which one says the label."""
    rng, y = np.random.default_rng(0), np.arange(n) % 4
    x = np.zeros((n, 3, 4))
    x[np.arange(n), :, y] = rng.uniform(0.7, 1.0, (n, 1))
    return (x + 0.02 * rng.normal(size=x.shape)).astype("float32"), y


def latents(**arguments: Any) -> Latents:
    made: Latents = pl.create(
        "transform", "diffusion/latents", lr=0.02, **{"autoencoder": AE, "epochs": 60, **arguments}
    )
    return made


@pytest.fixture(scope="module")
def fitted() -> Latents:
    transform = latents()
    transform.fit(blobs()[0])
    return transform


def test_codes_have_mean_zero_and_unit_variance(fitted: Latents) -> None:
    codes = fitted.apply(blobs()[0])
    assert codes.shape == (400, 3) and codes.dtype == np.float32
    np.testing.assert_allclose(codes.mean(axis=0), 0, atol=1e-5)
    np.testing.assert_allclose(codes.std(axis=0), 1, atol=1e-5)


def test_the_way_back_is_the_decoder(fitted: Latents) -> None:
    x, _ = blobs()
    assert np.mean((fitted.inverse(fitted.apply(x)) - x) ** 2) < 0.1 * x.var()


def test_the_autoencoder_that_was_given_is_not_touched(fitted: Latents) -> None:
    assert fitted.autoencoder.runtime is None and not fitted.autoencoder.parameters()


def test_states_of_the_autoencoder_are_kept() -> None:
    """Here the averages of batch_norm, which it applies outside training."""
    x = 3 + blobs()[0]
    transform = latents(autoencoder={**AE, "corruption": {"type": "batch_norm"}}, epochs=2)
    transform.fit(x)
    codes = transform.apply(x)
    restored = latents(autoencoder=transform.autoencoder)
    restored.restore(transform.state())
    for again in (deepcopy(transform), restored):
        np.testing.assert_array_equal(again.apply(x), codes)


def test_wrong_samples_and_files_are_refused(fitted: Latents) -> None:
    with pytest.raises(pl.DataError, match=r"Latents was fitted on samples of shape \(3, 4\)"):
        fitted.apply(np.zeros((2, 12), "float32"))
    with pytest.raises(pl.DataError, match="Latents has not been fitted"):
        latents().apply(blobs()[0])
    with pytest.raises(pl.CheckpointError, match=r"must hold .*Received"):
        latents().restore({"mean": np.zeros(3)})
    state = fitted.state()
    other = pl.create("transform", "diffusion/latents", autoencoder={**AE, "hidden": [5]})
    other.restore(state)
    with pytest.raises(pl.CheckpointError, match=r"autoencoder of Latents has .* parameters"):
        other.apply(blobs()[0])
    with pytest.raises(pl.ConfigError, match=r"must have 'latent', 'encode' and 'decode'.*Received: Dense"):
        pl.create("transform", "diffusion/latents", autoencoder={"type": "dense", "units": 2})


def test_autoencoders_are_checked_when_the_model_is_built(monkeypatch: pytest.MonkeyPatch) -> None:
    def built(autoencoder: Any) -> None:
        pl.build("latent_diffusion", input_shape=[(3,), ()], autoencoder=autoencoder, seed=0)

    with pytest.raises(pl.ConfigError, match=r"autoencodr.*Did you mean 'ae/autoencoder'"):
        built({**AE, "type": "ae/autoencodr"})
    monkeypatch.delitem(default_registry().plugins.found, "ae")
    with pytest.raises(pl.ConfigError, match=r"needs pellucid-ae, .*: pip install .*\./plugins/ae"):
        built(AE)


def test_one_model_file_encodes_denoises_and_decodes(tmp_path: Path) -> None:
    x, y = blobs()
    model = pl.build("latent_diffusion", input_shape=[(3,), (), ()], classes=4, hidden=48, blocks=2, embedding=16,
                     autoencoder=AE, autoencoder_epochs=250, seed=0)  # fmt: skip
    trainer = pl.Trainer(
        model, objective={"type": "diffusion/denoise", "steps": 50, "label_dropout": 0.1},
        optimizer={"type": "adam", "lr": 4e-3}, schedule="cosine", callbacks=["ema"], seed=0,
    )  # fmt: skip
    trainer.fit((x, y), epochs=60, batch_size=50, verbose=False)
    labels = np.arange(80) % 4
    drawn = sample(model, labels=labels, steps=20, guidance=1.0)
    assert drawn.shape == (80, 3, 4)
    assert np.mean(drawn.sum(axis=1).argmax(axis=1) == labels) > 0.9
    assert paths(model, labels=[1], steps=4).shape == (5, 1, 3, 4)
    pl.save(model, tmp_path / "latent.safetensors")
    again = pl.load(tmp_path / "latent.safetensors")
    np.testing.assert_array_equal(sample(again, labels=labels, steps=20, guidance=1.0), drawn)
