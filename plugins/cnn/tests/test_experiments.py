"""The ready experiments: their files are right to the last key, and a few hundred images of them are learned."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pellucid as pl
import pytest
from pellucid.workbench.experiments.experiment import check, prepare
from pellucid.workbench.experiments.folder import RunFolder
from pellucid.workbench.experiments.sections import read_sections
from pellucid.workbench.experiments.training import train

EXPERIMENTS = sorted((Path(__file__).resolve().parents[1] / "experiments").glob("*.toml"))


@pytest.mark.parametrize("path", EXPERIMENTS, ids=lambda path: path.stem)
def test_an_experiment_learns_from_its_first_images(path: Path, tmp_path: Path) -> None:
    sections = read_sections(path)
    check(sections)
    sections["data"]["type"] = "mnist"  # which lies beside the code; Fashion-MNIST has to be fetched
    sections["train"] |= {"epochs": 2, "batch_size": 16}
    sections["schedule"]["warmup"] = 0
    prepared = prepare(check(sections))
    splits = prepared.splits
    first = {name: getattr(splits, name).take(np.arange(160)) for name in ("train", "validation", "test")}
    summary = train(replace(prepared, splits=replace(splits, **first)), RunFolder(tmp_path / "run"), verbose=False)
    assert isinstance(summary, dict)
    assert summary["model"].startswith("cnn/")
    epochs = RunFolder(tmp_path / "run").epochs()
    assert epochs[1]["loss"] < 0.9 * epochs[0]["loss"], epochs


def test_a_saved_network_gives_its_answers_again(tmp_path: Path) -> None:
    x = np.random.default_rng(0).uniform(size=(20, 8, 8, 1)).astype("float32")
    y = np.arange(20) % 3
    for name in ("lenet", "resnet_small", "unet"):
        arguments = {"filters": [2, 4], "normalization": "batch_norm"}
        model = pl.build(f"cnn/{name}", input_shape=(8, 8, 1), outputs=3, seed=0, **arguments)
        targets = np.broadcast_to(x, (20, 8, 8, 3)) if name == "unet" else y
        pl.Trainer(model, seed=0).fit((x, targets), epochs=2, batch_size=10, verbose=False)
        pl.save(model, tmp_path / f"{name}.safetensors")
        np.testing.assert_array_equal(pl.load(tmp_path / f"{name}.safetensors").predict(x), model.predict(x))
