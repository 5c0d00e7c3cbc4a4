"""How much memory something is said to take, before any of it is taken: numbers counted by hand."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any

import numpy as np
import pellucid as pl
import pytest

RNG = np.random.default_rng(0)
RESHAPED = {"type": "sequential", "layers": [{"type": "reshape", "shape": [2, 3]}, {"type": "dense", "units": 7}]}


class Asked(Exception):
    def __init__(self, size: int, *words: Any) -> None:
        self.size = size


def vae() -> Any:
    return pl.build({"type": "vae/vae", "latent": 3, "hidden": [4]}, input_shape=(5,), seed=0)


def denoiser() -> Any:
    model = pl.build("diffusion/mlp_denoiser", input_shape=[(4,), ()], hidden=8, blocks=1, embedding=4, seed=0)
    trainer = pl.Trainer(model, objective={"type": "diffusion/denoise", "steps": 12}, seed=0)
    trainer.fit(pl.Split(RNG.normal(size=(6, 4))), epochs=1, verbose=False)
    return model


def loaded(name: str, **arguments: Any) -> Any:
    return pl.create("dataset", name, **arguments).load(RNG)


def a_model(_: Any) -> Any:
    return pl.build("dense", units=2, input_shape=(3,), dtype="float64")


DIFFUSION = "pellucid_diffusion.sampling"
CASES: dict[str, tuple[str, Callable[[Any], Any], int]] = {
    # Two numbers for each of the code and one for each of the output, of 4 bytes.
    "samples of a VAE": ("pellucid_vae.inference", lambda m: m.sample(vae(), 100), 4 * 100 * (2 * 3 + 5)),
    "samples of a denoiser": (DIFFUSION, lambda m: m.sample(denoiser(), 10, steps=6), 2 * 10 * 4 * 4),
    "and their way": (DIFFUSION, lambda m: m.paths(denoiser(), 10, steps=6), 2 * 10 * 4 * 4 * 7),
    "blobs": ("pellucid_datasets.gaussian_blobs", lambda m: loaded("gaussian_blobs", n=70, features=3), 12 * 70 * 3),
    "glyphs": (
        "pellucid_datasets.glyphs", lambda m: loaded("glyphs", characters="ab", samples=3, size=12), 5 * 2 * 3 * 144
    ),
    # Six weights and two biases of 8 bytes, each array from a whole 64 bytes on, and as many gradients.
    "a model": ("pellucid.interfaces.parameters", a_model, 2 * (8 + 8) * 8),
    "one sample": ("pellucid.standard.layers.containers", lambda m: pl.build(RESHAPED, input_shape=(6,)), 4 * 6),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_it_is_what_was_counted(case: str, monkeypatch: pytest.MonkeyPatch) -> None:
    name, call, size = CASES[case]
    pytest.importorskip(name.partition(".")[0])
    module = import_module(name)

    def asked(*words: Any) -> None:
        raise Asked(*words)

    monkeypatch.setattr(module, "check_memory", asked)
    with pytest.raises(Asked) as found:
        call(module)
    assert found.value.size == size
